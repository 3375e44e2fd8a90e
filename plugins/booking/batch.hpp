#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/request.hpp>

#include "batch_store.hpp"

namespace booking {

/// The items of a request, in order. Only a few at a time are looked at.
class BatchWork {
 public:
  virtual ~BatchWork() = default;
  /// Has the next items ready, at most `count`; returns how many. 0: there are no more.
  virtual std::size_t ready(std::size_t count) = 0;
  /// Done with the first `count` of those that are ready.
  virtual void drop(std::size_t count) = 0;
  /// Does ready item `index`. A refusal is a result, and has written nothing; what is thrown has
  /// perhaps written something. May run again, without having run before.
  virtual BatchResult carryOut(bulkhead::Transaction& transaction, std::size_t index) = 0;
  /// The result of an item whose own transaction was refused.
  virtual BatchResult refused(std::size_t index, const bulkhead::Error& error) = 0;
};

/// Every item's result as JSON, with commas, and how often each outcome came.
struct BatchReport {
  std::string results;
  std::map<std::string, std::size_t, std::less<>> count;
  std::size_t items = 0;

  void add(const BatchPart& part);
  std::size_t countOf(std::string_view outcome) const;
};

/// Runs the items: a few in each transaction, whose results are written with their effects. So each
/// item is done exactly once however often the request is repeated with its key, and a repeat goes
/// on where the first was cut off. When a transaction fails that could have been one item's fault,
/// its items get one each. Outside any transaction.
class BatchRunner {
 public:
  /// Throws what begin() and the store throw; items that were done stay done.
  static BatchReport run(const bulkhead::Host& host, const bulkhead::Context& context,
                         const BatchClaim& claim, BatchWork& work);

  /// Reads the key, which is required. Throws IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_INVALID.
  static BatchClaim claimOf(const bulkhead::Request& request, std::string_view route);
};

/// Whether an error is an item's own: a refusal by the rules, not a fault of the store or of ours.
bool isRefusal(const bulkhead::Error& error);

/// Writes an object with `code`, `message` and `details`.
void writeRefusal(bulkhead::JsonWriter& out, const bulkhead::Error& error);

/// The status that such a refusal would have as an answer.
int statusOf(const bulkhead::Error& error);

}  // namespace booking
