#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/middleware/coded_document.hpp"
#include "http/openapi.hpp"
#include "http/router.hpp"
#include "plugins/compartment.hpp"
#include "runtime/contract.hpp"
#include "runtime/message.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// Where a host route is answered: at once on the loop (memory only, no waiting), or on one of the
/// host's own lanes. Monitoring has its own, so that it answers while administration waits, and
/// whoever waits for a long change has another one, so that the rest of administration does not.
enum class AnsweredOn { Loop, AdminLane, MonitoringLane, ChangeLane };

/// Who may call a host route: anybody (an answer may look further), the admin socket alone, or that
/// and a key of the installation with the scope.
enum class HostAccess { Open, AdminSocket, Admin };

struct HostRoute {
  std::string method;
  std::string path;
  HostAccess access = HostAccess::Open;
  std::string scope;  ///< for Admin
  AnsweredOn answered_on = AnsweredOn::Loop;
  std::function<HttpResponse(const HttpRequest&)> answer;
  bool on_management_port = false;  ///< probes and monitoring; nothing else is there (C17)
  bool audits_itself = false;       ///< writes its audit row in the transaction of its effect
  std::chrono::milliseconds deadline{30'000};  ///< of an answer that is not given on the loop
};

/// What a matched route leads to: a plugin's route or one of the host's own. Immutable.
struct RouteTarget {
  std::shared_ptr<Compartment> compartment;      ///< null for a host route
  std::shared_ptr<const RegisteredRoute> route;  ///< of the plugin
  std::shared_ptr<const HostRoute> host;
};

using Routes = RouteTable<std::shared_ptr<const RouteTarget>>;

/// Every route of the running host. Readers take the current table without a lock; each change
/// makes a new one.
class RouteCatalog {
 public:
  explicit RouteCatalog(std::string version);

  void addHostRoutes(std::vector<HostRoute> routes);
  /// Takes in all routes of a plugin's created home in place of those that the plugin had, or
  /// changes nothing: throws Error (configuration, ROUTE_CONFLICT) that names both owners of a
  /// route.
  void admit(const std::shared_ptr<Compartment>& compartment, const Home& home);

  std::shared_ptr<const Routes> table() const { return table_.load(); }
  /// The scopes that plugins' routes name, each once.
  std::vector<std::string> scopes() const;
  /// /openapi.json, made when the routes change.
  std::shared_ptr<const CodedDocument> openApi() const { return open_api_.load(); }

 private:
  struct Entry {
    std::string owner;
    std::string method;
    std::string path;
    std::shared_ptr<const RouteTarget> target;
  };

  static std::shared_ptr<const Routes> build(const std::vector<Entry>& entries);
  void publish(std::vector<Entry> entries);

  const std::string version_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  Published<Routes> table_;
  Published<CodedDocument> open_api_;
};

}  // namespace bulkhead::host
