#include "journal_routes.hpp"

#include <bulkhead/page.hpp>
#include <bulkhead/versioned.hpp>

#include "account.hpp"
#include "body.hpp"
#include "date.hpp"
#include "journal_json.hpp"
#include "journal_store.hpp"
#include "query.hpp"

namespace accounting {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;

constexpr std::string_view kExample =
    R"({"date":"2026-01-06","memo":"Rent for January","lines":[)"
    R"({"code":"6100","amount":120000},{"code":"1010","amount":-120000}]})";
constexpr std::string_view kPostQuery =
    R"({"type":"object","properties":{"post":{"type":"boolean","default":false}}})";
constexpr std::string_view kListQuery =
    R"({"type":"object","properties":{"state":{"type":"string","enum":["draft","posted"]},
        "from":{"type":"string","maxLength":10},"to":{"type":"string","maxLength":10},
        "account":{"type":"string","maxLength":64},"source_type":{"type":"string","maxLength":40},
        "source_id":{"type":"string","maxLength":255},
        "updated_since":{"type":"string","maxLength":20},
        "limit":{"type":"integer","minimum":1,"maximum":200},
        "cursor":{"type":"string","maxLength":80}}})";
constexpr std::string_view kReverseBody =
    R"({"type":"object","additionalProperties":false,"required":["reason"],"properties":{
        "date":{"type":"string","maxLength":10,"description":"Today without it."},
        "reason":{"type":"string","minLength":1,"maxLength":1000}}})";

auto writer(const JournalEntry& entry) {
  return [&entry](JsonWriter& out) { write(out, entry); };
}

Response answer(int status, const JournalEntry& entry) {
  return bulkhead::versioned(status, entry.version, writer(entry));
}

JournalEntry get(ReadTransaction& read, const Request& request) {
  auto found = JournalStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("journal entry", request.param("id"));
  return std::move(*found);
}

/// Where a page ended: its last entry's date, a point and its id.
std::string cursorAfter(const JournalEntry& entry) {
  return entry.date + '.' + entry.id;
}

void readCursor(std::string_view cursor, JournalStore::Filter& filter) {
  const auto point = cursor.find('.');
  filter.after_date = cursor.substr(0, point);
  if (point != std::string_view::npos) filter.after_id = cursor.substr(point + 1);
  if (isDate(filter.after_date) && !filter.after_id.empty()) return;
  throw cursorInvalid();
}

}  // namespace

JournalRoutes::JournalRoutes(bulkhead::Registrar& host, const Journal& journal)
    : host_{host.host()}, journal_{journal} {
  readingRoutes(host);
  writingRoutes(host);
}

void JournalRoutes::readingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "GET",
              .path = "/journal-entries",
              .scope = "accounting:read",
              .summary = "Lists entries by date, the latest first",
              .query = kListQuery,
              .response = bulkhead::pageSchema(entrySchema()),
              .errors = {"CURSOR_INVALID"}},
             [this](const Request& request, ReadTransaction& read) { return list(request, read); });
  host.route({.method = "GET",
              .path = "/journal-entries/{id}",
              .scope = "accounting:read",
              .summary = "Shows an entry",
              .response = entrySchema(),
              .errors = {"NOT_FOUND"}},
             [](const Request& request, ReadTransaction& read) {
               return answer(200, get(read, request));
             });
}

