#include "data/postgresql_transaction.hpp"

#include <fmt/format.h>

namespace bulkhead::host::data {

template <typename Work>
auto PostgresqlTransaction::guarded(const Work& work) {
  check();
  try {
    return work();
  } catch (...) {
    end_ = std::current_exception();
    throw;
  }
}

// The rows are given outside of `guarded`: what their receiver throws ends nothing.
void PostgresqlTransaction::read(
    std::string_view sql, const bulkhead_value* values, std::size_t count,
    const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive) {
  const PostgresqlResult rows = guarded([&] {
    connection_.queue(sql, values, count);
    return connection_.finish();
  });
  deliver(rows.get(), receive);
}

std::int64_t PostgresqlTransaction::send(std::string_view sql, const bulkhead_value* values,
                                         std::size_t count) {
  return guarded([&] {
    connection_.queue(sql, values, count);
    return rowsChanged(connection_.finish().get());
  });
}

void PostgresqlTransaction::queue(std::string_view sql, const bulkhead_value* values,
                                  std::size_t count) {
  guarded([&] { connection_.queue(sql, values, count); });
}

// What was delayed before it is not part of it, and what is delayed in it is checked at its end.
void PostgresqlTransaction::nested(const std::function<void()>& closure) {
  const std::string savepoint = fmt::format("bh{}", depth_ + 1);
  guarded([&] { connection_.queueControl("SAVEPOINT " + savepoint); });
  ++depth_;
  try {
    closure();
    guarded([&] {
      connection_.queueControl("SET CONSTRAINTS ALL IMMEDIATE");
      connection_.queueControl("SET CONSTRAINTS ALL DEFERRED");
      connection_.queueControl("RELEASE SAVEPOINT " + savepoint);
      connection_.finish();
    });
    --depth_;
  } catch (...) {
    --depth_;
    undoNested(savepoint);
    throw;
  }
}

// A conflict is no business of the closure's: the whole runs again. Where a statement before the
// nested closure had failed, which nobody had waited for, there is no savepoint to go back to, and
// that failure is the one that counts. Each depth has a name of its own, lest another one's
// savepoint is found instead.
void PostgresqlTransaction::undoNested(const std::string& savepoint) {
  std::exception_ptr failure = std::current_exception();
  if (const std::exception_ptr first = connection_.drain()) failure = first;
  if (connection_.broken() || connection_.failure() == PostgresqlFailure::Conflict) {
    end_ = failure;
    return;
  }
  try {
    connection_.queueControl("ROLLBACK TO SAVEPOINT " + savepoint);
    connection_.queueControl("RELEASE SAVEPOINT " + savepoint);
    connection_.finish();
    end_ = nullptr;
  } catch (...) {
    end_ = failure;
  }
}

void PostgresqlTransaction::check() const {
  if (end_) std::rethrow_exception(end_);
}

}  // namespace bulkhead::host::data
