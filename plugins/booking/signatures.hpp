#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

#include <bulkhead/host.hpp>

#include "slot_token.hpp"

namespace booking {

/// What the plugin signs with: under its setting `signing_secret`, else under a key of its own that
/// is kept in the store, so that tokens outlive a restart and every replica knows them. Any thread.
class Signatures {
 public:
  explicit Signatures(std::string_view configured_secret);

  /// Makes the store's key when there is none and it is needed. Outside any transaction.
  void prepare(const bulkhead::Host& host);

  /// Throws DATABASE_UNAVAILABLE until prepare() has once got through to the store.
  const SlotTokens& slotTokens(bulkhead::ReadTransaction& transaction) {
    return keys(transaction).slot_tokens;
  }
  /// The key that cursors of lists are signed with; throws as slotTokens().
  const KeyedHash& cursorKey(bulkhead::ReadTransaction& transaction) {
    return keys(transaction).cursors;
  }

 private:
  struct Keys {
    explicit Keys(const KeyedHash& root)
        : slot_tokens{root.derive("slot token")}, cursors{root.derive("cursor")} {}
    SlotTokens slot_tokens;
    KeyedHash cursors;
  };

  const Keys& keys(bulkhead::ReadTransaction& transaction);
  const Keys& adopt(std::string_view secret);

  std::mutex mutex_;
  std::unique_ptr<const Keys> keys_;
  std::atomic<const Keys*> ready_{nullptr};
};

}  // namespace booking
