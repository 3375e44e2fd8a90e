#include "google_calendar_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <bulkhead/form_writer.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/provider_error.hpp>

namespace google_calendar {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::FormWriter;
using bulkhead::JsonWriter;
using bulkhead::memberIn;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::Outcome;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kService = "Google";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/calendar";
constexpr std::string_view kFolder = "/calendar/v3";
constexpr std::string_view kQueryLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%&=";
/// What a list is asked for, whatever it begins with: Google takes a sync token only with the
/// parameters that it was made with, so that they are equal in every request.
constexpr std::string_view kShape = "singleEvents=true&maxResults=250&showDeleted=true";
constexpr std::chrono::seconds kTimeout{15};

std::string eventsOf(std::string_view calendar) {
  return "/calendars/" + FormWriter::encoded(calendar) + "/events";
}

/// Whether Google gives one of these reasons.
template <std::size_t N>
bool hasReason(const OutboundAnswer& answer, const std::array<std::string_view, N>& reasons) {
  const Json document = bulkhead::readJson(answer.body);
  const Json& errors = memberIn(memberIn(document, "error"), "errors");
  if (!errors.is_array()) return false;
  return std::any_of(errors.begin(), errors.end(), [&](const Json& one) {
    return std::find(reasons.begin(), reasons.end(), textIn(one, "reason")) != reasons.end();
  });
}

constexpr std::array<std::string_view, 4> kQuotas{"rateLimitExceeded", "userRateLimitExceeded",
                                                  "quotaExceeded", "dailyLimitExceeded"};
constexpr std::array<std::string_view, 1> kKnownChannel{"channelIdNotUnique"};

Error errorOf(const OutboundAnswer& answer) {
  if (answer.outcome == Outcome::HttpError) {
    if (answer.status == 403 && hasReason(answer, kQuotas))
      return bulkhead::provider::rateLimited(kService, answer.retry_after_s);
    if (answer.status == 404)
      return Error::notFound("CALENDAR_NOT_FOUND", "Google does not show this calendar.");
    if (answer.status == 410)
      return Error::businessLogic("SYNC_CURSOR_EXPIRED",
                                  "Read the window again, without a cursor.");
  }
  return bulkhead::provider::errorFor(kService, answer);
}

Json documentOf(const OutboundAnswer& answer) {
  if (!answer.isOk()) throw errorOf(answer);
  Json document = bulkhead::readJson(answer.body);
  if (!document.is_object()) throw bulkhead::provider::answerInvalid(kService);
  return document;
}

std::string selectionOf(const Window& window) {
  std::string selection;
  FormWriter form{selection};
  if (!window.from.empty()) form.field("timeMin", window.from);
  if (!window.to.empty()) form.field("timeMax", window.to);
  return selection;
}

/// The same selection from its next page on. That page may be the first one's next.
std::string pageAfter(std::string_view selection, std::string_view page) {
  constexpr std::string_view kPage = "pageToken=";
  std::string next{selection.substr(0, selection.find(kPage))};
  if (!next.empty() && next.back() != '&') next += '&';
  return next.append(kPage).append(FormWriter::encoded(page));
}

/// An earlier version's cursors have the shape within.
std::string withoutShape(std::string_view cursor) {
  std::string selection{cursor};
  const std::size_t shape = selection.find(kShape);
  if (shape == std::string::npos) return selection;
  selection.erase(shape, kShape.size());
  if (shape < selection.size() && selection[shape] == '&') selection.erase(shape, 1);
  if (!selection.empty() && selection.back() == '&') selection.pop_back();
  return selection;
}

/// A moment, or the day of an event that takes all of it.
std::string timeOf(const Json& time) {
  std::string moment = textIn(time, "dateTime");
  if (!moment.empty()) return moment;
  const std::string day = textIn(time, "date");
  return day.empty() ? day : day + "T00:00:00Z";
}

Event eventOf(const Json& document) {
  const Json& start = memberIn(document, "start");
  return {.id = textIn(document, "id"),
          .start = timeOf(start),
          .end = timeOf(memberIn(document, "end")),
          .time_zone = textIn(start, "timeZone"),
          .summary = textIn(document, "summary"),
          .is_busy = textIn(document, "transparency") != "transparent",
          .status = textIn(document, "status"),
          .etag = textIn(document, "etag")};
}

std::string bodyOf(const EventDraft& draft) {
  return bulkhead::toJson([&](JsonWriter& out) {
    const auto time = [&](std::string_view name, const std::string& moment) {
      out.key(name);
      out.object("dateTime", moment, "timeZone", draft.time_zone);
    };
    out.beginObject();
    out.member("id", draft.id);
    out.member("summary", draft.summary);
    if (!draft.description.empty()) out.member("description", draft.description);
    if (!draft.location.empty()) out.member("location", draft.location);
    time("start", draft.start);
    time("end", draft.end);
    if (!draft.attendees.empty()) {
      out.key("attendees");
      out.array(draft.attendees, [](JsonWriter& item, const EventDraft::Attendee& one) {
        item.beginObject();
        item.member("email", one.email);
        if (!one.name.empty()) item.member("displayName", one.name);
        item.endObject();
      });
    }
    out.endObject();
  });
}

std::vector<Busy> busyIn(const Json& document) {
  std::vector<Busy> busy;
  const Json& calendars = memberIn(document, "calendars");
  if (!calendars.is_object()) throw bulkhead::provider::answerInvalid(kService);
  for (const auto& [calendar, found] : calendars.items()) {
    if (const Json& errors = memberIn(found, "errors"); errors.is_array() && !errors.empty())
      throw Error::notFound("CALENDAR_NOT_FOUND", "Google does not show one of the calendars.");
    for (const auto& one : memberIn(found, "busy"))
      busy.push_back({calendar, textIn(one, "start"), textIn(one, "end")});
  }
  return busy;
}

}  // namespace

