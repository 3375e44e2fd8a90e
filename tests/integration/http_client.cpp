#include "http_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::integration {
namespace {

constexpr int kPatienceSeconds = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

class Connection {
 public:
  explicit Connection(std::uint16_t port)
      : socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval patience{kPatienceSeconds, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const sockaddr_in address = loopback(port);
    if (connect(socket_, generic(address), sizeof address) != 0) fault_ = std::strerror(errno);
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(std::string_view bytes) {
    while (fault_.empty() && !bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0)
        return;  // it may have answered and closed before it read all: the answer counts
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string readAll() {
    std::string text;
    std::array<char, 65536> chunk;
    while (fault_.empty()) {
      const ssize_t received = recv(socket_, chunk.data(), chunk.size(), 0);
      if (received == 0) break;
      if (received < 0) {
        fault_ = std::strerror(errno);
        break;
      }
      text.append(chunk.data(), static_cast<std::size_t>(received));
    }
    return text;
  }

  const std::string& fault() const { return fault_; }

 private:
  int socket_;
  std::string fault_;
};

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return result;
}

HttpAnswer malformed(std::string_view text) {
  HttpAnswer answer;
  answer.fault = fmt::format("not an HTTP answer: '{}'", text.substr(0, 200));
  return answer;
}

void readHeaders(std::string_view head, HttpAnswer& answer) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto value = line.find_first_not_of(' ', colon + 1);
    answer.headers.emplace_back(
        lower(line.substr(0, colon)),
        value == std::string_view::npos ? std::string{} : std::string{line.substr(value)});
  }
}

/// An answer that is cut short is a fault, never a shorter answer.
HttpAnswer parse(std::string_view text, bool has_body) {
  const auto head_end = text.find("\r\n\r\n");
  const auto status_end = text.find("\r\n");
  if (head_end == std::string_view::npos || !text.starts_with("HTTP/1.1 ")) return malformed(text);
  HttpAnswer answer;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  if (head_end > status_end)
    readHeaders(text.substr(status_end + 2, head_end - status_end - 2), answer);
  if (answer.status == 100) return parse(text.substr(head_end + 4), has_body);
  answer.body = text.substr(head_end + 4);
  const std::string length = answer.header("content-length");
  if (has_body && !length.empty() && length != std::to_string(answer.body.size())) {
    answer.status = 0;
    answer.fault = fmt::format("{} bytes of {}", answer.body.size(), length);
  }
  return answer;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == headers.end() ? std::string{} : found->second;
}

bool HttpAnswer::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& field) { return field.first == name; });
}

nlohmann::json HttpAnswer::json() const {
  return nlohmann::json::parse(body, nullptr, false);
}

std::string HttpAnswer::errorCode() const {
  const auto document = json();
  if (!document.is_object() || !document.contains("error")) return {};
  return document["error"].value("code", "");
}

HttpAnswer HttpClient::get(std::string_view target, const Fields& headers) const {
  return send("GET", target, {}, headers);
}

HttpAnswer HttpClient::post(std::string_view target, std::string_view body,
                            const Fields& headers) const {
  return send("POST", target, body, headers);
}

HttpAnswer HttpClient::put(std::string_view target, std::string_view body,
                           const Fields& headers) const {
  return send("PUT", target, body, headers);
}

HttpAnswer HttpClient::send(std::string_view method, std::string_view target, std::string_view body,
                            const Fields& headers) const {
  std::string bytes =
      fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method, target);
  for (const Fields* fields : {&headers_, &headers}) {
    for (const auto& [name, value] : *fields) bytes += fmt::format("{}: {}\r\n", name, value);
  }
  if (!body.empty()) {
    const bool is_typed = std::any_of(headers.begin(), headers.end(), [](const auto& field) {
      return field.first == "Content-Type";
    });
    if (!is_typed) bytes += "Content-Type: application/json\r\n";
    bytes += fmt::format("Content-Length: {}\r\n", body.size());
  } else if (method == "POST" || method == "PUT" || method == "PATCH") {
    bytes += "Content-Length: 0\r\n";
  }
  bytes += "\r\n";
  bytes += body;
  return sendRaw(bytes, method != "HEAD");
}

HttpAnswer HttpClient::sendRaw(std::string_view bytes, bool has_body) const {
  Connection connection{port_};
  connection.write(bytes);
  const std::string text = connection.readAll();
  if (!connection.fault().empty() && text.empty()) {
    HttpAnswer answer;
    answer.fault = connection.fault();
    return answer;
  }
  return parse(text, has_body);
}

std::string HttpClient::exchange(std::string_view bytes) const {
  Connection connection{port_};
  connection.write(bytes);
  return connection.readAll();
}

TakenPort::TakenPort() : socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket_, generic(address), size) == 0 && listen(socket_, 1) == 0 &&
      getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    number_ = ntohs(address.sin_port);
}

TakenPort::~TakenPort() {
  close(socket_);
}

}  // namespace bulkhead::integration
