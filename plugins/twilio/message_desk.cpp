#include "message_desk.hpp"

#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/provider_error.hpp>

namespace twilio {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::Transaction;

/// How far Twilio's clock may be from ours.
constexpr std::chrono::minutes kClockSkew{5};

Error unknownFor(std::chrono::microseconds time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
  return bulkhead::provider::ambiguous("Twilio").withRetryAfter(static_cast<int>(seconds.count()));
}

}  // namespace

struct MessageDesk::Taken {
  KeptMessage message;
  bool may_send = false;  ///< this call has begun the try
};

MessageDesk::MessageDesk(bulkhead::Host host, TwilioClient client, Options options, Moved moved)
    : host_{host},
      client_{std::move(client)},
      options_{std::move(options)},
      moved_{std::move(moved)} {}

KeptMessage MessageDesk::send(const Context& context, std::string_view tenant,
                              const Draft& draft) const {
  Taken taken = take(context, tenant, draft);
  if (taken.message.at_twilio) return taken.message;
  if (!taken.may_send) {
    if (auto found = recover(context, taken.message)) return *std::move(found);
    beginAgain(context, taken.message);
  }
  return attempt(context, std::move(taken.message));
}

MessageDesk::Taken MessageDesk::take(const Context& context, std::string_view tenant,
                                     const Draft& draft) const {
  const auto now_us = nowUs();
  KeptMessage fresh{host_.newId(), std::string{tenant}, draft, std::nullopt, now_us};
  if (fresh.draft.sender.empty()) fresh.draft.sender = options_.sender;
  if (fresh.draft.sender.empty())
    throw Error::configuration("NOT_CONFIGURED",
                               "Set sender in conf/plugins.d/twilio.properties, or name one.");
  return host_.write(context, [&](Transaction& transaction) {
    Taken taken{fresh, true};
    if (auto kept = findByReference(transaction, tenant, draft.reference)) {
      taken.message = *std::move(kept);
      taken.message.draft.media_urls = draft.media_urls;
      taken.may_send = !taken.message.at_twilio && !taken.message.attempted_us &&
                       noteAttempt(transaction, taken.message.id, std::nullopt, now_us);
      if (taken.may_send) taken.message.attempted_us = now_us;
    } else {
      insertMessage(transaction, fresh, now_us);
    }
    return taken;
  });
}

/// What a try whose end is not known has left at Twilio. Of two equal messages each has its own.
std::optional<KeptMessage> MessageDesk::recover(const Context& context,
                                                const KeptMessage& message) const {
  const std::chrono::microseconds begun{message.attempted_us.value_or(0)};
  const auto candidates = client_.find(context, message.draft, begun - kClockSkew);
  return host_.write(context, [&](Transaction& transaction) -> std::optional<KeptMessage> {
    auto kept = findById(transaction, message.id);
    if (kept && kept->at_twilio) return kept;
    for (const auto& candidate : candidates) {
      if (keepAtTwilio(transaction, message.id, candidate))
        return findById(transaction, message.id);
    }
    return std::nullopt;
  });
}

void MessageDesk::beginAgain(const Context& context, KeptMessage& message) const {
  const auto now_us = nowUs();
  const std::chrono::microseconds waited{now_us - message.attempted_us.value_or(0)};
  if (waited < options_.settle_time) throw unknownFor(options_.settle_time - waited);
  const bool is_ours = host_.write(context, [&](Transaction& transaction) {
    return noteAttempt(transaction, message.id, message.attempted_us, now_us);
  });
  if (!is_ours) throw unknownFor(options_.settle_time);
  message.attempted_us = now_us;
}

KeptMessage MessageDesk::attempt(const Context& context, KeptMessage message) const {
  try {
    const std::string callback = options_.status_callback.empty()
                                     ? std::string{}
                                     : options_.status_callback + "?m=" + message.id;
    message.at_twilio = client_.create(context, message.draft, callback);
  } catch (const Error& error) {
    if (mayHaveHadItsEffect(error)) throw unknownFor(options_.settle_time);
    host_.write([&](Transaction& transaction) {
      noteAttempt(transaction, message.id, message.attempted_us, std::nullopt);
    });
    throw;
  }
  host_.write(
      [&](Transaction& transaction) { apply(transaction, *message.at_twilio, message.id); });
  return message;
}

KeptMessage MessageDesk::look(const Context& context, std::string_view tenant,
                              std::string_view sid) const {
  const auto ours = host_.read(
      context, [&](bulkhead::ReadTransaction& snapshot) { return findBySid(snapshot, sid); });
  if (!ours || ours->tenant != tenant)
    throw Error::notFound("MESSAGE_NOT_FOUND", "There is no such message.");
  const Message news = client_.fetch(context, sid);
  return host_.write(context, [&](Transaction& transaction) {
    apply(transaction, news, ours->id);
    return findBySid(transaction, sid).value_or(*ours);
  });
}

void MessageDesk::apply(Transaction& transaction, const Message& news, std::string_view id) const {
  auto kept = findBySid(transaction, news.sid);
  if (!kept && !id.empty()) kept = findById(transaction, id);
  if (!kept) return;
  const auto& before = kept->at_twilio;
  if (before && !isForward(before->progress, news.progress)) return;
  Message after = news;
  if (before && !after.segments) after.segments = before->segments;
  if (!keepAtTwilio(transaction, kept->id, after)) return;
  kept->at_twilio = std::move(after);
  if (kept->at_twilio->progress != Progress::Queued) moved_(transaction, *kept);
}

}  // namespace twilio
