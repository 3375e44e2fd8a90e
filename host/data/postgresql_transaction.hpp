#pragma once

#include <exception>
#include <string>

#include "data/postgresql_connection.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

/// A closure's access to the transaction that is open on `connection`. After a failure every
/// further statement throws it again, until the end of the nested closure that it happened in: a
/// closure that swallows it cannot go on.
class PostgresqlTransaction final : public Transaction {
 public:
  PostgresqlTransaction(PostgresqlConnection& connection, bool writable)
      : connection_{connection}, writable_{writable} {}

  void read(
      std::string_view sql, const bulkhead_value* values, std::size_t count,
      const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive) override;
  std::int64_t send(std::string_view sql, const bulkhead_value* values, std::size_t count) override;
  void queue(std::string_view sql, const bulkhead_value* values, std::size_t count) override;
  void nested(const std::function<void()>& closure) override;
  bool writable() const override { return writable_; }
  Engine engine() const override { return Engine::Postgresql; }

  /// Throws the failure that ended the transaction, if there was one.
  void check() const;

 private:
  template <typename Work>
  auto guarded(const Work& work);
  void undoNested(const std::string& savepoint);

  PostgresqlConnection& connection_;
  const bool writable_;
  int depth_ = 0;  ///< of nested closures
  std::exception_ptr end_;
};

}  // namespace bulkhead::host::data
