#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/route_catalog.hpp"
#include "data/audit_chain.hpp"
#include "data/audit_heads.hpp"
#include "data/store.hpp"
#include "security/administration.hpp"

namespace bulkhead::host {

/// The audit of administration in the host's own store: what administrators did, and whether the
/// record of it is whole. Thread-safe.
class AdminAudit {
 public:
  using HostAnswer = std::function<HttpResponse(const HttpRequest&)>;

  /// The store is borrowed, and has the tables from KeyStore::refresh() on. `data_dir` holds
  /// audit.head: where the chain has come to, outside of its database.
  AdminAudit(data::Store& store, const std::filesystem::path& data_dir);

  /// GET /api/admin/audit and /api/admin/audit/verify, on the lane of administration; this outlives
  /// them.
  std::vector<HostRoute> routes();
  /// What administrators change outside of the host's store (a plugin, settings, a cache) cannot
  /// commit with its row: each success of `answer` is written after its effect, as `action` on the
  /// request's path, with the answer's JSON as what is there now. Where that fails, an error in the
  /// log says the same.
  HostAnswer covered(std::string action, HostAnswer answer);
  /// The same for every administrator's route among `routes` that changes something and does not
  /// see to it itself, so that none can be forgotten.
  void cover(std::vector<HostRoute>& routes);
  /// Writes what was changed without a request, after its effect. Where that fails, an error in the
  /// log says the same.
  void record(const Administrator& by, const AdministrativeChange& change) noexcept;
  /// Seals what is new. A failure is a line in the log: a second later, or at the next start, it is
  /// tried again.
  void seal() noexcept;

 private:
  data::Store& store_;
  const data::AuditHeadFile heads_;
  data::AuditSealer sealer_;
};

}  // namespace bulkhead::host
