#include "runtime/outbox.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <map>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

namespace bulkhead::host::outbox {
namespace {

void requireShort(std::string_view text, std::string_view what, std::size_t most) {
  if (text.size() <= most) return;
  throw Error::app("EVENT_REFUSED",
                   fmt::format("The {} of an event has at most {} bytes.", what, most));
}

template <std::size_t N>
void each(data::Transaction& transaction, std::string_view sql,
          const std::array<bulkhead_value, N>& values,
          const std::function<bool(const Row&)>& receive) {
  transaction.read(sql, values.data(), N, [&](const bulkhead_value* columns, std::size_t count) {
    return receive(Row{columns, count}) ? 0 : 1;
  });
}

template <class... Arguments>
std::int64_t send(data::Transaction& transaction, std::string_view sql,
                  const Arguments&... arguments) {
  const auto row = bulkhead::values(arguments...);
  return transaction.send(sql, row.data(), row.size());
}

std::int64_t positionOf(data::Transaction& transaction, std::string_view capability,
                        std::string_view consumer) {
  std::int64_t position = 0;
  each(transaction,
       "SELECT seq FROM bulkhead_outbox_reader WHERE capability = $1 AND consumer = $2",
       bulkhead::values(capability, consumer), [&](const Row& row) {
         position = row.integer(0);
         return false;
       });
  return position;
}

std::string_view payloadBytes(const data::Transaction& transaction) {
  return transaction.engine() == data::Engine::Postgresql ? "octet_length(payload)"
                                                          : "length(CAST(payload AS BLOB))";
}

/// Whoever reads on in the log must not pass a number that is not committed yet. On SQLite nobody
/// else writes; on PostgreSQL who publishes waits for the others here, until they have committed.
void takeTurn(data::Transaction& transaction) {
  if (transaction.engine() == data::Engine::Postgresql)
    transaction.queue(
        "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' outbox', 0))", nullptr,
        0);
}

/// An event on its way out.
struct Leaving {
  std::int64_t seq;
  bool keyed;
};

/// As many as one transaction takes.
struct Batch {
  std::vector<Leaving> rows;
  bool more = false;
};

/// `sql` gives number, bytes of the payload, and whether it has a key.
template <std::size_t N>
Batch batchOf(data::Transaction& transaction, std::string_view sql,
              const std::array<bulkhead_value, N>& values) {
  Batch batch;
  std::size_t bytes = 0;
  each(transaction, sql, values, [&](const Row& row) {
    const auto size = static_cast<std::size_t>(row.integer(1));
    batch.more =
        batch.rows.size() >= kBatchRows || (!batch.rows.empty() && bytes + size > kBatchBytes);
    if (batch.more) return false;
    bytes += size;
    batch.rows.push_back({row.integer(0), row.integer(2) != 0});
    return true;
  });
  return batch;
}

}  // namespace

bool publish(data::Transaction& transaction, const NewEvent& event, std::string_view id,
             std::int64_t now_us) {
  requireShort(event.payload, "payload", kPayloadBytesMax);
  requireShort(event.key, "key", kKeyBytesMax);
  requireShort(event.subject, "subject", kTextBytesMax);
  requireShort(event.tenant, "tenant", kTextBytesMax);
  const bool keyed = !event.key.empty();
  const std::string name = keyed ? fmt::format("{}:{}", event.event, event.key) : std::string{id};
  requireShort(name, "name and key together", kTextBytesMax);
  takeTurn(transaction);
  return send(transaction,
              "INSERT INTO bulkhead_outbox (id, capability, event, tenant, subject, payload, "
              "trace, created_us, keyed, state, error) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'new', '') ON CONFLICT DO NOTHING",
              name, event.capability, event.event, event.tenant, event.subject, event.payload,
              event.trace, now_us, keyed ? 1 : 0) == 1;
}

Page next(data::Transaction& transaction, std::string_view capability, std::string_view consumer,
          std::int64_t expired_us) {
  Page page;
  std::size_t bytes = 0;
  each(transaction,
       "SELECT seq, id, event, tenant, subject, payload, trace, created_us FROM bulkhead_outbox "
       "WHERE state = 'new' AND capability = $1 AND seq > $2 AND created_us >= $3 ORDER BY seq "
       "LIMIT 65",
       bulkhead::values(capability, positionOf(transaction, capability, consumer), expired_us),
       [&](const Row& row) {
         const std::size_t size = row.text(5).size();
         page.more =
             page.events.size() >= kPageRows || (!page.events.empty() && bytes + size > kPageBytes);
         if (page.more) return false;
         bytes += size;
         page.events.push_back({row.integer(0), row.string(1), row.string(2), row.string(3),
                                row.string(4), row.string(5), row.string(6), row.integer(7)});
         return true;
       });
  return page;
}

void advance(data::Transaction& transaction, std::string_view capability, std::string_view consumer,
             std::int64_t seq) {
  send(transaction,
       "INSERT INTO bulkhead_outbox_reader (capability, consumer, seq) VALUES ($1, $2, $3) "
       "ON CONFLICT (capability, consumer) DO UPDATE SET seq = excluded.seq "
       "WHERE bulkhead_outbox_reader.seq < excluded.seq",
       capability, consumer, seq);
}

void bury(data::Transaction& transaction, std::int64_t seq, std::string_view error) {
  send(transaction,
       "UPDATE bulkhead_outbox SET state = 'dead', error = $2 WHERE seq = $1 AND state = 'new'",
       seq, error.substr(0, 1000));
}

std::int64_t last(data::Transaction& transaction, std::string_view capability) {
  std::int64_t seq = 0;
  each(transaction, "SELECT max(seq) FROM bulkhead_outbox WHERE state = 'new' AND capability = $1",
       bulkhead::values(capability), [&](const Row& row) {
         seq = row.optionalInteger(0).value_or(0);
         return false;
       });
  return seq;
}

bool settle(data::Transaction& transaction, std::string_view capability,
            std::vector<std::string> consumers, const std::vector<std::string>& unsure,
            std::int64_t through) {
  const auto contains = [](const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  std::vector<std::string> gone;
  each(transaction, "SELECT consumer FROM bulkhead_outbox_reader WHERE capability = $1",
       bulkhead::values(capability), [&](const Row& row) {
         if (contains(consumers, row.text(0))) return true;
         (contains(unsure, row.text(0)) ? consumers : gone).push_back(row.string(0));
         return true;
       });
  for (const auto& consumer : gone) {
    send(transaction, "DELETE FROM bulkhead_outbox_reader WHERE capability = $1 AND consumer = $2",
         capability, consumer);
  }
  for (const auto& consumer : consumers)
    through = std::min(through, positionOf(transaction, capability, consumer));
  const Batch batch =
      batchOf(transaction,
              fmt::format("SELECT seq, {}, keyed FROM bulkhead_outbox WHERE state = 'new' "
                          "AND capability = $1 AND seq <= $2 ORDER BY seq",
                          payloadBytes(transaction)),
              bulkhead::values(capability, through));
  for (const Leaving& one : batch.rows) {
    // a key is remembered without what it stood for
    send(transaction,
         one.keyed ? "UPDATE bulkhead_outbox SET state = 'done', payload = '' WHERE seq = $1"
                   : "DELETE FROM bulkhead_outbox WHERE seq = $1",
         one.seq);
  }
  return batch.more;
}

Expired expire(data::Transaction& transaction, std::string_view capability,
               std::int64_t expired_us) {
  const Batch batch =
      batchOf(transaction,
              fmt::format("SELECT seq, {}, keyed FROM bulkhead_outbox WHERE state = 'new' "
                          "AND capability = $1 AND created_us < $2 ORDER BY created_us",
                          payloadBytes(transaction)),
              bulkhead::values(capability, expired_us));
  for (const Leaving& one : batch.rows)
    bury(transaction, one.seq,
         "EXPIRED: somebody who wants it was closed for longer than events are kept.");
  return {static_cast<std::int64_t>(batch.rows.size()), batch.more};
}

bool forget(data::Transaction& transaction, std::int64_t forgotten_us) {
  const Batch batch =
      batchOf(transaction,
              fmt::format("SELECT seq, {}, keyed FROM bulkhead_outbox WHERE state <> 'new' "
                          "AND created_us < $1 ORDER BY created_us",
                          payloadBytes(transaction)),
              bulkhead::values(forgotten_us));
  for (const Leaving& one : batch.rows)
    send(transaction, "DELETE FROM bulkhead_outbox WHERE seq = $1", one.seq);
  return batch.more;
}

std::vector<Figures> figures(data::Transaction& transaction) {
  std::map<std::string, Figures> all;
  each(transaction,
       "SELECT capability, count(*), min(created_us) FROM bulkhead_outbox WHERE state = 'new' "
       "GROUP BY capability",
       bulkhead::values(), [&](const Row& row) {
         Figures& one = all[row.string(0)];
         one.pending = row.integer(1);
         one.oldest_us = row.integer(2);
         return true;
       });
  each(transaction,
       "SELECT capability, count(*) FROM bulkhead_outbox WHERE state = 'dead' GROUP BY capability",
       bulkhead::values(), [&](const Row& row) {
         all[row.string(0)].dead = row.integer(1);
         return true;
       });
  std::vector<Figures> listed;
  for (auto& [capability, one] : all) {
    one.capability = capability;
    listed.push_back(std::move(one));
  }
  return listed;
}

}  // namespace bulkhead::host::outbox
