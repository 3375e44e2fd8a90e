#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <bulkhead/json_writer.hpp>

#include "health/health_documents.hpp"

namespace bulkhead::host::health {

/// `value` rounded; up to the next ten when coarse.
std::int64_t shown(double value, bool coarse);
/// "85%", "0.5%".
std::string percentText(double percent);
std::string megabytesText(std::uint64_t bytes, bool coarse);
double megabytes(std::uint64_t bytes);
std::int64_t uptimeSeconds(const HealthState& state, TimePoint now);
bool showsVersion(const HealthSources& sources, Disclosure disclosure);

/// One array value: the age of each heartbeat.
void writeHeartbeats(JsonWriter& out, const Watchdog& watchdog);
/// Members of an open object: `issues`, `checks`, `plugins`, `phase`, `watchdog`.
void writeDetails(JsonWriter& out, const HealthSources& sources, const Assessment& assessment);

}  // namespace bulkhead::host::health
