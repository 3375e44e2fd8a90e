#pragma once

#include <exception>

#include "data/sqlite_connection.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

/// A closure's access to the transaction that is open on `connection`. After an error that ended
/// the transaction, or passed its limit, every further statement throws that error again: a closure
/// that swallows it can neither go on nor write outside the transaction. Without `savepoints` the
/// same holds for what a nested closure throws after it wrote: only the whole can undo that.
class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(SqliteConnection& connection, bool writable, bool savepoints)
      : connection_{connection}, writable_{writable}, savepoints_{savepoints} {}

  void read(std::string_view sql, const bulkhead_value* values, std::size_t count,
            const SqliteConnection::Receiver& receive) override;
  std::int64_t send(std::string_view sql, const bulkhead_value* values, std::size_t count) override;
  void nested(const std::function<void()>& closure) override;
  bool writable() const override { return writable_; }
  Engine engine() const override { return Engine::Sqlite; }

  /// Throws the error that ended the transaction, if there was one.
  void check() const;

 private:
  template <typename Work>
  auto guarded(const Work& work);
  void runNested(const std::function<void()>& closure);
  void nestedInSavepoint(const std::function<void()>& closure);

  SqliteConnection& connection_;
  const bool writable_;
  const bool savepoints_;
  std::exception_ptr end_;
};

}  // namespace bulkhead::host::data
