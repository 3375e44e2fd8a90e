#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <bulkhead/host.hpp>

#include "plaid_client.hpp"
#include "waiting_ids.hpp"
#include "webhook_token.hpp"

namespace plaid {

/// Plaid's keys by their ids, asked for once. Anybody can name ids, so what Plaid does not know is
/// remembered, too, and there are few questions in a minute. They are of three kinds, none of which
/// takes from another: for ids that are new, for ids that come again after they had to wait (as
/// those of Plaid do, which delivers again), and for keys that are looked at again. Who names many
/// ids, and each of them twice, takes the first two: then a key that Plaid has just made waits. One
/// that is known is looked at whatever comes, also after a restart: it is kept in the store.
/// Thread-safe.
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
  /// So many questions in a minute.
  struct Allowance {
    const int in_minute;
    Time began{0};
    int taken = 0;

    bool take(Time now);
  };

  void loadOnce(const bulkhead::Context& context);
  void keep(const bulkhead::Context& context, const std::string& id,
            const std::optional<VerificationKey>& key, bool was_known);
  std::optional<Entry> known(const std::string& id) const;
  bool mayAskAgain();
  bool mayAskForStranger(const std::string& id);
  std::optional<VerificationKey> ask(const bulkhead::Context& context, const std::string& id) const;
  void remember(const std::string& id, const std::optional<VerificationKey>& key);

  const bulkhead::Host host_;
  const PlaidClient& client_;
  mutable std::mutex mutex_;
  bool is_loaded_ = false;
  std::map<std::string, Entry> entries_;
  Allowance for_new_{20};
  Allowance for_returned_{10};
  Allowance for_known_{10};
  WaitingIds waiting_;
  std::string salt_;  ///< so that nobody can push a certain id out of `waiting_`
};

}  // namespace plaid
