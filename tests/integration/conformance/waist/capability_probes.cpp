// Capabilities: the plugin provides one that it wants itself, so that both of its ends are here.
#include <atomic>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "probe.hpp"
#include "routes.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;

constexpr std::string_view kMirror = "mirror/1";

/// Handlers that outstay their deadlines at this moment.
std::atomic<int> overdue{0};

/// An order of the mirror: `{"how":"..."}`.
std::string how(std::string_view text) {
  return bulkhead::toJson([&](JsonWriter& out) { out.object("how", text); });
}

struct Asked {
  std::string_view capability = kMirror;
  std::string_view name = "reflect";
  std::string request{};
  std::int64_t timeout_us = 0;
  bool without_context = false;
};

bulkhead_status ask(const Call& call, const Asked& asked, std::string& answer,
                    const bulkhead_error_sink* error) {
  const bulkhead_sink sink{&answer, [](void* self, const char* data, std::size_t size) {
                             static_cast<std::string*>(self)->append(data, size);
                           }};
  return call.host.call_capability(call.home, asked.without_context ? nullptr : call.context,
                                   bytes(asked.capability), bytes(asked.name), bytes(asked.request),
                                   asked.timeout_us, &sink, error);
}

/// How a call ends, and with which answer; the caller's own tenant has no name there, since it is
/// another one in each host.
void tellCall(const Call& call, Told& told, std::string_view step, const Asked& asked) {
  std::string answer;
  told.ends(step,
            [&](const bulkhead_error_sink* error) { return ask(call, asked, answer, error); });
  const std::string_view tenant = view(call.request.tenant);
  if (const auto at = answer.find(tenant); at != std::string::npos && !tenant.empty())
    answer.replace(at, tenant.size(), "the caller's");
  if (!answer.empty()) told.tell(std::string{step} + "_answer", bulkhead::RawJson{answer});
}

/// How an ask ends, and with which answer.
void tellAsk(const Call& call, Told& told, std::string_view step, const Asked& asked) {
  struct Answer {
    bool whole = false;
    bool is_fallback = false;
    std::string json;
    std::string reason;
  } answer;
  const auto receive = [](void* self, const bulkhead_ask_answer* crossing) {
    *static_cast<Answer*>(self) = {crossing->size == sizeof(bulkhead_ask_answer),
                                   crossing->is_fallback != 0, std::string{view(crossing->json)},
                                   std::string{view(crossing->reason)}};
  };
  told.ends(step, [&](const bulkhead_error_sink* error) {
    return call.host.ask_capability(
        call.home, asked.without_context ? nullptr : call.context, bytes(asked.capability),
        bytes(asked.name), bytes(asked.request), asked.timeout_us, receive, &answer, error);
  });
  if (answer.json.empty()) return;
  const std::string_view tenant = view(call.request.tenant);
  if (const auto at = answer.json.find(tenant); at != std::string::npos && !tenant.empty())
    answer.json.replace(at, tenant.size(), "the caller's");
  told.tell(std::string{step} + "_answer", bulkhead::RawJson{answer.json});
  told.tell(std::string{step} + "_fallback", answer.is_fallback);
  told.tell(std::string{step} + "_reason", answer.reason);
  told.tell(std::string{step} + "_whole", answer.whole);
}

bool asks(const bulkhead_request& request, std::string_view wanted) {
  return view(request.body).find("\"" + std::string{wanted} + "\"") != std::string_view::npos;
}

bulkhead_status showRequest(const Call& call) {
  const bulkhead_request& request = call.request;
  answer(call, 200, bulkhead::toJson([&](JsonWriter& out) {
           out.object("seen", [&](JsonWriter& seen) {
             seen.object("method", view(request.method), "path", view(request.path), "tenant",
                         view(request.tenant), "request_id", view(request.request_id), "trace_id",
                         view(request.trace_id), "body", view(request.body), "scopes",
                         view(request.scopes), "in_time",
                         call.host.remaining_us(call.context) > 0 &&
                             call.host.remaining_us(call.context) <= 5'000'000);
           });
         }));
  return BULKHEAD_OK;
}

/// Calls itself as long as it may.
bulkhead_status goDeeper(const Call& call, const bulkhead_error_sink* error) {
  std::string deeper;
  Caught caught;
  const auto status = ask(call, {.request = how("deeper")}, deeper, caught.sink());
  if (status == BULKHEAD_OK) {
    answer(call, 200, deeper);
    return status;
  }
  if (caught.code() != "CALL_TOO_DEEP") return caught.handOn(error);
  answer(call, 200, R"({"deepest":4})");
  return BULKHEAD_OK;
}

}  // namespace

