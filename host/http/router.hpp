#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/route_template.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Which route a request means.
template <class Value>
struct RouteMatch {
  enum class Outcome {
    Found,
    NotFound,          ///< 404: no template fits the path
    MethodNotAllowed,  ///< 405 with `allow`
    Options,           ///< OPTIONS on a known path: 204 with `allow`
  };
  Outcome outcome = Outcome::NotFound;
  const Value* value = nullptr;     ///< when Found; lives as long as the table
  std::string_view route_template;  ///< when Found; so does this
  std::string_view owner;           ///< when Found
  Fields parameters;                ///< when Found, in the template's order
  std::string allow;                ///< value of the Allow field, when not Found
};

/// All routes of a host, unchangeable once built: a new set of plugins makes a new table and swaps
/// a pointer. Matching is a walk over the path's segments; where a literal and a parameter both
/// fit, the literal wins, and if it leads nowhere the parameter is tried. HEAD is answered by GET
/// unless it has a route of its own. Paths compare byte for byte: "/a/" is not "/a".
template <class Value>
class RouteTable {
 public:
  struct Route {
    std::string method;  ///< upper case
    std::string route_template;
    std::string owner;  ///< who is named when two want the same
    Value value;
  };

  RouteTable() = default;
  /// Throws Error configuration ROUTE_INVALID, or ROUTE_CONFLICT naming both owners when two routes
  /// have the same method and template; parameter names make no difference.
  explicit RouteTable(std::vector<Route> routes) {
    for (Route& route : routes) insert(std::move(route));
  }

  /// `path` is decoded and starts with "/".
  RouteMatch<Value> match(std::string_view method, std::string_view path) const {
    RouteMatch<Value> found;
    std::vector<std::string_view> arguments;
    std::vector<const Node*> known;
    if (path == "/") path = {};
    const Entry* entry = find(root_, path, method, arguments, known);
    if (entry != nullptr) {
      fill(found, *entry, arguments);
    } else if (!known.empty()) {
      found.outcome = method == "OPTIONS" ? RouteMatch<Value>::Outcome::Options
                                          : RouteMatch<Value>::Outcome::MethodNotAllowed;
      found.allow = allowOf(known);
    }
    return found;
  }

 private:
  struct Entry {
    Route route;
    std::vector<std::string> parameter_names;
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<Entry> entries;
  };

  static const Entry* entryFor(const Node& node, std::string_view method) {
    const auto named = [&](std::string_view name) {
      return std::find_if(node.entries.begin(), node.entries.end(),
                          [&](const Entry& entry) { return entry.route.method == name; });
    };
    auto entry = named(method);
    if (entry == node.entries.end() && method == "HEAD") entry = named("GET");
    return entry == node.entries.end() ? nullptr : &*entry;
  }

  /// Depth first, literals before parameters; `known` collects the nodes that have the path
  /// but not the method.
  static const Entry* find(const Node& node, std::string_view path, std::string_view method,
                           std::vector<std::string_view>& arguments,
                           std::vector<const Node*>& known) {
    if (path.empty()) {
      const Entry* entry = entryFor(node, method);
      if (entry == nullptr && !node.entries.empty()) known.push_back(&node);
      return entry;
    }
    const std::string_view segment = takeSegment(path);
    if (const auto child = node.literals.find(segment); child != node.literals.end()) {
      if (const Entry* entry = find(*child->second, path, method, arguments, known)) return entry;
    }
    if (node.parameter == nullptr || segment.empty()) return nullptr;
    arguments.push_back(segment);
    const Entry* entry = find(*node.parameter, path, method, arguments, known);
    if (entry == nullptr) arguments.pop_back();
    return entry;
  }

  void insert(Route route) {
    Node* node = &root_;
    std::vector<std::string> names;
    for (TemplateSegment& segment : parseRouteTemplate(route.route_template)) {
      std::unique_ptr<Node>& child =
          segment.is_parameter ? node->parameter : node->literals[segment.text];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
      if (segment.is_parameter) names.push_back(std::move(segment.text));
    }
    for (const Entry& other : node->entries) {
      if (other.route.method == route.method)
        throwRouteConflict(route.method, route.route_template, route.owner, other.route.owner);
    }
    node->entries.push_back({std::move(route), std::move(names)});
  }

  static void fill(RouteMatch<Value>& found, const Entry& entry,
                   const std::vector<std::string_view>& arguments) {
    found.outcome = RouteMatch<Value>::Outcome::Found;
    found.value = &entry.route.value;
    found.route_template = entry.route.route_template;
    found.owner = entry.route.owner;
    found.parameters.reserve(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i)
      found.parameters.emplace_back(entry.parameter_names[i], arguments[i]);
  }

  static std::string allowOf(const std::vector<const Node*>& nodes) {
    std::set<std::string_view> methods{"OPTIONS"};
    for (const Node* node : nodes) {
      for (const Entry& entry : node->entries) methods.insert(entry.route.method);
    }
    if (methods.contains("GET")) methods.insert("HEAD");
    std::string allow;
    for (const std::string_view method : methods)
      allow.append(allow.empty() ? "" : ", ").append(method);
    return allow;
  }

  Node root_;
};

}  // namespace bulkhead::host
