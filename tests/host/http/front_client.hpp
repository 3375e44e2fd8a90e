#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host::test {

/// One response as a client reads it.
struct Answer {
  int status = 0;
  std::string head;
  std::multimap<std::string, std::string> fields;  ///< names in lower case
  std::string body;

  std::string field(const std::string& name) const;
};

/// A raw TCP (or Unix) client: what it sends is what the test wrote, and every wait is bounded.
class RawClient {
 public:
  static constexpr std::chrono::milliseconds kPatience{5000};

  explicit RawClient(std::uint16_t port);
  explicit RawClient(const std::string& unix_path);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Sends all of it; false when the connection broke.
  bool send(std::string_view bytes);
  void finishSending();
  /// Next response; nothing when the connection was closed or patience ran out before it was whole.
  /// 1xx responses are returned like any other. `to_head`: it has no body.
  std::optional<Answer> read(bool to_head = false);
  /// True when the server closes (EOF or reset) within `patience`; bytes before it are discarded.
  bool closedWithin(std::chrono::milliseconds patience = kPatience);
  /// Bytes until EOF, reset or patience.
  std::string readAll(std::chrono::milliseconds patience = kPatience);
  /// The first bytes that come, or none when it closes or patience runs out.
  std::string readSome(std::chrono::milliseconds patience = kPatience);
  int fd() const noexcept { return fd_; }

 private:
  enum class Wait { Bytes, Closed, TimedOut };
  Wait fill(std::chrono::steady_clock::time_point until);

  int fd_ = -1;
  std::string buffer_;
};

/// "GET path HTTP/1.1", a Host and extra header lines (each with its CRLF).
std::string get(std::string_view path, std::string_view lines = {});
std::string post(std::string_view path, std::string_view body, std::string_view lines = {});

}  // namespace bulkhead::host::test
