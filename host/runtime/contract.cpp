#include "runtime/contract.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <set>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>
#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBodyLimitMax = 64 * 1024 * 1024;
constexpr std::size_t kStreamedBodyLimitMax = std::size_t{1} << 40;
constexpr std::chrono::milliseconds kDeadlineMax = std::chrono::minutes{10};
constexpr std::chrono::milliseconds kStreamDeadlineMax = std::chrono::hours{24};

[[noreturn]] void refuse(std::string_view method, std::string_view path, std::string_view reason) {
  throw Error::configuration("CONTRACT_REFUSED",
                             fmt::format("route {} {}: {}", method, path, reason));
}

[[noreturn]] void invalid(std::string_view message, const std::vector<SchemaProblem>& problems) {
  throw Error::validation("VALIDATION_ERROR", message).withDetails(toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("errors");
    out.array(problems, [](JsonWriter& errors, const SchemaProblem& problem) {
      errors.object("detail", problem.detail, "pointer", problem.pointer);
    });
    out.endObject();
  }));
}

Json parseBody(std::string_view text) {
  if (nestsDeeperThan(kJsonLevelsMax, text)) {
    invalid("The body is nested too deeply.",
            {{"#", fmt::format("At most {} levels are read.", kJsonLevelsMax)}});
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    invalid("The body is not valid JSON.",
            {{"#", fmt::format("It stops being JSON at byte {}.", error.byte)}});
  } catch (const Json::out_of_range&) {
    invalid("The body is not valid JSON.", {{"#", "It has a number that no double can hold."}});
  }
}

bool isJsonMediaType(std::string_view type) {
  std::string essence{type.substr(0, type.find(';'))};
  while (!essence.empty() && essence.back() == ' ') essence.pop_back();
  for (char& c : essence) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return essence == "application/json" || essence.ends_with("+json");
}

/// A query value as the JSON type that its schema declares; text that does not convert stays text
/// and is refused there.
Json convertQueryValue(const std::string& text, const Json& schema) {
  const std::string type = schema.value("type", "string");
  if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
  const char* const end = text.data() + text.size();
  if (type == "integer") {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
  }
  if (type == "number") {
    double number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
  }
  return text;
}

template <class Choice, std::size_t N>
Choice choose(const std::array<std::string_view, N>& names, std::string_view name,
              std::string_view method, std::string_view path, std::string_view member) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Choice>(i);
  }
  refuse(method, path, fmt::format("'{}' cannot be \"{}\"", member, name));
}

constexpr std::array<std::string_view, 3> kAccessNames{"public", "key", "admin"};
constexpr std::array<std::string_view, 3> kTransactionNames{"none", "read", "write"};
constexpr std::array<std::string_view, 3> kIdempotencyNames{"none", "optional", "required"};
constexpr std::array<std::string_view, 4> kStreamNames{"none", "request", "response", "both"};
const std::set<std::string, std::less<>> kMembers{
    "summary",       "access",           "scope",       "query",
    "request",       "response",         "example",     "success",
    "errors",        "idempotency",      "transaction", "if_match",
    "raw_body",      "body_limit_bytes", "deadline_ms", "description",
    "optional_body", "recovery_points",  "streams",     "media_type",
    "sanitize"};
const std::set<std::string, std::less<>> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};

}  // namespace

RouteContract::RouteContract(std::string_view method, std::string_view path,
                             std::string_view contract)
    : method_{method}, path_{path} {
  if (!kMethods.contains(method))
    refuse(method, path, "the method is one of GET, POST, PUT, PATCH, DELETE");
  if (path.empty() || path.front() != '/') refuse(method, path, "the path begins with '/'");
  try {
    document_ = Json::parse(contract);
    if (!document_.is_object()) refuse(method, path, "the contract is a JSON object");
    readMembers();
  } catch (const Json::exception& error) {
    refuse(method, path, error.what());
  }
  checkConsistent();
}

void RouteContract::readMembers() {
  for (const auto& [name, value] : document_.items()) {
    if (!kMembers.contains(name))
      refuse(method_, path_, fmt::format("a contract has no member '{}'", name));
  }
  scope_ = document_.value("scope", "");
  access_ =
      choose<RouteAccess>(kAccessNames, document_.value("access", "key"), method_, path_, "access");
  transaction_ = choose<RouteTransaction>(kTransactionNames, document_.value("transaction", "none"),
                                          method_, path_, "transaction");
  idempotency_ = choose<RouteIdempotency>(kIdempotencyNames, document_.value("idempotency", "none"),
                                          method_, path_, "idempotency");
  streams_ = choose<RouteStreams>(kStreamNames, document_.value("streams", "none"), method_, path_,
                                  "streams");
  recovery_points_ = document_.value("recovery_points", recovery_points_);
  if_match_ = document_.value("if_match", false);
  raw_body_ = document_.value("raw_body", false);
  optional_body_ = document_.value("optional_body", false);
  sanitize_ = document_.value("sanitize", true);
  body_limit_bytes_ = document_.value("body_limit_bytes", body_limit_bytes_);
  deadline_ = std::chrono::milliseconds{document_.value("deadline_ms", deadline_.count())};
  if (const auto found = document_.find("query"); found != document_.end()) query_.emplace(*found);
  if (const auto found = document_.find("request"); found != document_.end())
    request_.emplace(*found);
  if (const auto found = document_.find("response"); found != document_.end()) Schema{*found};
}

