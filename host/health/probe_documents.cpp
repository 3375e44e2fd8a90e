#include <array>
#include <charconv>
#include <cstring>

#include <bulkhead/json_writer.hpp>

#include "health/document_parts.hpp"
#include "health/health_documents.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host::health {
namespace {

constexpr std::size_t kQuickBytesMax = 128;

void writePending(JsonWriter& out, const std::vector<std::string>& pending, Disclosure disclosure) {
  out.key("pending");
  if (disclosure.coarse) {
    out.value(pending.size());
  } else {
    out.array(pending, [](JsonWriter& item, const std::string& name) { item.value(name); });
  }
}

}  // namespace

/// Written without a JsonWriter: balancers ask for it all the time, and no part of it needs one.
std::string quickDocument(const Assessment& assessment, const HealthSources& sources) {
  std::array<char, kQuickBytesMax> text{};
  char* at = text.data();
  const auto put = [&at](std::string_view part) {
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  };
  put(R"({"status":")");
  put(nameOf(assessment.overall, View::Health));
  put(R"(","timestamp":")");
  put(timestampView(assessment.wall_now));
  put(R"(","uptime":)");
  const std::int64_t uptime = uptimeSeconds(sources.state, assessment.now);
  at = std::to_chars(at, text.data() + text.size() - 1, uptime).ptr;
  put("}");
  return {text.data(), at};
}

std::string readinessDocument(const Readiness& readiness, Disclosure disclosure) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", readiness.status);
    out.member("timestamp", timestampView(SystemClock::now()));
    if (!readiness.pending.empty()) writePending(out, readiness.pending, disclosure);
    out.endObject();
  });
}

std::string livenessDocument(const HealthState& state, bool alive, Disclosure disclosure) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", alive ? "alive" : "unhealthy");
    out.member("timestamp", timestampView(SystemClock::now()));
    out.member("uptime", uptimeSeconds(state, std::chrono::steady_clock::now()));
    if (!alive && !disclosure.coarse) {
      out.key("watchdog");
      writeHeartbeats(out, state.watchdog());
    }
    out.endObject();
  });
}

std::string startupDocument(const HealthState& state, Disclosure disclosure) {
  const bool started = state.hasStarted();
  return readinessDocument({started, started ? "started" : "starting",
                            started ? std::vector<std::string>{} : state.pending()},
                           disclosure);
}

}  // namespace bulkhead::host::health
