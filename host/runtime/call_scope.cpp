#include "runtime/call_scope.hpp"

#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

thread_local bool in_transaction = false;
thread_local bulkhead_context* running_context = nullptr;

}  // namespace

TransactionScope::TransactionScope() {
  requireOutside("The store is not asked for a transaction");
  in_transaction = true;
}

TransactionScope::~TransactionScope() {
  in_transaction = false;
}

void TransactionScope::requireOutside(std::string_view what) {
  if (!in_transaction) return;
  throw Error::app("CALL_IN_TRANSACTION", fmt::format("{} from within a transaction.", what));
}

RunningContext::RunningContext(bulkhead_context& context) noexcept
    : before_{std::exchange(running_context, &context)} {}

RunningContext::~RunningContext() {
  running_context = before_;
}

bulkhead_context* RunningContext::unless(bulkhead_context* given) noexcept {
  return given != nullptr ? given : running_context;
}

}  // namespace bulkhead::host