void RouteContract::checkConsistent() const {
  if (document_.value("summary", "").empty()) refuse(method_, path_, "a route needs a summary");
  if (access_ != RouteAccess::Public && scope_.empty())
    refuse(method_, path_, "a route that is not public names its scope");
  const bool has_json = document_.value("success", 200) != 204 && !streamsResponse();
  if (has_json && !document_.contains("response")) {
    refuse(method_, path_, "a route that answers with a body has a response schema");
  }
  checkIdempotency();
  checkStreams();
  if (optional_body_ && !request_)
    refuse(method_, path_, "a body that may be left out has a request schema");
  if (raw_body_ && request_) refuse(method_, path_, "a raw body has no schema");
  const std::size_t body_max = streamsRequest() ? kStreamedBodyLimitMax : kBodyLimitMax;
  if (body_limit_bytes_ > body_max)
    refuse(method_, path_, fmt::format("body_limit_bytes is at most {}", body_max));
  const auto deadline_max = streams_ == RouteStreams::None ? kDeadlineMax : kStreamDeadlineMax;
  if (deadline_.count() <= 0 || deadline_ > deadline_max)
    refuse(method_, path_, fmt::format("deadline_ms is between 1 and {}", deadline_max.count()));
  if (query_ && !document_["query"].contains("properties"))
    refuse(method_, path_, "'query' is the schema of an object with properties");
  if (request_ && document_.contains("example") &&
      !request_->validate(document_["example"]).empty()) {
    refuse(method_, path_, "the example does not fit the request schema");
  }
}

void RouteContract::checkStreams() const {
  if (document_.contains("media_type") && !streamsResponse())
    refuse(method_, path_, "'media_type' is that of a streamed response");
  if (streams_ == RouteStreams::None) return;
  if (transaction_ != RouteTransaction::None || idempotency_ != RouteIdempotency::None)
    refuse(method_, path_, "a route that streams is no transaction and takes no Idempotency-Key");
  if (streamsRequest() && (request_ || method_ == "GET"))
    refuse(method_, path_, "a streamed request has no schema, and GET no body to stream");
  if (streamsResponse() && document_.contains("response"))
    refuse(method_, path_, "a streamed response has a media_type, and no schema");
}

void RouteContract::checkIdempotency() const {
  const bool keyed = idempotency_ != RouteIdempotency::None;
  if (recovery_points_.empty()) {
    if (keyed && transaction_ != RouteTransaction::Write) {
      refuse(method_, path_,
             "only a route whose handler is a write transaction, or has recovery points, can be "
             "idempotent by key");
    }
    return;
  }
  if (idempotency_ != RouteIdempotency::Required || transaction_ != RouteTransaction::None) {
    refuse(method_, path_,
           "a route with recovery points requires a key, and is no transaction itself");
  }
  const std::set<std::string> names{recovery_points_.begin(), recovery_points_.end()};
  if (names.size() != recovery_points_.size() || names.contains(""))
    refuse(method_, path_, "recovery points have a name each, and no two the same");
}

void RouteContract::check(const HttpRequest& request) const {
  checkQuery(request.query);
  if (!raw_body_ && !streamsRequest()) checkBody(request);
  if (if_match_ && request.header("if-match") == nullptr) {
    throw Error::conflict("PRECONDITION_REQUIRED",
                          "Send If-Match with the ETag of the version that you have seen.");
  }
}

void RouteContract::checkAgain(const Fields& query, std::string_view body) const {
  checkQuery(query);
  if (request_ && !body.empty()) checkSchema(body);
}

void RouteContract::checkQuery(const Fields& query) const {
  if (query.empty() && !query_) return;
  Json values = Json::object();
  std::vector<SchemaProblem> problems;
  for (const auto& [name, value] : query) {
    if (problems.size() >= Schema::kProblemsMax) break;
    const Json* declared = nullptr;
    if (query_) {
      const auto& properties = document_["query"]["properties"];
      if (const auto found = properties.find(name); found != properties.end()) declared = &*found;
    }
    if (declared == nullptr) {
      problems.push_back({"#/query/" + name, "This route has no such query parameter."});
    } else if (values.contains(name)) {
      problems.push_back({"#/query/" + name, "The parameter is given twice."});
    } else {
      values[name] = convertQueryValue(value, *declared);
    }
  }
  if (query_ && problems.empty()) {
    problems = query_->validate(values);
    for (auto& problem : problems) problem.pointer.insert(1, "/query");
  }
  if (!problems.empty()) invalid("The query is not valid.", problems);
}

void RouteContract::checkBody(const HttpRequest& request) const {
  if (!request_) {
    if (!request.body.empty()) invalid("This route takes no body.", {{"#", "Leave the body out."}});
    return;
  }
  if (request.body.empty() && optional_body_) return;
  if (request.body.empty())
    invalid("A JSON body is required.",
            {{"#", "Send an object as this route's contract describes."}});
  const std::string* type = request.header("content-type");
  if (type == nullptr || !isJsonMediaType(*type)) {
    throw Error::validation("UNSUPPORTED_MEDIA_TYPE",
                            "Send the body as Content-Type: application/json.");
  }
  checkSchema(request.body);
}

void RouteContract::checkSchema(std::string_view body) const {
  if (const auto problems = request_->validate(parseBody(body)); !problems.empty())
    invalid("The body is not valid.", problems);
}

}  // namespace bulkhead::host
