#include "runtime/recovery_points.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <algorithm>
#include <cstring>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/dialect.hpp"

namespace bulkhead::host {

namespace recovery {
namespace {

/// Stands for the request itself; no point has an empty name.
constexpr std::string_view kBegun{};

}  // namespace

void prepare(data::Transaction& transaction) {
  const std::string table = data::inDialect(
      transaction.engine(),
      "CREATE TABLE IF NOT EXISTS bulkhead_recovery (name BLOB NOT NULL, point TEXT NOT NULL, "
      "fingerprint BLOB NOT NULL, result BLOB NOT NULL, expires_us BIGINT NOT NULL, "
      "PRIMARY KEY (name, point))");
  transaction.send(table, nullptr, 0);
  transaction.send(
      "CREATE INDEX IF NOT EXISTS bulkhead_recovery_expiry ON bulkhead_recovery (expires_us)",
      nullptr, 0);
}

void begin(data::Transaction& transaction, const IdempotencyClaim& claim, std::int64_t now_us) {
  const auto now = bulkhead::values(now_us);
  transaction.send("DELETE FROM bulkhead_recovery WHERE expires_us <= $1", now.data(), now.size());
  checkFingerprint(transaction, claim);
  if (!find(transaction, claim, kBegun)) keep(transaction, claim, kBegun, {}, now_us);
}

void checkFingerprint(data::Transaction& transaction, const IdempotencyClaim& claim) {
  bool same = true;
  const auto row = bulkhead::values(Blob{claim.name}, kBegun);
  transaction.read("SELECT fingerprint FROM bulkhead_recovery WHERE name = $1 AND point = $2",
                   row.data(), row.size(), [&](const bulkhead_value* columns, std::size_t count) {
                     same = Row{columns, count}.text(0) == claim.fingerprint;
                     return 1;
                   });
  if (!same) throw idempotency::keyReused();
}

std::optional<std::string> find(data::Transaction& transaction, const IdempotencyClaim& claim,
                                std::string_view point) {
  std::optional<std::string> result;
  const auto row = bulkhead::values(Blob{claim.name}, point);
  transaction.read("SELECT result FROM bulkhead_recovery WHERE name = $1 AND point = $2",
                   row.data(), row.size(), [&](const bulkhead_value* columns, std::size_t count) {
                     result = Row{columns, count}.string(0);
                     return 1;
                   });
  return result;
}

void keep(data::Transaction& transaction, const IdempotencyClaim& claim, std::string_view point,
          std::string_view result, std::int64_t now_us) {
  const std::int64_t expires_us =
      now_us + std::chrono::duration_cast<std::chrono::microseconds>(idempotency::kKept).count();
  const auto row =
      bulkhead::values(Blob{claim.name}, point, Blob{claim.fingerprint}, Blob{result}, expires_us);
  transaction.send(
      "INSERT INTO bulkhead_recovery (name, point, fingerprint, result, expires_us) "
      "VALUES ($1, $2, $3, $4, $5)",
      row.data(), row.size());
}

void forget(data::Transaction& transaction, const IdempotencyClaim& claim) {
  const auto row = bulkhead::values(Blob{claim.name});
  transaction.send("DELETE FROM bulkhead_recovery WHERE name = $1", row.data(), row.size());
}

std::uint64_t numberOf(const IdempotencyClaim& claim) {
  std::uint64_t number = 0;
  std::memcpy(&number, claim.name.data(), std::min(claim.name.size(), sizeof number));
  return number;
}

std::string token(const IdempotencyClaim& claim, std::string_view plugin, std::string_view point) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  for (const std::string_view part : {plugin, std::string_view{claim.name}, point}) {
    const auto size = static_cast<std::uint64_t>(part.size());
    engine.update(&size, sizeof size);
    engine.update(part.data(), part.size());
  }
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace recovery
}  // namespace bulkhead::host
