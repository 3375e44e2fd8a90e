#include "seal_key_store.hpp"

namespace stripe {

std::optional<std::string> findSealKey(bulkhead::ReadTransaction& snapshot) {
  return snapshot.first("SELECT secret FROM seal_key WHERE id = 1", bulkhead::values(),
                        [](const bulkhead::Row& row) { return row.string(0); });
}

std::string keepSealKey(bulkhead::Transaction& transaction, std::string_view key) {
  transaction.send("INSERT INTO seal_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
                   bulkhead::values(bulkhead::Blob{key}));
  return findSealKey(transaction).value_or(std::string{key});
}

}  // namespace stripe
