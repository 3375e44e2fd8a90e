#include "routes.hpp"

#include <charconv>
#include <chrono>
#include <thread>

namespace conformance {
namespace {

bulkhead_status probe(const Call& call, const bulkhead_error_sink* error) {
  const auto of = parameter(call.request, "of");
  const auto member = parameter(call.request, "member");
  const Probe found = findProbe(of, member);
  if (found == nullptr)
    return refuse(error, BULKHEAD_NOT_FOUND_ERROR, "NO_PROBE", "Nothing tries this member.");
  Told told;
  found(call, told);
  answer(call, 200, told.take());
  return BULKHEAD_OK;
}

bulkhead_status echo(const Call& call, const bulkhead_error_sink*) {
  Told told;
  probeRequest(call, told);
  answer(call, 200, told.take());
  return BULKHEAD_OK;
}

/// An error of the kind that the path names; 12 has a kind that does not exist, 0 reports and
/// succeeds.
bulkhead_status refuseSo(const Call& call, const bulkhead_error_sink* error) {
  const auto text = parameter(call.request, "kind");
  std::int32_t kind = -1;
  std::from_chars(text.data(), text.data() + text.size(), kind);
  if (kind < 0) return BULKHEAD_CONFLICT_ERROR;  // and says nothing
  refuse(error, kind, "CODE_" + std::string{text}, "Caf\xc3\xa9 \"quoted\" \xff <b>",
         kind % 2 == 0 ? R"({"field":["x",1,null]})" : "", kind % 3 == 0 ? 120 : 0);
  if (kind == 0) answer(call, 200, R"({"kind":0})");
  return kind;
}

/// Works on beyond its deadline.
bulkhead_status wait(const Call& call, const bulkhead_error_sink*) {
  while (call.host.remaining_us(call.context) > -100'000)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // allowed: time has to pass
  call.host.log(call.home, call.context, BULKHEAD_LOG_INFO, bytes("waited: too long"), {});
  answer(call, 200, R"({"waited":true})");
  return BULKHEAD_OK;
}

#define ANY_QUERY \
  R"("query":{"type":"object","properties":{"q":{"type":"string","maxLength":64},"n":{"type":"integer"}}})"
#define PUBLIC R"("access":"public")"
#define KEYED R"("access":"key","scope":"conformance:use")"
#define OBJECT R"("response":{"type":"object"})"
#define TAKES_OBJECT \
  R"("request":{"type":"object","properties":{"name":{"type":"string","maxLength":64},"amount":{"type":"integer"},"how":{"type":"string","maxLength":64}}})"

constexpr WaistRoute kRoutes[] = {
    {70, "GET", "/probes/{of}/{member}",
     R"({"summary":"Probes.",)" KEYED "," OBJECT R"(,"deadline_ms":20000})", &probe},
    {3, "POST", "/requests/{name}/{rest}",
     R"({"summary":"Echoes.",)" KEYED "," OBJECT "," ANY_QUERY "," TAKES_OBJECT "}", &echo},
    {3, "PUT", "/requests/{name}/{rest}",
     R"({"summary":"Echoes raw bytes.","raw_body":true,"body_limit_bytes":33554432,)" KEYED
     "," OBJECT "}",
     &echo},
    {3, "DELETE", "/requests/{name}/{rest}",
     R"({"summary":"Echoes no body.",)" KEYED "," OBJECT "}", &echo},
    {3, "PATCH", "/requests/{name}/{rest}",
     R"({"summary":"Echoes what was typed.","sanitize":false,)" KEYED "," OBJECT "," TAKES_OBJECT
     "}",
     &echo},
    {0, "GET", "/public", R"({"summary":"Echoes anybody.",)" PUBLIC "," OBJECT "," ANY_QUERY "}",
     &echo},
    {9, "GET", "/refusals/{kind}", R"({"summary":"Refuses.",)" PUBLIC "," OBJECT "}", &refuseSo},
    {10, "GET", "/answers/{how}", R"({"summary":"Answers.",)" PUBLIC "," OBJECT "}", &answerOddly},
    {11, "GET", "/waits", R"({"summary":"Waits.","deadline_ms":200,)" PUBLIC "," OBJECT "}", &wait},
    {20, "GET", "/streams/{how}",
     R"({"summary":"Streams.","streams":"response","media_type":"application/octet-stream",)" PUBLIC
     "," ANY_QUERY "}",
     &answerInPieces},
    {21, "POST", "/streams/{how}",
     R"({"summary":"Takes a stream.","streams":"request","body_limit_bytes":8589934592,)" PUBLIC
     "," OBJECT "}",
     &takePieces},
    {22, "PUT", "/streams/{how}",
     R"({"summary":"Sends a stream back.","streams":"both","media_type":"application/octet-stream","body_limit_bytes":8589934592,)" PUBLIC
     "}",
     &sendBack},
    {30, "GET", "/things", R"({"summary":"Reads.","transaction":"read",)" PUBLIC "," OBJECT "}",
     &readStore},
    {31, "POST", "/things",
     R"({"summary":"Writes.","transaction":"write","idempotency":"optional","success":201,)" KEYED
     "," OBJECT "," TAKES_OBJECT "}",
     &writeStore},
    {32, "POST", "/recoveries",
     R"({"summary":"Recovers.","idempotency":"required","recovery_points":["first","second"],)" KEYED
     "," OBJECT "," TAKES_OBJECT "}",
     &recover},
};

}  // namespace

WaistRoutes waistRoutes() {
  return {kRoutes, std::size(kRoutes)};
}

std::string_view parameter(const bulkhead_request& request, std::string_view name) {
  for (std::size_t i = 0; i < request.parameter_count; ++i) {
    if (view(request.parameters[i].name) == name) return view(request.parameters[i].value);
  }
  return {};
}

void answer(const Call& call, std::int32_t status, std::string_view json) {
  const bulkhead_response& out = call.response;
  out.status(out.self, status);
  out.header(out.self, bytes("Content-Type"), bytes("application/json"));
  out.body(out.self, json.data(), json.size());
}

}  // namespace conformance
