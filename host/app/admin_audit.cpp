#include "app/admin_audit.hpp"

#include <cctz/time_zone.h>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "data/audit_chain.hpp"
#include "data/audit_log.hpp"
#include "logging/log.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"
#include "security/ulid.hpp"

namespace bulkhead::host {
namespace {

constexpr std::int64_t kLimitMax = 1000;
constexpr std::chrono::seconds kListWait{5};
constexpr std::chrono::seconds kVerifyWait{25};
constexpr std::chrono::seconds kSealWait{2};

std::chrono::steady_clock::time_point within(std::chrono::seconds time) {
  return std::chrono::steady_clock::now() + time;
}

Error invalid(std::string_view message) {
  return Error::validation("VALIDATION_ERROR", message);
}

std::optional<std::int64_t> numberOf(const HttpRequest& request, std::string_view name,
                                     std::int64_t max) {
  const std::string* text = request.queryValue(name);
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number < 1 ||
      number > max)
    throw invalid(fmt::format("'{}' is a whole number from 1 to {}.", name, max));
  return number;
}

/// A time as RFC 3339 has it, or a date, which is its first moment in UTC.
std::optional<std::int64_t> timeFrom(const std::string& text) {
  std::chrono::system_clock::time_point time;
  for (const char* form : {"%Y-%m-%dT%H:%M:%E*SZ", "%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d"}) {
    if (cctz::parse(form, text, cctz::utc_time_zone(), &time)) {
      return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    }
  }
  return std::nullopt;
}

/// "12:HASH", a head that somebody kept elsewhere.
data::AuditHead headFrom(const std::string& text) {
  data::AuditHead head;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), head.position);
  const auto colon = static_cast<std::size_t>(read.ptr - text.data());
  if (read.ec != std::errc{} || head.position < 1 || colon >= text.size() || text[colon] != ':')
    throw invalid("'head' is a position and a hash with a colon between.");
  head.hash = text.substr(colon + 1);
  return head;
}

data::AuditQuery queryOf(const HttpRequest& request) {
  data::AuditQuery query;
  if (const auto limit = numberOf(request, "limit", kLimitMax))
    query.limit = static_cast<std::size_t>(*limit);
  query.before_seq = numberOf(request, "cursor", std::numeric_limits<std::int64_t>::max());
  if (const std::string* since = request.queryValue("since")) {
    query.since_us = timeFrom(*since);
    if (!query.since_us) throw invalid("'since' is a time such as 2026-11-22T04:00:00Z.");
  }
  if (const std::string* action = request.queryValue("action")) query.action = *action;
  if (const std::string* object = request.queryValue("object")) query.object = *object;
  return query;
}

void writeRow(JsonWriter& out, const data::AuditRow& row) {
  const data::AuditEntry& entry = row.entry;
  const auto json = [](const std::optional<std::string>& text) {
    return [&text](JsonWriter& value) {
      value.value(RawJson{text ? std::string_view{*text} : "null"});
    };
  };
  out.object("seq", row.seq, "at", timestampText(entry.at_us), "actor", entry.actor, "origin",
             entry.origin, "action", entry.action, "object", entry.object, "before",
             json(entry.before), "after", json(entry.after), "request_id", entry.request_id,
             "sealed", row.position.has_value(), "hash",
             row.position ? std::optional{row.hash} : std::nullopt);
}

HttpResponse listAudit(data::Store& store, const HttpRequest& request) {
  data::AuditQuery query = queryOf(request);
  const std::size_t wanted = query.limit++;  // one more says whether there is a next page
  std::vector<data::AuditRow> rows;
  store.read([&](data::Transaction& transaction) { rows = data::audit::list(transaction, query); },
             within(kListWait));
  std::optional<std::string> next;
  if (rows.size() > wanted) {
    rows.pop_back();
    next = fmt::format("{}", rows.back().seq);
  }
  return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                              out.object(
                                  "data", [&](JsonWriter& data) { data.array(rows, writeRow); },
                                  "next_cursor", next);
                            }));
}

