#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>

#include "data/store.hpp"

namespace bulkhead::host::data {

/// What is being worked on in one store, as numbers: whoever else works on that store, in whatever
/// process, finds them taken. Each is a lock of the kernel on one byte of `<database>.claims`,
/// which stays empty: it ends with its holder, however that ends. Without a database only who has
/// this object finds them taken. Thread-safe.
class RunningClaims {
 public:
  /// Makes nothing yet.
  explicit RunningClaims(const std::filesystem::path& database);
  ~RunningClaims();
  RunningClaims(const RunningClaims&) = delete;
  RunningClaims& operator=(const RunningClaims&) = delete;

  /// As Store::hold(); of the number's bits the highest two do not count.
  std::unique_ptr<StoreHold> hold(std::uint64_t number);

 private:
  class Hold;

  bool lock(std::int64_t number);
  void release(std::int64_t number) noexcept;

  const std::filesystem::path file_;  ///< empty without a database
  std::mutex mutex_;
  std::set<std::int64_t> held_;
  int descriptor_ = -1;
};

}  // namespace bulkhead::host::data
