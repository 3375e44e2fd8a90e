#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <bulkhead/error.hpp>

#include "data/store.hpp"
#include "runtime/contract.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// A request's claim to be the same as an earlier one: tenant, route and key name it, the
/// fingerprint proves it.
struct IdempotencyClaim {
  std::string tenant;
  std::string route;        ///< method and template
  std::string key;          ///< 1..255 visible ASCII characters, unquoted
  std::string fingerprint;  ///< SHA-256 of method, path, query and raw body: what it means, not
                            ///< how it was written
  std::string name;         ///< digest of tenant, route and key
};

/// Reads the Idempotency-Key header (bare, or an RFC 8941 string). Nothing when the route does not
/// use keys, or the key is optional and absent. Throws Error: 400 IDEMPOTENCY_KEY_REQUIRED, 400
/// IDEMPOTENCY_KEY_INVALID.
std::optional<IdempotencyClaim> readIdempotencyClaim(const RouteContract& contract,
                                                     const HttpRequest& request);

/// The answers that keyed requests got, kept in the plugin's own store, in the transaction of their
/// effect (B3).
namespace idempotency {

constexpr std::chrono::hours kKept{72};

/// What a repeat gets: the answer as it was, or the refusal, to be told to the one who repeats.
using StoredAnswer = std::variant<HttpResponse, Error>;

/// Makes the table where it is missing.
void prepare(data::Transaction& transaction);
/// The stored answer of an equal claim. Throws 422 IDEMPOTENCY_KEY_REUSED for another fingerprint.
std::optional<StoredAnswer> find(data::Transaction& transaction, const IdempotencyClaim& claim,
                                 std::int64_t now_us);
/// Stores the answer; also removes a few rows that have expired.
void save(data::Transaction& transaction, const IdempotencyClaim& claim,
          const HttpResponse& response, std::int64_t now_us);
void save(data::Transaction& transaction, const IdempotencyClaim& claim, const Error& refusal,
          std::int64_t now_us);

}  // namespace idempotency
}  // namespace bulkhead::host
