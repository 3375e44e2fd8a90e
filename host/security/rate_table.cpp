#include "security/rate_table.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace bulkhead::host {
namespace {

std::uint64_t randomWord() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

/// SipHash-1-3: clients choose their addresses, and must not be able to choose whose place they
/// take.
class Sip {
 public:
  explicit Sip(const std::array<std::uint64_t, 2>& key)
      : v_{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
           key[1] ^ 0x7465646279746573U} {}

  std::uint64_t of(std::string_view text) {
    const std::uint64_t length = text.size();
    for (; text.size() >= 8; text.remove_prefix(8)) take(wordOf(text.substr(0, 8)));
    take(wordOf(text) | (length << 56U));
    v_[2] ^= 0xffU;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  static std::uint64_t wordOf(std::string_view bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return word;
  }
  void take(std::uint64_t word) {
    v_[3] ^= word;
    round();
    v_[0] ^= word;
  }
  static std::uint64_t turned(std::uint64_t value, unsigned by) {
    return (value << by) | (value >> (64U - by));
  }
  void round() {
    v_[0] += v_[1];
    v_[1] = turned(v_[1], 13) ^ v_[0];
    v_[0] = turned(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = turned(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = turned(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = turned(v_[1], 17) ^ v_[2];
    v_[2] = turned(v_[2], 32);
  }

  std::array<std::uint64_t, 4> v_;
};

}  // namespace

RateTable::RateTable(std::size_t clients) : secret_{randomWord(), randomWord()} {
  const std::size_t sets =
      std::max<std::size_t>(1, (clients + kShards * kWays - 1) / kShards / kWays);
  for (Shard& shard : shards_) shard.sets.resize(sets);
}

RateTable::Place RateTable::placeOf(std::string_view client) {
  const std::uint64_t hash = std::max<std::uint64_t>(1, Sip{secret_}.of(client));
  Shard& shard = shards_[hash % kShards];
  return {hash, &shard, &shard.sets[hash / kShards % shard.sets.size()], nullptr};
}

GcraStep RateTable::stepOf(const Place& place, const RateDemand& demand, std::size_t window,
                           std::int64_t now_us) {
  const Times& times = place.slot != nullptr ? place.slot->tat_us : place.set->forgotten_us;
  return {window == 0 ? demand.minute : demand.hour, times[window], now_us};
}

RateTable::Slot& RateTable::makeRoom(Set& set, std::int64_t now_us) {
  const auto used = [](const Slot& slot) { return std::max(slot.tat_us[0], slot.tat_us[1]); };
  Slot& least = *std::min_element(
      set.slots.begin(), set.slots.end(),
      [&](const Slot& left, const Slot& right) { return used(left) < used(right); });
  const bool in_use = least.client != 0 && used(least) > now_us;
  for (std::size_t i = 0; in_use && i < kWindows; ++i)
    set.forgotten_us[i] = std::max(set.forgotten_us[i], least.tat_us[i]);
  return least;
}

void RateTable::find(Place& place) {
  auto& slots = place.set->slots;
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const Slot& slot) { return slot.client == place.client; });
  if (found != slots.end()) place.slot = &*found;
}

bool RateTable::take(std::span<const RateDemand> demands, std::int64_t now_us, RateQuota& quota) {
  std::array<Place, kClients> places;
  for (std::size_t i = 0; i < demands.size(); ++i) places[i] = placeOf(demands[i].client);
  const auto [first, second] = std::minmax(places[0].shard, places[demands.size() - 1].shard);
  const std::unique_lock first_lock{first->mutex};
  const auto second_lock =
      first == second ? std::unique_lock<std::mutex>{} : std::unique_lock{second->mutex};
  bool allowed = true;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    find(places[i]);
    for (std::size_t window = 0; window < kWindows; ++window)
      allowed = allowed && stepOf(places[i], demands[i], window, now_us).isAllowed();
  }
  std::array<Times, kClients> next{};
  for (std::size_t i = 0; i < demands.size(); ++i) {
    for (std::size_t window = 0; window < kWindows; ++window) {
      const GcraStep step = stepOf(places[i], demands[i], window, now_us);
      quota.windows[i * kWindows + window] = step.quota(allowed);
      next[i][window] = step.next();
      if (places[i].slot == nullptr) continue;
      std::int64_t& tat_us = places[i].slot->tat_us[window];
      tat_us = std::min(tat_us, step.current());
    }
  }
  for (std::size_t i = 0; allowed && i < demands.size(); ++i) remember(places[i], next[i], now_us);
  quota.decided = true;
  quota.allowed = allowed;
  return allowed;
}

void RateTable::learn(std::span<const RateDemand> demands, std::int64_t now_us,
                      const RateQuota& quota) {
  for (std::size_t i = 0; i < demands.size(); ++i) {
    Place place = placeOf(demands[i].client);
    const std::lock_guard lock{place.shard->mutex};
    find(place);
    Times tat_us = place.slot != nullptr ? place.slot->tat_us : Times{};
    for (std::size_t window = 0; window < kWindows; ++window) {
      const std::int64_t learnt_us = now_us + quota.windows[i * kWindows + window].reset_us;
      tat_us[window] = std::max(tat_us[window], learnt_us);
    }
    remember(place, tat_us, now_us);
  }
}

/// The other client of the same request may have taken this one's slot a moment ago.
void RateTable::remember(const Place& place, const Times& tat_us, std::int64_t now_us) {
  const bool is_there = place.slot != nullptr && place.slot->client == place.client;
  Slot& slot = is_there ? *place.slot : makeRoom(*place.set, now_us);
  slot = {place.client, tat_us};
}

}  // namespace bulkhead::host
