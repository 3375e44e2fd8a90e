#include "reply_store.hpp"

namespace twilio {
namespace {

/// Twilio repeats a request at once or not at all; a day is more than enough.
constexpr std::int64_t kKeptUs = 24LL * 3600 * 1'000'000;

}  // namespace

std::optional<std::string> findReply(bulkhead::ReadTransaction& snapshot, std::string_view sid) {
  return snapshot.first("SELECT document FROM reply WHERE sid = $1", bulkhead::values(sid),
                        [](const bulkhead::Row& row) { return row.string(0); });
}

std::string keepReply(bulkhead::Transaction& transaction, std::string_view sid,
                      std::string_view document, std::int64_t now_us) {
  transaction.send("DELETE FROM reply WHERE created_us < $1", bulkhead::values(now_us - kKeptUs));
  transaction.send(
      "INSERT INTO reply (sid, document, created_us) VALUES ($1, "
      "$2, $3) ON CONFLICT (sid) DO NOTHING",
      bulkhead::values(sid, document, now_us));
  return findReply(transaction, sid).value_or(std::string{document});
}

}  // namespace twilio
