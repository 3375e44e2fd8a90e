#pragma once

namespace bulkhead::host::data {

class Store;

/// Marks that this thread is inside a verb of `store`. Refuses (CALL_IN_TRANSACTION) what could
/// wait for itself: a second verb of the same store, and any verb inside a write, since writers of
/// two stores could wait for each other.
class TransactionScope {
 public:
  enum class Verb { Read, Write };

  TransactionScope(const Store& store, Verb verb);
  ~TransactionScope();
  TransactionScope(const TransactionScope&) = delete;
  TransactionScope& operator=(const TransactionScope&) = delete;

  /// True within a write closure on this thread; calls to the outside are refused there.
  static bool insideWrite() noexcept;
  /// True within any closure on this thread.
  static bool inside() noexcept;

 private:
  const Store& store_;
  const Verb verb_;
  const TransactionScope* const outer_;
};

}  // namespace bulkhead::host::data