void writeVerdict(JsonWriter& out, const data::AuditVerdict& verdict) {
  out.object(
      "holds", verdict.holds(), "sealed", verdict.sealed, "unsealed", verdict.unsealed,
      "first_unsealed_seq", verdict.first_unsealed_seq, "noted_outside", verdict.noted,
      "damaged_lines", verdict.damaged_lines, "heads",
      [&](JsonWriter& heads) {
        heads.array(verdict.heads, [](JsonWriter& item, const data::AuditHead& head) {
          item.object("chain", head.chain, "position", head.position, "hash", head.hash);
        });
      },
      "flaws",
      [&](JsonWriter& flaws) {
        flaws.array(verdict.flaws, [](JsonWriter& item, const data::AuditFlaw& flaw) {
          item.object("chain", flaw.chain, "position", flaw.position, "seq",
                      flaw.seq == 0 ? std::nullopt : std::optional{flaw.seq}, "what", flaw.what);
        });
      });
}

HttpResponse verifyAudit(data::Store& store, const data::AuditHeadFile& outside,
                         const HttpRequest& request) {
  std::vector<data::AuditHead> noted;
  if (const std::string* head = request.queryValue("head")) noted.push_back(headFrom(*head));
  const auto verdict = data::verifyAudit(store, outside, within(kVerifyWait), noted);
  return HttpResponse::json(200, toJson([&](JsonWriter& out) { writeVerdict(out, verdict); }));
}

/// The body where it is JSON of a sensible size, without secrets; else that there was an answer.
std::string shownJson(const std::string& body) {
  constexpr std::size_t kBytesMax = 8192;
  const auto fits = body.size() <= kBytesMax ? nlohmann::json::parse(redacted(body), nullptr, false)
                                             : nlohmann::json(nlohmann::json::value_t::discarded);
  return fits.is_discarded() ? R"({"done":true})" : fits.dump();
}

/// With the log the head goes where the log goes, off this machine at best.
void logSealed(const data::AuditHead& head) {
  log(Level::Info, "security", "Audit sealed",
      {{"event", "audit_sealed"}, {"position", head.position}, {"head", head.hash}});
}

}  // namespace

AdminAudit::AdminAudit(data::Store& store, const std::filesystem::path& data_dir)
    : store_{store},
      heads_{data_dir / "audit.head"},
      sealer_{store_,
              heads_,
              {.holder = makeUlid(),
               .now_us = [] { return SystemClock{}.nowUs(); },
               .on_sealed = logSealed}} {}

std::vector<HostRoute> AdminAudit::routes() {
  const auto route = [](const char* path, std::function<HttpResponse(const HttpRequest&)> answer) {
    return HostRoute{
        "GET", path, HostAccess::Admin, "admin", AnsweredOn::AdminLane, std::move(answer), false};
  };
  return {route("/api/admin/audit",
                [this](const HttpRequest& request) { return listAudit(store_, request); }),
          route("/api/admin/audit/verify", [this](const HttpRequest& request) {
            return verifyAudit(store_, heads_, request);
          })};
}

AdminAudit::HostAnswer AdminAudit::covered(std::string action, HostAnswer answer) {
  return
      [this, action = std::move(action), answer = std::move(answer)](const HttpRequest& request) {
        HttpResponse response = answer(request);
        if (response.status < 300)
          record(administratorOf(request), {action, request.path, {}, shownJson(response.body)});
        return response;
      };
}

void AdminAudit::cover(std::vector<HostRoute>& routes) {
  for (HostRoute& route : routes) {
    const bool is_administration =
        route.access == HostAccess::Admin || route.access == HostAccess::AdminSocket;
    if (!is_administration || route.method == "GET" || route.audits_itself) continue;
    route.answer = covered(fmt::format("{} {}", route.method, route.path), std::move(route.answer));
  }
}

void AdminAudit::record(const Administrator& by, const AdministrativeChange& change) noexcept {
  try {
    store_.write(
        [&](data::Transaction& transaction) {
          recordChange(transaction, by, change, SystemClock{}.nowUs());
        },
        within(kListWait));
    logChange(by, change);
  } catch (const std::exception& error) {
    log(Level::Error, "security", "An administrative change has no audit row",
        {{"event", "administration"},
         {"action", change.action},
         {"object", change.object},
         {"actor", by.actor},
         {"ip", by.origin},
         {"reason", error.what()}});
  }
}

void AdminAudit::seal() noexcept {
  try {
    sealer_.seal(within(kSealWait));
  } catch (const std::exception& error) {
    log(Level::Warn, "host", "The audit could not be sealed", {{"reason", error.what()}});
  }
}

}  // namespace bulkhead::host
