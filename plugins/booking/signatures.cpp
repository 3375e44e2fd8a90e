#include "signatures.hpp"

#include <string>

#include "signing_key_store.hpp"

namespace booking {
namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

Signatures::Signatures(std::string_view configured_secret) {
  if (!configured_secret.empty()) adopt(configured_secret);
}

void Signatures::prepare(const bulkhead::Host& host) {
  if (ready_.load(std::memory_order_acquire) != nullptr) return;
  const std::string fresh = host.randomBytes(kSecretBytes);
  host.write([&](bulkhead::Transaction& write) { SigningKeyStore::keep(write, fresh); });
  host.read([&](bulkhead::ReadTransaction& read) { keys(read); });
}

const Signatures::Keys& Signatures::keys(bulkhead::ReadTransaction& transaction) {
  if (const Keys* ready = ready_.load(std::memory_order_acquire)) return *ready;
  const auto secret = SigningKeyStore::find(transaction);
  if (!secret) {
    throw bulkhead::Error::database("DATABASE_UNAVAILABLE",
                                    "The store has no signing key yet; it is made within seconds.")
        .withRetryAfter(1);
  }
  return adopt(*secret);
}

const Signatures::Keys& Signatures::adopt(std::string_view secret) {
  const std::lock_guard lock{mutex_};
  if (!keys_) keys_ = std::make_unique<const Keys>(KeyedHash{secret});
  ready_.store(keys_.get(), std::memory_order_release);
  return *keys_;
}

}  // namespace booking
