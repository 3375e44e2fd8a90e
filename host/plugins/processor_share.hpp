#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace bulkhead::host {

/// How much of one processor a process takes over a window of time that slides. One thread.
class ProcessorShare {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// At `now` it has used so much time on processors, of all its threads. The percentage over the
  /// last `window`, more than 100 when it has more than one; nothing while it was not watched for
  /// that long.
  std::optional<double> add(Time now, std::chrono::milliseconds used,
                            std::chrono::milliseconds window);
  /// Another process is watched from now on.
  void forget() { samples_.clear(); }

 private:
  struct Sample {
    Time time;
    std::chrono::milliseconds used;
  };
  std::deque<Sample> samples_;  ///< the first one is as old as the window, or older by one step
};

}  // namespace bulkhead::host
