#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/host.hpp>
#include <bulkhead/outbound.hpp>
#include <bulkhead/required_settings.hpp>

#include "settings.hpp"  // generated from plugin.json

namespace plaid {

/// Who is to connect a bank.
struct LinkOrder {
  std::string user;  ///< unique in the account at Plaid
  std::string language;
  std::vector<std::string> countries;
  std::string access_token;  ///< of a connection that is renewed; empty for a new one
};

/// Speaks to Plaid's API in the one version that the code was written for. Every call ends by its
/// context's deadline, and throws bulkhead::Error: NOT_CONFIGURED without `client_id` and `secret`,
/// the words of provider_error.hpp, and those of bank-feed/1 for what Plaid refuses. Thread-safe.
class PlaidClient {
 public:
  static constexpr std::string_view kApiVersion = "2020-09-14";

  PlaidClient(const bulkhead::Host& host, const Settings& settings)
      : host_{host},
        settings_{settings},
        required_{"plaid", {{"client_id", settings.client_id}, {"secret", settings.secret}}} {}

  /// What is not set of what every call needs; empty when nothing is missing.
  const std::string& missing() const { return required_.missing(); }
  void requireConfigured() const { required_.require(); }

  nlohmann::json createLinkToken(const bulkhead::Context& context, const LinkOrder& order) const;
  nlohmann::json exchange(const bulkhead::Context& context, std::string_view public_token) const;
  nlohmann::json accounts(const bulkhead::Context& context, std::string_view access_token,
                          bool with_balances) const;
  /// `cursor` may be empty: from the beginning.
  nlohmann::json sync(const bulkhead::Context& context, std::string_view access_token,
                      std::string_view cursor, std::int64_t count) const;
  void removeItem(const bulkhead::Context& context, std::string_view access_token) const;
  nlohmann::json verificationKey(const bulkhead::Context& context, std::string_view id) const;
  /// A call that proves the credentials and is nobody's: an institution of Plaid's.
  void check(const bulkhead::Context& context) const;

 private:
  enum class Repeat { Safe, Never };
  nlohmann::json post(const bulkhead::Context& context, std::string_view path, std::string body,
                      Repeat repeat) const;

  const bulkhead::Host host_;
  const Settings& settings_;
  const bulkhead::RequiredSettings required_;
};

}  // namespace plaid
