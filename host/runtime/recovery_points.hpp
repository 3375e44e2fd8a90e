#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/store.hpp"
#include "runtime/idempotency.hpp"

namespace bulkhead::host {

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
/// What stands for the request among those that run on its store (data::Store::hold): whoever does
/// not get it has an equal one running, in this generation or in another.
std::uint64_t numberOf(const IdempotencyClaim& claim);
/// The token of a point: equal in every attempt.
std::string token(const IdempotencyClaim& claim, std::string_view plugin, std::string_view point);

}  // namespace recovery
}  // namespace bulkhead::host
