#include "data/audit_rows.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <fmt/format.h>

namespace bulkhead::host::data {
namespace {

constexpr std::string_view kForm = "bulkhead audit 1";

void addField(std::string& text, std::string_view field) {
  text += fmt::format("{}:", field.size());
  text += field;
}

void addField(std::string& text, std::int64_t field) {
  addField(text, fmt::format("{}", field));
}

void addField(std::string& text, const std::optional<std::string>& field) {
  if (field) return addField(text, std::string_view{*field});
  text += '-';
}

}  // namespace

AuditRow auditRowFrom(const Row& row) {
  AuditRow read;
  read.seq = row.integer(0);
  AuditEntry& entry = read.entry;
  entry.at_us = row.integer(1);
  entry.chain = row.string(2);
  entry.actor = row.string(3);
  entry.origin = row.string(4);
  entry.action = row.string(5);
  entry.object = row.string(6);
  entry.before = row.optionalString(7);
  entry.after = row.optionalString(8);
  entry.request_id = row.string(9);
  read.position = row.optionalInteger(10);
  read.hash = row.optionalString(11).value_or("");
  return read;
}

std::string linkOf(std::string_view hash_before, std::int64_t position, const AuditRow& row) {
  const AuditEntry& entry = row.entry;
  std::string text{kForm};
  addField(text, hash_before);
  for (const std::int64_t number : {position, row.seq, entry.at_us}) addField(text, number);
  for (const auto* field : {&entry.chain, &entry.actor, &entry.origin, &entry.action, &entry.object,
                            &entry.request_id}) {
    addField(text, std::string_view{*field});
  }
  addField(text, entry.before);
  addField(text, entry.after);
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  engine.update(text);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace bulkhead::host::data
