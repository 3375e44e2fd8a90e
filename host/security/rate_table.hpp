#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "security/gcra.hpp"

namespace bulkhead::host {

/// A client at its limit.
struct RateDemand {
  std::string client;
  GcraWindow minute{};
  GcraWindow hour{};
};

/// How far clients are with their limits, in bounded memory: when there are more than it can
/// remember, the one that has used least makes room, and whoever is not remembered counts as
/// having used as much. So many clients may make it stricter for strangers, and never looser for
/// anybody. Thread-safe; waits for nobody longer than a look at one client takes.
class RateTable {
 public:
  /// Remembers at least so many clients that are spread evenly.
  explicit RateTable(std::size_t clients);
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  /// Takes one request from every window of one or two clients, or from none of them; fills two
  /// windows of `quota` for each. `now_us` is of any clock that goes forward.
  bool take(std::span<const RateDemand> demands, std::int64_t now_us, RateQuota& quota);
  /// What somebody else has decided, so that a client is here as far as it is there. In any order:
  /// what was used stays used.
  void learn(std::span<const RateDemand> demands, std::int64_t now_us, const RateQuota& quota);

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kWindows = 2;                               // minute, hour
  static constexpr std::size_t kClients = RateQuota::kWindows / kWindows;  // of one request
  using Times = std::array<std::int64_t, kWindows>;

  struct Slot {
    std::uint64_t client = 0;  ///< hashed with a secret; 0 for an empty slot
    Times tat_us{};
  };
  /// Where a client may be remembered.
  struct Set {
    std::array<Slot, kWays> slots;
    Times forgotten_us{};  ///< the most that anybody had used who made room
  };
  struct Shard {
    std::mutex mutex;
    std::vector<Set> sets;
  };
  /// A client while its shard is locked.
  struct Place {
    std::uint64_t client = 0;
    Shard* shard = nullptr;
    Set* set = nullptr;
    Slot* slot = nullptr;  ///< null: not remembered
  };

  Place placeOf(std::string_view client);
  static GcraStep stepOf(const Place& place, const RateDemand& demand, std::size_t window,
                         std::int64_t now_us);
  static void find(Place& place);
  static void remember(const Place& place, const Times& tat_us, std::int64_t now_us);
  static Slot& makeRoom(Set& set, std::int64_t now_us);

  const std::array<std::uint64_t, 2> secret_;
  std::array<Shard, kShards> shards_;
};

}  // namespace bulkhead::host