GoogleCalendarClient::GoogleCalendarClient(bulkhead::Host host,
                                           std::unique_ptr<ServiceAccount> account, Options options)
    : host_{host}, account_{std::move(account)}, options_{std::move(options)}, token_{[host] {
        return host.monotonic();
      }} {}

OutboundRequest GoogleCalendarClient::request(std::string_view method, std::string_view target,
                                              std::string_view operation, std::string body) const {
  OutboundRequest request{.method = std::string{method},
                          .url = options_.base_url + std::string{kFolder} + std::string{target},
                          .headers = {{"Accept", "*/*"}},
                          .body = std::move(body),
                          .operation = std::string{operation},
                          .repeatable = true,
                          .timeout = kTimeout};
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

AccessToken::Fetched GoogleCalendarClient::fetchToken(const Context& context) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(host_.now().time_since_epoch());
  OutboundRequest asking{.method = "POST",
                         .url = options_.token_url,
                         .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                         .operation = "token.create",
                         .repeatable = true,
                         .timeout = kTimeout};
  FormWriter form{asking.body};
  form.field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  form.field("assertion", account_->assertion({.scope = kScope,
                                               .audience = options_.token_audience,
                                               .subject = options_.subject,
                                               .now = now}));
  const OutboundAnswer answer = host_.send(context, asking);
  // invalid_grant: the key was revoked, or a clock is wrong
  if (answer.outcome == Outcome::HttpError && (answer.status == 400 || answer.status == 401))
    throw bulkhead::provider::keyRefused(kService);
  const Json document = documentOf(answer);
  std::string text = textIn(document, "access_token");
  if (text.empty()) throw bulkhead::provider::answerInvalid(kService);
  const Json& life = memberIn(document, "expires_in");
  return {std::move(text),
          std::chrono::seconds{life.is_number_integer() ? life.get<std::int64_t>() : 0}};
}

std::string GoogleCalendarClient::token(const Context& context) const {
  return token_.get([&] { return fetchToken(context); }, context.remaining());
}

OutboundAnswer GoogleCalendarClient::send(const Context& context,
                                          const OutboundRequest& request) const {
  for (int attempt = 1;; ++attempt) {
    const std::string access = token(context);
    OutboundRequest authorized = request;
    authorized.headers.emplace_back("Authorization", "Bearer " + access);
    OutboundAnswer answer = host_.send(context, authorized);
    if (answer.outcome != Outcome::HttpError || answer.status != 401 || attempt == 2) return answer;
    token_.forget(access);
  }
}

std::vector<CalendarEntry> GoogleCalendarClient::calendars(const Context& context) const {
  const Json document = documentOf(
      send(context, request("GET", "/users/me/calendarList?maxResults=250", "calendarList.list")));
  std::vector<CalendarEntry> entries;
  for (const auto& one : memberIn(document, "items")) {
    const std::string role = textIn(one, "accessRole");
    entries.push_back({textIn(one, "id"), textIn(one, "summary"), textIn(one, "timeZone"),
                       role == "owner" || role == "writer"});
  }
  return entries;
}

