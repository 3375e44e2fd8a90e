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
/// Of the event's name and its key, which are its id, and of each other text.
inline constexpr std::size_t kTextBytesMax = 256;
/// What one transaction removes or changes at most: rows, and bytes of payloads beside the first.
inline constexpr std::size_t kBatchRows = 200;
inline constexpr std::size_t kBatchBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kPageRows = 64;
inline constexpr std::size_t kPageBytes = std::size_t{1024} * 1024;

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

/// False when an equal one (capability, event and key) was published before. Throws Error
/// (EVENT_REFUSED) for texts that are too long. `id` is that of an event without a key.
bool publish(data::Transaction& transaction, const NewEvent& event, std::string_view id,
             std::int64_t now_us);
/// What a consumer has not got yet, in order: some of it, at least one if there is any. What was
/// published before `expired_us` it does not get any more, whether it is marked as dead or not: who
/// has it may have forgotten that.
Page next(data::Transaction& transaction, std::string_view capability, std::string_view consumer,
          std::int64_t expired_us);
/// The consumer has all up to `seq`, durably.
void advance(data::Transaction& transaction, std::string_view capability, std::string_view consumer,
             std::int64_t seq);
/// An event that goes no further, and why.
void bury(data::Transaction& transaction, std::int64_t seq, std::string_view error);
/// The number of the last event that not everybody has; 0 for none.
std::int64_t last(data::Transaction& transaction, std::string_view capability);
/// Of those up to `through`, removes what every one of `consumers` has, and of `unsure` those that
/// have got something before; others are not waited for any more. True when there is more to
/// remove.
bool settle(data::Transaction& transaction, std::string_view capability,
            std::vector<std::string> consumers, const std::vector<std::string>& unsure,
            std::int64_t through);
/// What an expire() did.
struct Expired {
  std::int64_t count = 0;
  bool more = false;
};
/// What was published before `expired_us` and is still waited for is dead.
Expired expire(data::Transaction& transaction, std::string_view capability,
               std::int64_t expired_us);
/// Keys and dead ones of before `forgotten_us` go. True when there are more.
bool forget(data::Transaction& transaction, std::int64_t forgotten_us);
/// Reads indexes alone, never an event.
std::vector<Figures> figures(data::Transaction& transaction);

}  // namespace outbox
}  // namespace bulkhead::host
