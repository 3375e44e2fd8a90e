#include "call_desk.hpp"

#include <optional>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/required_settings.hpp>

#include "call_json.hpp"

namespace vapi {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::Transaction;

std::optional<KeptCall> findKept(bulkhead::ReadTransaction& snapshot, const Call& call) {
  auto kept = findByVapiId(snapshot, call.id);
  return kept || call.name.empty() ? kept : findById(snapshot, call.name);
}

}  // namespace

CallDesk::CallDesk(bulkhead::Host host, VapiClient client, bulkhead::EventSource events,
                   Options options)
    : host_{host},
      client_{std::move(client)},
      events_{std::move(events)},
      options_{std::move(options)},
      once_{host_, {"Vapi", options_.request_timeout, options_.settle_time}, &noteAttempt} {}

Call CallDesk::start(const Context& context, std::string_view tenant, Draft draft) const {
  if (draft.assistant.empty()) draft.assistant = options_.assistant;
  if (draft.assistant.empty()) throw bulkhead::notConfigured("vapi", "assistant");
  auto taken = take(context, tenant, draft);
  if (!taken.kept.vapi_id.empty()) return client_.fetch(context, taken.kept.vapi_id);
  if (!taken.may_send) {
    const auto look = once_.beginLook(taken.kept);
    if (const auto found = client_.find(context, taken.kept.id, look.since)) {
      keep(*found);
      return *found;
    }
    once_.beginAgain(context, taken.kept, look);
  }
  return attempt(context, taken.kept, draft);
}

bulkhead::SentOnce::Taken<KeptCall> CallDesk::take(const Context& context, std::string_view tenant,
                                                   const Draft& draft) const {
  KeptCall fresh{.id = host_.newId(),
                 .tenant = std::string{tenant},
                 .reference = draft.reference,
                 .vapi_id = {},
                 .attempted_us = std::nullopt};
  return once_.take(
      context, std::move(fresh),
      [&](Transaction& transaction) {
        return findByReference(transaction, tenant, draft.reference);
      },
      [&](Transaction& transaction, const KeptCall& call) {
        insertCall(transaction, call, nowUs());
      },
      [](const KeptCall& kept) { return !kept.vapi_id.empty(); });
}

Call CallDesk::attempt(const Context& context, const KeptCall& call, const Draft& draft) const {
  Call placed = once_.attempt(call, [&] { return client_.create(context, draft, call.id); });
  placed.name = call.id;
  keep(placed);
  return placed;
}

void CallDesk::keep(const Call& news) const {
  host_.write([&](Transaction& transaction) { apply(transaction, news, {}); });
}

Call CallDesk::look(const Context& context, std::string_view tenant, std::string_view id) const {
  const auto ours = host_.read(
      context, [&](bulkhead::ReadTransaction& snapshot) { return findByVapiId(snapshot, id); });
  if (!ours || ours->tenant != tenant)
    throw Error::notFound("CALL_NOT_FOUND", "There is no such call.");
  Call call = client_.fetch(context, id);
  keep(call);
  return call;
}

Call CallDesk::end(const Context& context, std::string_view tenant, std::string_view id) const {
  Call call = look(context, tenant, id);
  if (call.state == CallState::Ended) return call;
  client_.end(context, call);
  return look(context, tenant, id);
}

std::optional<KeptCall> CallDesk::apply(Transaction& transaction, const Call& news,
                                        std::string_view new_id) const {
  auto kept = findKept(transaction, news);
  if (!kept && new_id.empty()) return std::nullopt;
  if (!kept) {
    kept = KeptCall{.id = std::string{new_id},
                    .tenant = options_.tenant,
                    .reference = std::nullopt,
                    .vapi_id = {},
                    .state = news.state,
                    .attempted_us = std::nullopt};
    insertCall(transaction, *kept, nowUs());
  }
  const bool is_new = kept->vapi_id.empty();
  if (!is_new && (kept->vapi_id != news.id || news.state <= kept->state)) return kept;
  keepAtVapi(transaction, kept->id, news);
  kept->vapi_id = news.id;
  kept->state = news.state;
  publish(transaction, *kept, news);
  return kept;
}

void CallDesk::publish(Transaction& transaction, const KeptCall& kept, const Call& call) const {
  const std::string key = call.id + ":" + std::string{nameOf(call.state)};
  events_.publish(transaction, "call_updated", updatedPayload(kept, call),
                  {.tenant = kept.tenant, .subject = call.id, .key = key});
}

}  // namespace vapi
