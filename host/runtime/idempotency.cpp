#include "runtime/idempotency.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/transaction.hpp>

#include "data/dialect.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kKeyLengthMax = 255;
/// Half of a SHA-256: enough that nobody finds two claims of one name.
constexpr std::size_t kNameSize = 16;

std::string sha256(const std::vector<std::string_view>& parts) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  for (const auto part : parts) {
    const auto size = static_cast<std::uint64_t>(part.size());
    engine.update(&size, sizeof size);
    engine.update(part.data(), part.size());
  }
  const auto& digest = engine.digest();
  return {digest.begin(), digest.end()};
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string{text};
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

std::string headersToJson(const Fields& headers) {
  return toJson([&](JsonWriter& out) {
    out.array(headers, [](JsonWriter& pairs, const auto& header) {
      pairs.beginArray();
      pairs.value(header.first);
      pairs.value(header.second);
      pairs.endArray();
    });
  });
}

/// A refusal in the place of an answer's headers; its details are the body.
std::string refusalToJson(const Error& refusal) {
  return toJson([&](JsonWriter& out) {
    out.object("kind", static_cast<std::int32_t>(refusal.kind()), "code", refusal.code(), "message",
               refusal.message(), "retryAfter", refusal.retryAfterSeconds());
  });
}

/// Headers are an array of pairs, a refusal is an object.
idempotency::StoredAnswer storedAnswer(int status, std::string_view headers,
                                       std::string_view body) {
  const auto document = nlohmann::json::parse(headers);
  if (document.is_object()) {
    return Error{static_cast<ErrorKind>(document.at("kind").get<std::int32_t>()),
                 document.at("code").get<std::string>(), document.at("message").get<std::string>()}
        .withDetails(std::string{body})
        .withRetryAfter(document.at("retryAfter").get<int>());
  }
  HttpResponse response;
  response.status = status;
  response.body = body;
  for (const auto& pair : document) response.headers.emplace_back(pair.at(0), pair.at(1));
  return response;
}

std::string fingerprintOf(const HttpRequest& request) {
  std::vector<std::string_view> parts{request.method, request.path};
  for (const auto& [name, value] : request.query) parts.insert(parts.end(), {name, value});
  parts.push_back(request.body);
  return sha256(parts);
}

}  // namespace

std::optional<IdempotencyClaim> readIdempotencyClaim(const RouteContract& contract,
                                                     const HttpRequest& request) {
  if (contract.idempotency() == RouteIdempotency::None) return std::nullopt;
  const auto count =
      std::count_if(request.headers.begin(), request.headers.end(),
                    [](const auto& header) { return header.first == "idempotency-key"; });
  if (count == 0 && contract.idempotency() == RouteIdempotency::Optional) return std::nullopt;
  if (count == 0) {
    throw Error::validation("IDEMPOTENCY_KEY_REQUIRED",
                            "Send an Idempotency-Key header: a new value for each new request, the "
                            "same for its repeats.");
  }
  std::string key = unquoted(*request.header("idempotency-key"));
  const bool visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (count > 1 || key.empty() || key.size() > kKeyLengthMax || !visible) {
    throw Error::validation(
        "IDEMPOTENCY_KEY_INVALID",
        "Idempotency-Key is given once and has 1 to 255 visible ASCII characters.");
  }
  IdempotencyClaim claim{request.principal.tenant,
                         contract.method() + " " + contract.path(),
                         std::move(key),
                         fingerprintOf(request),
                         {}};
  claim.name = sha256({claim.tenant, claim.route, claim.key}).substr(0, kNameSize);
  return claim;
}

