#include "cache/redis_link.hpp"

#include <Poco/Exception.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bulkhead::host::cache {
namespace {

using std::chrono::milliseconds;

constexpr const char* kTooSlow = "Redis answers too slowly.";

/// A server that is there and cannot be used; the text is for people.
class RedisUnfit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// For people, and for their logs: a server may say much.
std::string_view wordsOf(const RedisReply& reply) {
  constexpr std::size_t kWordsMax = 200;
  return std::string_view{reply.text}.substr(0, kWordsMax);
}

/// What no client of one server can live with, whatever was asked.
void requireFit(const RedisReply& reply) {
  constexpr std::array<std::string_view, 9> kUnfit{"NOAUTH",      "WRONGPASS", "LOADING",
                                                   "READONLY",    "MISCONF",   "MASTERDOWN",
                                                   "CLUSTERDOWN", "MOVED",     "ASK"};
  const bool unfit = std::any_of(kUnfit.begin(), kUnfit.end(),
                                 [&](std::string_view code) { return reply.isError(code); });
  if (unfit) throw RedisUnfit{fmt::format("Redis says: {}", wordsOf(reply))};
}

void requireOk(const RedisReply* reply, std::string_view what) {
  if (reply != nullptr && reply->isError())
    throw RedisUnfit{fmt::format("Redis refuses {}: {}", what, wordsOf(*reply))};
}

void requireNoCluster(const RedisReply* reply) {
  if (reply == nullptr || reply->text.find("cluster_enabled:1") == std::string::npos) return;
  throw RedisUnfit{
      "Redis is in cluster mode, which is not supported: redis.host has to name a single server."};
}

}  // namespace

RedisLink::RedisLink(RedisLinkOptions options)
    : options_{std::move(options)}, wake_fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  if (wake_fd_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), "redis");
}

RedisLink::~RedisLink() {
  stopping_ = true;
  ::eventfd_write(wake_fd_, 1);
  thread_.join();
  ::close(wake_fd_);
}

std::string RedisLink::reason() const {
  const std::lock_guard lock{mutex_};
  return reason_;
}

bool RedisLink::wasUpWithin(milliseconds time) const noexcept {
  const auto now_us =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
  return isUp() ||
         (down_since_us_ != 0 && now_us - std::chrono::microseconds{down_since_us_} < time);
}

bool RedisLink::send(std::string request, milliseconds deadline, Done done) {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (!isUp() || on_their_way_ >= options_.requests_max) return false;
    first = queue_.empty();
    ++on_their_way_;
    queue_.push_back({std::move(request), Clock::now() + deadline, std::move(done), true});
  }
  if (first) ::eventfd_write(wake_fd_, 1);
  return true;
}

std::optional<RedisReply> RedisLink::ask(std::string request, milliseconds deadline) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable there;
    bool told = false;
    std::optional<RedisReply> reply;
  };
  const auto answer = std::make_shared<Answer>();
  const bool sent = send(std::move(request), deadline, [answer](const RedisReply* reply) {
    const std::lock_guard lock{answer->mutex};
    if (reply != nullptr) answer->reply = *reply;
    answer->told = true;
    answer->there.notify_one();
  });
  if (!sent) return std::nullopt;
  std::unique_lock lock{answer->mutex};
  answer->there.wait(lock, [&] { return answer->told; });
  return std::move(answer->reply);
}

void RedisLink::run() {
  while (!stopping_) {
    try {
      connect();
      serve();
    } catch (const Poco::Exception& failure) {
      lose(fmt::format("Redis at {} cannot be reached: {}", options_.address.text(),
                       failure.displayText()));
    } catch (const RedisNonsense& nonsense) {
      lose(fmt::format("What answers at {} is no Redis server: {}.", options_.address.text(),
                       nonsense.what()));
    } catch (const std::exception& failure) {
      lose(failure.what());
    }
    pause_ = std::clamp(pause_ * 2, options_.retry_min, options_.retry_max);
    const auto again = Clock::now() + pause_;
    while (!stopping_ && Clock::now() < again) pollUntil(again);
  }
  lose("stopped");
}

/// Logging in is the first requests of the connection. It is up when the first heartbeat is back.
void RedisLink::connect() {
  const RedisAddress& address = options_.address;
  socket_.emplace(address, options_.patience);
  reader_.emplace(options_.reply_bytes_max);
  now_ = next_beat_ = late_since_ = Clock::now();
  const auto deadline = now_ + options_.patience;
  if (!address.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!address.user.empty()) words.push_back(address.user);
    words.push_back(address.password);
    push({redisRequest(words), deadline,
          [](const RedisReply* reply) { requireOk(reply, "the login"); }});
  }
  if (address.database != 0) {
    push({redisRequest({"SELECT", std::to_string(address.database)}), deadline,
          [](const RedisReply* reply) { requireOk(reply, "the database"); }});
  }
  push({redisRequest({"INFO", "cluster"}), deadline,
        [](const RedisReply* reply) { requireNoCluster(reply); }});
}

void RedisLink::serve() {
  while (!stopping_) {
    now_ = Clock::now();
    beat();
    takeQueue();
    sendOut();
    readIn();
    now_ = Clock::now();
    expire();
    requireAlive();
    auto until = std::min(next_beat_, next_deadline_);
    if (!in_flight_.empty()) until = std::min(until, in_flight_.front().sent + options_.patience);
    pollUntil(until);
  }
}

