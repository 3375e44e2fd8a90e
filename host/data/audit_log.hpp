#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/store.hpp"

namespace bulkhead::host::data {

/// One change that somebody made. Written in the transaction of its effect, so that there is
/// neither one without the other. Holds no secret: that is its writer's business.
struct AuditEntry {
  std::int64_t at_us = 0;  ///< microseconds since 1970
  std::string chain{};     ///< whose history: a tenant's id, or empty for the store's owner
  std::string actor{};     ///< who: "key:ID", "unix:UID", "host"
  std::string origin{};    ///< from where: an address, "admin.sock", "command"
  std::string action{};    ///< what: "tenant.suspend"
  std::string object{};    ///< on which: "tenant:ID"
  std::optional<std::string> before{};  ///< JSON; nothing for what was not there before
  std::optional<std::string> after{};   ///< JSON; nothing for what is there no more
  std::string request_id{};
};

/// An entry as it is kept. `position` and `hash` are given to it when it is sealed
/// (audit_chain.hpp).
struct AuditRow {
  std::int64_t seq = 0;  ///< order of writing within the store
  AuditEntry entry;
  std::optional<std::int64_t> position;  ///< 1, 2, 3 ... within its chain
  std::string hash;
};

/// Rows, the newest first.
struct AuditQuery {
  std::optional<std::int64_t> since_us{};
  std::optional<std::int64_t> before_seq{};  ///< for the next page: the last seq of the one before
  std::optional<std::string> chain{};
  std::string action{};  ///< exactly; empty for all
  std::string object{};  ///< exactly; empty for all
  std::size_t limit = 100;
};

/// The audit of a store: tables bulkhead_audit, bulkhead_audit_head and bulkhead_audit_sealer, in
/// the database of whoever is audited. Triggers refuse changes and removal, so that no mistake of
/// ours loses a row; the chain is for those who take the triggers away.
namespace audit {

/// Makes the tables where they are missing.
void prepare(Transaction& transaction);
void append(Transaction& transaction, const AuditEntry& entry);
std::vector<AuditRow> list(Transaction& transaction, const AuditQuery& query);

}  // namespace audit
}  // namespace bulkhead::host::data
