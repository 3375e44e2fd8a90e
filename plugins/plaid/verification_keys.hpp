#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <bulkhead/host.hpp>

#include "plaid_client.hpp"
#include "webhook_token.hpp"

namespace plaid {

/// Plaid's keys by their ids, asked for once. Anybody can name ids, so what Plaid does not know is
/// remembered, too, and there are few questions in a minute. Thread-safe.
class VerificationKeys {
 public:
  VerificationKeys(const bulkhead::Host& host, const PlaidClient& client)
      : host_{host}, client_{client} {}
  VerificationKeys(const VerificationKeys&) = delete;
  VerificationKeys& operator=(const VerificationKeys&) = delete;

  /// Nothing for a key that Plaid does not know, or has ended. Throws bulkhead::Error of
  /// provider_error.hpp when that cannot be found out at the moment.
  std::optional<VerificationKey> find(const bulkhead::Context& context, const std::string& id);

 private:
  using Time = std::chrono::microseconds;

  struct Entry {
    std::optional<VerificationKey> key;
    Time looked{0};
  };

  std::optional<Entry> known(const std::string& id) const;
  bool mayAsk();
  std::optional<VerificationKey> ask(const bulkhead::Context& context, const std::string& id) const;
  void remember(const std::string& id, const std::optional<VerificationKey>& key);

  const bulkhead::Host host_;
  const PlaidClient& client_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  Time minute_began_{0};
  int asked_in_minute_ = 0;
};

}  // namespace plaid
