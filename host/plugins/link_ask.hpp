#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/link_frame.hpp"

namespace bulkhead::host {

/// What the host asks of a worker beside calls.
enum class AskKind : std::uint8_t {
  Start,        ///< start the plugin, which was created by Begin
  Stop,         ///< stop and destroy it; then the worker ends
  CheckHealth,  ///< run the contributor `number`
  PingStore,
  CountRows,
  ShareLease,  ///< of its store, when `number` is 1
  SetLimits,   ///< to those of `text`
  EndJobs,     ///< tell those that run
  ReleaseJobs,
  // of a worker that has a store and no plugin, see WorkerOrder
  TakeMoment,
  CopyMoment,  ///< `number`, as `text` says
  DropMoment,  ///< `number`
  KeepCopy,
  PutBack,     ///< the copy whose file is `text`
  AnswerJobs,  ///< `text`, see answerJobDesk
};

struct Ask {
  AskKind kind = AskKind::Start;
  std::uint64_t number = 0;
  std::chrono::steady_clock::time_point deadline;
  std::string text;
};

void writeAsk(std::string& out, std::uint64_t id, const Ask& ask);
/// Throws LinkError.
Ask readAsk(std::string_view payload);

}  // namespace bulkhead::host
