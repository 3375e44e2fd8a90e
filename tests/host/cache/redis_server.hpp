#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "temporary_folder.hpp"

namespace bulkhead::host::test {

/// A loopback port that nobody listens on.
std::uint16_t freePort();

/// A real Redis server, without persistence, for as long as this lives; it dies with this process.
class RedisServer {
 public:
  static bool isInstalled();

  /// Starts it with these options beside a free port of its own, and waits until it listens.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// For a Unix socket and the like; removed with the server.
  const std::filesystem::path& folder() const { return folder_.path(); }

  void signal(int number) const;
  void kill();
  /// Once more, on the same port, with nothing of what it held.
  void start();

 private:
  void awaitListening() const;

  const TemporaryFolder folder_;
  const std::uint16_t port_ = freePort();
  const std::vector<std::string> options_;
  pid_t id_ = -1;
};

}  // namespace bulkhead::host::test
