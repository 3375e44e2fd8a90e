#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "health/document_parts.hpp"
#include "health/health_documents.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host::health {
namespace {

constexpr std::array<std::string_view, 3> kQueues{"recurring-invoices", "payroll-processing",
                                                  "report-generation"};

/// C14: this dialect's words for a database.
std::string_view databaseWord(const KindSummary& database) {
  if (!database.known) return "connecting";
  return database.status == Status::Critical ? "unavailable" : "connected";
}

void writeDatabase(JsonWriter& out, const Assessment& assessment) {
  const KindSummary database = assessment.summaryOf(CheckKind::Database);
  out.key("database");
  out.object("status", databaseWord(database), "initialized", database.succeeded);
}

void writeRedis(JsonWriter& out, const RedisFigures& redis) {
  const bool connected = redis.configured && redis.connected;
  out.key("redis");
  out.object("status", connected ? "connected" : "unavailable", "initialized", connected,
             "configured", redis.configured);
}

std::string_view queueWord(const Assessment& assessment) {
  if (!assessment.job_queues || assessment.job_queues->status == Status::Critical)
    return "unavailable";
  return nameOf(assessment.job_queues->status, View::Monitoring);
}

void writeQueues(JsonWriter& out, const Assessment& assessment) {
  std::vector<std::pair<std::string, bool>> queues;
  if (assessment.job_queues) queues = assessment.job_queues->queues;
  for (const std::string_view name : kQueues) {
    const bool listed = std::any_of(queues.begin(), queues.end(),
                                    [&](const auto& queue) { return queue.first == name; });
    if (!listed) queues.emplace_back(name, false);
  }
  out.key("queues");
  out.beginObject();
  for (const auto& [name, works] : queues) out.member(name, works);
  out.endObject();
}

void writeDependencies(JsonWriter& out, const Assessment& assessment) {
  out.key("dependencies");
  out.beginObject();
  writeDatabase(out, assessment);
  writeRedis(out, assessment.redis);
  out.key("jobQueues");
  out.beginObject();
  out.member("status", queueWord(assessment));
  writeQueues(out, assessment);
  if (assessment.job_queues && !assessment.job_queues->backend.empty())
    out.member("backend", assessment.job_queues->backend);
  out.endObject();
  out.endObject();
}

void writeResources(JsonWriter& out, const Resources& resources, bool coarse) {
  out.key("resources");
  out.beginObject();
  out.key("memory");
  out.object("used", shown(megabytes(resources.heap_used_bytes), coarse), "total",
             shown(megabytes(resources.heap_total_bytes), coarse), "unit", "MB");
  out.key("cpu");
  out.object("usagePercent",
             coarse ? std::ceil(resources.cpu_percent / 10) * 10
                    : std::round(resources.cpu_percent * 10) / 10,
             "seconds", shown(resources.cpu_seconds, coarse), "cores", resources.cores);
  out.endObject();
}

}  // namespace

std::string monitoringDocument(const HealthSources& sources, const Assessment& assessment,
                               Disclosure disclosure) {
  const Resources resources = sources.resources.latest();
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", nameOf(assessment.overall, View::Monitoring));
    out.member("service", sources.identity.service_name);
    if (showsVersion(sources, disclosure)) out.member("version", sources.identity.version);
    out.member("environment", sources.identity.environment);
    out.member("timestamp", timestampText(assessment.wall_now));
    out.member("uptime", uptimeSeconds(sources.state, assessment.now));
    writeDependencies(out, assessment);
    writeResources(out, resources, disclosure.coarse);
    out.member("checksId", assessment.snapshot->id);
    if (disclosure.details) writeDetails(out, sources, assessment);
    out.endObject();
  });
}

}  // namespace bulkhead::host::health
