#include "event.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>

#include "expandable.hpp"

namespace stripe {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const char* reason) {
  throw bulkhead::Error::validation("VALIDATION_ERROR", reason);
}

/// Ids and types are keys; nobody's are longer.
std::optional<std::string> whole(std::string text) {
  constexpr std::size_t kBytesMax = 200;
  if (text.empty() || text.size() > kBytesMax) return std::nullopt;
  return text;
}

std::optional<std::string> findString(const Json& object, const char* name) {
  return whole(bulkhead::textIn(object, name));
}

std::string getString(const Json& object, const char* name, const char* reason) {
  auto value = findString(object, name);
  if (!value) refuse(reason);
  return *std::move(value);
}

/// The object of a snapshot event, or the related one of a thin event.
const Json* findObject(const Json& event) {
  const Json* const object = bulkhead::objectIn(bulkhead::memberIn(event, "data"), "object");
  return object != nullptr ? object : bulkhead::objectIn(event, "related_object");
}

}  // namespace

Event parseEvent(std::string_view payload) {
  const Json document = bulkhead::readJson(payload);
  if (!document.is_object()) refuse("The body is not a JSON object, or nested too deeply.");
  Event event;
  event.id = getString(document, "id", "The event has no id.");
  event.type = getString(document, "type", "The event has no type.");
  event.api_version = findString(document, "api_version");
  event.account = bulkhead::textIn(document, "account");
  if (const Json* object = findObject(document)) {
    event.object_id = findString(*object, "id");
    event.subject = whole(idIn(*object, "payment_intent")).value_or(event.object_id.value_or(""));
  }
  event.livemode = bulkhead::flagIn(document, "livemode");
  event.created_s = bulkhead::integerIn(document, "created").value_or(0);
  return event;
}

}  // namespace stripe
