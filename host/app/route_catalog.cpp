#include "app/route_catalog.hpp"

#include <set>
#include <utility>

namespace bulkhead::host {

RouteCatalog::RouteCatalog(std::string version) : version_{std::move(version)} {
  publish({});
}

void RouteCatalog::addHostRoutes(std::vector<HostRoute> routes) {
  const std::lock_guard lock{mutex_};
  auto entries = entries_;
  for (auto& route : routes) {
    auto target = std::make_shared<RouteTarget>();
    target->host = std::make_shared<const HostRoute>(std::move(route));
    entries.push_back({"host", target->host->method, target->host->path, std::move(target)});
  }
  publish(std::move(entries));
}

void RouteCatalog::admit(const std::shared_ptr<Compartment>& compartment, const Home& home) {
  const std::lock_guard lock{mutex_};
  auto entries = entries_;
  std::erase_if(entries, [&](const Entry& entry) { return entry.owner == compartment->id(); });
  for (const auto& route : home.routes()) {
    if (route->kind != EntryKind::Route) continue;
    auto target = std::make_shared<RouteTarget>();
    target->compartment = compartment;
    target->route = route;
    entries.push_back(
        {compartment->id(), route->contract.method(), route->path, std::move(target)});
  }
  publish(std::move(entries));
}

std::vector<std::string> RouteCatalog::scopes() const {
  const std::lock_guard lock{mutex_};
  std::set<std::string> scopes;
  for (const auto& entry : entries_) {
    if (entry.target->route) scopes.insert(entry.target->route->contract.scope());
  }
  scopes.erase("");
  return {scopes.begin(), scopes.end()};
}

std::shared_ptr<const Routes> RouteCatalog::build(const std::vector<Entry>& entries) {
  std::vector<Routes::Route> routes;
  routes.reserve(entries.size());
  for (const auto& entry : entries)
    routes.push_back({entry.method, entry.path, entry.owner, entry.target});
  return std::make_shared<const Routes>(std::move(routes));
}

/// Throws before anything has changed.
void RouteCatalog::publish(std::vector<Entry> entries) {
  auto table = build(entries);
  std::vector<DocumentedRoute> documented;
  for (const auto& entry : entries) {
    if (!entry.target->route) continue;
    documented.push_back(
        {entry.owner, entry.path, {entry.target->route, &entry.target->route->contract}});
  }
  open_api_.store(std::make_shared<const CodedDocument>("application/json",
                                                        openApiDocument(documented, version_)));
  table_.store(std::move(table));
  entries_ = std::move(entries);
}

}  // namespace bulkhead::host
