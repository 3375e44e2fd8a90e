#include "outside.hpp"

#include <string>

namespace sdk_conformance {

using bulkhead::JsonWriter;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::Request;
using bulkhead::Response;

Outside::Outside(bulkhead::Registrar& host) : host_{host.host()} {
  host.route({.method = "GET",
              .path = "/outside",
              .scope = "sdk-conformance:use",
              .summary = "Asks its own host",
              .response = R"({"type":"object"})"},
             [this](const Request& request) { return send(request); });
}

Response Outside::send(const Request& request) const {
  const std::string host{request.header("x-host-port").value_or("")};
  const auto to = [&](std::string_view path) {
    return OutboundRequest{.url = "http://127.0.0.1:" + host + std::string{path},
                           .headers = {{"X-Of-Plugin", "1"}},
                           .operation = "host.look",
                           .repeatable = true,
                           .timeout = std::chrono::seconds{5}};
  };
  const OutboundAnswer found = host_.send(request.context(), to("/health/liveness"));
  const OutboundAnswer missing = host_.send(to("/nothing/here"));
  const OutboundAnswer rejected = host_.send(request.context(), {.url = "no url"});
  return Response::json([&](JsonWriter& out) {
    out.object("ok", found.isOk(), "status", found.status, "has_body", !found.body.empty(), "type",
               found.header("content-type"), "attempts", found.attempts, "missing_answered",
               missing.isAnswered() && !missing.isOk(), "missing_status", missing.status,
               "rejected", rejected.code, "rejected_answered", rejected.isAnswered());
  });
}

}  // namespace sdk_conformance
