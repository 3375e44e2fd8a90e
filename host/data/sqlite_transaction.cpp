#include "data/sqlite_transaction.hpp"

#include "data/database_error.hpp"

namespace bulkhead::host::data {

template <typename Work>
auto SqliteTransaction::guarded(const Work& work) {
  check();
  try {
    return work();
  } catch (...) {
    if (!connection_.inTransaction() || connection_.overran()) end_ = std::current_exception();
    throw;
  }
}

void SqliteTransaction::read(std::string_view sql, const bulkhead_value* values, std::size_t count,
                             const SqliteConnection::Receiver& receive) {
  guarded([&] { return connection_.execute(sql, values, count, receive, writable_); });
}

std::int64_t SqliteTransaction::send(std::string_view sql, const bulkhead_value* values,
                                     std::size_t count) {
  return guarded([&] { return connection_.execute(sql, values, count, {}, writable_); });
}

void SqliteTransaction::nested(const std::function<void()>& closure) {
  check();
  if (savepoints_) return nestedInSavepoint(closure);
  const std::uint64_t writes_before = connection_.writes();
  try {
    runNested(closure);
  } catch (...) {
    if (connection_.writes() != writes_before) end_ = std::current_exception();
    throw;
  }
}

void SqliteTransaction::runNested(const std::function<void()>& closure) {
  closure();
  check();
  if (connection_.owesForeignKeys()) throw constraintViolated(SchemaRule::Reference);
}

void SqliteTransaction::nestedInSavepoint(const std::function<void()>& closure) {
  using Control = SqliteConnection::Control;
  connection_.control(Control::Savepoint);
  try {
    runNested(closure);
  } catch (...) {
    if (connection_.inTransaction()) {
      connection_.control(Control::RollbackTo);
      connection_.control(Control::Release);
    }
    throw;
  }
  connection_.control(Control::Release);
}

void SqliteTransaction::check() const {
  if (end_) std::rethrow_exception(end_);
}

}  // namespace bulkhead::host::data
