#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "verify/faulty_waist.hpp"
#include "verify/trial_home.hpp"
#include "verify/trial_inbox.hpp"

namespace bulkhead::host {

/// What can be asked of a plugin: one of its routes, calls and handlers of messages, or of its
/// health contributors, by its place among those that it registers.
struct TrialTarget {
  bool is_contributor = false;
  std::size_t index = 0;
};

/// A plugin that was just started, in a world of its own, and the request that a target gets there.
/// Where the path has a parameter, what it names is made first, if a POST route does that; where it
/// handles messages, one waits for it. Nothing fails meanwhile.
class TrialStage {
 public:
  /// The waist and the subject are borrowed. Throws Error when it cannot be created or started.
  TrialStage(FaultyWaist& waist, const TrialSubject& subject, TrialTarget target);

  /// Sends the request; a health contributor's object is the body of a 200. A message is handled
  /// once, whenever it would be due: 200 when it is done with, else the error that it waits with.
  HttpResponse ask();
  /// A repeat by another client's hand, where the route takes keys; another message.
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
  std::optional<TrialInbox> inbox_;  ///< of a handler of messages
  std::size_t keys_ = 0;
};

}  // namespace bulkhead::host
