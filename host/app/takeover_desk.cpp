#include "app/takeover_desk.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Outcome = TakeoverChannel::Outcome;

constexpr milliseconds kLook{200};  // between two looks at whether the desk has ended
constexpr milliseconds kGreeting{2000};

std::string wordOf(Service::Audience audience) {
  switch (audience) {
    case Service::Audience::Management:
      return "management";
    case Service::Audience::Administration:
      return "admin";
    case Service::Audience::Public:
      break;
  }
  return "public";
}

}  // namespace

TakeoverDesk::TakeoverDesk(const std::filesystem::path& socket, TakeoverHooks hooks,
                           milliseconds patience)
    : hooks_{std::move(hooks)},
      patience_{patience},
      listener_{listenUnix(socket, 0600, SOCK_SEQPACKET)},
      thread_{[this] { run(); }} {
  ::pthread_setname_np(thread_.native_handle(), "takeover");
}

TakeoverDesk::~TakeoverDesk() {
  ended_ = true;
  thread_.join();
  listener_.file.remove();
}

void TakeoverDesk::run() {
  while (!ended_ && !left_) {
    pollfd waiting{.fd = listener_.sockets.front().get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(kLook.count())) <= 0) continue;
    FileDescriptor socket{::accept4(waiting.fd, nullptr, nullptr, SOCK_CLOEXEC)};
    if (!socket) continue;
    serve(TakeoverChannel{std::move(socket)});
  }
}

void TakeoverDesk::serve(const TakeoverChannel& channel) {
  if (!greet(channel)) return;
  log(Level::Info, "host", "Another host prepares to take this one's place",
      {{"process", channel.peer()}});
  try {
    std::vector<std::size_t> places;
    if (awaitServing(channel, handOut(channel), places) && leave(channel, places)) return;
  } catch (const std::exception& error) {
    log(Level::Error, "host", "A takeover failed", {{"reason", error.what()}});
  }
  hooks_.give_up();
  log(Level::Warn, "host", "The takeover was given up; this host goes on",
      {{"process", channel.peer()}});
}

bool TakeoverDesk::greet(const TakeoverChannel& channel) const {
  TakeoverMessage hello;
  if (channel.peer() == 0 || channel.receive(hello, kGreeting) != Outcome::Arrived) return false;
  const bool understood = hello.body.value("hello", json{}) == json(TakeoverChannel::kProtocol);
  const std::string why = understood ? hooks_.why_not()
                                     : fmt::format("This host speaks protocol {} of takeovers.",
                                                   TakeoverChannel::kProtocol);
  if (why.empty()) return true;
  channel.send({{{"refused", why}}});
  return false;
}

/// How many listeners it handed out, whether or not anybody takes them.
std::size_t TakeoverDesk::handOut(const TakeoverChannel& channel) const {
  auto listeners = hooks_.begin();
  channel.send({{{"listeners", listeners.size()}}});
  for (auto& one : listeners) {
    TakeoverMessage message{
        {{"audience", wordOf(one.audience)}, {"activated", one.by_service_manager}},
        std::move(one.listener.sockets)};
    channel.send(message);
  }
  return listeners.size();
}

bool TakeoverDesk::awaitServing(const TakeoverChannel& channel, std::size_t count,
                                std::vector<std::size_t>& places) const {
  const auto end = std::chrono::steady_clock::now() + patience_;
  TakeoverMessage message;
  auto outcome = Outcome::TimedOut;
  while (outcome == Outcome::TimedOut && !ended_ && std::chrono::steady_clock::now() < end)
    outcome = channel.receive(message, kLook);
  if (outcome != Outcome::Arrived || !message.body.contains("serving")) return false;
  places = message.body["serving"].get<std::vector<std::size_t>>();
  return std::all_of(places.begin(), places.end(),
                     [&](std::size_t place) { return place < count; });
}

/// False when the other one has given up meanwhile: one of both must go on.
bool TakeoverDesk::leave(const TakeoverChannel& channel, const std::vector<std::size_t>& places) {
  if (!channel.send({{{"leaving", hooks_.stops_within().count()}}})) return false;
  listener_.file.remove();
  hooks_.leave(places, channel.peer());
  return left_ = true;
}

}  // namespace bulkhead::host
