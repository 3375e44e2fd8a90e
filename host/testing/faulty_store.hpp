#pragma once

#include <cstdint>
#include <memory>

#include "data/store.hpp"
#include "runtime/services.hpp"
#include "testing/call_faults.hpp"

namespace bulkhead::testing {

/// A store whose verbs and statements fail as CallFaults says. What fails within a transaction ends
/// it, also when the closure goes on. Borrows the faults.
class FaultyStore final : public host::data::Store {
 public:
  FaultyStore(std::unique_ptr<host::data::Store> store, CallFaults& faults)
      : store_{std::move(store)}, faults_{faults} {}

  /// The store itself, where nothing fails and nothing is counted.
  host::data::Store& sound() { return *store_; }

  void read(const host::data::TransactionClosure& closure,
            std::chrono::steady_clock::time_point deadline) override;
  void write(const host::data::TransactionClosure& closure,
             std::chrono::steady_clock::time_point deadline) override;
  void maintain(const host::data::SessionWork& work,
                std::chrono::steady_clock::time_point deadline) override {
    store_->maintain(work, deadline);
  }
  std::unique_ptr<host::data::StoreHold> hold(std::uint64_t number) override {
    return store_->hold(number);
  }
  bool ping() noexcept override { return store_->ping(); }
  host::data::StoreStatistics statistics() const override { return store_->statistics(); }
  host::data::Engine engine() const override { return store_->engine(); }

 private:
  const std::unique_ptr<host::data::Store> store_;
  CallFaults& faults_;
};

/// The system's randomness, or the failure that CallFaults says.
class FaultyRandomness final : public host::Randomness {
 public:
  explicit FaultyRandomness(CallFaults& faults) : faults_{faults} {}
  void fill(void* out, std::size_t size) override;

 private:
  CallFaults& faults_;
  host::SystemRandomness system_;
};

}  // namespace bulkhead::testing
