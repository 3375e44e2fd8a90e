#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

#include "data/postgresql_connection.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

/// What is being worked on in one store, as advisory locks of one session: whoever else works on
/// that store finds them taken, until they are given back or that session ends. One that broke is
/// replaced, and takes again what is still held. Another lock, which they share, is of all that
/// work on the store at all. Thread-safe.
class PostgresqlClaims {
 public:
  using Connect = std::function<std::unique_ptr<PostgresqlConnection>()>;

  PostgresqlClaims(std::string schema, Connect connect);

  /// As Store::hold().
  std::unique_ptr<StoreHold> hold(std::uint64_t number);
  /// As Store's.
  void settle();
  bool isAlone();
  /// Takes again what a session that has ended held. Called now and then.
  void keep();

 private:
  class Hold;

  PostgresqlConnection& session();
  bool lock(std::uint64_t number);
  void release(std::uint64_t number) noexcept;
  void stay();
  std::int64_t lockOf(std::uint64_t number) const;
  std::int64_t lockOfAll() const;

  const std::string schema_;
  const Connect connect_;
  std::mutex mutex_;
  std::set<std::uint64_t> held_;
  bool settled_ = false;
  std::unique_ptr<PostgresqlConnection> session_;
};

}  // namespace bulkhead::host::data
