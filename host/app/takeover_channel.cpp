#include "app/takeover_channel.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

constexpr std::size_t kDescriptorsMax = 253;  // SCM_MAX_FD
constexpr std::size_t kBytesMax = 4096;

using ControlBuffer = std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))>;

void attach(msghdr& header, ControlBuffer& control,
            const std::vector<FileDescriptor>& descriptors) {
  std::vector<int> numbers;
  numbers.reserve(descriptors.size());
  for (const auto& descriptor : descriptors) numbers.push_back(descriptor.get());
  const std::size_t bytes = numbers.size() * sizeof(int);
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(part), numbers.data(), bytes);
}

std::vector<FileDescriptor> attachedTo(msghdr& header) {
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, kDescriptorsMax> numbers{};
    const std::size_t bytes = std::min(part->cmsg_len - CMSG_LEN(0), sizeof numbers);
    std::memcpy(numbers.data(), CMSG_DATA(part), bytes);
    for (std::size_t i = 0; i < bytes / sizeof(int); ++i) descriptors.emplace_back(numbers[i]);
  }
  return descriptors;
}

}  // namespace

bool awaitReadable(const FileDescriptor& descriptor, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  pollfd waiting{.fd = descriptor.get(), .events = POLLIN, .revents = 0};
  int ready = -1;
  do {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    ready = ::poll(&waiting, 1, std::max(0, static_cast<int>(left.count())));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool TakeoverChannel::send(const TakeoverMessage& message) const {
  if (message.descriptors.size() > kDescriptorsMax) return false;
  std::string text = message.body.dump();
  iovec piece{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) ControlBuffer control{};
  if (!message.descriptors.empty()) attach(header, control, message.descriptors);
  return ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

TakeoverChannel::Outcome TakeoverChannel::receive(TakeoverMessage& message,
                                                  std::chrono::milliseconds patience) const {
  if (!awaitReadable(socket_, patience)) return Outcome::TimedOut;
  std::array<char, kBytesMax> bytes{};
  iovec piece{bytes.data(), bytes.size()};
  alignas(cmsghdr) ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return Outcome::Ended;
  message.descriptors = attachedTo(header);
  if (size == 0) return Outcome::Ended;
  message.body = nlohmann::json::parse(bytes.data(), bytes.data() + size, nullptr, false);
  const bool whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  return whole && message.body.is_object() ? Outcome::Arrived : Outcome::Ended;
}

void TakeoverChannel::shut() const noexcept {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

pid_t TakeoverChannel::peer() const noexcept {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return 0;
  return credentials.uid == ::geteuid() || credentials.uid == 0 ? credentials.pid : 0;
}

}  // namespace bulkhead::host
