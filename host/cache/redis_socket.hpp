#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::host::cache {

/// Where a Redis server is, and how one gets in.
struct RedisAddress {
  std::string host = "localhost";
  std::uint16_t port = 6379;
  std::string unix_socket{};  ///< in place of host and port
  std::string user{};         ///< empty: the default one
  std::string password{};     ///< empty: none is sent
  int database = 0;
  bool tls = false;
  std::string ca_file{};  ///< empty: the system's

  /// For people: "cache.example:6379" or "/run/redis.sock".
  std::string text() const;
};

/// A connection that never waits but in its constructor: plain, over TLS or over a Unix socket.
class RedisSocket {
 public:
  /// What stands in the way of the bytes.
  enum class Waits { Nothing, ForReading, ForWriting, Closed };

  /// Connects; over TLS to nobody but a server whose certificate is for `address.host`. Throws
  /// Poco::Exception when it does not stand in time. Names are looked up by the system, within its
  /// own time.
  RedisSocket(const RedisAddress& address, std::chrono::milliseconds patience);

  int descriptor() const { return static_cast<int>(socket_.impl()->sockfd()); }
  /// Sends what goes out at once and removes it from `bytes`.
  Waits send(std::string_view& bytes);
  /// Appends what is there; Nothing when there may be more.
  Waits receive(std::string& bytes);

 private:
  static Poco::Net::StreamSocket connect(const RedisAddress& address,
                                         std::chrono::milliseconds patience);
  /// Of a call of the socket that moved no bytes.
  Waits waitsFor(int result, Waits plain) const;

  Poco::Net::StreamSocket socket_;
};

}  // namespace bulkhead::host::cache
