#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/configuration.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Speaks /api/admin for the commands: over DATA_DIR/admin.sock to the running host, or, when none
/// runs, on the host's own store, which it takes for the time of the call.
class AdminClient {
 public:
  explicit AdminClient(const Configuration& configuration) : settings_{configuration.settings()} {}

  /// The answer, refusals included. Throws Error when neither way leads anywhere.
  HttpResponse call(const std::string& method, const std::string& path,
                    const std::string& body = {}) const;
  /// The same, only to a running host.
  HttpResponse callRunning(const std::string& method, const std::string& path,
                           const std::string& body = {}) const;
  /// True when a host listens on DATA_DIR/admin.sock.
  bool isHostRunning() const;

 private:
  std::optional<HttpResponse> overSocket(const std::string& method, const std::string& path,
                                         const std::string& body) const;
  void requireFolders(const std::filesystem::path& store, bool may_make) const;
  HttpResponse onStore(const std::string& method, const std::string& path,
                       const std::string& body) const;

  const HostSettings& settings_;
};

}  // namespace bulkhead::host
