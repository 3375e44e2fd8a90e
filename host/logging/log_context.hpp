#pragma once

#include <string_view>

namespace bulkhead::host {

/// Whose work a thread does (S47); borrowed, and empty fields are left out of the line.
struct LogContext {
  std::string_view plugin;
  std::string_view request_id;
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view tenant;
  std::string_view client_key;  ///< what rate limits count by; never a credential
  std::string_view api_key_id;
  /// The host made the ids of request and trace: no client can have hidden a secret in them.
  bool own_request_id = false;
  bool own_trace_id = false;
};

/// While it lives, every line of this thread carries `context`, which must live as long, as must
/// what it borrows. Scopes nest; the inner one counts.
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
