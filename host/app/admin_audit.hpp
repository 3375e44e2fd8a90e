#pragma once

#include <filesystem>
#include <vector>

#include "app/route_catalog.hpp"
#include "data/audit_chain.hpp"
#include "data/audit_heads.hpp"
#include "data/store.hpp"

namespace bulkhead::host {

/// The audit of administration in the host's own store: what administrators did, and whether the
/// record of it is whole. Thread-safe.
class AdminAudit {
 public:
  /// The store is borrowed, and has the tables from KeyStore::refresh() on. `data_dir` holds
  /// audit.head: where the chain has come to, outside of its database.
  AdminAudit(data::Store& store, const std::filesystem::path& data_dir);

  /// GET /api/admin/audit and /api/admin/audit/verify, on the lane of administration; this outlives
  /// them.
  std::vector<HostRoute> routes();
  /// Seals what is new. A failure is a line in the log: a second later, or at the next start, it is
  /// tried again.
  void seal() noexcept;

 private:
  data::Store& store_;
  const data::AuditHeadFile heads_;
  data::AuditSealer sealer_;
};

}  // namespace bulkhead::host