std::vector<Busy> GoogleCalendarClient::busy(const Context& context, const Window& window,
                                             const std::vector<std::string>& calendars) const {
  std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("timeMin", window.from);
    out.member("timeMax", window.to);
    out.member("timeZone", "UTC");
    out.key("items");
    out.array(calendars, [](JsonWriter& item, const std::string& id) { item.object("id", id); });
    out.endObject();
  });
  return busyIn(
      documentOf(send(context, request("POST", "/freeBusy", "freeBusy.query", std::move(body)))));
}

Changes GoogleCalendarClient::changes(const Context& context, std::string_view calendar,
                                      std::string_view cursor, const Window& window) const {
  if (cursor.find_first_not_of(kQueryLetters) != std::string_view::npos)
    throw Error::businessLogic("SYNC_CURSOR_EXPIRED", "This cursor is not one of Google's.");
  const std::string selection = cursor.empty() ? selectionOf(window) : withoutShape(cursor);
  std::string query = selection;
  if (!query.empty()) query += '&';
  query += kShape;
  const OutboundAnswer answer =
      send(context, request("GET", eventsOf(calendar) + "?" + query, "events.list"));
  if (answer.outcome == Outcome::HttpError && answer.status == 400 && !cursor.empty())
    throw Error::businessLogic("SYNC_CURSOR_EXPIRED", "Read the window again, without a cursor.");
  const Json document = documentOf(answer);
  Changes changes;
  for (const auto& one : memberIn(document, "items")) changes.events.push_back(eventOf(one));
  const std::string page = textIn(document, "nextPageToken");
  changes.has_more = !page.empty();
  changes.cursor = changes.has_more
                       ? pageAfter(selection, page)
                       : "syncToken=" + FormWriter::encoded(textIn(document, "nextSyncToken"));
  return changes;
}

Event GoogleCalendarClient::put(const Context& context, std::string_view calendar,
                                const EventDraft& draft) const {
  const std::string body = bodyOf(draft);
  OutboundAnswer answer = send(
      context, request("POST", eventsOf(calendar) + "?sendUpdates=all", "events.insert", body));
  if (answer.outcome == Outcome::HttpError && answer.status == 409) {
    answer = send(context, request("PUT", eventsOf(calendar) + "/" + draft.id + "?sendUpdates=all",
                                   "events.update", body));
  }
  return eventOf(documentOf(answer));
}

void GoogleCalendarClient::remove(const Context& context, std::string_view calendar,
                                  std::string_view id) const {
  const OutboundAnswer answer =
      send(context, request("DELETE",
                            eventsOf(calendar) + "/" + FormWriter::encoded(id) + "?sendUpdates=all",
                            "events.delete"));
  const bool is_gone =
      answer.outcome == Outcome::HttpError && (answer.status == 404 || answer.status == 410);
  if (!answer.isOk() && !is_gone) throw errorOf(answer);
}

OpenChannel GoogleCalendarClient::watch(const Context& context, std::string_view calendar,
                                        const Channel& channel) const {
  std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", channel.id);
    out.member("type", "web_hook");
    out.member("address", channel.address);
    out.member("token", channel.token);
    out.key("params");
    out.object("ttl", "604800");
    out.endObject();
  });
  const OutboundAnswer answer = send(
      context, request("POST", eventsOf(calendar) + "/watch", "events.watch", std::move(body)));
  const bool is_known = answer.outcome == Outcome::HttpError && hasReason(answer, kKnownChannel);
  if (is_known) return {};  // an earlier try has opened it
  const Json document = documentOf(answer);
  OpenChannel open{textIn(document, "resourceId"), std::nullopt};
  if (open.resource_id->empty()) throw bulkhead::provider::answerInvalid(kService);
  const std::string expiration = textIn(document, "expiration");
  if (!expiration.empty() && expiration.size() < 16 &&
      expiration.find_first_not_of("0123456789") == std::string::npos)
    open.expires_ms = std::stoll(expiration);
  return open;
}

void GoogleCalendarClient::check(const Context& context) const {
  documentOf(
      send(context, request("GET", "/users/me/calendarList?maxResults=1", "calendarList.list")));
}

}  // namespace google_calendar
