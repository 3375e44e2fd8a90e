#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

namespace stripe {

/// Tells what we wrote into the metadata of Stripe's objects from what others did. Whoever may make
/// objects in the account may write any tenant there; only what is sealed is believed. The key is
/// the setting `seal_key`, or one of the plugin's own, which is made when it is first needed and
/// kept in its store; neither is known to holders of Stripe's keys. Thread-safe.
class MetadataSeal {
 public:
  /// What is sealed: whose payment it is, and of how much. Amount and currency are those of the
  /// order, so that a copy in another object is worth nothing unless as much is paid by it.
  struct Content {
    std::string_view payment;
    std::string_view tenant;
    std::string_view reference;
    std::int64_t amount = 0;
    std::string_view currency;  ///< upper case
  };

  /// While `key` takes the place of `previous`, seals of both are good, as are those of the
  /// plugin's own key. Either may be empty.
  MetadataSeal(const bulkhead::Host& host, std::string_view key, std::string_view previous)
      : host_{host}, key_{key}, previous_{previous} {}

  /// 64 hexadecimal digits. Outside transactions.
  std::string of(const bulkhead::Context& context, const Content& content) const;
  bool isGood(bulkhead::ReadTransaction& snapshot, const Content& content,
              std::string_view seal) const;

 private:
  std::string ownKey(const bulkhead::Context& context) const;

  const bulkhead::Host host_;
  const std::string key_;
  const std::string previous_;
};

}  // namespace stripe
