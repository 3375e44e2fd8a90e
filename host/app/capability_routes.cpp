#include "app/capability_routes.hpp"

#include <algorithm>
#include <map>

#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

constexpr std::string_view stateOf(const CapabilityFacts& facts) {
  if (facts.lost) return "lost";
  return facts.providers.empty() ? "unused" : "provided";
}

void writeTexts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.array(texts, [](JsonWriter& item, const std::string& text) { item.value(text); });
}

/// Without a plugin its fall-back is the answer.
void writeAsked(JsonWriter& out, const CapabilityFacts::Asked& asked) {
  out.beginObject();
  out.member("ask", asked.name);
  if (asked.answerer) {
    out.member("plugin", asked.answerer->plugin);
    out.member("state", nameOf(asked.answerer->state));
  }
  out.endObject();
}

/// What waits of that source in a plugin's outbox or inbox, and what is dead.
void writeFigures(JsonWriter& out, const std::vector<MessageFigures>& box,
                  const std::string& source) {
  MessageFigures found;
  for (const auto& one : box) {
    if (one.source == source) found = one;
  }
  out.member("waiting", found.pending);
  out.member("dead", found.dead);
}

class FactsWriter {
 public:
  FactsWriter(const CapabilityFacts& facts, const EventCarrier& carrier,
              const std::map<std::string, PluginMessages>& messages)
      : facts_{facts}, carrier_{carrier}, messages_{messages} {}

  void write(JsonWriter& out) const {
    out.object(
        "capability", facts_.capability, "summary", facts_.summary, "state", stateOf(facts_),
        "reason", facts_.reason, "providers",
        [&](JsonWriter& providers) {
          providers.array(facts_.providers,
                          [&](JsonWriter& one, const auto& plugin) { provider(one, plugin); });
        },
        "consumers",
        [&](JsonWriter& consumers) {
          consumers.array(facts_.consumers,
                          [&](JsonWriter& one, const auto& plugin) { consumer(one, plugin); });
        },
        "calls", [&](JsonWriter& calls) { writeTexts(calls, facts_.calls); }, "unanswered",
        [&](JsonWriter& calls) { writeTexts(calls, facts_.unanswered); }, "events",
        [&](JsonWriter& events) { writeTexts(events, facts_.events); }, "asks",
        [&](JsonWriter& asks) { asks.array(facts_.asks, writeAsked); });
  }

 private:
  const PluginMessages* messagesOf(const std::string& plugin) const {
    const auto found = messages_.find(plugin);
    return found == messages_.end() ? nullptr : &found->second;
  }

  void provider(JsonWriter& out, const CapabilityFacts::Member& plugin) const {
    out.beginObject();
    out.member("plugin", plugin.plugin);
    out.member("state", nameOf(plugin.state));
    if (const auto* messages = messagesOf(plugin.plugin))
      writeFigures(out, messages->outbox, facts_.capability);
    out.endObject();
  }

  void consumer(JsonWriter& out, const CapabilityFacts::Member& plugin) const {
    out.beginObject();
    out.member("plugin", plugin.plugin);
    out.member("state", nameOf(plugin.state));
    out.member("required", plugin.required);
    const auto listens = carrier_.listens(plugin.plugin, facts_.capability);
    out.member("listens", [&](JsonWriter& events) { writeTexts(events, listens); });
    if (const auto* messages = messagesOf(plugin.plugin); messages != nullptr && !listens.empty())
      writeFigures(out, messages->inbox, facts_.capability);
    out.endObject();
  }

  const CapabilityFacts& facts_;
  const EventCarrier& carrier_;
  const std::map<std::string, PluginMessages>& messages_;
};

/// Who provides it may run, and still have nothing to give.
void addLosses(CapabilityFacts& facts, const std::vector<PluginFacts>& plugins) {
  if (facts.lost) return;
  for (const auto& provider : facts.providers) {
    const auto found = std::find_if(plugins.begin(), plugins.end(), [&](const auto& plugin) {
      return plugin.status.id == provider.plugin;
    });
    if (found == plugins.end() || found->lost_because.empty()) return;
    facts.reason = found->lost_because;
  }
  facts.lost = !facts.providers.empty();
}

}  // namespace

std::vector<HostRoute> capabilityRoutes(const CapabilityRouter& router, const EventCarrier& carrier,
                                        const PluginFactSources& sources) {
  HostRoute route;
  route.method = "GET";
  route.path = "/api/admin/capabilities";
  route.access = HostAccess::Admin;
  route.scope = "admin";
  route.answered_on = AnsweredOn::AdminLane;
  route.answer = [&router, &carrier, sources](const HttpRequest&) {
    auto facts = router.facts(sources.supervisor.compartments());
    const auto plugins = factsOfAll(sources);
    for (auto& one : facts) addLosses(one, plugins);
    std::map<std::string, PluginMessages> messages;
    for (auto& one : carrier.figures()) messages.emplace(one.plugin, one);
    const auto write = [&](JsonWriter& out, const CapabilityFacts& one) {
      FactsWriter{one, carrier, messages}.write(out);
    };
    return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                                out.object("data",
                                           [&](JsonWriter& data) { data.array(facts, write); });
                              }));
  };
  return {route};
}

}  // namespace bulkhead::host
