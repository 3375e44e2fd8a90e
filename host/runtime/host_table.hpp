#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

#include "data/store.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {
namespace jobs {
struct Run;
}
class PluginHome;
class PluginInput;
class RouteContract;
struct IdempotencyClaim;

/// The call of a route that declares recovery points.
struct RecoveringCall {
  const IdempotencyClaim& claim;
  const RouteContract& contract;
};

/// A metric that the plugin registered.
struct OwnMetric {
  std::uint32_t number;
  std::size_t labels;
  bool counts;
};
/// A longer value of a metric's label is cut.
inline constexpr std::size_t kLabelBytesMax = 256;

/// The C table that homes hand to plugins.
const bulkhead_host& hostTable() noexcept;

}  // namespace bulkhead::host

/// The opaque types of the waist, on the host's side.
struct bulkhead_home {
  bulkhead::host::PluginHome& home;
  std::vector<bulkhead::host::OwnMetric> metrics = {};
};

struct bulkhead_context {
  std::chrono::steady_clock::time_point deadline;
  const bulkhead::host::HttpRequest* request = nullptr;        // null outside requests
  const bulkhead::host::RecoveringCall* recovering = nullptr;  // only in calls with points
  const bulkhead::host::PluginInput* input = nullptr;          // what the handler gets of `request`
  const bulkhead::host::RouteContract* streaming = nullptr;    // only in calls that stream
  const bulkhead::host::jobs::Run* job = nullptr;              // only in the call of a job
};

struct bulkhead_transaction {
  bulkhead::host::data::Transaction& transaction;
  /// The refusal of a statement that changed another number of rows than it had to: nothing may
  /// commit after it.
  std::optional<bulkhead::Error> doom;
  const bulkhead::host::HttpRequest* request = nullptr;  ///< that it is run for; null for none
  bool has_work = false;  ///< events or messages are in it, for the host to see to after the commit
};
