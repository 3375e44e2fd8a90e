#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "verify/faulty_waist.hpp"
#include "verify/trial_home.hpp"

namespace bulkhead::host {

/// What can be asked of a plugin: one of its routes and calls, or of its health contributors, by
/// its place among those that it registers.
struct TrialTarget {
  bool is_contributor = false;
  std::size_t index = 0;
};

/// A plugin that was just started, in a world of its own, and the request that a target gets there.
/// Where the path has a parameter, what it names is made first, if a POST route does that. Nothing
/// fails meanwhile.
class TrialStage {
 public:
  /// The waist and the subject are borrowed. Throws Error when it cannot be created or started.
  TrialStage(FaultyWaist& waist, const TrialSubject& subject, TrialTarget target);

  /// Sends the request; a health contributor's object is the body of a 200.
  HttpResponse ask();
  /// A repeat by another client's hand, where the route takes keys.
  void changeKey();
  /// The plugin's process ended and began again, on the same store.
  void restart();

  /// "GET /api/greeter/v1/hello/{name}", "health contributor store".
  std::string name() const;
  /// Null for a contributor.
  const RegisteredRoute* route() const;
  PluginHome& home() { return home_->home(); }
  TrialHome& trialHome() { return *home_; }
  StoreFacts facts() { return world_.facts(); }
  const HttpRequest& request() const { return request_; }

 private:
  void begin();
  void prepareRequest();
  HttpResponse checkHealth();

  FaultyWaist& waist_;
  const TrialSubject& subject_;
  const TrialTarget target_;
  TrialWorld world_;
  std::unique_ptr<TrialHome> home_;
  HttpRequest request_;
  std::size_t keys_ = 0;
};

}  // namespace bulkhead::host
