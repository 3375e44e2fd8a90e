#include "runtime/inbox.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/transaction.hpp>

namespace bulkhead::host::inbox {
namespace {

using Columns = bulkhead::Row;

/// Of one that waits for an earlier one of its subject.
constexpr std::int64_t kBehind = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kErrorBytesMax = 1000;
constexpr std::int64_t kListMax = 1000;

[[noreturn]] void refuse(std::string_view reason) {
  throw Error::app("MESSAGE_REFUSED", reason);
}

void requireShort(std::string_view text, std::string_view what, std::size_t most) {
  if (text.size() > most)
    refuse(fmt::format("The {} of a message has at most {} bytes.", what, most));
}

void check(const NewRow& message) {
  if (message.key.empty()) refuse("A message has a key, under which it is kept once.");
  requireShort(message.key, "key", kTextBytesMax);
  requireShort(message.type, "type", kTextBytesMax);
  requireShort(message.subject, "subject", kTextBytesMax);
  requireShort(message.tenant, "tenant", kTextBytesMax);
  requireShort(message.body, "body", kBodyBytesMax);
}

std::string toJson(const Fields& headers) {
  std::string text = bulkhead::toJson([&](JsonWriter& out) {
    out.array(headers, [](JsonWriter& pairs, const auto& header) {
      pairs.beginArray();
      pairs.value(header.first);
      pairs.value(header.second);
      pairs.endArray();
    });
  });
  requireShort(text, "headers", kHeaderBytesMax);
  return text;
}

Fields fieldsFrom(std::string_view text) {
  Fields fields;
  for (const auto& pair : nlohmann::json::parse(text)) fields.emplace_back(pair.at(0), pair.at(1));
  return fields;
}

template <std::size_t N>
void each(data::Transaction& transaction, std::string_view sql,
          const std::array<bulkhead_value, N>& values,
          const std::function<void(const Columns&)>& receive) {
  transaction.read(sql, values.data(), N, [&](const bulkhead_value* columns, std::size_t count) {
    receive(Columns{columns, count});
    return 0;
  });
}

template <class... Arguments>
std::int64_t send(data::Transaction& transaction, std::string_view sql,
                  const Arguments&... arguments) {
  const auto row = bulkhead::values(arguments...);
  return transaction.send(sql, row.data(), row.size());
}

/// The earliest of a subject that is not finished; 0 for none.
std::int64_t firstOf(data::Transaction& transaction, const NewRow& message) {
  std::int64_t first = 0;
  each(transaction,
       "SELECT seq FROM bulkhead_inbox WHERE state = 'new' AND subject <> '' AND source = $1 AND "
       "subject = $2 ORDER BY seq LIMIT 1",
       bulkhead::values(message.source, message.subject),
       [&](const Columns& row) { first = row.integer(0); });
  return first;
}

bool isBehindOthers(data::Transaction& transaction, const NewRow& message) {
  return !message.subject.empty() && firstOf(transaction, message) != 0;
}

}  // namespace

void prepare(data::Transaction& transaction) {
  for (const std::string_view sql :
       {"CREATE TABLE IF NOT EXISTS bulkhead_inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
        "source TEXT NOT NULL, key TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, "
        "tenant TEXT NOT NULL, headers TEXT NOT NULL, body BLOB, event_time_us BIGINT NOT NULL, "
        "received_us BIGINT NOT NULL, trace TEXT NOT NULL, state TEXT NOT NULL, "
        "attempts INTEGER NOT NULL, next_at_us BIGINT NOT NULL, error TEXT NOT NULL)",
        "CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_inbox_key ON bulkhead_inbox (source, key)",
        "CREATE INDEX IF NOT EXISTS bulkhead_inbox_due ON bulkhead_inbox (next_at_us, seq) "
        "WHERE state = 'new'",
        "CREATE INDEX IF NOT EXISTS bulkhead_inbox_subject ON bulkhead_inbox (source, subject, "
        "seq) WHERE state = 'new' AND subject <> ''",
        "CREATE INDEX IF NOT EXISTS bulkhead_inbox_dead ON bulkhead_inbox (source) "
        "WHERE state = 'dead'",
        "CREATE INDEX IF NOT EXISTS bulkhead_inbox_old ON bulkhead_inbox (received_us) "
        "WHERE state <> 'new'"})
    transaction.send(sql, nullptr, 0);
}

bool keep(data::Transaction& transaction, const NewRow& message, std::int64_t now_us) {
  check(message);
  const std::string headers = toJson(message.headers);
  const std::int64_t next_at = isBehindOthers(transaction, message) ? kBehind : now_us;
  return send(transaction,
              "INSERT OR IGNORE INTO bulkhead_inbox (source, key, type, subject, tenant, headers, "
              "body, event_time_us, received_us, trace, state, attempts, next_at_us, error) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'new', 0, $11, '')",
              message.source, message.key, message.type, message.subject, message.tenant, headers,
              Blob{message.body}, message.event_time_us, now_us, message.trace, next_at) == 1;
}

void continueTrace(HttpRequest& request, std::string_view trace) {
  std::string* const parts[] = {&request.trace_id, &request.span_id, &request.request_id};
  for (std::string* part : parts) {
    const auto end = std::min(trace.find(' '), trace.size());
    *part = trace.substr(0, end);
    trace.remove_prefix(std::min(end + 1, trace.size()));
  }
}

Agenda agenda(data::Transaction& transaction, std::int64_t now_us, std::int64_t limit) {
  Agenda found;
  each(transaction,
       "SELECT seq, source, type, tenant, trace FROM bulkhead_inbox WHERE state = 'new' AND "
       "next_at_us <= $1 "
       "ORDER BY next_at_us, seq LIMIT $2",
       bulkhead::values(now_us, limit), [&](const Columns& row) {
         found.due.push_back(
             {row.integer(0), row.string(1), row.string(2), row.string(3), row.string(4)});
       });
  each(transaction,
       "SELECT min(next_at_us) FROM bulkhead_inbox WHERE state = 'new' AND next_at_us > $1 AND "
       "next_at_us < $2",
       bulkhead::values(now_us, kBehind),
       [&](const Columns& row) { found.next_at_us = row.optionalInteger(0).value_or(0); });
  return found;
}

std::optional<Row> load(data::Transaction& transaction, std::int64_t seq) {
  std::optional<Row> found;
  each(transaction,
       "SELECT source, key, type, subject, tenant, headers, body, trace, event_time_us, "
       "received_us, attempts FROM bulkhead_inbox WHERE seq = $1 AND state = 'new'",
       bulkhead::values(seq), [&](const Columns& row) {
         found = Row{seq,
                     {row.string(0), row.string(1), row.string(2), row.string(3), row.string(4),
                      fieldsFrom(row.text(5)), row.string(6), row.string(7), row.integer(8)},
                     row.integer(9),
                     static_cast<std::uint32_t>(row.integer(10))};
       });
  return found;
}

bool finish(data::Transaction& transaction, const Row& row, std::string_view state,
            std::string_view error, std::int64_t now_us) {
  const bool here = send(transaction,
                         "UPDATE bulkhead_inbox SET state = $2, error = $3, attempts = $4 "
                         "WHERE seq = $1 AND state = 'new'",
                         row.seq, state, error.substr(0, kErrorBytesMax), row.attempts + 1) == 1;
  if (!here || row.message.subject.empty()) return false;
  const std::int64_t first = firstOf(transaction, row.message);
  return first != 0 && send(transaction,
                            "UPDATE bulkhead_inbox SET next_at_us = $2 WHERE seq = $1 AND "
                            "next_at_us = $3",
                            first, now_us, kBehind) == 1;
}

void postpone(data::Transaction& transaction, const Row& row, std::string_view error,
              std::int64_t next_at_us) {
  send(transaction,
       "UPDATE bulkhead_inbox SET attempts = $2, error = $3, next_at_us = $4 "
       "WHERE seq = $1 AND state = 'new'",
       row.seq, row.attempts + 1, error.substr(0, kErrorBytesMax), next_at_us);
}

std::int64_t delayUs(std::uint32_t failed, double chance) {
  constexpr double kFirst = 1e6;
  constexpr double kMost = 3600e6;
  const double whole =
      std::min(kMost, std::ldexp(kFirst, static_cast<int>(std::min(failed, 32U)) - 1));
  return static_cast<std::int64_t>(std::max(kFirst, whole * (1 - chance / 2)));
}

bool replay(data::Transaction& transaction, std::int64_t seq, std::int64_t now_us) {
  NewRow message;
  each(transaction, "SELECT source, subject FROM bulkhead_inbox WHERE seq = $1",
       bulkhead::values(seq), [&](const Columns& row) {
         message.source = row.string(0);
         message.subject = row.string(1);
       });
  const std::int64_t next_at = isBehindOthers(transaction, message) ? kBehind : now_us;
  return send(transaction,
              "UPDATE bulkhead_inbox SET state = 'new', attempts = 0, next_at_us = $2 "
              "WHERE seq = $1 AND state = 'dead' AND body IS NOT NULL",
              seq, next_at) == 1;
}

std::vector<Listed> list(data::Transaction& transaction, const Filter& filter) {
  std::vector<Listed> rows;
  const std::int64_t before =
      filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
  each(transaction,
       "SELECT seq, source, key, type, subject, tenant, state, error, received_us, next_at_us, "
       "attempts, length(body) FROM bulkhead_inbox WHERE seq < $1 AND ($2 = '' OR state = $2) AND "
       "($3 = '' OR source = $3) ORDER BY seq DESC LIMIT $4",
       bulkhead::values(before, filter.state, filter.source,
                        std::clamp<std::int64_t>(filter.limit, 1, kListMax)),
       [&](const Columns& row) {
         const bool planned = row.text(6) == "new" && row.integer(9) != kBehind;
         rows.push_back({row.integer(0), row.string(1), row.string(2), row.string(3), row.string(4),
                         row.string(5), row.string(6), row.string(7), row.integer(8),
                         planned ? row.integer(9) : 0, static_cast<std::uint32_t>(row.integer(10)),
                         row.optionalInteger(11).value_or(0)});
       });
  return rows;
}

bool sweep(data::Transaction& transaction, std::int64_t from_us, std::int64_t emptied_us,
           std::int64_t forgotten_us) {
  const std::int64_t gone =
      send(transaction,
           "DELETE FROM bulkhead_inbox WHERE seq IN (SELECT seq FROM bulkhead_inbox "
           "WHERE state <> 'new' AND received_us < $1 LIMIT $2)",
           forgotten_us, kBatch);
  const std::int64_t emptied =
      send(transaction,
           "UPDATE bulkhead_inbox SET body = NULL, headers = '[]' WHERE seq IN (SELECT seq FROM "
           "bulkhead_inbox WHERE state <> 'new' AND received_us >= $1 AND received_us < $2 AND "
           "body IS NOT NULL LIMIT $3)",
           from_us, emptied_us, kBatch);
  return gone == kBatch || emptied == kBatch;
}

std::vector<Figures> figures(data::Transaction& transaction) {
  std::map<std::string, Figures> all;
  each(transaction,
       "SELECT source, count(*), min(received_us) FROM bulkhead_inbox WHERE state = 'new' "
       "GROUP BY source",
       bulkhead::values(), [&](const Columns& row) {
         Figures& one = all[row.string(0)];
         one.pending = row.integer(1);
         one.oldest_us = row.integer(2);
       });
  each(transaction,
       "SELECT source, count(*) FROM bulkhead_inbox WHERE state = 'dead' GROUP BY source",
       bulkhead::values(), [&](const Columns& row) { all[row.string(0)].dead = row.integer(1); });
  std::vector<Figures> listed;
  for (auto& [source, one] : all) {
    one.source = source;
    listed.push_back(std::move(one));
  }
  return listed;
}

}  // namespace bulkhead::host::inbox