bulkhead_status reflect(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_request& request = call.request;
  if (asks(request, "show")) return showRequest(call);
  if (asks(request, "deeper")) return goDeeper(call, error);
  if (asks(request, "refuse"))
    return refuse(error, BULKHEAD_CONFLICT_ERROR, "UNWILLING", "Not now.", R"({"why":1})", 7);
  if (asks(request, "undeclared"))
    return refuse(error, BULKHEAD_CONFLICT_ERROR, "UNHEARD_OF", "Nobody knows this code.");
  if (asks(request, "fail")) return refuse(error, BULKHEAD_APP_ERROR, "BROKEN", "It is broken.");
  if (asks(request, "nonsense")) {
    answer(call, 200, R"({"seen":"no object"})");
    return BULKHEAD_OK;
  }
  if (asks(request, "long")) {
    answer(call, 200, R"({"text":")" + std::string(1'000'000, 'x') + "\"}");
    return BULKHEAD_OK;
  }
  ++overdue;
  while (call.host.remaining_us(call.context) > -50'000)        // "hang"
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // allowed: time has to pass
  --overdue;
  answer(call, 200, "{}");
  return BULKHEAD_OK;
}

void probeCapabilities(const Call& call, Told& told) {
  tellCall(call, told, "show", {.request = how("show")});
  tellCall(call, told, "show_without_context", {.request = how("show"), .without_context = true});
  tellCall(call, told, "refuse", {.request = how("refuse")});
  tellCall(call, told, "undeclared", {.request = how("undeclared")});
  tellCall(call, told, "fail", {.request = how("fail")});
  tellCall(call, told, "nonsense", {.request = how("nonsense")});
  tellCall(call, told, "deeper", {.request = how("deeper")});
  tellCall(call, told, "wrong_request", {.request = R"({"who":1})"});
  tellCall(call, told, "no_json", {.request = "{"});
  tellCall(call, told, "no_such_call", {.name = "nothing", .request = "{}"});
  tellCall(call, told, "unanswered", {.name = "unanswered", .request = "{}"});
  tellCall(call, told, "absent", {.capability = "absent/1", .request = "{}"});
  tellCall(call, told, "other_major", {.capability = "mirror/2", .request = "{}"});
  tellCall(call, told, "not_wanted", {.capability = "payments/1", .request = "{}"});
  tellCall(call, told, "short_of_time", {.request = how("hang"), .timeout_us = 20'000});
  std::string text;
  const auto status = ask(call, {.request = how("long")}, text, nullptr);
  told.tell("long", status == BULKHEAD_OK && text.size() > 1'000'000);
  for (const bool writes : {false, true}) {
    told.ends(writes ? "in_write" : "in_read", [&](const bulkhead_error_sink* error) {
      return transact(
          call, writes ? call.host.db_write : call.host.db_read, call.context,
          [&](bulkhead_transaction*, const bulkhead_error_sink* inner) {
            std::string none;
            return ask(call, {.request = how("show")}, none, inner);
          },
          error);
    });
  }
}

void probeAsks(const Call& call, Told& told) {
  const auto glance = [](std::string_view text) {
    return Asked{.name = "glance", .request = how(text)};
  };
  tellAsk(call, told, "show", glance("show"));
  Asked alone = glance("show");
  alone.without_context = true;
  tellAsk(call, told, "show_without_context", alone);
  for (const std::string_view text : {"refuse", "undeclared", "fail", "nonsense"})
    tellAsk(call, told, text, glance(text));
  Asked short_of_time = glance("hang");
  short_of_time.timeout_us = 20'000;
  tellAsk(call, told, "short_of_time", short_of_time);
  while (overdue > 0) std::this_thread::yield();  // or they would meet, in a lane of two threads
  tellAsk(call, told, "unheard", {.name = "unheard", .request = "{}"});
  tellAsk(call, told, "wrong_request", {.name = "glance", .request = R"({"who":1})"});
  tellAsk(call, told, "no_such_ask", {.name = "nothing", .request = "{}"});
  tellAsk(call, told, "not_provided",
          {.capability = "absent/1", .name = "glance", .request = "{}"});
  told.ends("in_write", [&](const bulkhead_error_sink* error) {
    return transact(
        call, call.host.db_write, call.context,
        [&](bulkhead_transaction*, const bulkhead_error_sink* inner) {
          const std::string request = how("show");
          const auto receive = [](void*, const bulkhead_ask_answer*) {};
          return call.host.ask_capability(call.home, call.context, bytes(kMirror), bytes("glance"),
                                          bytes(request), 0, receive, nullptr, inner);
        },
        error);
  });
}

}  // namespace conformance
