#include "http/openapi.hpp"

#include <cctype>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/route_template.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::ordered_json;

/// "getBookingSlots" for GET /api/booking/v1/slots.
std::string operationId(const std::string& method, const std::string& path) {
  std::string id;
  for (const char c : method) id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  bool upper = true;
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      upper = true;
      continue;
    }
    id += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return id;
}

Json schemaOf(ParameterType type) {
  switch (type) {
    case ParameterType::Integer:
      return {{"type", "integer"}, {"format", "int64"}};
    case ParameterType::Uuid:
      return {{"type", "string"}, {"format", "uuid"}};
    case ParameterType::Date:
      return {{"type", "string"}, {"format", "date"}};
    case ParameterType::Text:
    case ParameterType::kCount:
      break;
  }
  return {{"type", "string"}};
}

Json pathParameters(const std::vector<TemplateSegment>& segments) {
  Json parameters = Json::array();
  for (const TemplateSegment& segment : segments) {
    if (!segment.is_parameter) continue;
    parameters.push_back({{"name", segment.text},
                          {"in", "path"},
                          {"required", true},
                          {"schema", schemaOf(segment.type)}});
  }
  return parameters;
}

void addQueryParameters(const nlohmann::json& contract, Json& parameters) {
  const auto query = contract.find("query");
  if (query == contract.end()) return;
  const auto required = query->value("required", std::vector<std::string>{});
  for (const auto& [name, schema] : query->at("properties").items()) {
    Json parameter{{"name", name}, {"in", "query"}};
    parameter["required"] = std::find(required.begin(), required.end(), name) != required.end();
    if (schema.contains("description")) parameter["description"] = schema["description"];
    parameter["schema"] = schema;
    parameters.push_back(std::move(parameter));
  }
}

Json headerParameter(const char* name, bool required, const char* description) {
  return {{"name", name},
          {"in", "header"},
          {"required", required},
          {"description", description},
          {"schema", {{"type", "string"}, {"maxLength", 255}}}};
}

Json operationOf(const DocumentedRoute& route, const std::vector<TemplateSegment>& segments) {
  const RouteContract& contract = *route.contract;
  const nlohmann::json& document = contract.document();
  Json operation{{"operationId", operationId(contract.method(), withoutTypes(segments))},
                 {"summary", document["summary"]},
                 {"tags", {route.owner}}};
  Json parameters = pathParameters(segments);
  addQueryParameters(document, parameters);
  if (contract.idempotency() != RouteIdempotency::None) {
    parameters.push_back(
        headerParameter("Idempotency-Key", contract.idempotency() == RouteIdempotency::Required,
                        "A new value for each new request, the same for its repeats."));
  }
  if (document.value("if_match", false)) {
    parameters.push_back(
        headerParameter("If-Match", true, "The ETag of the version that was seen."));
  }
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (const auto request = document.find("request"); request != document.end()) {
    Json media{{"schema", *request}};
    if (document.contains("example")) media["example"] = document["example"];
    operation["requestBody"] = {{"required", !contract.optionalBody()},
                                {"content", {{"application/json", std::move(media)}}}};
  } else if (contract.rawBody() || contract.streamsRequest()) {
    operation["requestBody"] = {{"required", true},
                                {"content", {{"*/*", {{"schema", {{"type", "string"}}}}}}}};
  }
  Json success{{"description", "Success"}};
  if (const auto response = document.find("response"); response != document.end()) {
    success["content"] = {{"application/json", {{"schema", *response}}}};
  } else if (contract.streamsResponse()) {
    const std::string type = document.value("media_type", "application/octet-stream");
    success["content"] = {{type, {{"schema", {{"type", "string"}}}}}};
  }
  Json responses{{std::to_string(document.value("success", 200)), std::move(success)}};
  std::string codes =
      fmt::format("{}", fmt::join(document.value("errors", std::vector<std::string>{}), ", "));
  responses["default"] = {
      {"description", codes.empty()
                          ? "A refusal with the error body"
                          : "A refusal with the error body. Codes of this route: " + codes},
      {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
  operation["responses"] = std::move(responses);
  if (contract.access() == RouteAccess::Public) {
    operation["security"] = Json::array();
  } else {
    operation["security"] = Json::array({Json{{"apiKey", Json::array({contract.scope()})}},
                                         Json{{"bearer", Json::array({contract.scope()})}}});
  }
  return operation;
}

Json components() {
  return Json::parse(R"({"securitySchemes":{
    "apiKey":{"type":"apiKey","in":"header","name":"X-API-Key"},
    "bearer":{"type":"http","scheme":"bearer"}},
   "schemas":{"Error":{"type":"object","required":["error","type","title","status","detail"],"properties":{
    "error":{"type":"object","required":["message","code","timestamp","statusCode"],"properties":{
      "message":{"type":"string"},"code":{"type":"string"},"timestamp":{"type":"string","format":"date-time"},
      "statusCode":{"type":"integer"},"requestId":{"type":"string"},"details":{"type":"object"}}},
    "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
    "instance":{"type":"string"},"traceId":{"type":"string"}}}}})");
}

}  // namespace

std::string openApiDocument(const std::vector<DocumentedRoute>& routes,
                            const std::string& version) {
  Json document{{"openapi", "3.1.0"},
                {"info",
                 {{"title", "Bulkhead"},
                  {"version", version},
                  {"description", "What the running host has registered."}}},
                {"servers", {{{"url", "/"}}}},
                {"paths", Json::object()},
                {"components", components()}};
  for (const auto& route : routes) {
    std::string method = route.contract->method();
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto segments = parseRouteTemplate(route.path);
    document["paths"][withoutTypes(segments)][method] = operationOf(route, segments);
  }
  return document.dump();
}

}  // namespace bulkhead::host