void JournalRoutes::writingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "POST",
              .path = "/journal-entries",
              .scope = "accounting:write",
              .summary = "Makes an entry: a draft, or posted at once with ?post=true",
              .query = kPostQuery,
              .request = entryBodySchema(),
              .response = entrySchema(),
              .success = 201,
              .errors = {"NOT_FOUND", "COMPANY_NOT_SET_UP", "DUPLICATE", "CURRENCY_MISMATCH",
                         "ACCOUNT_INACTIVE", "TOO_FEW_LINES", "UNBALANCED_ENTRY"},
              .example = kExample,
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return create(request, write); });
  host.route({.method = "POST",
              .path = "/journal-entries/{id}/post",
              .scope = "accounting:write",
              .summary = "Posts a draft, which takes its number and stays as it is from then on",
              .response = entrySchema(),
              .errors = {"NOT_FOUND", "ALREADY_POSTED", "ACCOUNT_INACTIVE", "TOO_FEW_LINES",
                         "UNBALANCED_ENTRY", "VERSION_CONFLICT"},
              .idempotency = bulkhead::Idempotency::Required,
              .if_match = true},
             [this](const Request& request, Transaction& write) { return post(request, write); });
  host.route(
      {.method = "POST",
       .path = "/journal-entries/{id}/reverse",
       .scope = "accounting:write",
       .summary = "Posts the opposite of a posted entry, once",
       .request = kReverseBody,
       .response = entrySchema(),
       .success = 201,
       .errors = {"NOT_FOUND", "ILLEGAL_TRANSITION", "DUPLICATE", "ACCOUNT_INACTIVE",
                  "VERSION_CONFLICT"},
       .example = R"({"reason":"Paid twice"})",
       .idempotency = bulkhead::Idempotency::Required,
       .if_match = true},
      [this](const Request& request, Transaction& write) { return reverse(request, write); });
  host.route(
      {.method = "PATCH",
       .path = "/journal-entries/{id}",
       .scope = "accounting:write",
       .summary = "Gives a draft another day or text, or other lines in the place of its own",
       .request = entryPatchSchema(),
       .response = entrySchema(),
       .errors = {"NOT_FOUND", "IMMUTABLE", "ACCOUNT_INACTIVE", "VERSION_CONFLICT"},
       .example = R"({"memo":"Rent for February"})",
       .if_match = true},
      [this](const Request& request, Transaction& write) { return patch(request, write); });
  host.route({.method = "DELETE",
              .path = "/journal-entries/{id}",
              .scope = "accounting:write",
              .summary = "Deletes a draft",
              .success = 204,
              .errors = {"NOT_FOUND", "IMMUTABLE", "VERSION_CONFLICT"},
              .if_match = true},
             [this](const Request& request, Transaction& write) { return remove(request, write); });
}

Response JournalRoutes::list(const Request& request, ReadTransaction& read) const {
  const std::size_t limit = bulkhead::pageLimit(request);
  JournalStore::Filter filter;
  filter.state = request.query("state");
  filter.from = dayIn(request, "from");
  filter.to = dayIn(request, "to");
  filter.account = request.query("account");
  filter.source_type = request.query("source_type");
  filter.source_id = request.query("source_id");
  filter.updated_since = updatedSince(request);
  filter.limit = limit + 1;
  if (const auto cursor = request.query("cursor")) readCursor(*cursor, filter);
  return bulkhead::page(JournalStore::list(read, request.tenant(), filter), limit, write,
                        cursorAfter);
}

Response JournalRoutes::create(const Request& request, Transaction& write) const {
  JournalEntry entry = journal_.draft(write, request.tenant(), entryFrom(request, write));
  if (request.query("post").value_or("") == "true") {
    entry = journal_.post(write, request.tenant(), std::move(entry));
  }
  return answer(201, entry);
}

Response JournalRoutes::patch(const Request& request, Transaction& write) const {
  JournalEntry entry = get(write, request);
  bulkhead::requireMatch(request, entry.version, writer(entry));
  JournalEntry after = changedBy(request, write, std::move(entry));
  return answer(200, journal_.change(write, request.tenant(), std::move(after)));
}

Response JournalRoutes::post(const Request& request, Transaction& write) const {
  JournalEntry entry = get(write, request);
  bulkhead::requireMatch(request, entry.version, writer(entry));
  return answer(200, journal_.post(write, request.tenant(), std::move(entry)));
}

Response JournalRoutes::reverse(const Request& request, Transaction& write) const {
  const JournalEntry original = get(write, request);
  bulkhead::requireMatch(request, original.version, writer(original));
  const auto body = bodyOf(request);
  Journal::Reversal reversal{dateOf(nowSeconds(host_)), body.at("reason").get<std::string>(),
                             std::string{request.keyId()}};
  take(body, "date", reversal.date);
  requireDate("date", reversal.date);
  return answer(201, journal_.reverse(write, request.tenant(), original, std::move(reversal)));
}

Response JournalRoutes::remove(const Request& request, Transaction& write) const {
  const JournalEntry entry = get(write, request);
  bulkhead::requireMatch(request, entry.version, writer(entry));
  journal_.erase(write, request.tenant(), entry);
  return Response::noContent();
}

}  // namespace accounting
