#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "data/store.hpp"
#include "runtime/idempotency.hpp"

namespace bulkhead::host {

/// The keyed requests whose handlers run in this home. A store is written by one home at a time, so
/// that what is not here does not run. Thread-safe.
class RunningClaims {
 public:
  /// One request's place among them.
  class Hold {
   public:
    Hold(RunningClaims& claims, std::string name) : claims_{&claims}, name_{std::move(name)} {}
    Hold(Hold&& other) noexcept : claims_{other.claims_}, name_{std::move(other.name_)} {
      other.claims_ = nullptr;
    }
    Hold& operator=(Hold&&) = delete;
    ~Hold();

   private:
    RunningClaims* claims_;
    std::string name_;
  };

  /// Nothing while an equal claim is held.
  std::optional<Hold> hold(const IdempotencyClaim& claim);

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

/// What the attempts at a keyed request that calls out have reached, kept in the plugin's own store
/// until the request has its answer (B3), or for as long as answers are kept.
namespace recovery {

/// Makes the table where it is missing.
void prepare(data::Transaction& transaction);
/// Writes down that the request was begun, unless an earlier attempt has. Throws 422
/// IDEMPOTENCY_KEY_REUSED for another fingerprint.
void begin(data::Transaction& transaction, const IdempotencyClaim& claim, std::int64_t now_us);
/// Throws the same when the request was begun with another fingerprint.
void checkFingerprint(data::Transaction& transaction, const IdempotencyClaim& claim);
/// The result that was kept at a point.
std::optional<std::string> find(data::Transaction& transaction, const IdempotencyClaim& claim,
                                std::string_view point);
void keep(data::Transaction& transaction, const IdempotencyClaim& claim, std::string_view point,
          std::string_view result, std::int64_t now_us);
/// Removes all points of a request that has its answer.
void forget(data::Transaction& transaction, const IdempotencyClaim& claim);
/// The token of a point: equal in every attempt.
std::string token(const IdempotencyClaim& claim, std::string_view plugin, std::string_view point);

}  // namespace recovery
}  // namespace bulkhead::host