namespace idempotency {

Error keyReused() {
  return Error::businessLogic(
      "IDEMPOTENCY_KEY_REUSED",
      "This Idempotency-Key was used for another request. Use a new key for a new request.");
}

// Two homes may start at once, and PostgreSQL's IF NOT EXISTS is not made for that.
void prepare(data::Transaction& transaction) {
  if (transaction.engine() == data::Engine::Postgresql)
    transaction.queue("SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 0))",
                      nullptr, 0);
  const std::string_view number = transaction.engine() == data::Engine::Postgresql
                                      ? "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
                                      : "INTEGER PRIMARY KEY";
  const std::string table = data::inDialect(
      transaction.engine(),
      fmt::format("CREATE TABLE IF NOT EXISTS bulkhead_answer (number {}, name BLOB NOT NULL, "
                  "expires_us BIGINT NOT NULL, tenant TEXT NOT NULL, route TEXT NOT NULL, key TEXT "
                  "NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, headers TEXT NOT "
                  "NULL, body BLOB NOT NULL)",
                  number));
  transaction.send(table, nullptr, 0);
  transaction.send(
      "CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_answer_name ON bulkhead_answer (name)", nullptr,
      0);
}

std::optional<StoredAnswer> find(data::Transaction& transaction, const IdempotencyClaim& claim,
                                 std::int64_t now_us) {
  std::optional<StoredAnswer> stored;
  bool same = true;
  const auto row = bulkhead::values(Blob{claim.name}, now_us);
  transaction.read(
      "SELECT fingerprint, status, headers, body FROM bulkhead_answer "
      "WHERE name = $1 AND expires_us > $2",
      row.data(), row.size(), [&](const bulkhead_value* columns, std::size_t count) {
        const Row stored_row{columns, count};
        same = stored_row.text(0) == claim.fingerprint;
        stored = storedAnswer(static_cast<int>(stored_row.integer(1)), stored_row.text(2),
                              stored_row.text(3));
        return 1;
      });
  if (!same) throw keyReused();
  return stored;
}

namespace {

/// Answers expire in the order of their numbers, so that the oldest are the first. One name in 16
/// looks for them, so that they are not looked for all the time, and lets 32 go at most, so that
/// there are soon none.
void removeExpired(data::Transaction& transaction, const IdempotencyClaim& claim,
                   std::int64_t now_us) {
  if (static_cast<unsigned char>(claim.name.front()) % 16 != 0) return;
  const auto now = bulkhead::values(now_us);
  transaction.send(
      "DELETE FROM bulkhead_answer WHERE expires_us <= $1 AND number < "
      "(SELECT min(number) + 32 FROM bulkhead_answer)",
      now.data(), now.size());
}

constexpr std::string_view kKeep =
    "INSERT OR REPLACE INTO bulkhead_answer (name, expires_us, tenant, route, key, fingerprint, "
    "status, headers, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr std::string_view kKeepPostgresql =
    "INSERT INTO bulkhead_answer (name, expires_us, tenant, route, key, fingerprint, status, "
    "headers, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO UPDATE SET "
    "number = DEFAULT, expires_us = excluded.expires_us, tenant = excluded.tenant, "
    "route = excluded.route, key = excluded.key, fingerprint = excluded.fingerprint, "
    "status = excluded.status, headers = excluded.headers, body = excluded.body";

/// Takes the place, but not the number, of an equal claim that has expired.
void keep(data::Transaction& transaction, const IdempotencyClaim& claim, int status,
          const std::string& headers, std::string_view body, std::int64_t now_us) {
  removeExpired(transaction, claim, now_us);
  const std::int64_t expires_us =
      now_us + std::chrono::duration_cast<std::chrono::microseconds>(kKept).count();
  const auto row =
      bulkhead::values(Blob{claim.name}, expires_us, claim.tenant, claim.route, claim.key,
                       Blob{claim.fingerprint}, status, headers, Blob{body});
  transaction.queue(transaction.engine() == data::Engine::Postgresql ? kKeepPostgresql : kKeep,
                    row.data(), row.size());
}

}  // namespace

void save(data::Transaction& transaction, const IdempotencyClaim& claim,
          const HttpResponse& response, std::int64_t now_us) {
  keep(transaction, claim, response.status, headersToJson(response.headers), response.body, now_us);
}

void save(data::Transaction& transaction, const IdempotencyClaim& claim, const Error& refusal,
          std::int64_t now_us) {
  keep(transaction, claim, statusOf(refusal), refusalToJson(refusal), refusal.details(), now_us);
}

}  // namespace idempotency
}  // namespace bulkhead::host
