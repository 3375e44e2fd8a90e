#include "host/cache/tcp_gate.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bulkhead::host::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kDelay = 200ms;
constexpr auto kDrip = 50ms;
constexpr int kRoundMs = 5;

int socketAt(std::uint16_t port, bool listening) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const auto* place = reinterpret_cast<const sockaddr*>(&address);
  const int failed = listening ? ::bind(made, place, sizeof(address)) + ::listen(made, 64)
                               : ::connect(made, place, sizeof(address));
  if (failed == 0) return made;
  ::close(made);
  return -1;
}

std::string readSome(int socket, bool& ended) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  ended = ended || got == 0;
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

}  // namespace

TcpGate::TcpGate(std::uint16_t to) : to_{to} {
  listen();
  thread_ = std::thread{[this] { run(); }};
}

TcpGate::~TcpGate() {
  stopping_ = true;
  thread_.join();
  for (Pair& pair : pairs_) close(pair);
  if (listener_ >= 0) ::close(listener_);
}

void TcpGate::listen() {
  listener_ = socketAt(port_, true);
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

void TcpGate::run() {
  while (!stopping_) {
    const bool refuses = mode_ == Mode::Refuse;
    if (refuses && listener_ >= 0) ::close(std::exchange(listener_, -1));
    if (!refuses && listener_ < 0) listen();
    std::vector<pollfd> watched{{listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      watched.push_back({mode_ == Mode::Deaf ? -1 : pair.client, POLLIN, 0});
      watched.push_back({pair.service, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), kRoundMs);
    for (Pair& pair : pairs_) {
      if (refuses || mode_ == Mode::CloseAtOnce) pair.ended = true;
      if (!pair.ended) fromClient(pair);
      if (!pair.ended) fromService(pair);
      if (!pair.ended) toClient(pair);
      if (pair.ended) close(pair);
    }
    pairs_.remove_if([](const Pair& pair) { return pair.ended; });
    if (listener_ >= 0 && (watched[0].revents & POLLIN) != 0) accept();
  }
}

void TcpGate::accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int service = mode_ == Mode::CloseAtOnce ? -1 : socketAt(to_, false);
  if (service >= 0) {
    pairs_.push_back({client, service});
  } else {
    ::close(client);
  }
}

void TcpGate::fromClient(Pair& pair) const {
  if (mode_ == Mode::Deaf) return;
  const std::string bytes = readSome(pair.client, pair.ended);
  if (!bytes.empty()) ::send(pair.service, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void TcpGate::fromService(Pair& pair) const {
  std::string bytes = readSome(pair.service, pair.ended);
  if (bytes.empty()) return;
  const auto now = Clock::now();
  switch (mode_.load()) {
    case Mode::Silent:
      return;
    case Mode::HalfClose:
      ::shutdown(pair.client, SHUT_WR);
      return;
    case Mode::Cut:
      ::send(pair.client, bytes.data(), 1, MSG_NOSIGNAL);
      pair.ended = true;
      return;
    case Mode::Corrupt:
      bytes[0] = 'X';
      break;
    case Mode::Lie:
      bytes = "$4000000000\r\nno\r\n";
      break;
    case Mode::Delay:
      pair.to_client.push_back({now + kDelay, bytes});
      return;
    case Mode::Drip:
      for (std::size_t i = 0; i < bytes.size(); ++i)
        pair.to_client.push_back({now + kDrip * static_cast<int>(i + 1), bytes.substr(i, 1)});
      return;
    default:
      break;
  }
  pair.to_client.push_back({now, bytes});
}

void TcpGate::toClient(Pair& pair) const {
  while (!pair.to_client.empty() && pair.to_client.front().due <= Clock::now()) {
    const std::string& bytes = pair.to_client.front().bytes;
    ::send(pair.client, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    pair.to_client.pop_front();
  }
}

void TcpGate::close(Pair& pair) {
  ::close(pair.client);
  ::close(pair.service);
}

}  // namespace bulkhead::host::test
