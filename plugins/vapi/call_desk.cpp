#include "call_desk.hpp"

#include <optional>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/provider_error.hpp>

namespace vapi {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::Transaction;

/// How far Vapi's clock may be from ours.
constexpr std::chrono::minutes kClockSkew{5};

Error unknownFor(std::chrono::microseconds time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
  return bulkhead::provider::ambiguous("Vapi").withRetryAfter(static_cast<int>(seconds.count()));
}

std::optional<KeptCall> findKept(bulkhead::ReadTransaction& snapshot, const Call& call) {
  auto kept = findByVapiId(snapshot, call.id);
  return kept || call.name.empty() ? kept : findById(snapshot, call.name);
}

}  // namespace

struct CallDesk::Taken {
  KeptCall call;
  bool may_place = false;  ///< this call has begun the try
};

CallDesk::CallDesk(bulkhead::Host host, VapiClient client, Options options, Moved moved)
    : host_{host},
      client_{std::move(client)},
      options_{std::move(options)},
      moved_{std::move(moved)} {}

Call CallDesk::start(const Context& context, std::string_view tenant, Draft draft) const {
  if (draft.assistant.empty()) draft.assistant = options_.assistant;
  if (draft.assistant.empty())
    throw Error::configuration("NOT_CONFIGURED",
                               "Set assistant in conf/plugins.d/vapi.properties, or name one.");
  Taken taken = take(context, tenant, draft);
  if (!taken.call.vapi_id.empty()) return client_.fetch(context, taken.call.vapi_id);
  if (!taken.may_place) {
    const std::chrono::microseconds begun{taken.call.attempted_us.value_or(0)};
    if (const auto found = client_.find(context, taken.call.id, begun - kClockSkew)) {
      keep(*found);
      return *found;
    }
    beginAgain(context, taken.call);
  }
  return attempt(context, taken.call, draft);
}

CallDesk::Taken CallDesk::take(const Context& context, std::string_view tenant,
                               const Draft& draft) const {
  const auto now_us = nowUs();
  const KeptCall fresh{.id = host_.newId(),
                       .tenant = std::string{tenant},
                       .reference = draft.reference,
                       .vapi_id = {},
                       .attempted_us = now_us};
  return host_.write(context, [&](Transaction& transaction) {
    Taken taken{fresh, true};
    if (auto kept = findByReference(transaction, tenant, draft.reference)) {
      taken.call = *std::move(kept);
      taken.may_place = taken.call.vapi_id.empty() && !taken.call.attempted_us &&
                        noteAttempt(transaction, taken.call.id, std::nullopt, now_us);
      if (taken.may_place) taken.call.attempted_us = now_us;
    } else {
      insertCall(transaction, fresh, now_us);
    }
    return taken;
  });
}

void CallDesk::beginAgain(const Context& context, KeptCall& call) const {
  const auto now_us = nowUs();
  const std::chrono::microseconds waited{now_us - call.attempted_us.value_or(0)};
  if (waited < options_.settle_time) throw unknownFor(options_.settle_time - waited);
  const bool is_ours = host_.write(context, [&](Transaction& transaction) {
    return noteAttempt(transaction, call.id, call.attempted_us, now_us);
  });
  if (!is_ours) throw unknownFor(options_.settle_time);
  call.attempted_us = now_us;
}

Call CallDesk::attempt(const Context& context, const KeptCall& call, const Draft& draft) const {
  Call placed;
  try {
    placed = client_.create(context, draft, call.id);
  } catch (const Error& error) {
    if (mayHaveHadItsEffect(error)) throw unknownFor(options_.settle_time);
    host_.write([&](Transaction& transaction) {
      noteAttempt(transaction, call.id, call.attempted_us, std::nullopt);
    });
    throw;
  }
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
  moved_(transaction, *kept, news);
  return kept;
}

}  // namespace vapi
