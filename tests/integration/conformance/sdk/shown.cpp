#include "shown.hpp"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;

constexpr std::string_view kObject = R"({"type":"object"})";

/// An error of the kind that the path names; 12 is what is no Error, and 13 what is no exception.
Response refuse(const Request& request) {
  const std::string_view text = request.param("kind");
  int kind = 0;
  std::from_chars(text.data(), text.data() + text.size(), kind);
  if (kind == 12) throw std::runtime_error{"it is no refusal"};
  if (kind == 13) throw kind;
  throw Error{static_cast<ErrorKind>(kind), "CODE_" + std::string{text}, "Caf\xc3\xa9 \"quoted\""}
      .withDetails(kind % 2 == 0 ? R"({"field":["x",1,null]})" : "")
      .withRetryAfter(kind % 3 == 0 ? 120 : 0);
}

Response answer(const Request& request) {
  const std::string_view how = request.param("how");
  if (how == "text") return Response::text(202, "plain \xe2\x82\xac").withHeader("X-One", "1");
  if (how == "none") return Response::noContent();
  if (how == "header") return Response::text(200, "x").withHeader("X-Two", "a\r\nb");
  return Response::json(203, [](JsonWriter& out) { out.object("how", "json"); });
}

}  // namespace

Shown::Shown(bulkhead::Registrar& host)
    : host_{host.host()},
      events_{host.counter("events_total", "Of the suite.", {"one"})},
      level_{host.gauge("level", "Of the suite.")},
      duration_{host.histogram("duration_seconds", "Of the suite.")} {
  host.route({.method = "POST",
              .path = "/requests/{name}",
              .scope = "sdk-conformance:use",
              .summary = "Shows a request",
              .query = R"({"type":"object","properties":{"q":{"type":"string","maxLength":64}}})",
              .request = kObject,
              .response = kObject},
             [this](const Request& request) { return show(request); });
  host.route({.method = "GET",
              .path = "/refusals/{kind}",
              .summary = "Refuses",
              .access = Access::Public,
              .response = kObject},
             refuse);
  host.route({.method = "GET",
              .path = "/answers/{how}",
              .summary = "Answers",
              .access = Access::Public,
              .response = kObject},
             answer);
  host.route({.method = "GET",
              .path = "/time",
              .summary = "Looks at clocks and randomness",
              .access = Access::Public,
              .response = kObject},
             [this](const Request& request) { return showTime(request); });
  host.route({.method = "GET",
              .path = "/recorded",
              .summary = "Logs and measures",
              .access = Access::Public,
              .response = kObject},
             [this](const Request&) { return record(); });
}

Response Shown::show(const Request& request) const {
  const auto remaining = request.context().remaining();
  return Response::json([&](JsonWriter& out) {
    out.object("name", request.param("name"), "none", request.param("none"), "q",
               request.query("q"), "no_query", request.query("nothing"), "header",
               request.header("x-of-client"), "body", request.body(), "method", request.method(),
               "path", request.path(), "tenant", request.tenant(), "has_key",
               !request.keyId().empty(), "request_id", request.requestId(), "trace_id",
               request.traceId(), "may_use", request.hasScope("sdk-conformance:use"), "in_time",
               remaining > std::chrono::seconds{0} && remaining <= std::chrono::seconds{30});
  });
}

Response Shown::showTime(const Request&) const {
  const auto before = host_.monotonic();
  const std::string id = host_.newId();
  const std::string other = host_.newId();
  const std::string bytes = host_.randomBytes(32);
  const auto real = std::chrono::system_clock::now();
  const auto apart = std::chrono::abs(real - host_.now());
  return Response::json([&](JsonWriter& out) {
    out.object("goes_on", host_.monotonic() >= before, "is_the_machines",
               apart < std::chrono::seconds{5}, "id_size", id.size(), "ids_differ", id != other,
               "ids_sort", id.substr(0, 8) <= other.substr(0, 8), "bytes", bytes.size(),
               "bytes_differ", bytes != host_.randomBytes(32));
  });
}

Response Shown::record() const {
  host_.debug("sdk: a debug line");
  host_.info("sdk: a line", "event", "ev_1", "count", 3);
  host_.warn("sdk: a warning");
  host_.error("sdk: an error", "reason", "none");
  events_.record(1.5, {"a"});
  level_.record(-2.25);
  duration_.record(0.125);
  return Response::json([](JsonWriter& out) { out.object("recorded", true); });
}

}  // namespace sdk_conformance
