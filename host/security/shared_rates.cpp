#include "security/shared_rates.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA1Engine.h>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace bulkhead::host {
namespace {

using cache::RedisReply;

/// GcraStep for every key, committed for all or for none. ARGV: the time or nothing, then for each
/// key burst and interval. Answers whether it is allowed, then remaining, reset and retry of each.
constexpr std::string_view kTake = R"(
local now = tonumber(ARGV[1])
if not now then local t = redis.call('TIME'); now = t[1] * 1000000 + t[2] end
local seen, allowed = {}, 1
for i = 1, #KEYS do
  local interval = tonumber(ARGV[2 * i + 1])
  local tolerance = tonumber(ARGV[2 * i]) * interval
  local stored = tonumber(redis.call('GET', KEYS[i]) or now) or now
  local tat = math.max(now, math.min(stored, now + tolerance))
  local allowed_at = tat + interval - tolerance
  seen[i] = {tat, interval, tolerance, allowed_at, stored}
  if now < allowed_at then allowed = 0 end
end
local out = {allowed}
for i = 1, #KEYS do
  local tat, interval, tolerance, allowed_at, stored = unpack(seen[i])
  if allowed == 1 then tat = tat + interval end
  local reset = tat - now
  if allowed == 1 or stored > tat then
    redis.call('SET', KEYS[i], string.format('%.0f', tat), 'PX', math.ceil(reset / 1000))
  end
  out[#out + 1] = math.floor((tolerance - reset) / interval)
  out[#out + 1] = reset
  out[#out + 1] = now < allowed_at and allowed_at - now or 0
end
return out
)";

/// A replica that was not heard of for ten seconds is none, nor is one of a time that is still to
/// come, as after a clock was set back.
constexpr std::string_view kBeat = R"(
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 10000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('ZCARD', KEYS[1])
)";

const std::string& takeDigest() {
  static const std::string kDigest = [] {
    Poco::SHA1Engine engine;
    engine.update(kTake.data(), kTake.size());
    return Poco::DigestEngine::digestToHex(engine.digest());
  }();
  return kDigest;
}

/// A client may be the bytes of an address.
std::string nameOf(std::string_view client) {
  std::string name;
  for (const char c : client) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      name += c;
    } else {
      name += fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
  }
  return name;
}

}  // namespace

struct SharedRates::Question {
  cache::RedisLink& link;
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
  std::vector<std::size_t> windows;  ///< of the quota, by key
  std::vector<std::int64_t> bursts;
  SharedVerdict done;
  cache::RedisLink::Clock::time_point until;
  bool with_text = false;

  void add(std::string key, const GcraWindow& window, std::size_t place) {
    if (window.isOff()) return;
    keys.push_back(std::move(key));
    arguments.push_back(std::to_string(window.burst));
    arguments.push_back(std::to_string(window.interval_us));
    windows.push_back(place);
    bursts.push_back(window.burst);
  }
  std::string request() const {
    std::vector<std::string> words{with_text ? "EVAL" : "EVALSHA",
                                   with_text ? std::string{kTake} : takeDigest(),
                                   std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    return cache::redisRequest(words);
  }
  /// Nothing for an answer that is none of the script's.
  std::optional<RateQuota> quotaOf(const RedisReply& reply) const {
    constexpr std::size_t kFigures = 3;
    if (reply.items.size() != 1 + kFigures * keys.size()) return std::nullopt;
    RateQuota quota;
    quota.decided = true;
    quota.allowed = reply.items[0].integer == 1;
    constexpr std::int64_t kFigureMax = 100'000'000'000;  // more than a day, and any limit
    for (const RedisReply& figure : reply.items) {
      if (figure.kind != RedisReply::Kind::Integer || figure.integer < 0 ||
          figure.integer > kFigureMax)
        return std::nullopt;
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const RedisReply* figures = &reply.items[1 + kFigures * i];
      quota.windows[windows[i]] = {bursts[i], figures[0].integer, figures[1].integer,
                                   figures[2].integer};
    }
    return quota;
  }
};

SharedRates::SharedRates(cache::RedisLink& link, std::string prefix,
                         std::chrono::milliseconds deadline)
    : link_{link}, prefix_{std::move(prefix)}, deadline_{deadline} {}

bool SharedRates::take(std::span<const RateDemand> demands, SharedVerdict done,
                       std::int64_t now_us) {
  if (!link_.isUp()) return false;
  const auto question =
      std::make_shared<Question>(Question{link_,
                                          {},
                                          {now_us == 0 ? "" : std::to_string(now_us)},
                                          {},
                                          {},
                                          std::move(done),
                                          cache::RedisLink::Clock::now() + deadline_});
  const std::string client = nameOf(demands.front().client);
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const std::string key = fmt::format("{}:rate:{{{}}}{}", prefix_, client,
                                        i == 0 ? std::string{} : ":" + nameOf(demands[i].client));
    question->add(key + ":m", demands[i].minute, 2 * i);
    question->add(key + ":h", demands[i].hour, 2 * i + 1);
  }
  return link_.send(question->request(), deadline_,
                    [question](const RedisReply* reply) { answer(question, reply); });
}

/// A server that was started anew knows no script: it gets the text, once, within the same time.
void SharedRates::answer(const std::shared_ptr<Question>& question, const RedisReply* reply) {
  if (reply == nullptr) return question->done(nullptr);
  if (reply->isError("NOSCRIPT") && !question->with_text) {
    question->with_text = true;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        question->until - cache::RedisLink::Clock::now());
    // One whose time is over would be late at once, and count against the server.
    const bool sent = left.count() > 0 && question->link.send(question->request(), left,
                                                              [question](const RedisReply* next) {
                                                                answer(question, next);
                                                              });
    if (!sent) question->done(nullptr);
    return;
  }
  const auto quota = question->quotaOf(*reply);
  question->done(quota ? &*quota : nullptr);
}

std::string replicaHeartbeat(std::string_view prefix, std::string_view replica) {
  return cache::redisRequest({"EVAL", kBeat, "1", fmt::format("{}:replicas", prefix), replica});
}

}  // namespace bulkhead::host
