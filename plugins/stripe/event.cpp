#include "event.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>

#include "json_fields.hpp"

namespace stripe {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const char* reason) {
  throw bulkhead::Error::validation("VALIDATION_ERROR", reason);
}

/// Ids and types are keys; nobody's are longer.
std::optional<std::string> findString(const Json& object, const char* name) {
  constexpr std::size_t kBytesMax = 200;
  std::string text = textIn(object, name);
  if (text.empty() || text.size() > kBytesMax) return std::nullopt;
  return text;
}

std::string getString(const Json& object, const char* name, const char* reason) {
  auto value = findString(object, name);
  if (!value) refuse(reason);
  return *std::move(value);
}

/// The object of a snapshot event, or the related one of a thin event.
const Json* findObject(const Json& event) {
  if (const auto data = event.find("data"); data != event.end() && data->is_object()) {
    if (const auto object = data->find("object"); object != data->end() && object->is_object())
      return &*object;
  }
  const auto related = event.find("related_object");
  return related != event.end() && related->is_object() ? &*related : nullptr;
}

}  // namespace

Event parseEvent(std::string_view payload) {
  if (bulkhead::nestsDeeperThan(bulkhead::kJsonLevelsMax, payload))
    refuse("The body is nested too deeply.");
  const Json document = Json::parse(payload, nullptr, false);
  if (!document.is_object()) refuse("The body is not a JSON object.");
  Event event;
  event.id = getString(document, "id", "The event has no id.");
  event.type = getString(document, "type", "The event has no type.");
  event.api_version = findString(document, "api_version");
  if (const Json* object = findObject(document)) {
    event.object_id = findString(*object, "id");
    const auto intent = objectIn(*object, "payment_intent") != nullptr
                            ? findString((*object)["payment_intent"], "id")
                            : findString(*object, "payment_intent");
    event.subject = intent.value_or(event.object_id.value_or(""));
  }
  const auto live = document.find("livemode");
  event.livemode = live != document.end() && live->is_boolean() && live->get<bool>();
  const auto created = document.find("created");
  if (created != document.end() && created->is_number_integer())
    event.created_s = created->get<std::int64_t>();
  return event;
}

}  // namespace stripe
