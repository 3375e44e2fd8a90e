#include "testing/faulty_store.hpp"

#include <optional>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::testing {
namespace {

using host::data::Transaction;

class FaultyTransaction final : public Transaction {
 public:
  FaultyTransaction(Transaction& transaction, CallFaults& faults)
      : transaction_{transaction}, faults_{faults} {}

  void read(std::string_view sql, const bulkhead_value* values, std::size_t count,
            const std::function<int(const bulkhead_value*, std::size_t)>& receive) override {
    statement("tx_read", [&] { transaction_.read(sql, values, count, receive); });
  }
  std::int64_t send(std::string_view sql, const bulkhead_value* values,
                    std::size_t count) override {
    std::int64_t changed = 0;
    statement("tx_send", [&] { changed = transaction_.send(sql, values, count); });
    return changed;
  }
  void nested(const std::function<void()>& closure) override { transaction_.nested(closure); }
  bool writable() const override { return transaction_.writable(); }
  host::data::Engine engine() const override { return transaction_.engine(); }

  /// To be called at the closure's end: a failure that it passed over is told all the same.
  void finish() {
    if (failure_) throw Error{*failure_};
    if (faults_.isDead()) faults_.die();
  }

 private:
  template <class Call>
  void statement(const char* name, const Call& call) {
    bool dies = false;
    try {
      dies = faults_.begin(name);
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
    call();
    if (dies) faults_.die();
  }

  Transaction& transaction_;
  CallFaults& faults_;
  std::optional<Error> failure_;
};

host::data::TransactionClosure faulty(const host::data::TransactionClosure& closure,
                                      CallFaults& faults) {
  return [&closure, &faults](Transaction& transaction) {
    FaultyTransaction failing{transaction, faults};
    closure(failing);
    failing.finish();
  };
}

}  // namespace

void FaultyStore::read(const host::data::TransactionClosure& closure,
                       std::chrono::steady_clock::time_point deadline) {
  const bool dies = faults_.begin("db_read");
  store_->read(faulty(closure, faults_), deadline);
  if (dies) faults_.die();
}

void FaultyStore::write(const host::data::TransactionClosure& closure,
                        std::chrono::steady_clock::time_point deadline) {
  const bool dies = faults_.begin("db_write");
  store_->write(faulty(closure, faults_), deadline);
  if (dies) faults_.die();
}

void FaultyRandomness::fill(void* out, std::size_t size) {
  const bool dies = faults_.begin("random_bytes");
  system_.fill(out, size);
  if (dies) faults_.die();
}

}  // namespace bulkhead::testing
