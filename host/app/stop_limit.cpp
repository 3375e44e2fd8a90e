#include "app/stop_limit.hpp"

#include <cstdlib>

#include "app/command.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {

StopLimit::StopLimit(std::chrono::milliseconds limit)
    : limit_{limit}, thread_{[this] { watch(); }} {}

StopLimit::~StopLimit() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  ended_changed_.notify_all();
  thread_.join();
}

void StopLimit::watch() {
  std::unique_lock lock{mutex_};
  if (ended_changed_.wait_for(lock, limit_, [this] { return ended_; })) return;
  log(Level::Fatal, "host", "Stopping took too long; the process ends here",
      {{"hangsIn", step_.load()}, {"limitMs", limit_.count()}});
  if (LogSystem* logging = LogSystem::current()) logging->flush(std::chrono::milliseconds{500});
  std::_Exit(kExitInternal);
}

}  // namespace bulkhead::host
