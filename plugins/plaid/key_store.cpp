#include "key_store.hpp"

namespace plaid {
namespace {

/// Plaid makes new ones, and ends the old, within days.
constexpr std::int64_t kKeptUs = 90LL * 24 * 3600 * 1'000'000;

}  // namespace

std::vector<KnownKey> listKeys(bulkhead::ReadTransaction& snapshot) {
  return snapshot.list(
      "SELECT id, x, y, looked_us FROM verification_key ORDER BY looked_us DESC LIMIT $1",
      bulkhead::values(std::int64_t{100}), [](const bulkhead::Row& row) {
        return KnownKey{row.string(0), {row.string(1), row.string(2)}, row.integer(3)};
      });
}

void keepKey(bulkhead::Transaction& transaction, std::string_view id,
             const std::optional<VerificationKey>& key, std::int64_t now_us) {
  transaction.send("DELETE FROM verification_key WHERE id = $1 OR looked_us < $2",
                   bulkhead::values(id, now_us - kKeptUs));
  if (!key) return;
  transaction.send("INSERT INTO verification_key (id, x, y, looked_us) VALUES ($1, $2, $3, $4)",
                   bulkhead::values(id, bulkhead::Blob{key->x}, bulkhead::Blob{key->y}, now_us));
}

}  // namespace plaid
