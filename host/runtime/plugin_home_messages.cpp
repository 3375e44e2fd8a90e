// Events and messages of a plugin, on the home's side.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "runtime/host_table.hpp"
#include "runtime/message_desk.hpp"
#include "runtime/plugin_home.hpp"
#include "runtime/plugin_input.hpp"

namespace bulkhead::host {
namespace {

/// For writing down that a message failed whose deadline has passed.
constexpr std::chrono::seconds kRecordPatience{5};

std::int64_t seqOf(const HttpRequest& request) {
  std::int64_t seq = 0;
  for (const auto& [name, value] : request.path_parameters) {
    if (name == "seq") std::from_chars(value.data(), value.data() + value.size(), seq);
  }
  return seq;
}

HttpRequest requestOf(const RegisteredRoute& route, const inbox::Row& row) {
  const inbox::NewRow& message = row.message;
  HttpRequest request;
  request.method = "MESSAGE";
  request.target = request.path = route.path;
  request.headers = message.headers;
  request.body = message.body;
  request.principal.tenant = message.tenant;
  request.principal.bound_to_tenants = !message.tenant.empty();
  inbox::continueTrace(request, message.trace);
  request.path_parameters = {{"source", message.source},
                             {"provider", message.provider},
                             {"type", message.type},
                             {"id", message.key},
                             {"subject", message.subject},
                             {"attempt", std::to_string(row.attempts + 1)},
                             {"received_us", std::to_string(row.received_us)},
                             {"event_time_us", std::to_string(message.event_time_us)}};
  return request;
}

/// What stands for a message among what runs on its store: data::Store::hold.
std::uint64_t holdOf(std::int64_t seq) {
  constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
  return (static_cast<std::uint64_t>(seq) + 1) * kSpread;
}

}  // namespace

/// How a run of a message has ended.
struct PluginHome::MessageEnd {
  std::string_view outcome;  ///< "done", "retry", "dead", "gone" (finished before), "busy"
  bool released = false;     ///< the next one of its subject has become due
};

std::string PluginHome::traceText(const HttpRequest* request) {
  if (request == nullptr) return {};
  return fmt::format("{} {} {}", request->trace_id, request->span_id, request->request_id);
}

void PluginHome::addMessageDesk() {
  const bool there = std::any_of(routes_.begin(), routes_.end(),
                                 [](const auto& route) { return route->kind == EntryKind::Desk; });
  if (!there) routes_.push_back(std::make_shared<const RegisteredRoute>(messageDesk()));
}

/// 32 hexadecimal digits, which begin with the time.
std::string PluginHome::newEventId() {
  unsigned char random[10];
  if (services_.randomness != nullptr) {
    services_.randomness->fill(random, sizeof random);
  } else {
    SystemRandomness{}.fill(random, sizeof random);
  }
  std::string id = fmt::format("{:012x}", services_.clock.nowUs() / 1000);
  for (const unsigned char byte : random) id += fmt::format("{:02x}", byte);
  return id;
}

bool PluginHome::publish(outbox::NewEvent event, bulkhead_transaction& transaction) {
  if (!published_.contains(event.capability)) {
    throw Error::app("EVENT_REFUSED",
                     fmt::format("The plugin has not registered that it publishes events of '{}'.",
                                 event.capability));
  }
  if (options_.events && event.payload.size() <= outbox::kPayloadBytesMax)
    options_.events->check(event.capability, event.event, event.payload);
  event.trace = traceText(transaction.request);
  const std::string id = event.key.empty() ? newEventId() : std::string{};
  const bool fresh = outbox::publish(transaction.transaction, event, id, services_.clock.nowUs());
  transaction.has_work = transaction.has_work || fresh;
  return fresh;
}

bool PluginHome::keep(inbox::NewRow message, bulkhead_transaction& transaction) {
  const bool known = std::any_of(routes_.begin(), routes_.end(), [&](const auto& route) {
    return route->capability.empty() && route->takes(message.source, {});
  });
  if (!known) {
    throw Error::app("MESSAGE_REFUSED",
                     fmt::format("The plugin has registered no inbox '{}'.", message.source));
  }
  message.trace = traceText(transaction.request);
  const bool fresh = inbox::keep(transaction.transaction, message, services_.clock.nowUs());
  transaction.has_work = transaction.has_work || fresh;
  return fresh;
}

HttpResponse PluginHome::workOnMessages(const HttpRequest& request, bulkhead_context& context) {
  return HttpResponse::json(200, answerMessageDesk(request.body, deskStore(context), chance()));
}

DeskStore PluginHome::deskStore(bulkhead_context& context) {
  return {[&](const data::TransactionClosure& closure) {
            runRead(&context,
                    [&](bulkhead_transaction& transaction) { closure(transaction.transaction); });
          },
          [&](const data::TransactionClosure& closure) {
            runWrite(&context,
                     [&](bulkhead_transaction& transaction) { closure(transaction.transaction); });
          },
          services_.clock.nowUs(), services_.clock.monotonicUs() + wall_base_us_};
}

/// In [0, 1).
double PluginHome::chance() {
  std::uint32_t random = 0;
  SystemRandomness{}.fill(&random, sizeof random);
  return random / 4294967296.0;
}

HttpResponse PluginHome::runMessage(const RegisteredRoute& route, const HttpRequest& request,
                                    bulkhead_context& context) {
  const std::int64_t seq = seqOf(request);
  MessageEnd end;
  try {
    end = route.contract.transaction() == RouteTransaction::Write
              ? runInTransaction(route, seq, context)
              : runOutside(route, seq, context);
  } catch (const Error& error) {
    end = failMessage(route, seq, error);
  }
  return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                              out.object("outcome", end.outcome, "released", end.released);
                            }));
}

