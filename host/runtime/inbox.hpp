#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/store.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// The messages that a plugin is to handle, in its own store: events of others, and what it keeps
/// in inboxes of its own. Of one source and subject only the earliest that is not finished is ever
/// due.
namespace inbox {

inline constexpr std::size_t kBodyBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kHeaderBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kTextBytesMax = 256;
/// What one transaction removes or moves at most: rows, and bytes of bodies beside the first.
inline constexpr std::size_t kBatchRows = 200;
inline constexpr std::size_t kBatchBytes = std::size_t{1024} * 1024;

struct NewRow {
  std::string source;
  std::string provider{};  ///< the plugin that published it; empty for one of an own inbox
  std::string key;
  std::string type;
  std::string subject;
  std::string tenant;
  Fields headers;
  std::string body;
  std::string trace;
  std::int64_t event_time_us = 0;
};

/// One that is to be handled.
struct Row {
  std::int64_t seq = 0;
  NewRow message;
  std::int64_t received_us = 0;
  std::uint32_t attempts = 0;  ///< that have failed
};

/// What of it tells who is to handle it.
struct Due {
  std::int64_t seq = 0;
  std::string source;
  std::string type;
  std::string tenant;
  std::string trace;
};

/// `trace` is that of a message: "TRACE SPAN REQUEST".
void continueTrace(HttpRequest& request, std::string_view trace);

/// What may be handled now, and when to look again.
struct Agenda {
  std::vector<Due> due;
  std::int64_t next_at_us = 0;  ///< of the first that is not due yet; 0 for none
};

/// One as operators see it.
struct Listed {
  std::int64_t seq = 0;
  std::string source;
  std::string provider;
  std::string key;
  std::string type;
  std::string subject;
  std::string tenant;
  std::string state;
  std::string error;
  std::int64_t received_us = 0;
  std::int64_t next_at_us = 0;  ///< 0 where nothing is planned
  std::uint32_t attempts = 0;
  std::int64_t body_bytes = 0;
};

struct Filter {
  std::string state{};       ///< empty: any
  std::string source{};      ///< likewise
  std::int64_t before = 0;   ///< only those with a lower number; 0: from the newest on
  std::int64_t limit = 100;  ///< at most
};

/// Of one source, for operators.
struct Figures {
  std::string source;
  std::int64_t pending = 0;
  std::int64_t dead = 0;
  std::int64_t oldest_us = 0;  ///< when the oldest one that is pending came; 0: none is
};

/// Why nobody keeps a message like that; empty when it can be kept.
std::string problemOf(const NewRow& message);
/// False when one of that source, provider and key is there already. Throws Error (MESSAGE_REFUSED)
/// for one with a problem.
bool keep(data::Transaction& transaction, const NewRow& message, std::int64_t now_us);
/// The same for one that has no handler at the moment: it is kept as "ignored" until there is one.
/// False also when there never was one.
bool setAside(data::Transaction& transaction, const NewRow& message, std::int64_t now_us);
/// There is a handler for that source and type (empty: of any type): what was ignored for want of
/// one is to be handled, as far as it has its body. True when there is more of it.
bool listen(data::Transaction& transaction, std::string_view source, std::string_view type,
            std::int64_t now_us);
/// True when listen() was told of it before, and nothing of it is ignored.
bool isHeard(data::Transaction& transaction, std::string_view source, std::string_view type);
/// The sources and types that ever had a handler.
std::vector<std::pair<std::string, std::string>> heard(data::Transaction& transaction);
/// Also those that were planned by a clock which has been set back since.
Agenda agenda(data::Transaction& transaction, std::int64_t now_us, std::int64_t limit);
/// Nothing when it is finished, or gone.
std::optional<Row> load(data::Transaction& transaction, std::int64_t seq);
/// It is finished as `state`: "done", "ignored" or "dead"; one that was finished before stays as it
/// is. True when the next one of its subject has become due.
bool finish(data::Transaction& transaction, const Row& row, std::string_view state,
            std::string_view error, std::int64_t now_us);
/// A run of it has failed: it is tried again `delay_us` from now.
void postpone(data::Transaction& transaction, const Row& row, std::string_view error,
              std::int64_t now_us, std::int64_t delay_us);
/// How long the next run waits after that many that failed: 1 s, twice as much each time, at most
/// an hour; less a part of it, `chance` in [0, 1).
std::int64_t delayUs(std::uint32_t failed, double chance);
/// A dead or ignored one is to be handled again, as if it had never failed. False when it is
/// neither, or its body is gone.
bool replay(data::Transaction& transaction, std::int64_t seq, std::int64_t now_us);
/// In descending order of their numbers.
std::vector<Listed> list(data::Transaction& transaction, const Filter& filter);
/// Finished ones that came before `emptied_us` lose their bodies. True when there are more.
bool empty(data::Transaction& transaction, std::int64_t emptied_us);
/// Finished ones that came before `forgotten_us` go. True when there are more.
bool forget(data::Transaction& transaction, std::int64_t forgotten_us);
/// Reads indexes alone, never a message.
std::vector<Figures> figures(data::Transaction& transaction);

}  // namespace inbox
}  // namespace bulkhead::host
