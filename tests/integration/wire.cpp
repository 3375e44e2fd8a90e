#include "wire.hpp"

#include <Poco/Exception.h>

namespace bulkhead::integration {

Wire::Wire(std::uint16_t port) : socket_{Poco::Net::SocketAddress{"127.0.0.1", port}} {
  socket_.setReceiveTimeout(Poco::Timespan{20, 0});
  socket_.setSendTimeout(Poco::Timespan{20, 0});
}

void Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const int sent = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string_view Wire::receive() {
  try {
    const int count = socket_.receiveBytes(buffer_.data(), static_cast<int>(buffer_.size()));
    return {buffer_.data(), static_cast<std::size_t>(count)};
  } catch (const Poco::Exception&) {
    was_reset_ = true;
    return {};
  }
}

std::string Wire::receiveUntil(std::string_view end) {
  std::string text;
  while (text.find(end) == std::string::npos) {
    const auto some = receive();
    if (some.empty()) break;
    text += some;
  }
  return text;
}

std::string Wire::receiveAll() {
  std::string text;
  for (auto some = receive(); !some.empty(); some = receive()) text += some;
  return text;
}

std::uint64_t Wire::receivePattern() {
  std::string kept = receiveUntil("\r\n\r\n");
  kept.erase(0, kept.find("\r\n\r\n") + 4);
  std::uint64_t right = 0;
  std::uint64_t at = 0;
  for (;;) {
    auto line = kept.find("\r\n");
    while (line == std::string::npos) {
      const auto some = receive();
      if (some.empty()) return right;
      kept += some;
      line = kept.find("\r\n");
    }
    const std::size_t size = std::stoull(kept.substr(0, line), nullptr, 16);
    while (kept.size() < line + 2 + size + 2) {
      const auto some = receive();
      if (some.empty()) return right;
      kept += some;
    }
    for (std::size_t i = 0; i < size; ++i)
      right += kept[line + 2 + i] == static_cast<char>((at + i) % 251) ? 1U : 0U;
    at += size;
    kept.erase(0, line + 2 + size + 2);
    if (size == 0) return right;
  }
}

std::string pattern(std::uint64_t from, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((from + i) % 251);
  return bytes;
}

}  // namespace bulkhead::integration
