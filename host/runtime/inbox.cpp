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
/// A plan from so far ahead was made before the clock was set back.
constexpr std::int64_t kClockSlackUs = 10'000'000;
constexpr std::size_t kErrorBytesMax = 1000;
constexpr std::int64_t kListMax = 1000;

std::string tooLong(std::string_view what, std::size_t most) {
  return fmt::format("The {} of a message has at most {} bytes.", what, most);
}

[[noreturn]] void refuse(const std::string& reason) {
  throw Error::app("MESSAGE_REFUSED", reason);
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
  if (text.size() > kHeaderBytesMax) refuse(tooLong("headers", kHeaderBytesMax));
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
          const std::function<bool(const Columns&)>& receive) {
  transaction.read(sql, values.data(), N, [&](const bulkhead_value* columns, std::size_t count) {
    return receive(Columns{columns, count}) ? 0 : 1;
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
       bulkhead::values(message.source, message.subject), [&](const Columns& row) {
         first = row.integer(0);
         return false;
       });
  return first;
}

bool wasHeard(data::Transaction& transaction, std::string_view source, std::string_view type) {
  bool found = false;
  each(transaction, "SELECT 1 FROM bulkhead_inbox_heard WHERE source = $1 AND type = $2",
       bulkhead::values(source, type), [&](const Columns&) {
         found = true;
         return false;
       });
  return found;
}

bool isBehindOthers(data::Transaction& transaction, const NewRow& message) {
  return !message.subject.empty() && firstOf(transaction, message) != 0;
}

struct Plan {
  std::string_view state;
  std::int64_t next_at_us;
  std::int64_t planned_us;  ///< 0: nothing is planned
};

/// Due now, unless it waits behind another one.
Plan planOf(data::Transaction& transaction, const NewRow& message, std::int64_t now_us) {
  return isBehindOthers(transaction, message) ? Plan{"new", kBehind, 0}
                                              : Plan{"new", now_us, now_us};
}

/// Rows of before providers were written down have none: a repeat of theirs is one, too.
bool insert(data::Transaction& transaction, const NewRow& message, const Plan& plan,
            std::int64_t now_us) {
  return send(transaction,
              "INSERT INTO bulkhead_inbox (source, provider, key, type, subject, tenant, "
              "headers, body, event_time_us, received_us, trace, state, attempts, next_at_us, "
              "planned_us, error) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, "
              "$13, $14, '' WHERE NOT EXISTS (SELECT 1 FROM bulkhead_inbox WHERE source = $1 AND "
              "key = $3 AND provider = '') ON CONFLICT DO NOTHING",
              message.source, message.provider, message.key, message.type, message.subject,
              message.tenant, toJson(message.headers), Blob{message.body}, message.event_time_us,
              now_us, message.trace, plan.state, plan.next_at_us, plan.planned_us) == 1;
}

/// What of them can be handled, of source $1 and type $2; of any where that is empty.
std::string ignoredOf(std::string_view columns, std::string_view type, std::string_view rest) {
  return fmt::format(
      "SELECT {} FROM bulkhead_inbox WHERE state = 'ignored' AND body IS NOT NULL AND source = $1 "
      "AND {} {}",
      columns, type.empty() ? "$2 = ''" : "type = $2", rest);
}

/// As many rows as one transaction takes.
class Batch {
 public:
  /// False when there is no room for it.
  bool add(std::int64_t seq, std::size_t bytes) {
    more_ = seqs_.size() >= kBatchRows || (!seqs_.empty() && bytes_ + bytes > kBatchBytes);
    if (more_) return false;
    seqs_.push_back(seq);
    bytes_ += bytes;
    return true;
  }
  const std::vector<std::int64_t>& seqs() const { return seqs_; }
  bool hasMore() const { return more_; }

 private:
  std::vector<std::int64_t> seqs_;
  std::size_t bytes_ = 0;
  bool more_ = false;
};

}  // namespace

