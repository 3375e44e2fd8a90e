#include "message_json.hpp"

#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>

namespace twilio {
namespace {

using bulkhead::JsonWriter;
using bulkhead::textIn;

void writeMembers(JsonWriter& out, const Message& message) {
  out.member("id", message.sid);
  out.member("status", nameOf(message.progress));
  if (message.error_code) out.member("error_code", *message.error_code);
  if (message.segments) out.member("segments", *message.segments);
}

}  // namespace

Draft draftFrom(std::string_view json) {
  const auto document = nlohmann::json::parse(json);
  Draft draft{.to = textIn(document, "to"),
              .text = textIn(document, "text"),
              .sender = textIn(document, "sender"),
              .reference = textIn(document, "reference")};
  for (const auto& url : bulkhead::arrayIn(document, "media_urls"))
    draft.media_urls.push_back(url.get<std::string>());
  return draft;
}

std::string messageJson(const KeptMessage& kept) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    writeMembers(out, kept.at_twilio.value());
    out.endObject();
  });
}

std::string messageWithReferenceJson(const KeptMessage& kept) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    writeMembers(out, kept.at_twilio.value());
    out.member("reference", kept.draft.reference);
    out.endObject();
  });
}

}  // namespace twilio
