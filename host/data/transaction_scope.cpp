#include "data/transaction_scope.hpp"

#include "data/database_error.hpp"

namespace bulkhead::host::data {
namespace {

thread_local const TransactionScope* innermost = nullptr;

}  // namespace

TransactionScope::TransactionScope(const Store& store, Verb verb)
    : store_{store}, verb_{verb}, outer_{innermost} {
  for (const TransactionScope* scope = outer_; scope != nullptr; scope = scope->outer_) {
    if (scope->verb_ == Verb::Write || &scope->store_ == &store) throw calledInTransaction();
  }
  innermost = this;
}

TransactionScope::~TransactionScope() {
  innermost = outer_;
}

bool TransactionScope::inside() noexcept {
  return innermost != nullptr;
}

bool TransactionScope::insideWrite() noexcept {
  for (const TransactionScope* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (scope->verb_ == Verb::Write) return true;
  }
  return false;
}

}  // namespace bulkhead::host::data
