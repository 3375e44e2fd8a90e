#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/audit_heads.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

struct AuditSealerOptions {
  std::string holder;  ///< names this sealer among all that ever work on the store
  std::size_t batch_max = 200;
  std::chrono::milliseconds lease{30'000};  ///< between two batches; then another may go on
  std::function<std::int64_t()> now_us;     ///< wall clock, microseconds since 1970
  /// Told of each head after its commit; may be empty.
  std::function<void(const AuditHead& head)> on_sealed{};
};

/// Seals the audit rows of a store after they were committed, so that no writer waits for a chain:
/// gives each its position and its link, in batches of one transaction. One sealer at a time works
/// on a store, whoever holds the lease in it. Thread-safe.
class AuditSealer {
 public:
  /// `store` and `outside` are borrowed. What is sealed is noted in `outside` after its commit.
  AuditSealer(Store& store, const AuditHeadFile& outside, AuditSealerOptions options);

  /// Seals all that is unsealed, and returns how many rows that were; 0 while another holds the
  /// lease. Notes first what the store has and the file does not, such as after a crash between the
  /// two. Throws what the store throws.
  std::size_t seal(std::chrono::steady_clock::time_point deadline);

 private:
  void noteMissing(std::chrono::steady_clock::time_point deadline);
  std::vector<AuditHead> sealBatch(std::size_t& sealed,
                                   std::chrono::steady_clock::time_point deadline);

  Store& store_;
  const AuditHeadFile& outside_;
  const AuditSealerOptions options_;
  std::mutex sealing_;
  bool noted_ = false;  ///< the file has what the store has
};

/// What verify found wrong, at the first row of a chain that does not fit.
struct AuditFlaw {
  std::string chain;
  std::int64_t position = 0;  ///< where in the chain; the first one that is wrong or missing
  std::int64_t seq = 0;       ///< of the row; 0 when it is missing
  std::string what;           ///< a sentence
};

struct AuditVerdict {
  std::int64_t sealed = 0;    ///< rows whose links were followed
  std::int64_t unsealed = 0;  ///< the tail that no chain holds yet
  std::optional<std::int64_t> first_unsealed_seq{};
  std::vector<AuditHead> heads{};  ///< as recomputed
  std::size_t noted = 0;           ///< heads from outside, each compared
  std::size_t damaged_lines = 0;   ///< of the file outside
  std::vector<AuditFlaw> flaws{};  ///< one for each chain that does not hold

  bool holds() const { return flaws.empty(); }
};

/// Follows every chain of the store from its first row to its head, and compares each head that was
/// noted outside, in the file or elsewhere. In pages, so that writers and the sealer go on
/// meanwhile. Proves that sealed rows were neither changed, removed, inserted nor reordered since
/// their head was noted; rows that are unsealed, and whatever happened before a row was sealed, it
/// cannot speak of.
AuditVerdict verifyAudit(Store& store, const AuditHeadFile& outside,
                         std::chrono::steady_clock::time_point deadline,
                         const std::vector<AuditHead>& also_noted = {});

}  // namespace bulkhead::host::data
