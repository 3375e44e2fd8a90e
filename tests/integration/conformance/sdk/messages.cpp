#include "messages.hpp"

#include <chrono>
#include <string>

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Message;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

constexpr std::string_view kReflection = "reflection/1";
constexpr std::string_view kObject = R"({"type":"object"})";

void keep(Transaction& write, const Message& message) {
  const bool in_time = message.context().remaining() > std::chrono::microseconds{0};
  const bool has_times = in_time && message.eventTime().has_value() &&
                         message.received().time_since_epoch().count() > 0;
  write.send("INSERT INTO handled VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
             values(message.source(), message.type(),
                    message.source() == kReflection ? "its own" : message.id(), message.subject(),
                    message.tenant(), message.body(), message.header("x-of-sender"), has_times,
                    message.attempt()));
}

std::string reflect(const Request& call) {
  if (call.body().find("refuse") != std::string_view::npos)
    throw Error::conflict("UNWILLING", "Not now.").withDetails(R"({"why":1})");
  return bulkhead::toJson([&](JsonWriter& out) {
    out.object("body", call.body(), "tenant", call.tenant(), "request_id", call.requestId());
  });
}

std::string countNotes(const Request&, ReadTransaction& read) {
  const auto count = read.first("SELECT count(*) > 0 FROM note", values(),
                                [](const Row& row) { return row.boolean(0); });
  return bulkhead::toJson([&](JsonWriter& out) { out.object("some", count.value_or(false)); });
}

std::string writeNote(const Request&, Transaction& write) {
  write.send("INSERT OR IGNORE INTO note VALUES ('of a call', 1, NULL, NULL, NULL)", values());
  return R"({"written":true})";
}

Response showHandled(const Request&, ReadTransaction& read) {
  const auto rows =
      read.list("SELECT * FROM handled WHERE type <> 'job' ORDER BY source, type, id, attempt",
                values(), [](const Row& row) {
                  std::string text;
                  for (std::size_t i = 0; i < row.size(); ++i)
                    text += (row.isNull(i) ? "null"
                             : i < 7       ? row.string(i)
                                           : std::to_string(row.integer(i))) +
                            "|";
                  return text;
                });
  return Response::json([&](JsonWriter& out) {
    out.object("handled", [&](JsonWriter& list) {
      list.array(rows, [](JsonWriter& item, const std::string& row) { item.value(row); });
    });
  });
}

}  // namespace

Messages::Messages(bulkhead::Registrar& host)
    : host_{host.host()},
      reflection_{host.capability(kReflection)},
      asks_{host.asks(kReflection)},
      events_{host.events(kReflection)},
      slips_{host.inbox("slips",
                        [](const Message& message, Transaction& write) { keep(write, message); })},
      errands_{host.inbox("errands",
                          [here = host.host()](const Message& message) {
                            here.write(message.context(),
                                       [&](Transaction& write) { keep(write, message); });
                          },
                          {.attempts = 3})} {
  provide(host);
  registerRoutes(host);
}

void Messages::provide(bulkhead::Registrar& host) const {
  host.provide(kReflection, "reflect", reflect);
  host.provide(kReflection, "count", countNotes);
  host.provide(kReflection, "write", writeNote);
  host.answer(kReflection, "glance", reflect);
  host.onEvent(kReflection, "noted",
               [](const Message& message, Transaction& write) { keep(write, message); });
}

void Messages::registerRoutes(bulkhead::Registrar& host) {
  const auto add = [&](std::string_view path, auto handler) {
    host.route({.method = "POST",
                .path = path,
                .scope = "sdk-conformance:use",
                .summary = "Uses a capability",
                .request = kObject,
                .response = kObject},
               std::move(handler));
  };
  add("/calls", [this](const Request& request) { return call(request); });
  add("/asks", [this](const Request& request) { return ask(request); });
  add("/messages",
      [this](const Request& request, Transaction& write) { return publish(request, write); });
  host.route({.method = "GET",
              .path = "/messages",
              .summary = "Shows what was handled",
              .access = Access::Public,
              .response = kObject},
             showHandled);
}

Response Messages::call(const Request& request) const {
  const auto codeOf = [&](std::string_view name, std::string_view body) {
    try {
      return reflection_.call(request.context(), name, body);
    } catch (const Error& error) {
      return error.code() + (bulkhead::isUnavailable(error) ? " unavailable" : "") +
             error.details();
    }
  };
  const std::string alone = reflection_.call("count", "{}", std::chrono::seconds{5});
  return Response::json([&](JsonWriter& out) {
    out.object("name", reflection_.name(), "shown", codeOf("reflect", R"({"how":"show"})"),
               "refused", codeOf("reflect", R"({"how":"refuse"})"), "unanswered",
               codeOf("unanswered", "{}"), "counted", alone, "written", codeOf("write", "{}"));
  });
}

Response Messages::ask(const Request& request) const {
  const auto answered = asks_.ask(request.context(), "glance", R"({"how":"show"})");
  const auto alone = asks_.ask("unheard", "{}", std::chrono::seconds{1});
  return Response::json([&](JsonWriter& out) {
    out.object("name", asks_.name(), "answered", answered.json, "fallback", answered.is_fallback,
               "alone", alone.json, "alone_fallback", alone.is_fallback, "reason", alone.reason);
  });
}

Response Messages::publish(const Request& request, Transaction& write) const {
  const auto now = host_.now();
  const std::string tenant{request.tenant()};
  const auto event = [&] {
    return events_.publish(write, "noted", R"({"note":1})",
                           {.tenant = tenant, .subject = "s", .key = "k"});
  };
  const auto slip = [&](const bulkhead::Inbox& inbox, std::string_view key) {
    return inbox.keep(write, {.key = key,
                              .type = "slip",
                              .subject = "s",
                              .tenant = tenant,
                              .body = "a body",
                              .headers = {{"x-of-sender", "yes"}},
                              .event_time = now});
  };
  const bool first[] = {event(), slip(slips_, "one"), slip(errands_, "two")};
  const bool second[] = {event(), slip(slips_, "one"), slip(errands_, "two")};
  return Response::json([&](JsonWriter& out) {
    out.object("new", first[0] && first[1] && first[2], "again",
               second[0] || second[1] || second[2], "names",
               events_.capability() + " " + slips_.name() + " " + errands_.name());
  });
}

}  // namespace sdk_conformance
