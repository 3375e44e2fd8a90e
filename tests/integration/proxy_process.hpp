#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "child_program.hpp"

namespace bulkhead::integration {

/// A request as somebody logged it: without its query, and with the status that it got.
struct SeenRequest {
  std::string method;
  std::string url;
  int status = 0;
};

/// A request target without its query.
std::string pathOf(std::string_view url);

/// A reverse proxy of Debian in front of a host, on a free loopback port, with kept connections
/// behind it. Dies with this object.
class ProxyProcess {
 public:
  enum class Kind { Nginx, Haproxy, Caddy };

  ProxyProcess(Kind kind, const std::filesystem::path& folder, std::uint16_t host_port);

  static std::filesystem::path programOf(Kind kind);
  static bool isInstalled(Kind kind) { return std::filesystem::exists(programOf(kind)); }
  std::uint16_t port() const { return port_; }
  /// What it has handed on to the host so far, in order.
  std::vector<SeenRequest> forwarded() const;
  std::string logText() const { return readText(log_); }
  std::string errorText() const { return readText(errors_); }

 private:
  const Kind kind_;
  const std::uint16_t port_;
  std::filesystem::path log_;
  std::filesystem::path errors_;
  std::unique_ptr<ChildProgram> program_;
};

}  // namespace bulkhead::integration
