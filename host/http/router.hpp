#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/nearest_route.hpp"
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
  std::string_view route_template;  ///< when Found, without types; so does this
  std::string_view owner;           ///< when Found
  Fields parameters;                ///< when Found, in the template's order
  std::string allow;                ///< value of the Allow field, when not Found
};

/// All routes of a host, unchangeable once built: a new set of plugins makes a new table and swaps
/// a pointer. Matching is a walk over the path's segments: where several fit, a literal wins over a
/// typed parameter and that over {name}, and what leads nowhere is taken back. HEAD is answered by
/// GET unless it has a route of its own. Paths compare byte for byte after they were decoded once:
/// "/a/" and "/A" are not "/a", and nothing is redirected.
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
  /// have the same method and template; parameter names make no difference, their types do.
  explicit RouteTable(std::vector<Route> routes) {
    for (Route& route : routes) insert(std::move(route));
  }

  /// `path` is decoded and starts with "/".
  RouteMatch<Value> match(std::string_view method, std::string_view path) const {
    RouteMatch<Value> found;
    if (const Entry* entry = findExact(method, path)) {
      fill(found, *entry, {});
      return found;
    }
    Walk walk{method, {}, 0, {}};
    if (path == "/") path = {};
    const Entry* entry = find(root_, path, walk);
    if (entry != nullptr) {
      fill(found, *entry, {walk.arguments.data(), walk.arguments_count});
    } else if (!walk.known.empty()) {
      found.outcome = method == "OPTIONS" ? RouteMatch<Value>::Outcome::Options
                                          : RouteMatch<Value>::Outcome::MethodNotAllowed;
      found.allow = allowOf(walk.known);
    }
    return found;
  }

  /// The template that whoever asked for `path` most likely meant, or empty: see NearestRoute.
  std::string_view nearest(std::string_view path) const {
    NearestRoute nearest{path};
    offer(root_, nearest);
    return nearest.found();
  }

 private:
  struct Entry {
    Route route;
    std::string plain_template;
    std::vector<std::string> parameter_names;
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::array<std::unique_ptr<Node>, static_cast<std::size_t>(ParameterType::kCount)> parameters;
    std::vector<Entry> entries;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// One search: what it looks for and what it has passed.
  struct Walk {
    std::string_view method;
    std::array<std::string_view, kParametersMax> arguments{};
    std::size_t arguments_count = 0;
    std::vector<const Node*> known;  ///< nodes that have the path but not the method
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

  /// Depth first.
  static const Entry* find(const Node& node, std::string_view path, Walk& walk) {
    if (path.empty()) {
      const Entry* entry = entryFor(node, walk.method);
      if (entry == nullptr && !node.entries.empty()) walk.known.push_back(&node);
      return entry;
    }
    const std::string_view segment = takeSegment(path);
    if (const auto child = node.literals.find(segment); child != node.literals.end()) {
      if (const Entry* entry = find(*child->second, path, walk)) return entry;
    }
    for (std::size_t type = 0; type < node.parameters.size(); ++type) {
      const Node* const child = node.parameters[type].get();
      if (child == nullptr || !takes(static_cast<ParameterType>(type), segment)) continue;
      walk.arguments[walk.arguments_count++] = segment;
      if (const Entry* entry = find(*child, path, walk)) return entry;
      --walk.arguments_count;
    }
    return nullptr;
  }

  static void offer(const Node& node, NearestRoute& nearest) {
    if (!node.entries.empty()) nearest.offer(node.entries.front().plain_template);
    for (const auto& [text, child] : node.literals) offer(*child, nearest);
    for (const auto& child : node.parameters) {
      if (child != nullptr) offer(*child, nearest);
    }
  }

  void insert(Route route) {
    Node* node = &root_;
    std::vector<std::string> names;
    const std::vector<TemplateSegment> segments = parseRouteTemplate(route.route_template);
    for (const TemplateSegment& segment : segments) {
      std::unique_ptr<Node>& child = segment.is_parameter
                                         ? node->parameters[static_cast<std::size_t>(segment.type)]
                                         : node->literals[segment.text];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
      if (segment.is_parameter) names.push_back(segment.text);
    }
    for (const Entry& other : node->entries) {
      if (other.route.method == route.method)
        throwRouteConflict(route.method, route.route_template, route.owner, other.route.owner);
    }
    if (names.empty() && node != &root_) exact_.emplace(route.route_template, node);
    node->entries.push_back({std::move(route), withoutTypes(segments), std::move(names)});
  }

  /// A path that a template without parameters says in full, and has the method: nothing else can
  /// come before it, since literals win from the first segment on.
  const Entry* findExact(std::string_view method, std::string_view path) const {
    const auto node = exact_.find(path);
    return node == exact_.end() ? nullptr : entryFor(*node->second, method);
  }

  static void fill(RouteMatch<Value>& found, const Entry& entry,
                   std::span<const std::string_view> arguments) {
    found.outcome = RouteMatch<Value>::Outcome::Found;
    found.value = &entry.route.value;
    found.route_template = entry.plain_template;
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
  std::unordered_map<std::string, const Node*, TextHash, std::equal_to<>> exact_;
};

}  // namespace bulkhead::host
