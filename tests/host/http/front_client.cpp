#include "host/http/front_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::host::test {
namespace {

using Clock = std::chrono::steady_clock;

std::multimap<std::string, std::string> parseFields(std::string_view head) {
  std::multimap<std::string, std::string> fields;
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name{line.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    fields.emplace(name, line.substr(std::min(colon + 2, line.size())));
  }
  return fields;
}

}  // namespace

std::string Answer::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

RawClient::RawClient(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(std::exchange(fd_, -1));
    throw std::runtime_error{std::strerror(errno)};
  }
}

RawClient::RawClient(const std::string& unix_path)
    : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(std::exchange(fd_, -1));
    throw std::runtime_error{std::strerror(errno)};
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, buffer_{std::move(other.buffer_)} {}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::finishSending() {
  ::shutdown(fd_, SHUT_WR);
}

RawClient::Wait RawClient::fill(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
    return Wait::TimedOut;
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return Wait::Closed;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return Wait::Bytes;
}

std::optional<Answer> RawClient::read(bool to_head) {
  const auto until = Clock::now() + kPatience;
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (fill(until) != Wait::Bytes) return std::nullopt;
  }
  Answer answer;
  answer.head = buffer_.substr(0, head_end + 2);
  answer.fields = parseFields(answer.head);
  if (answer.head.size() > 12) answer.status = std::atoi(answer.head.c_str() + 9);
  const std::string length = answer.field("content-length");
  const std::size_t body_bytes = to_head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < head_end + 4 + body_bytes) {
    if (fill(until) != Wait::Bytes) return std::nullopt;
  }
  answer.body = buffer_.substr(head_end + 4, body_bytes);
  buffer_.erase(0, head_end + 4 + body_bytes);
  return answer;
}

bool RawClient::closedWithin(std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    const Wait wait = fill(until);
    if (wait != Wait::Bytes) return wait == Wait::Closed;
  }
}

std::string RawClient::readAll(std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (fill(until) == Wait::Bytes) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::readSome(std::chrono::milliseconds patience) {
  fill(Clock::now() + patience);
  return std::exchange(buffer_, {});
}

std::string get(std::string_view path, std::string_view lines) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(lines).append("\r\n");
  return request;
}

std::string post(std::string_view path, std::string_view body, std::string_view lines) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n").append(lines).append("\r\n");
  return request.append(body);
}

}  // namespace bulkhead::host::test
