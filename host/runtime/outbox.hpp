#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/store.hpp"

namespace bulkhead::host {

/// The events that a plugin has published, in its own store: a log in the order of the commits,
/// which each consumer reads from where it has come to. Nobody waits for another one; what all have
/// read goes.
namespace outbox {

inline constexpr std::size_t kPayloadBytesMax = std::size_t{256} * 1024;
inline constexpr std::size_t kKeyBytesMax = 200;
/// Rows that one transaction removes at most.
inline constexpr std::int64_t kBatch = 500;

struct NewEvent {
  std::string_view capability;
  std::string_view event;
  std::string_view payload;
  std::string_view tenant;
  std::string_view subject;
  std::string_view key;
  std::string trace;
};

struct Event {
  std::int64_t seq = 0;
  std::string id;
  std::string event;
  std::string tenant;
  std::string subject;
  std::string payload;
  std::string trace;
  std::int64_t created_us = 0;
};

/// A page of the log, for one consumer.
struct Page {
  std::vector<Event> events;
  bool more = false;  ///< there is at least one behind them
};

/// Of one capability, for operators.
struct Figures {
  std::string capability;
  std::int64_t pending = 0;
  std::int64_t dead = 0;
  std::int64_t oldest_us = 0;  ///< when the oldest one that is pending was published; 0: none is
};

/// Makes the tables where they are missing.
void prepare(data::Transaction& transaction);
/// False when an equal one (capability, event and key) was published before. Throws Error
/// (EVENT_REFUSED) for texts that are too long. `id` is that of an event without a key.
bool publish(data::Transaction& transaction, const NewEvent& event, std::string_view id,
             std::int64_t now_us);
/// What a consumer has not got yet, in order: some of it, at least one if there is any.
Page next(data::Transaction& transaction, std::string_view capability, std::string_view consumer);
/// The consumer has all up to `seq`, durably.
void advance(data::Transaction& transaction, std::string_view capability, std::string_view consumer,
             std::int64_t seq);
/// An event that goes no further, and why.
void bury(data::Transaction& transaction, std::int64_t seq, std::string_view error);
/// Removes what every one of `consumers` has, and of `unsure` those that have got something before;
/// others are not waited for any more. True when there is more to remove.
bool settle(data::Transaction& transaction, std::string_view capability,
            std::vector<std::string> consumers, const std::vector<std::string>& unsure);
/// What was published before `expired_us` and is still waited for is dead. Returns how many.
std::int64_t expire(data::Transaction& transaction, std::string_view capability,
                    std::int64_t expired_us);
/// Keys and dead ones of before `forgotten_us` go. True when there are more.
bool forget(data::Transaction& transaction, std::int64_t forgotten_us);
std::vector<Figures> figures(data::Transaction& transaction);

}  // namespace outbox
}  // namespace bulkhead::host