std::string problemOf(const NewRow& message) {
  if (message.key.empty()) return "A message has a key, under which it is kept once.";
  const std::pair<std::string_view, std::string_view> texts[] = {
      {message.source, "source"}, {message.provider, "provider"}, {message.key, "key"},
      {message.type, "type"},     {message.subject, "subject"},   {message.tenant, "tenant"}};
  for (const auto& [text, what] : texts)
    if (text.size() > kTextBytesMax) return tooLong(what, kTextBytesMax);
  return message.body.size() > kBodyBytesMax ? tooLong("body", kBodyBytesMax) : std::string{};
}

bool keep(data::Transaction& transaction, const NewRow& message, std::int64_t now_us) {
  if (const std::string problem = problemOf(message); !problem.empty()) refuse(problem);
  return insert(transaction, message, planOf(transaction, message, now_us), now_us);
}

bool setAside(data::Transaction& transaction, const NewRow& message, std::int64_t now_us) {
  if (const std::string problem = problemOf(message); !problem.empty()) refuse(problem);
  return wasHeard(transaction, message.source, message.type) &&
         insert(transaction, message, {"ignored", now_us, 0}, now_us);
}

bool listen(data::Transaction& transaction, std::string_view source, std::string_view type,
            std::int64_t now_us) {
  send(transaction,
       "INSERT INTO bulkhead_inbox_heard (source, type) VALUES ($1, $2) ON CONFLICT DO NOTHING",
       source, type);
  Batch batch;
  each(transaction, ignoredOf("seq, length(body)", type, "ORDER BY type, seq"),
       bulkhead::values(source, type), [&](const Columns& row) {
         return batch.add(row.integer(0), static_cast<std::size_t>(row.integer(1)));
       });
  for (const std::int64_t seq : batch.seqs()) replay(transaction, seq, now_us);
  return batch.hasMore();
}

bool isHeard(data::Transaction& transaction, std::string_view source, std::string_view type) {
  bool ignored = false;
  each(transaction, ignoredOf("1", type, "LIMIT 1"), bulkhead::values(source, type),
       [&](const Columns&) {
         ignored = true;
         return false;
       });
  return !ignored && wasHeard(transaction, source, type);
}

std::vector<std::pair<std::string, std::string>> heard(data::Transaction& transaction) {
  std::vector<std::pair<std::string, std::string>> all;
  each(transaction, "SELECT source, type FROM bulkhead_inbox_heard", bulkhead::values(),
       [&](const Columns& row) {
         all.emplace_back(row.string(0), row.string(1));
         return true;
       });
  return all;
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
  const auto add = [&](const Columns& row) {
    found.due.push_back(
        {row.integer(0), row.string(1), row.string(2), row.string(3), row.string(4)});
    return true;
  };
  each(transaction,
       "SELECT seq, source, type, tenant, trace FROM bulkhead_inbox WHERE state = 'new' AND "
       "next_at_us <= $1 ORDER BY next_at_us, seq LIMIT $2",
       bulkhead::values(now_us, limit), add);
  each(
      transaction,
      "SELECT seq, source, type, tenant, trace FROM bulkhead_inbox WHERE state = 'new' AND "
      "planned_us > $1 ORDER BY planned_us LIMIT $2",
      bulkhead::values(now_us + kClockSlackUs, limit - static_cast<std::int64_t>(found.due.size())),
      add);
  each(transaction,
       "SELECT min(next_at_us) FROM bulkhead_inbox WHERE state = 'new' AND next_at_us > $1 AND "
       "next_at_us < $2",
       bulkhead::values(now_us, kBehind), [&](const Columns& row) {
         found.next_at_us = row.optionalInteger(0).value_or(0);
         return false;
       });
  return found;
}

