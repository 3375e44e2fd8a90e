#include "channels.hpp"

#include <cstdint>
#include <optional>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/required_settings.hpp>
#include <bulkhead/signing.hpp>
#include <bulkhead/url.hpp>

#include "channel_store.hpp"

namespace google_calendar {
namespace {

std::string addressAt(std::string_view public_base_url) {
  if (public_base_url.empty()) return {};
  return std::string{bulkhead::withoutSlash(public_base_url)} + "/api/google-calendar/v1/webhooks";
}

}  // namespace

Channels::Channels(bulkhead::Host host, const GoogleCalendarClient& client,
                   std::string_view public_base_url)
    : host_{host}, client_{client}, address_{addressAt(public_base_url)} {}

std::string Channels::open(const Caller& caller, const std::string& calendar,
                           bulkhead::Recovery& recovery) const {
  if (address_.empty()) throw bulkhead::notConfigured("google-calendar", "public_base_url");
  const Channel channel = named(caller, calendar, recovery);
  return recovery.call("opened", [&] { return opened(caller, calendar, channel); });
}

/// The same id and secret in every attempt, so that Google opens one channel.
Channel Channels::named(const Caller& caller, const std::string& calendar,
                        bulkhead::Recovery& recovery) const {
  const std::string id = host_.newId();
  const std::string token = bulkhead::toHex(host_.randomBytes(32));
  const std::string kept = recovery.commit("named", [&](bulkhead::Transaction& transaction) {
    insertChannel(transaction,
                  {id, std::string{caller.tenant}, calendar, bulkhead::sha256Hex(token),
                   std::nullopt, std::nullopt},
                  host_.now().time_since_epoch().count());
    return id + ":" + token;
  });
  const auto colon = kept.find(':');
  return {kept.substr(0, colon), address_, kept.substr(colon + 1)};
}

std::string Channels::opened(const Caller& caller, const std::string& calendar,
                             const Channel& channel) const {
  const OpenChannel open = client_.watch(caller.context, calendar, channel);
  std::optional<std::int64_t> expires_us;
  if (open.expires_ms) expires_us = *open.expires_ms * 1000;
  host_.write(caller.context, [&](bulkhead::Transaction& transaction) {
    keepOpened(transaction, channel.id, open.resource_id, expires_us);
  });
  return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    out.beginObject();
    out.member("id", channel.id);
    out.member("calendar", calendar);
    if (open.expires_ms) out.member("expires_ms", *open.expires_ms);
    out.endObject();
  });
}

}  // namespace google_calendar
