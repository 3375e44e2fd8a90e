#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "instant.hpp"

namespace booking {

/// Whose request of many items it is. A repeat has the same of all four.
struct BatchClaim {
  std::string tenant;
  std::string route;
  std::string key;          ///< its Idempotency-Key
  std::string fingerprint;  ///< of target and body
};

/// What became of one item: a word to count by, and a JSON object to show.
struct BatchResult {
  std::string_view outcome;  ///< "created", "refused", ...: one word
  std::string json;
};

/// What a run of consecutive items came to: a line for each.
struct BatchPart {
  std::size_t items = 0;
  std::string results;

  void add(const BatchResult& result);
};

/// The SQL of requests of many items.
struct BatchStore {
  /// Notes the request unless it is known, and forgets one that was over before `kept_from`. Throws
  /// 422 IDEMPOTENCY_KEY_REUSED when the key was another request's.
  static void begin(bulkhead::Transaction& transaction, const BatchClaim& claim, Instant now,
                    Instant kept_from);
  /// What the items from `first` on came to, if they were done before.
  static std::optional<BatchPart> find(bulkhead::ReadTransaction& transaction,
                                       const BatchClaim& claim, std::size_t first);
  static void insert(bulkhead::Transaction& transaction, const BatchClaim& claim, std::size_t first,
                     const BatchPart& part);
};

}  // namespace booking
