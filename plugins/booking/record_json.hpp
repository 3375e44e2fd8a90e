#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include <bulkhead/json_writer.hpp>

#include "body.hpp"
#include "record_column.hpp"
#include "record_field.hpp"

/// A record's fields in JSON: what a client writes and reads.
namespace booking {

/// The price {"amount":11999,"currency":"USD"}; an amount above 2^53-1 is text. Throws
/// VALIDATION_ERROR.
Money moneyFrom(const nlohmann::json& value);
void writeValue(bulkhead::JsonWriter& out, const Money& money);

inline void take(const nlohmann::json& body, const char* name, JsonText& out) {
  if (const auto found = body.find(name); found != body.end()) out.text = found->dump();
}
inline void take(const nlohmann::json& body, const char* name, std::optional<Money>& out) {
  const auto found = body.find(name);
  if (found == body.end()) return;
  out.reset();
  if (!found->is_null()) out = moneyFrom(*found);
}

/// Throws VALIDATION_ERROR for what is no date.
void take(const nlohmann::json& body, const char* name, cctz::civil_day& out);

inline void writeValue(bulkhead::JsonWriter& out, const cctz::civil_day& value) {
  out.value(formatDate(value));
}
template <class Value>
void writeValue(bulkhead::JsonWriter& out, const Value& value) {
  out.value(value);
}
inline void writeValue(bulkhead::JsonWriter& out, const JsonText& value) {
  out.value(bulkhead::RawJson{value.text});
}
inline void writeValue(bulkhead::JsonWriter& out, const std::optional<Money>& value) {
  if (value) return writeValue(out, *value);
  out.value(nullptr);
}
template <class Item>
void writeValue(bulkhead::JsonWriter& out, const std::vector<Item>& items) {
  out.array(items, [](bulkhead::JsonWriter& one, const Item& item) { one.value(item); });
}

/// Puts the members that the body has into the record.
template <class Noun>
void fillFields(const nlohmann::json& body, Noun& noun) {
  eachField<Noun>([&](const auto& one) {
    if (!one.schema.empty()) take(body, std::string{one.name}.c_str(), noun.*one.member);
  });
}

/// Writes the record's members, for an object that is open.
template <class Noun>
void writeFields(bulkhead::JsonWriter& out, const Noun& noun) {
  eachField<Noun>([&](const auto& one) {
    if (one.schema.empty()) return;
    out.key(one.name);
    writeValue(out, noun.*one.member);
  });
}

/// The members of the record's JSON Schema: "name":{...},"time_zone":{...}.
template <class Noun>
std::string fieldSchemas() {
  std::string text;
  eachField<Noun>([&](const auto& one) {
    if (one.schema.empty()) return;
    if (!text.empty()) text += ',';
    text.append("\"").append(one.name).append("\":").append(one.schema);
  });
  return text;
}

}  // namespace booking
