#include "message_desk.hpp"

#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/required_settings.hpp>

#include "message_json.hpp"

namespace twilio {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::Transaction;

MessageDesk::MessageDesk(bulkhead::Host host, TwilioClient client, bulkhead::EventSource events,
                         Options options)
    : host_{host},
      client_{std::move(client)},
      events_{std::move(events)},
      options_{std::move(options)},
      once_{host_, {"Twilio", options_.request_timeout, options_.settle_time}, &noteAttempt} {}

KeptMessage MessageDesk::send(const Context& context, std::string_view tenant,
                              const Draft& draft) const {
  Taken taken = take(context, tenant, draft);
  if (taken.kept.at_twilio) return std::move(taken.kept);
  taken.kept.draft.media_urls = draft.media_urls;
  if (!taken.may_send) {
    const auto look = once_.beginLook(taken.kept);
    if (auto found = recover(context, taken.kept, look.since)) return *std::move(found);
    once_.beginAgain(context, taken.kept, look);
  }
  return attempt(context, std::move(taken.kept));
}

MessageDesk::Taken MessageDesk::take(const Context& context, std::string_view tenant,
                                     const Draft& draft) const {
  KeptMessage fresh{host_.newId(), std::string{tenant}, draft, std::nullopt, std::nullopt};
  if (fresh.draft.sender.empty()) fresh.draft.sender = options_.sender;
  if (fresh.draft.sender.empty()) throw bulkhead::notConfigured("twilio", "sender");
  return once_.take(
      context, std::move(fresh),
      [&](Transaction& transaction) {
        return findByReference(transaction, tenant, draft.reference);
      },
      &insertMessage, [](const KeptMessage& kept) { return kept.at_twilio.has_value(); });
}

/// What a try whose end is not known has left at Twilio. Of two equal messages each has its own.
std::optional<KeptMessage> MessageDesk::recover(const Context& context, const KeptMessage& message,
                                                std::chrono::microseconds since) const {
  const auto candidates = client_.find(context, message.draft, since);
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

KeptMessage MessageDesk::attempt(const Context& context, KeptMessage message) const {
  const std::string callback = options_.status_callback.empty()
                                   ? std::string{}
                                   : options_.status_callback + "?m=" + message.id;
  message.at_twilio =
      once_.attempt(message, [&] { return client_.create(context, message.draft, callback); });
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
  if (kept->at_twilio->progress != Progress::Queued) publish(transaction, *kept);
}

void MessageDesk::publish(Transaction& transaction, const KeptMessage& message) const {
  const Message& at_twilio = message.at_twilio.value();
  const std::string key = at_twilio.sid + ":" + std::string{nameOf(at_twilio.progress)};
  events_.publish(transaction, "message_updated", messageWithReferenceJson(message),
                  {.tenant = message.tenant, .subject = at_twilio.sid, .key = key});
}

}  // namespace twilio