std::optional<Row> load(data::Transaction& transaction, std::int64_t seq) {
  std::optional<Row> found;
  each(transaction,
       "SELECT source, provider, key, type, subject, tenant, headers, body, trace, event_time_us, "
       "received_us, attempts FROM bulkhead_inbox WHERE seq = $1 AND state = 'new'",
       bulkhead::values(seq), [&](const Columns& row) {
         found = Row{
             seq,
             {row.string(0), row.string(1), row.string(2), row.string(3), row.string(4),
              row.string(5), fieldsFrom(row.text(6)), row.string(7), row.string(8), row.integer(9)},
             row.integer(10),
             static_cast<std::uint32_t>(row.integer(11))};
         return false;
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
                            "UPDATE bulkhead_inbox SET next_at_us = $2, planned_us = $2 WHERE "
                            "seq = $1 AND next_at_us = $3",
                            first, now_us, kBehind) == 1;
}

void postpone(data::Transaction& transaction, const Row& row, std::string_view error,
              std::int64_t now_us, std::int64_t delay_us) {
  send(transaction,
       "UPDATE bulkhead_inbox SET attempts = $2, error = $3, next_at_us = $4, planned_us = $5 "
       "WHERE seq = $1 AND state = 'new'",
       row.seq, row.attempts + 1, error.substr(0, kErrorBytesMax), now_us + delay_us, now_us);
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
         return false;
       });
  const Plan plan = planOf(transaction, message, now_us);
  return send(transaction,
              "UPDATE bulkhead_inbox SET state = 'new', attempts = 0, next_at_us = $2, "
              "planned_us = $3 WHERE seq = $1 AND state IN ('dead', 'ignored') AND "
              "body IS NOT NULL",
              seq, plan.next_at_us, plan.planned_us) == 1;
}

std::vector<Listed> list(data::Transaction& transaction, const Filter& filter) {
  std::vector<Listed> rows;
  const std::int64_t before =
      filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
  each(transaction,
       "SELECT seq, source, provider, key, type, subject, tenant, state, error, received_us, "
       "next_at_us, attempts, length(body) FROM bulkhead_inbox WHERE seq < $1 AND ($2 = '' OR "
       "state = $2) AND ($3 = '' OR source = $3) ORDER BY seq DESC LIMIT $4",
       bulkhead::values(before, filter.state, filter.source,
                        std::clamp<std::int64_t>(filter.limit, 1, kListMax)),
       [&](const Columns& row) {
         const bool planned = row.text(7) == "new" && row.integer(10) != kBehind;
         rows.push_back({row.integer(0), row.string(1), row.string(2), row.string(3), row.string(4),
                         row.string(5), row.string(6), row.string(7), row.string(8), row.integer(9),
                         planned ? row.integer(10) : 0, static_cast<std::uint32_t>(row.integer(11)),
                         row.optionalInteger(12).value_or(0)});
         return true;
       });
  return rows;
}

bool empty(data::Transaction& transaction, std::int64_t emptied_us) {
  Batch batch;
  each(transaction,
       "SELECT seq, length(body) FROM bulkhead_inbox WHERE state <> 'new' AND body IS NOT NULL AND "
       "received_us < $1 ORDER BY received_us",
       bulkhead::values(emptied_us), [&](const Columns& row) {
         return batch.add(row.integer(0), static_cast<std::size_t>(row.integer(1)));
       });
  for (const std::int64_t seq : batch.seqs())
    send(transaction, "UPDATE bulkhead_inbox SET body = NULL, headers = '[]' WHERE seq = $1", seq);
  return batch.hasMore();
}

bool forget(data::Transaction& transaction, std::int64_t forgotten_us) {
  Batch batch;
  each(transaction,
       "SELECT seq, coalesce(length(body), 0) FROM bulkhead_inbox WHERE state <> 'new' AND "
       "received_us < $1 ORDER BY received_us",
       bulkhead::values(forgotten_us), [&](const Columns& row) {
         return batch.add(row.integer(0), static_cast<std::size_t>(row.integer(1)));
       });
  for (const std::int64_t seq : batch.seqs())
    send(transaction, "DELETE FROM bulkhead_inbox WHERE seq = $1", seq);
  return batch.hasMore();
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
         return true;
       });
  each(transaction,
       "SELECT source, count(*) FROM bulkhead_inbox WHERE state = 'dead' GROUP BY source",
       bulkhead::values(), [&](const Columns& row) {
         all[row.string(0)].dead = row.integer(1);
         return true;
       });
  std::vector<Figures> listed;
  for (auto& [source, one] : all) {
    one.source = source;
    listed.push_back(std::move(one));
  }
  return listed;
}

}  // namespace bulkhead::host::inbox
