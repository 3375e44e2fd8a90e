// What goes out: to the host itself, which is the one service that is always there.
#include <string>
#include <vector>

#include "probe.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;

std::string_view headerOf(const bulkhead_request& request, std::string_view name) {
  for (std::size_t i = 0; i < request.header_count; ++i) {
    if (view(request.headers[i].name) == name) return view(request.headers[i].value);
  }
  return {};
}

std::string_view valueOf(const bulkhead_http_answer& answer, std::string_view name) {
  for (std::size_t i = 0; i < answer.header_count; ++i) {
    if (view(answer.headers[i].name) == name) return view(answer.headers[i].value);
  }
  return {};
}

/// All of an answer that is the same whenever it is asked for.
void receive(void* self, const bulkhead_http_answer* answer) {
  JsonWriter out{*static_cast<std::string*>(self)};
  out.object("size", answer->size, "outcome", answer->outcome, "status", answer->status,
             "retry_after_s", answer->retry_after_s, "attempts", answer->attempts, "reserved",
             answer->reserved, "took_time", answer->elapsed_us > 0, "code", view(answer->code),
             "message", view(answer->message), "has_headers", answer->header_count > 0, "type",
             valueOf(*answer, "content-type"), "has_body", answer->body.size > 0);
}

bulkhead_http_request to(std::string_view url) {
  bulkhead_http_request request{};
  request.size = sizeof request;
  request.method = bytes("GET");
  request.url = bytes(url);
  request.operation = bytes("probe");
  request.repeatable = 1;
  return request;
}

void send(const Call& call, Told& told, std::string_view step, bulkhead_context* context,
          const bulkhead_http_request& request) {
  std::string answer;
  Caught caught;
  const bulkhead_status status =
      call.host.http_send(call.home, context, &request, &receive, &answer, caught.sink());
  told.tell(step, [&](JsonWriter& out) {
    if (status == BULKHEAD_OK)
      out.value(bulkhead::RawJson{answer});
    else
      caught.write(out, status);
  });
}

void tellRequests(const Call& call, Told& told, const std::string& host) {
  const std::string alive = host + "/livez";
  const std::string nowhere = host + "/nowhere";
  send(call, told, "answered", call.context, to(alive));
  send(call, told, "answered_without_context", nullptr, to(alive));
  send(call, told, "answered_404", call.context, to(nowhere));
  const std::string much(300'000, 'x');
  const bulkhead_field fields[] = {{bytes("Content-Type"), bytes("text/plain")},
                                   {bytes("X-Empty"), {}}};
  bulkhead_http_request post = to(nowhere);
  post.method = bytes("POST");
  post.repeatable = 0;
  post.headers = fields;
  post.header_count = 2;
  post.body = bytes(much);
  post.timeout_us = 10'000'000;
  send(call, told, "answered_post", call.context, post);
}

void tellRefusals(const Call& call, Told& told, const std::string& host) {
  const std::string alive = host + "/livez";
  send(call, told, "no_url", call.context, to("nowhere"));
  send(call, told, "of_the_inside", call.context, to("https://169.254.169.254/"));
  bulkhead_http_request wrong = to(alive);
  const bulkhead_field forged[] = {{bytes("X-A"), bytes("a\r\nX-B: b")}};
  wrong.headers = forged;
  wrong.header_count = 1;
  send(call, told, "forged", call.context, wrong);
  wrong = to(alive);
  wrong.size = sizeof wrong - 1;
  send(call, told, "short_request", call.context, wrong);
}

}  // namespace

void probeOutbound(const Call& call, Told& told) {
  const std::string_view port = headerOf(call.request, "x-host-port");
  const std::string host = "http://127.0.0.1:" + std::string{port.empty() ? "1" : port};
  tellRequests(call, told, host);
  tellRefusals(call, told, host);
  told.ends("in_a_transaction", [&](const bulkhead_error_sink* error) {
    const auto inside = [&](bulkhead_transaction*, const bulkhead_error_sink* sink) {
      std::string answer;
      const bulkhead_http_request request = to(host);
      return call.host.http_send(call.home, call.context, &request, &receive, &answer, sink);
    };
    return transact(call, call.host.db_write, call.context, inside, error);
  });
}

}  // namespace conformance
