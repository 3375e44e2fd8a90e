#pragma once

#include <string>

namespace bulkhead::host {

/// Whose work a thread does (S47); empty fields are left out of the line.
struct LogContext {
  std::string plugin;
  std::string request_id;
  std::string trace_id;
  std::string span_id;
  std::string tenant;
  std::string client_key;  ///< what rate limits count by; never a credential
  std::string api_key_id;
};

/// While it lives, every line of this thread carries `context`, which must live as long. Scopes
/// nest; the inner one counts.
class LogScope {
 public:
  explicit LogScope(const LogContext& context) noexcept : outer_{current_} { current_ = &context; }
  ~LogScope() { current_ = outer_; }
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  /// The context of this thread, or nullptr.
  static const LogContext* current() noexcept { return current_; }

 private:
  static inline thread_local const LogContext* current_ = nullptr;
  const LogContext* outer_;
};

}  // namespace bulkhead::host
