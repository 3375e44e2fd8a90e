#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/admin_audit.hpp"
#include "config/configuration.hpp"
#include "runtime/message.hpp"
#include "security/key_store.hpp"

namespace bulkhead::host {

/// Speaks /api/admin for the commands: over DATA_DIR/admin.sock to the running host, or, when none
/// runs, on the host's own store, which it takes for the time of the call.
class AdminClient {
 public:
  explicit AdminClient(const Configuration& configuration) : settings_{configuration.settings()} {}

  /// The answer, refusals included. Throws Error when neither way leads anywhere.
  HttpResponse call(const std::string& method, const std::string& path,
                    const std::string& body = {}) const;
  /// The same, only to a running host, which may take so long.
  HttpResponse callRunning(const std::string& method, const std::string& path,
                           const std::string& body = {},
                           std::chrono::seconds timeout = kTimeout) const;
  /// True when a host listens on DATA_DIR/admin.sock.
  bool isHostRunning() const;

 private:
  static constexpr std::chrono::seconds kTimeout{30};

  std::optional<HttpResponse> overSocket(const std::string& method, const std::string& path,
                                         const std::string& body,
                                         std::chrono::seconds timeout) const;
  void requireFolders(const std::filesystem::path& store, bool may_make) const;
  HttpResponse onStore(const std::string& method, const std::string& path,
                       const std::string& body) const;
  HttpResponse answerOn(KeyStore& keys, AdminAudit& audit, const std::string& method,
                        const std::string& path, const std::string& body) const;

  const HostSettings& settings_;
};

}  // namespace bulkhead::host