void PluginHome::callHandler(const RegisteredRoute& route, const inbox::Row& row,
                             bulkhead_context& context, bulkhead_transaction* transaction) {
  HttpRequest message = requestOf(route, row);
  if (context.request != nullptr) {  // the host knows what is asked of it by the call that it gave
    message.link_call = context.request->link_call;
    message.call_depth = context.request->call_depth;
  }
  const PluginInput input{message, route.contract};
  bulkhead_context inner{context.deadline, &message, nullptr, &input};
  if (transaction != nullptr) transaction->request = &message;
  PluginAnswer answer;  // nobody reads it: what the call returns says all
  callPlugin(route, message, inner, transaction, answer);
}

PluginHome::MessageEnd PluginHome::runInTransaction(const RegisteredRoute& route, std::int64_t seq,
                                                    bulkhead_context& context) {
  MessageEnd end;
  runWrite(&context, [&](bulkhead_transaction& transaction) {
    end = {"gone", false};
    const auto row = inbox::load(transaction.transaction, seq);
    if (!row) return;
    callHandler(route, *row, context, &transaction);
    end = {"done",
           inbox::finish(transaction.transaction, *row, "done", {}, services_.clock.nowUs())};
  });
  return end;
}

PluginHome::MessageEnd PluginHome::runOutside(const RegisteredRoute& route, std::int64_t seq,
                                              bulkhead_context& context) {
  const auto hold = readyStore().hold(holdOf(seq));
  if (!hold) return {"busy", false};  // another generation is at it
  std::optional<inbox::Row> row;
  runRead(&context, [&](bulkhead_transaction& transaction) {
    row = inbox::load(transaction.transaction, seq);
  });
  if (!row) return {"gone", false};
  callHandler(route, *row, context, nullptr);
  MessageEnd end;
  bulkhead_context patient{
      std::max(context.deadline, std::chrono::steady_clock::now() + kRecordPatience)};
  runWrite(&patient, [&](bulkhead_transaction& transaction) {
    end = {"done",
           inbox::finish(transaction.transaction, *row, "done", {}, services_.clock.nowUs())};
  });
  return end;
}

/// Throws where even that cannot be written down: then it has not been tried.
PluginHome::MessageEnd PluginHome::failMessage(const RegisteredRoute& route, std::int64_t seq,
                                               const Error& error) {
  const std::string reason = fmt::format("{}: {}", error.code(), error.message());
  const double chance = this->chance();
  MessageEnd end;
  std::uint32_t failed = 0;
  bulkhead_context patient{std::chrono::steady_clock::now() + kRecordPatience};
  runWrite(&patient, [&](bulkhead_transaction& transaction) {
    end = {"gone", false};
    const auto row = inbox::load(transaction.transaction, seq);
    if (!row) return;
    const std::int64_t now_us = services_.clock.nowUs();
    failed = row->attempts + 1;
    if (failed >= route.attempts_max) {
      end = {"dead", inbox::finish(transaction.transaction, *row, "dead", reason, now_us)};
    } else {
      end = {"retry", false};
      inbox::postpone(transaction.transaction, *row, reason, now_us,
                      inbox::delayUs(failed, chance));
    }
  });
  const std::string fields = toJson([&](JsonWriter& out) {
    out.object("messages", route.path, "seq", seq, "attempt", failed, "code", error.code(),
               "outcome", end.outcome);
  });
  services_.log.write(options_.plugin,
                      end.outcome == "dead" ? BULKHEAD_LOG_ERROR : BULKHEAD_LOG_WARN,
                      fmt::format("A message was not handled: {}", error.message()), fields, {});
  return end;
}

}  // namespace bulkhead::host
