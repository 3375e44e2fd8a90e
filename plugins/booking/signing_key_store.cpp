#include "signing_key_store.hpp"

namespace booking {

using bulkhead::values;

std::optional<std::string> SigningKeyStore::find(bulkhead::ReadTransaction& transaction) {
  return transaction.first("select secret from signing_secret where name = 'root'", values(),
                           [](const bulkhead::Row& row) { return row.string(0); });
}

void SigningKeyStore::keep(bulkhead::Transaction& transaction, std::string_view key) {
  transaction.send(
      "insert into signing_secret (name, secret) values ('root', $1) on conflict (name) do nothing",
      values(bulkhead::Blob{key}));
}

}  // namespace booking
