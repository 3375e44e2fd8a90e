#pragma once

#include <chrono>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>

namespace google_calendar {

/// A Google service account, which proves itself by assertions that it signs (RFC 7523; RS256 of
/// RFC 7518 §3.3). Any thread.
class ServiceAccount {
 public:
  /// What an assertion says.
  struct Claims {
    std::string_view scope;  ///< scopes, separated by spaces
    std::string_view audience;
    std::string_view subject;  ///< empty: for itself
    std::chrono::seconds now;
  };

  /// From the text of the JSON key file that Google makes. Throws Error (configuration,
  /// SERVICE_ACCOUNT_INVALID) when it is none.
  explicit ServiceAccount(std::string_view key_file);
  /// `private_key` is in PEM.
  ServiceAccount(std::string email, std::string_view private_key);

  /// Good for an hour. The same bytes that Google's own library makes of the same claims.
  std::string assertion(const Claims& claims) const;

  const std::string& email() const noexcept { return email_; }

 private:
  std::string signatureOf(std::string_view text) const;

  std::string email_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace google_calendar
