#include "verify/trial_request.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/route_template.hpp"
#include "verify/schema_sample.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kKeyHeader = "idempotency-key";

std::string valueFor(const TemplateSegment& segment,
                     const std::map<std::string, std::string>& known) {
  const auto found = known.find(segment.text);
  if (found != known.end() && takes(segment.type, found->second)) return found->second;
  switch (segment.type) {
    case ParameterType::Integer:
      return "1";
    case ParameterType::Uuid:
      return "0b6f4c2e-8a51-4c39-9d0e-6a2f1f3f5b7c";
    case ParameterType::Date:
      return "2026-01-05";
    default:
      return "one";
  }
}

void fillPath(HttpRequest& request, const std::string& path,
              const std::map<std::string, std::string>& known) {
  for (const TemplateSegment& segment : parseRouteTemplate(path)) {
    request.path += '/';
    if (!segment.is_parameter) {
      request.path += segment.text;
      continue;
    }
    std::string value = valueFor(segment, known);
    request.path += value;
    request.path_parameters.emplace_back(segment.text, std::move(value));
  }
  request.target = request.path;
}

void fillQuery(HttpRequest& request, const Json& contract) {
  if (!contract.contains("query")) return;
  const Json query = sampleOf(contract["query"]);
  for (const auto& [name, value] : query.items())
    request.query.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
}

void fillBody(HttpRequest& request, const RouteContract& contract) {
  const Json& document = contract.document();
  if (contract.rawBody() || contract.streamsRequest()) {
    request.body = document.contains("example") ? document["example"].dump() : R"({"id":"one"})";
    request.headers.emplace_back("content-type", "application/json");
    return;
  }
  if (!document.contains("request")) return;
  request.body = document.contains("example") ? document["example"].dump()
                                              : sampleOf(document["request"]).dump();
  request.headers.emplace_back("content-type", "application/json");
}

}  // namespace

TrialEntry entryOf(const RegisteredRoute& route) {
  switch (route.kind) {
    case EntryKind::Route:
      return TrialEntry::Route;
    case EntryKind::Call:
    case EntryKind::Ask:
      return TrialEntry::Call;
    case EntryKind::Event:
      return TrialEntry::Message;
    default:
      return TrialEntry::None;
  }
}

HttpRequest trialRequest(const RegisteredRoute& route,
                         const std::map<std::string, std::string>& known) {
  HttpRequest request;
  request.request_id = "on-trial";
  request.trace_id = "0af7651916cd43dd8448eb211c80319c";
  request.principal = {"trial-key", "t1", {"*", "admin"}, true, false};
  request.method = route.contract.method();
  if (entryOf(route) != TrialEntry::Route) {
    request.method = "CALL";
    request.path = route.path;
    request.call_depth = 1;
    request.principal.scopes.clear();
    return request;
  }
  fillPath(request, route.path, known);
  const Json& document = route.contract.document();
  fillQuery(request, document);
  fillBody(request, route.contract);
  if (route.contract.idempotency() != RouteIdempotency::None) setIdempotencyKey(request, "trial-1");
  if (document.value("if_match", false)) request.headers.emplace_back("if-match", "\"1\"");
  if (!route.contract.scope().empty()) request.principal.scopes.push_back(route.contract.scope());
  return request;
}

void setIdempotencyKey(HttpRequest& request, const std::string& key) {
  for (auto& [name, value] : request.headers) {
    if (name != kKeyHeader) continue;
    value = key;
    return;
  }
  request.headers.emplace_back(kKeyHeader, key);
}

std::string collectionOf(const std::string& path) {
  const auto parameter = path.find("/{");
  return parameter == std::string::npos ? std::string{} : path.substr(0, parameter);
}

}  // namespace bulkhead::host
