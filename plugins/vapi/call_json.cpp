#include "call_json.hpp"

#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/utf8.hpp>

namespace vapi {
namespace {

using bulkhead::JsonWriter;
using bulkhead::textIn;
using Json = nlohmann::json;

/// An event is no place for hours of speech; get_call has all of it.
constexpr std::size_t kTranscriptBytesMax = 50000;

Draft::Pairs pairsIn(const Json& object, const char* name) {
  Draft::Pairs pairs;
  for (const auto& [key, value] : bulkhead::memberIn(object, name).items())
    pairs.emplace_back(key, value.get<std::string>());
  return pairs;
}

void writeText(JsonWriter& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.member(name, text);
}

}  // namespace

Draft draftFrom(std::string_view json) {
  const Json document = Json::parse(json);
  return {.to = textIn(document, "to"),
          .reference = textIn(document, "reference"),
          .assistant = textIn(document, "assistant"),
          .first_message = textIn(document, "first_message"),
          .variables = pairsIn(document, "variables"),
          .metadata = pairsIn(document, "metadata")};
}

std::string callJson(const Call& call) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", call.id);
    out.member("status", nameOf(call.state));
    writeText(out, "ended_reason", call.ended_reason);
    writeText(out, "started_at", call.started_at);
    writeText(out, "ended_at", call.ended_at);
    writeText(out, "transcript", call.transcript);
    writeText(out, "recording_url", call.recording_url);
    if (call.cost) out.member("cost", *call.cost);
    out.endObject();
  });
}

std::string updatedPayload(const KeptCall& kept, const Call& call) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", call.id);
    if (kept.reference) out.member("reference", *kept.reference);
    out.member("status", nameOf(call.state));
    writeText(out, "ended_reason", call.ended_reason);
    out.endObject();
  });
}

std::string endedPayload(const KeptCall& kept, const Call& call) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", call.id);
    if (kept.reference) out.member("reference", *kept.reference);
    writeText(out, "ended_reason", call.ended_reason);
    writeText(out, "customer", call.customer);
    writeText(out, "started_at", call.started_at);
    writeText(out, "ended_at", call.ended_at);
    writeText(out, "summary", call.summary);
    writeText(out, "transcript", bulkhead::upTo(kTranscriptBytesMax, call.transcript));
    writeText(out, "recording_url", call.recording_url);
    if (call.cost) out.member("cost", *call.cost);
    out.endObject();
  });
}

}  // namespace vapi
