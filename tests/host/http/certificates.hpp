#pragma once

#include <filesystem>
#include <string>

#include "temporary_folder.hpp"

namespace bulkhead::host::test {

struct PemFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// A temporary folder for certificates and keys that a test makes.
class CertificateFolder {
 public:
  /// NAME.pem, self-signed for localhost and 127.0.0.1, that ends in so many days (or has ended),
  /// and NAME.key with mode 0600.
  PemFiles make(const std::string& name, int days = 30) const;
  /// The same key, encrypted with a passphrase.
  std::filesystem::path encrypt(const std::filesystem::path& key) const;
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  const TemporaryFolder folder_;
};

}  // namespace bulkhead::host::test
