#include "app/takeover_claim.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

extern "C" {  // glibc 2.36 declares them for C alone
#include <sys/pidfd.h>
}

#include <bulkhead/error.hpp>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Outcome = TakeoverChannel::Outcome;

constexpr milliseconds kAnswer{5000};
constexpr milliseconds kGrace{2000};  // beyond what the other one said that its stop takes

Error refused(const std::string& why) {
  return Error::app("TAKEOVER_REFUSED", "The running host's place cannot be taken: " + why);
}

/// An invalid one when nobody listens.
FileDescriptor connectTo(const std::filesystem::path& path) {
  FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return FileDescriptor{};
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED) return FileDescriptor{};
  throw refused(std::strerror(errno));
}

TakeoverMessage answerOf(const TakeoverChannel& channel) {
  TakeoverMessage message;
  switch (channel.receive(message, kAnswer)) {
    case Outcome::Ended:
      throw refused("it has ended the conversation.");
    case Outcome::TimedOut:
      throw refused(fmt::format("it has not answered for {} s.", kAnswer.count() / 1000));
    case Outcome::Arrived:
      break;
  }
  if (message.body.contains("refused")) throw refused(message.body.value("refused", ""));
  return message;
}

Service::Audience audienceOf(const std::string& word) {
  if (word == "management") return Service::Audience::Management;
  return word == "admin" ? Service::Audience::Administration : Service::Audience::Public;
}

}  // namespace

std::optional<TakeoverClaim> TakeoverClaim::make(const std::filesystem::path& path) {
  FileDescriptor socket = connectTo(path);
  if (!socket) return std::nullopt;
  TakeoverChannel channel{std::move(socket)};
  const pid_t process = channel.peer();
  if (process == 0) throw refused("it is another user's.");
  TakeoverClaim claim{std::move(channel), FileDescriptor{::pidfd_open(process, 0)}};
  if (!claim.channel_.send({{{"hello", TakeoverChannel::kProtocol}}}))
    throw refused("it has ended the conversation.");
  claim.receiveListeners();
  return claim;
}

void TakeoverClaim::receiveListeners() {
  const auto count = answerOf(channel_).body.value("listeners", std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    TakeoverMessage message = answerOf(channel_);
    const bool activated = message.body.value("activated", false);
    InheritedListener one{audienceOf(message.body.value("audience", "")), activated,
                          adoptListener(std::move(message.descriptors))};
    one.place = i;
    listeners_.push_back(std::move(one));
  }
}

void TakeoverClaim::serving(const std::vector<std::size_t>& places) {
  TakeoverMessage answer;
  auto outcome = Outcome::Ended;
  if (channel_.send({{{"serving", places}}})) outcome = channel_.receive(answer, kAnswer);
  channel_.shut();
  // What it said at the last moment counts: it leaves.
  if (outcome == Outcome::TimedOut) outcome = channel_.receive(answer, milliseconds{0});
  if (outcome == Outcome::Arrived && answer.body.contains("leaving")) {
    stops_within_ = milliseconds{answer.body.value("leaving", std::int64_t{0})};
  } else if (!awaitReadable(process_, kGrace)) {
    throw refused("it goes on.");
  }
}

void TakeoverClaim::awaitEnd() const {
  const auto limit = stops_within_ + kGrace;
  if (awaitReadable(process_, limit)) return;
  log(Level::Error, "host", "The host whose place was taken does not stop, and is killed",
      {{"limitMs", limit.count()}});
  ::pidfd_send_signal(process_.get(), SIGKILL, nullptr, 0);
  awaitReadable(process_, kGrace);
}

}  // namespace bulkhead::host
