#include "data/audit_chain.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/audit_rows.hpp"

namespace bulkhead::host::data {
namespace {

using Heads = std::map<std::string, AuditHead>;

std::vector<AuditRow> unsealedRows(Transaction& transaction, std::size_t limit) {
  std::vector<AuditRow> rows;
  const auto row = values(static_cast<std::int64_t>(limit));
  transaction.read(fmt::format("SELECT {} FROM bulkhead_audit WHERE position IS NULL ORDER BY seq "
                               "LIMIT $1",
                               kAuditColumns),
                   row.data(), row.size(), [&](const bulkhead_value* columns, std::size_t count) {
                     rows.push_back(auditRowFrom(Row{columns, count}));
                     return 0;
                   });
  return rows;
}

Heads storedHeads(Transaction& transaction) {
  Heads heads;
  transaction.read("SELECT chain, position, hash FROM bulkhead_audit_head", nullptr, 0,
                   [&](const bulkhead_value* columns, std::size_t count) {
                     const Row row{columns, count};
                     heads[row.string(0)] = {row.string(0), row.integer(1), row.string(2)};
                     return 0;
                   });
  return heads;
}

/// Until then nobody else seals; at once over when there is no more to seal.
bool takeLease(Transaction& transaction, const AuditSealerOptions& options, bool is_last) {
  const std::int64_t now_us = options.now_us();
  const auto lease = is_last ? std::chrono::milliseconds{0} : options.lease;
  const auto until_us =
      now_us + std::chrono::duration_cast<std::chrono::microseconds>(lease).count();
  const auto row = values(options.holder, until_us, now_us);
  return transaction.send(
             "INSERT INTO bulkhead_audit_sealer (number, holder, until_us) VALUES (1, $1, $2) "
             "ON CONFLICT (number) DO UPDATE SET holder = excluded.holder, "
             "until_us = excluded.until_us "
             "WHERE bulkhead_audit_sealer.holder = excluded.holder "
             "OR bulkhead_audit_sealer.until_us <= $3",
             row.data(), row.size()) != 0;
}

void require(std::int64_t changed) {
  if (changed == 1) return;
  throw Error::database("AUDIT_RACE", "Another sealer works on the same audit.");
}

AuditHead headOf(Transaction& transaction, const std::string& chain) {
  AuditHead head{chain, 0, {}};
  const auto row = values(chain);
  transaction.read("SELECT position, hash FROM bulkhead_audit_head WHERE chain = $1", row.data(),
                   row.size(), [&](const bulkhead_value* columns, std::size_t count) {
                     const Row stored{columns, count};
                     head.position = stored.integer(0);
                     head.hash = stored.string(1);
                     return 1;
                   });
  return head;
}

void sealRow(Transaction& transaction, const AuditRow& row, AuditHead& head) {
  head.hash = linkOf(head.hash, head.position + 1, row);
  ++head.position;
  const auto sealed = values(row.seq, head.position, head.hash);
  require(
      transaction.send("UPDATE bulkhead_audit SET position = $2, hash = $3 "
                       "WHERE seq = $1 AND position IS NULL",
                       sealed.data(), sealed.size()));
}

/// The head moves only from where it was read.
void moveHead(Transaction& transaction, const AuditHead& head, std::int64_t from) {
  const auto row = values(head.chain, head.position, head.hash, from);
  require(transaction.send(
      "INSERT INTO bulkhead_audit_head (chain, position, hash) VALUES ($1, $2, $3) "
      "ON CONFLICT (chain) DO UPDATE SET position = excluded.position, hash = excluded.hash "
      "WHERE bulkhead_audit_head.position = $4",
      row.data(), row.size()));
}

}  // namespace

AuditSealer::AuditSealer(Store& store, const AuditHeadFile& outside, AuditSealerOptions options)
    : store_{store}, outside_{outside}, options_{std::move(options)} {}

std::size_t AuditSealer::seal(std::chrono::steady_clock::time_point deadline) {
  const std::lock_guard lock{sealing_};
  if (!noted_) noteMissing(deadline);
  std::size_t all = 0;
  for (;;) {
    bool waiting = false;
    store_.read([&](Transaction& transaction) { waiting = !unsealedRows(transaction, 1).empty(); },
                deadline);
    if (!waiting) return all;
    std::size_t sealed = 0;
    const auto heads = sealBatch(sealed, deadline);
    if (sealed == 0) return all;
    all += sealed;
    noted_ = outside_.append(heads, options_.now_us()) && noted_;
    if (!options_.on_sealed) continue;
    for (const AuditHead& head : heads) options_.on_sealed(head);
  }
}

std::vector<AuditHead> AuditSealer::sealBatch(std::size_t& sealed,
                                              std::chrono::steady_clock::time_point deadline) {
  std::vector<AuditHead> moved;
  store_.write(
      [&](Transaction& transaction) {
        moved.clear();
        sealed = 0;
        const auto rows = unsealedRows(transaction, options_.batch_max);
        if (!takeLease(transaction, options_, rows.size() < options_.batch_max)) return;
        Heads heads;
        Heads before;
        for (const AuditRow& row : rows) {
          const std::string& chain = row.entry.chain;
          auto head = heads.find(chain);
          if (head == heads.end()) {
            head = heads.emplace(chain, headOf(transaction, chain)).first;
            before.emplace(*head);
          }
          sealRow(transaction, row, head->second);
          ++sealed;
        }
        for (const auto& [chain, head] : heads) {
          moveHead(transaction, head, before.at(chain).position);
          moved.push_back(head);
        }
      },
      deadline);
  return moved;
}

void AuditSealer::noteMissing(std::chrono::steady_clock::time_point deadline) {
  Heads stored;
  store_.read([&](Transaction& transaction) { stored = storedHeads(transaction); }, deadline);
  for (const AuditHead& head : outside_.read().heads) {
    const auto known = stored.find(head.chain);
    if (known != stored.end() && known->second.position <= head.position) stored.erase(known);
  }
  std::vector<AuditHead> missing;
  for (const auto& [chain, head] : stored) missing.push_back(head);
  noted_ = outside_.append(missing, options_.now_us());
}

}  // namespace bulkhead::host::data
