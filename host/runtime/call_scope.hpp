#pragma once

#include <string_view>

#include <bulkhead/abi.h>

namespace bulkhead::host {

/// While it lives, this thread is within a transaction of a store.
class TransactionScope {
 public:
  /// Throws what requireOutside() does.
  TransactionScope();
  ~TransactionScope();
  TransactionScope(const TransactionScope&) = delete;
  TransactionScope& operator=(const TransactionScope&) = delete;

  /// Throws Error (CALL_IN_TRANSACTION) on a thread that is in one; `what` is not done there, a
  /// clause: "No capability is called".
  static void requireOutside(std::string_view what);
};

/// While it lives, this thread is in the plugin for that context.
class RunningContext {
 public:
  explicit RunningContext(bulkhead_context& context) noexcept;
  ~RunningContext();
  RunningContext(const RunningContext&) = delete;
  RunningContext& operator=(const RunningContext&) = delete;

  /// That of this thread, unless one is given; null outside any call.
  static bulkhead_context* unless(bulkhead_context* given) noexcept;

 private:
  bulkhead_context* const before_;
};

}  // namespace bulkhead::host
