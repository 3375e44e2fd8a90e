#include "app/message_routes.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kPatience{5'000};
constexpr std::int64_t kListMax = 1000;

std::int64_t numberIn(std::string_view name, const std::string& text, std::int64_t most) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc{} && read.ptr == text.data() + text.size() && number >= 1 &&
      number <= most)
    return number;
  throw Error::validation("VALIDATION_ERROR",
                          fmt::format("'{}' is a whole number from 1 to {}.", name, most));
}

std::int64_t queryNumber(const HttpRequest& request, const char* name, std::int64_t fallback,
                         std::int64_t most) {
  const std::string* text = request.queryValue(name);
  return text == nullptr ? fallback : numberIn(name, *text, most);
}

std::string queryText(const HttpRequest& request, const char* name) {
  const std::string* text = request.queryValue(name);
  return text == nullptr ? std::string{} : *text;
}

/// Throws Error (PLUGIN_UNAVAILABLE) for what is no answer.
template <class Reading>
auto answered(EventCarrier& carrier, const std::string& plugin, const Json& request,
              const Reading& reading) {
  const std::string text =
      carrier.ask(plugin, request.dump(-1, ' ', false, Json::error_handler_t::replace), kPatience);
  try {
    return reading(desk_answers::read(text));
  } catch (const DeskAnswerError& error) {
    throw Error::app("PLUGIN_UNAVAILABLE",
                     fmt::format("The service '{}' cannot be understood: {}", plugin, error.what()))
        .withRetryAfter(5);
  }
}

Json shown(const inbox::Listed& row) {
  return {{"seq", row.seq},
          {"source", row.source},
          {"provider", row.provider},
          {"id", row.key},
          {"type", row.type},
          {"subject", row.subject},
          {"tenant", row.tenant},
          {"state", row.state},
          {"error", row.error},
          {"attempts", row.attempts},
          {"body_bytes", row.body_bytes},
          {"received_at", timestampText(row.received_us)},
          {"next_at", row.next_at_us == 0 ? Json{} : Json(timestampText(row.next_at_us))}};
}

HttpResponse listed(EventCarrier& carrier, const HttpRequest& request) {
  constexpr std::int64_t kAny = std::int64_t{1} << 53U;
  const std::string state = queryText(request, "state");
  const auto states = {"", "new", "done", "ignored", "dead"};
  if (std::find(states.begin(), states.end(), state) == states.end()) {
    throw Error::validation("VALIDATION_ERROR", "'state' is new, done, ignored or dead.");
  }
  const Json asked{{"verb", "list"},
                   {"state", state},
                   {"source", queryText(request, "source")},
                   {"before", queryNumber(request, "before", 0, kAny)},
                   {"limit", queryNumber(request, "limit", 100, kListMax)}};
  Json messages = Json::array();
  for (const auto& row :
       answered(carrier, request.path_parameters.at(0).second, asked, desk_answers::listed))
    messages.push_back(shown(row));
  const Json body{{"data", std::move(messages)}};
  return HttpResponse::json(200, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

HttpResponse replayed(EventCarrier& carrier, const HttpRequest& request) {
  const std::string& plugin = request.path_parameters.at(0).second;
  const std::int64_t seq =
      numberIn("seq", request.path_parameters.at(1).second, std::int64_t{1} << 53U);
  const bool done =
      answered(carrier, plugin, {{"verb", "replay"}, {"seq", seq}},
               [](const Json& answer) { return desk_answers::flag(answer, "replayed"); });
  if (!done) {
    throw Error::conflict(
        "MESSAGE_NOT_DEAD",
        fmt::format("Message {} of '{}' is neither dead nor ignored, or its body is gone.", seq,
                    plugin));
  }
  carrier.ring(plugin);
  return HttpResponse::json(200, Json{{"plugin", plugin}, {"seq", seq}, {"state", "new"}}.dump());
}

using Figure = double (*)(const MessageFigures&);
using Box = std::vector<MessageFigures> PluginMessages::*;

void sample(const PluginMessages& plugin, Box box, Figure figure,
            const monitoring::SampleSink& sink) {
  for (const auto& one : plugin.*box) {
    const std::string_view labels[] = {plugin.plugin, one.source};
    sink(labels, figure(one));
  }
}

}  // namespace

std::vector<HostRoute> messageRoutes(EventCarrier& carrier) {
  HostRoute list;
  list.method = "GET";
  list.path = "/api/admin/plugins/{id}/messages";
  list.access = HostAccess::Admin;
  list.scope = "admin";
  list.answered_on = AnsweredOn::AdminLane;
  list.answer = [&carrier](const HttpRequest& request) { return listed(carrier, request); };
  HostRoute replay = list;
  replay.method = "POST";
  replay.path = "/api/admin/plugins/{id}/messages/{seq}/replay";
  replay.answer = [&carrier](const HttpRequest& request) { return replayed(carrier, request); };
  return {list, replay};
}

void addMessageMetrics(monitoring::Metrics& metrics,
                       std::function<std::vector<PluginMessages>()> messages) {
  const auto add = [&](std::string name, std::string help, std::string label, Box box,
                       Figure figure) {
    metrics.sampled(monitoring::MetricKind::Gauge,
                    {"host", std::move(name), std::move(help), {"plugin", std::move(label)}, {}},
                    [messages, box, figure](const monitoring::SampleSink& sink) {
                      for (const auto& plugin : messages()) sample(plugin, box, figure, sink);
                    });
  };
  const Figure pending = [](const MessageFigures& one) { return static_cast<double>(one.pending); };
  const Figure dead = [](const MessageFigures& one) { return static_cast<double>(one.dead); };
  const Figure oldest = [](const MessageFigures& one) {
    return static_cast<double>(one.oldest.count());
  };
  const Box outbox = &PluginMessages::outbox;
  const Box inbox = &PluginMessages::inbox;
  add("bulkhead_outbox_pending", "Events that not everybody has got who wants them", "capability",
      outbox, pending);
  add("bulkhead_outbox_dead", "Events that go no further", "capability", outbox, dead);
  add("bulkhead_outbox_oldest_seconds", "Age of the oldest event that waits", "capability", outbox,
      oldest);
  add("bulkhead_inbox_pending", "Messages that are to be handled", "source", inbox, pending);
  add("bulkhead_inbox_dead", "Messages that are not tried any more", "source", inbox, dead);
  add("bulkhead_inbox_oldest_seconds", "Age of the oldest message that is to be handled", "source",
      inbox, oldest);
}

}  // namespace bulkhead::host
