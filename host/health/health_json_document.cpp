#include <string_view>

#include <bulkhead/json_writer.hpp>

#include "health/document_parts.hpp"
#include "health/health_documents.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host::health {
namespace {

std::string_view wordOf(Status status) {
  switch (status) {
    case Status::Healthy:
      return "pass";
    case Status::Degraded:
      return "warn";
    case Status::Critical:
      return "fail";
  }
  return "fail";
}

std::string_view componentType(CheckKind kind) {
  if (kind == CheckKind::Database || kind == CheckKind::Cache) return "datastore";
  if (kind == CheckKind::Memory || kind == CheckKind::Performance) return "system";
  return "component";
}

void writeCheck(JsonWriter& out, const CheckReport& check, const Assessment& assessment) {
  const Status status = check.statusAt(assessment.now, assessment.view);
  out.key(check.name + (check.last.observed ? ":utilization" : ":responseTime"));
  out.beginArray();
  out.beginObject();
  out.member("componentId", check.name);
  out.member("componentType", componentType(check.kind));
  out.member("observedValue",
             check.last.observed.value_or(static_cast<double>(check.duration.count()) / 1000));
  out.member("observedUnit", check.last.observed ? std::string_view{check.last.unit} : "ms");
  out.member("status", wordOf(status));
  out.member("time", timestampText(assessment.wall_now - check.age(assessment.now)));
  if (status != Status::Healthy && !check.last.message.empty())
    out.member("output", check.last.message);
  out.endObject();
  out.endArray();
}

}  // namespace

std::string healthJsonDocument(const HealthSources& sources, const Assessment& assessment,
                               Disclosure disclosure) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", wordOf(assessment.overall));
    if (showsVersion(sources, disclosure)) {
      out.member("version", sources.identity.version);
      out.member("releaseId", sources.identity.version);
    }
    out.member("serviceId", sources.identity.service_name);
    out.member("description", "Health of the host and its plugins");
    if (disclosure.details) {
      out.key("notes");
      out.array(assessment.issues, [](JsonWriter& item, const Issue& issue) {
        item.value(issue.subject + ": " + issue.code);
      });
      out.key("checks");
      out.beginObject();
      for (const auto& check : assessment.snapshot->checks) writeCheck(out, check, assessment);
      out.endObject();
    }
    out.endObject();
  });
}

}  // namespace bulkhead::host::health
