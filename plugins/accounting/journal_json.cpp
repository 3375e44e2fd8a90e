#include "journal_json.hpp"

#include <bulkhead/error.hpp>

#include "account_store.hpp"
#include "body.hpp"
#include "date.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;

constexpr std::string_view kSource =
    R"({"type":["object","null"],"additionalProperties":false,"required":["type","id","kind"],
        "properties":{"type":{"type":"string","minLength":1,"maxLength":40},
        "id":{"type":"string","minLength":1,"maxLength":255},
        "kind":{"type":"string","minLength":1,"maxLength":40}}})";

constexpr std::string_view kAmount =
    R"({"type":"integer","minimum":-9007199254740991,"maximum":9007199254740991,
        "description":"Minor units; debit positive, credit negative."})";

std::string lineSchema() {
  return R"({"type":"object","additionalProperties":false,"required":["amount"],"properties":{)"
         R"("account":{"type":"string","minLength":1,"maxLength":64},)"
         R"("code":{"type":"string","minLength":1,"maxLength":20},"amount":)" +
         std::string{kAmount} + R"(,"memo":{"type":"string","maxLength":500}}})";
}

/// What a draft can be given anew.
std::string changeableMembers() {
  return R"("date":{"type":"string","maxLength":10},"memo":{"type":"string","maxLength":1000},)"
         R"("lines":{"type":"array","maxItems":500,"items":)" +
         lineSchema() + '}';
}

std::string accountOf(const nlohmann::json& line, std::string_view tenant, ReadTransaction& read) {
  if (line.contains("account") == line.contains("code")) {
    throw Error::validation("VALIDATION_ERROR",
                            "A line names its account by `account` (the id) or by `code`.");
  }
  if (line.contains("account")) return line.at("account").get<std::string>();
  const auto code = line.at("code").get<std::string>();
  auto found = AccountStore::findByCode(read, tenant, code);
  if (!found) throw notFound("account", code);
  return std::move(found->id);
}

EntrySource sourceFrom(const nlohmann::json& source) {
  EntrySource made{source.at("type").get<std::string>(), source.at("id").get<std::string>(),
                   source.at("kind").get<std::string>()};
  if (made.type == "journal_entry") {
    throw Error::validation("VALIDATION_ERROR",
                            "Entries for entries are made by POST /journal-entries/{id}/reverse.");
  }
  if (made.type == "payment") {
    throw Error::validation("VALIDATION_ERROR",
                            "Entries for payments are made when who takes them tells of them.");
  }
  return made;
}

void writeSource(JsonWriter& out, const std::optional<EntrySource>& source) {
  if (!source) return out.value(nullptr);
  out.object("type", source->type, "id", source->id, "kind", source->kind);
}

void writeLine(JsonWriter& out, const JournalLine& line) {
  out.object("account", line.account, "amount", line.amount, "memo", line.memo);
}

void writePosting(JsonWriter& out, const std::optional<Posting>& posting) {
  if (!posting) return out.value(nullptr);
  out.object("year", posting->year, "number", posting->number, "sequence", posting->sequence,
             "posted_at", formatInstant(posting->posted_at), "prev_hash", posting->prev_hash,
             "hash", posting->hash);
}

}  // namespace

std::string entryBodySchema() {
  return R"({"type":"object","additionalProperties":false,"required":["date","lines"],)"
         R"("properties":{"currency":{"type":"string","maxLength":3,"pattern":"^[A-Z]{3}$"},)"
         R"("source":)" +
         std::string{kSource} + ',' + changeableMembers() + "}}";
}

std::string entryPatchSchema() {
  return R"({"type":"object","additionalProperties":false,"minProperties":1,"properties":{)" +
         changeableMembers() + "}}";
}

std::string entrySchema() {
  return R"({"type":"object","properties":{"id":{"type":"string"},)"
         R"("state":{"type":"string","enum":["draft","posted"]},"date":{"type":"string"},)"
         R"("memo":{"type":"string"},"currency":{"type":"string"},"source":)" +
         std::string{kSource} +
         R"(,"reverses":{"type":["string","null"]},"reversed_by":{"type":["string","null"]},)"
         R"("lines":{"type":"array","items":{"type":"object","properties":{)"
         R"("account":{"type":"string"},"amount":)" +
         std::string{kAmount} +
         R"(,"memo":{"type":"string"}}}},"posting":{"type":["object","null"],"properties":{)"
         R"("year":{"type":"integer"},"number":{"type":"integer"},)"
         R"("sequence":{"type":"integer"},"posted_at":{"type":"string"},)"
         R"("prev_hash":{"type":"string"},"hash":{"type":"string"}}},)"
         R"("created_by":{"type":"string"},"version":{"type":"integer"},)"
         R"("created_at":{"type":"string"},"updated_at":{"type":"string"}}})";
}

JournalEntry changedBy(const bulkhead::Request& request, ReadTransaction& read,
                       JournalEntry entry) {
  const auto body = bodyOf(request);
  take(body, "date", entry.date);
  requireDate("date", entry.date);
  take(body, "memo", entry.memo);
  if (!body.contains("lines")) return entry;
  entry.lines.clear();
  for (const auto& line : body.at("lines")) {
    auto& made = entry.lines.emplace_back();
    made.account = accountOf(line, request.tenant(), read);
    take(line, "amount", made.amount);
    take(line, "memo", made.memo);
  }
  return entry;
}

JournalEntry entryFrom(const bulkhead::Request& request, ReadTransaction& read) {
  JournalEntry entry = changedBy(request, read, {});
  const auto body = bodyOf(request);
  take(body, "currency", entry.currency);
  if (const auto found = body.find("source"); found != body.end() && !found->is_null()) {
    entry.source = sourceFrom(*found);
  }
  entry.created_by = request.keyId();
  return entry;
}

void write(JsonWriter& out, const JournalEntry& entry) {
  out.object(
      "id", entry.id, "state", entry.isPosted() ? "posted" : "draft", "date", entry.date, "memo",
      entry.memo, "currency", entry.currency, "source",
      [&](JsonWriter& value) { writeSource(value, entry.source); }, "reverses", entry.reverses,
      "reversed_by", entry.reversed_by, "lines",
      [&](JsonWriter& value) { value.array(entry.lines, writeLine); }, "posting",
      [&](JsonWriter& value) { writePosting(value, entry.posting); }, "created_by",
      entry.created_by, "version", entry.version, "created_at", formatInstant(entry.created_at),
      "updated_at", formatInstant(entry.updated_at));
}

}  // namespace accounting
