#include "data/group_commit.hpp"

#include <algorithm>

#include "data/database_error.hpp"
#include "data/run_delay.hpp"
#include "data/sqlite_transaction.hpp"

namespace bulkhead::host::data {

using Control = SqliteConnection::Control;
using Clock = std::chrono::steady_clock;

/// After a closure that wrote and refused: such a workload pays less for savepoints than for groups
/// that run twice.
constexpr int kGroupsWithSavepoints = 64;

// Each round that loses its transaction expels the member that lost it, or is the last one without
// savepoints, so that the rounds end. Members that had already run, refused ones included, run
// again: what they saw is gone.
void GroupCommit::run(WriteQueue::Group& group) {
  begun_ = Clock::now();
  run_delay_before_ = runDelay();
  savepoints_ = options_.rehearse_writes || groups_with_savepoints_ > 0;
  if (groups_with_savepoints_ > 0) --groups_with_savepoints_;
  try {
    do {
      connection_.control(Control::BeginImmediate);
    } while (!runMembers(group) && !connection_.broken());
    if (connection_.broken()) throw databaseUnavailable();
    commit(group);
  } catch (...) {
    abandon();
    throw;
  }
}

bool GroupCommit::runMembers(WriteQueue::Group& group) {
  for (std::size_t i = 0;; ++i) {
    if (i == group.members.size() && !(mayGrow(group) && group.grow())) return true;
    WriteTicket& ticket = *group.members[i];
    if (ticket.expelled) continue;
    const Outcome outcome = runClosure(ticket);
    if (outcome == Outcome::Kept || outcome == Outcome::Refused) continue;
    ticket.expelled = outcome == Outcome::TransactionLost;
    if (connection_.inTransaction()) connection_.control(Control::Rollback);
    if (outcome == Outcome::NeedsSavepoints) {
      savepoints_ = true;
      groups_with_savepoints_ = kGroupsWithSavepoints;
    }
    return false;
  }
}

bool GroupCommit::mayGrow(const WriteQueue::Group& group) const {
  return group.members.size() < options_.group_max && Clock::now() - begun_ < options_.group_time;
}

GroupCommit::Outcome GroupCommit::runClosure(WriteTicket& ticket) {
  ticket.error = nullptr;
  const std::uint64_t writes_before = connection_.writes();
  try {
    attempt(ticket);
    return Outcome::Kept;
  } catch (...) {
    ticket.error = std::current_exception();
  }
  connection_.unlimited();
  if (connection_.overran()) ++counters_.interrupted;
  return outcomeOfError(writes_before);
}

void GroupCommit::attempt(const WriteTicket& ticket) {
  if (options_.rehearse_writes) rehearse(*ticket.closure());
  if (savepoints_) connection_.control(Control::Savepoint);
  callClosure(*ticket.closure());
  if (savepoints_) connection_.control(Control::Release);
}

GroupCommit::Outcome GroupCommit::outcomeOfError(std::uint64_t writes_before) {
  if (!connection_.inTransaction()) return Outcome::TransactionLost;
  if (savepoints_) {
    undoSavepoint();
    return Outcome::Refused;
  }
  if (connection_.writes() == writes_before) return Outcome::Refused;
  return connection_.overran() ? Outcome::TransactionLost : Outcome::NeedsSavepoints;
}

void GroupCommit::callClosure(const TransactionClosure& closure) {
  SqliteTransaction transaction{connection_, true, savepoints_};
  connection_.limitTo(Clock::now() + options_.closure_budget, budgetExceeded, run_delay_before_);
  closure(transaction);
  connection_.unlimited();
  transaction.check();
  // Deferred keys are checked at COMMIT, where they would fail the whole group.
  if (connection_.owesForeignKeys()) throw constraintViolated(SchemaRule::Reference);
}

void GroupCommit::rehearse(const TransactionClosure& closure) {
  connection_.control(Control::Savepoint);
  try {
    callClosure(closure);
  } catch (...) {
    connection_.unlimited();
    if (!connection_.inTransaction()) throw;
  }
  undoSavepoint();
}

void GroupCommit::undoSavepoint() {
  connection_.control(Control::RollbackTo);
  connection_.control(Control::Release);
}

void GroupCommit::commit(const WriteQueue::Group& group) {
  connection_.control(Control::Commit);
  const auto kept = std::count_if(group.members.begin(), group.members.end(),
                                  [](const WriteTicket* ticket) { return !ticket->error; });
  if (kept == 0) return;
  counters_.writes += static_cast<std::uint64_t>(kept);
  ++counters_.commits;
}

void GroupCommit::abandon() noexcept {
  try {
    connection_.unlimited();
    if (connection_.inTransaction()) connection_.control(Control::Rollback);
  } catch (...) {
    connection_.distrust();
  }
}

}  // namespace bulkhead::host::data
