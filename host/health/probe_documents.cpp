#include <bulkhead/json_writer.hpp>

#include "health/document_parts.hpp"
#include "health/health_documents.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host::health {

std::string quickDocument(const Assessment& assessment, const HealthSources& sources) {
  return toJson([&](JsonWriter& out) {
    out.object("status", nameOf(assessment.overall, View::Health), "timestamp",
               timestampText(assessment.wall_now), "uptime", uptimeSeconds(sources.state));
  });
}

std::string readinessDocument(const Readiness& readiness, Disclosure disclosure) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", readiness.status);
    out.member("timestamp", timestampText(SystemClock::now()));
    if (!readiness.pending.empty()) {
      out.key("pending");
      if (disclosure.coarse) {
        out.value(readiness.pending.size());
      } else {
        out.array(readiness.pending,
                  [](JsonWriter& item, const std::string& name) { item.value(name); });
      }
    }
    out.endObject();
  });
}

std::string livenessDocument(const HealthState& state, bool alive, Disclosure disclosure) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", alive ? "alive" : "unhealthy");
    out.member("timestamp", timestampText(SystemClock::now()));
    out.member("uptime", uptimeSeconds(state));
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
