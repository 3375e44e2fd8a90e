#pragma once

#include <string>

#include "health/assessment.hpp"
#include "health/health_sources.hpp"

namespace bulkhead::host::health {

/// How much a caller sees (C18). `coarse`: anonymous from outside; figures are rounded up to tens
/// and no name of a plugin, check or thread is shown.
struct Disclosure {
  bool details = false;
  bool coarse = true;
};

/// Body of GET /health (S10..S20); with details a superset of it (S4).
std::string healthDocument(const HealthSources& sources, const Assessment& assessment,
                           Disclosure disclosure);
/// Body of GET /health/quick and /healthz; at most 200 bytes.
std::string quickDocument(const Assessment& assessment, const HealthSources& sources);
/// Body of GET /api/monitoring/health (S90..S92).
std::string monitoringDocument(const HealthSources& sources, const Assessment& assessment,
                               Disclosure disclosure);
/// The same as `application/health+json`: pass, warn, fail (C2, ops §5.4).
std::string healthJsonDocument(const HealthSources& sources, const Assessment& assessment,
                               Disclosure disclosure);
std::string readinessDocument(const Readiness& readiness, Disclosure disclosure);
std::string livenessDocument(const HealthState& state, bool alive, Disclosure disclosure);
std::string startupDocument(const HealthState& state, Disclosure disclosure);

}  // namespace bulkhead::host::health
