#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "logging/secret_names.hpp"

namespace bulkhead::host {

/// Takes secrets out of text before it is written (S131), three ways: by the name of the field, by
/// what a value looks like, and by value for secrets that were registered. Any thread may call.
class Redactor {
 public:
  static constexpr std::string_view kStars = "******";
  static constexpr std::size_t kSecretBytesMin = 6;

  Redactor();
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  /// From now on this value, also percent-encoded or as it stands in JSON text, is taken out of
  /// every line. False for one of fewer than 6 bytes, which would tear ordinary words apart. Kept
  /// in memory as long as this object.
  bool addSecret(std::string_view secret);

  /// `text` without registered secrets, API keys of ours, JSON web tokens, `Bearer` and `Basic`
  /// credentials, user and password of a URL, `name=value` and `"name":"value"` of secret names,
  /// secret headers, and payment card numbers (Luhn; the last four digits stay). Returns `text`
  /// itself when there is nothing to take out, else a view into `scratch`.
  std::string_view redact(std::string_view text, std::string& scratch) const;

  /// See secret_names.hpp.
  static bool isSecretName(std::string_view name) { return host::isSecretName(name); }

 private:
  struct SecretSet;

  std::mutex mutex_;
  std::vector<std::unique_ptr<const SecretSet>> sets_;  // readers may still look at old ones
  std::atomic<const SecretSet*> current_;
};

}  // namespace bulkhead::host