void RedisLink::beat() {
  if (now_ < next_beat_) return;
  next_beat_ = now_ + options_.heartbeat_interval;
  push({options_.heartbeat, now_ + options_.heartbeat_deadline, [this](const RedisReply* reply) {
          if (reply == nullptr) return;
          requireOk(reply, "the heartbeat");
          if (options_.on_heartbeat) options_.on_heartbeat(*reply);
          pause_ = milliseconds{0};
          late_since_ = now_;
          // An answer that was lost would be taken for the next one: none may be missing.
          if (!isUp() && in_flight_.empty() && now_ >= rests_until_) change(true, {});
        }});
}

void RedisLink::takeQueue() {
  std::vector<Request> taken;
  {
    const std::lock_guard lock{mutex_};
    taken.swap(queue_);
  }
  for (Request& request : taken) push(std::move(request));
}

void RedisLink::push(Request request) {
  next_deadline_ =
      in_flight_.empty() ? request.deadline : std::min(next_deadline_, request.deadline);
  out_.append(request.bytes);
  request.bytes.clear();
  request.sent = now_;
  in_flight_.push_back(std::move(request));
}

void RedisLink::sendOut() {
  wants_to_write_ = false;
  while (!unsent_.empty() || !out_.empty()) {
    if (unsent_.empty()) {
      sending_.swap(out_);
      out_.clear();
      unsent_ = sending_;
    }
    const RedisSocket::Waits waits = socket_->send(unsent_);
    if (waits == RedisSocket::Waits::Closed) throw RedisUnfit{"Redis has closed the connection."};
    if (waits == RedisSocket::Waits::Nothing) continue;
    wants_to_write_ = waits == RedisSocket::Waits::ForWriting;
    return;
  }
}

void RedisLink::readIn() {
  std::string bytes;
  RedisReply reply;
  while (true) {
    bytes.clear();
    const RedisSocket::Waits waits = socket_->receive(bytes);
    if (waits == RedisSocket::Waits::Closed) throw RedisUnfit{"Redis has closed the connection."};
    if (waits != RedisSocket::Waits::Nothing) {
      wants_to_write_ = wants_to_write_ || waits == RedisSocket::Waits::ForWriting;
      return;
    }
    reader_->feed(bytes);
    while (reader_->next(reply)) take(reply);
  }
}

void RedisLink::take(const RedisReply& reply) {
  if (in_flight_.empty()) throw RedisNonsense{"an answer that nobody asked for"};
  // Looked at before it goes, so that whoever asked hears of it in lose().
  requireFit(reply);
  const Request request = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (request.counted) {
    const std::lock_guard lock{mutex_};
    --on_their_way_;
  }
  if (request.done) request.done(&reply);
}

/// What is late is told so, and keeps its place: its answer is still to come.
void RedisLink::expire() {
  if (in_flight_.empty()) {
    next_deadline_ = Clock::time_point::max();
    return;
  }
  if (now_ < next_deadline_) return;
  next_deadline_ = Clock::time_point::max();
  std::vector<Done> late;
  for (Request& request : in_flight_) {
    if (!request.done) continue;
    if (request.deadline > now_) {
      next_deadline_ = std::min(next_deadline_, request.deadline);
    } else {
      late.push_back(std::exchange(request.done, nullptr));
    }
  }
  if (late.empty()) return;
  if (isUp()) late_since_ = now_;
  change(false, kTooSlow);  // before they hear of it, so that none of them asks again
  for (const Done& done : late) done(nullptr);
}

void RedisLink::requireAlive() const {
  if (!in_flight_.empty() && now_ - in_flight_.front().sent > options_.patience)
    throw RedisUnfit{"Redis does not answer."};
  if (!isUp() && now_ - late_since_ > 2 * options_.patience) throw RedisUnfit{kTooSlow};
}

/// Until then, or until something is to be done.
void RedisLink::pollUntil(Clock::time_point until) {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  std::array<pollfd, 2> watched{{{wake_fd_, POLLIN, 0}, {-1, POLLIN, 0}}};
  if (socket_) {
    watched[1].fd = socket_->descriptor();
    if (wants_to_write_) watched[1].events |= POLLOUT;
  }
  ::poll(watched.data(), watched.size(),
         static_cast<int>(std::clamp(left, milliseconds{0}, milliseconds{60'000}).count()));
  eventfd_t ignored = 0;
  ::eventfd_read(wake_fd_, &ignored);
}

void RedisLink::lose(const std::string& reason) {
  change(false, reason);
  socket_.reset();
  unsent_ = {};
  out_.clear();
  std::deque<Request> unanswered;
  unanswered.swap(in_flight_);
  {
    const std::lock_guard lock{mutex_};
    for (Request& request : queue_) unanswered.push_back(std::move(request));
    queue_.clear();
    on_their_way_ = 0;
  }
  for (const Request& request : unanswered) {
    if (request.done) request.done(nullptr);
  }
}

/// The first time it is used again at the next chance.
void RedisLink::rest() {
  constexpr int kSteady =
      12;  // times the longest rest that it was up: what was before is forgotten
  const auto now = Clock::now();
  const bool again = has_rested_ && now - up_since_ < kSteady * options_.retry_max;
  const auto longest = std::max(options_.retry_max, options_.heartbeat_interval);
  rest_ = again ? std::clamp(2 * rest_, options_.heartbeat_interval, longest) : milliseconds{0};
  has_rested_ = true;
  rests_until_ = now + rest_;
}

void RedisLink::change(bool up, const std::string& reason) {
  bool news = false;
  {
    const std::lock_guard lock{mutex_};
    news = up_ != up || reason_ != reason;
    if (up_ && !up) {
      rest();
      down_since_us_ =
          std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
              .count();
    }
    if (!up_ && up) up_since_ = now_;
    up_ = up;
    reason_ = reason;
  }
  if (news && !stopping_ && options_.on_change) options_.on_change(up, reason);
}

}  // namespace bulkhead::host::cache
