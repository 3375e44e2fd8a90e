#pragma once

#include <bulkhead/transaction.hpp>

#include "data/audit_log.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

/// The columns of auditRowFrom(), in its order.
inline constexpr std::string_view kAuditColumns =
    "seq, at_us, chain, actor, origin, action, object, before_json, after_json, request_id, "
    "position, hash";

AuditRow auditRowFrom(const Row& row);

/// The link of a chain: SHA-256, in hex, over the hash before (empty for the first) and all that
/// the row says, its position included. Each field goes in with its length, so that no two rows
/// read alike.
std::string linkOf(std::string_view hash_before, std::int64_t position, const AuditRow& row);

}  // namespace bulkhead::host::data
