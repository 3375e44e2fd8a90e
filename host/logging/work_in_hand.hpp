#pragma once

#include <atomic>
#include <string_view>

namespace bulkhead::host {

/// Gives this thread a stack of its own for signals, once, when crashes are recorded: a thread
/// whose stack is exhausted could not tell of it otherwise.
void prepareForCrash() noexcept;

/// A plugin as a crash record names it.
struct PluginName {
  std::string_view id;
  std::string_view version;  ///< empty when it is not known
};

/// What a thread does for whom, for the crash record; costs two stores. While it lives, what it was
/// given must, too. Scopes nest; the inner one counts.
class WorkInHand {
 public:
  /// `step` is "GET" or "start"; `route` is the template of a request, or empty.
  WorkInHand(PluginName plugin, std::string_view step, std::string_view route = {},
             std::string_view request_id = {}) noexcept
      : plugin_{plugin}, step_{step}, route_{route}, request_id_{request_id}, outer_{current_} {
    prepareForCrash();
    current_ = this;
    std::atomic_signal_fence(std::memory_order_seq_cst);  // a handler may ask from here on
  }
  ~WorkInHand() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    current_ = outer_;
  }
  WorkInHand(const WorkInHand&) = delete;
  WorkInHand& operator=(const WorkInHand&) = delete;

  /// Of this thread, or nullptr. May be asked in a signal handler.
  static const WorkInHand* current() noexcept { return current_; }

  const PluginName& plugin() const noexcept { return plugin_; }
  std::string_view step() const noexcept { return step_; }
  std::string_view route() const noexcept { return route_; }
  std::string_view requestId() const noexcept { return request_id_; }

 private:
  static inline thread_local const WorkInHand* volatile current_ = nullptr;
  const PluginName plugin_;
  const std::string_view step_;
  const std::string_view route_;
  const std::string_view request_id_;
  const WorkInHand* outer_;
};

}  // namespace bulkhead::host
