#pragma once

#include <Poco/Net/StreamSocket.h>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::integration {

/// A client that reads and writes as it likes.
class Wire {
 public:
  explicit Wire(std::uint16_t port);
  void send(std::string_view bytes);
  /// What came; empty at the end, or when the connection was reset.
  std::string_view receive();
  std::string receiveUntil(std::string_view end);
  std::string receiveAll();
  void close() { socket_.close(); }
  bool wasReset() const { return was_reset_; }
  /// Reads a chunked body behind its head; how many bytes were those of their places.
  std::uint64_t receivePattern();

 private:
  Poco::Net::StreamSocket socket_;
  std::array<char, 256 * 1024> buffer_{};
  bool was_reset_ = false;
};

/// Bytes that are each that of its place.
std::string pattern(std::uint64_t from, std::size_t size);

}  // namespace bulkhead::integration
