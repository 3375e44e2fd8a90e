#pragma once

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

/// C++ on both sides of the waist: views, and errors turned into exceptions and back. Authors do
/// not need it.
namespace bulkhead::waist {

inline bulkhead_bytes bytes(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

inline std::string_view view(bulkhead_bytes bytes) noexcept {
  return bytes.size == 0 ? std::string_view{} : std::string_view{bytes.data, bytes.size};
}

/// Appends what is written to it to a string.
inline bulkhead_sink sinkInto(std::string& out) noexcept {
  return {&out, [](void* self, const char* data, std::size_t size) {
            static_cast<std::string*>(self)->append(data, size);
          }};
}

/// Reports `error` and returns its status.
inline bulkhead_status report(const Error& error, const bulkhead_error_sink* sink) noexcept {
  const auto kind = static_cast<bulkhead_status>(error.kind());
  if (sink == nullptr || sink->report == nullptr) return kind;
  const bulkhead_error crossing{sizeof(bulkhead_error), kind,
                                bytes(error.code()),    bytes(error.message()),
                                bytes(error.details()), error.retryAfterSeconds()};
  sink->report(sink->self, &crossing);
  return kind;
}

inline Error errorFrom(const bulkhead_error& crossing) {
  const bool known =
      crossing.kind >= BULKHEAD_APP_ERROR && crossing.kind <= BULKHEAD_CONFIGURATION_ERROR;
  return Error{known ? static_cast<ErrorKind>(crossing.kind) : ErrorKind::App, view(crossing.code),
               view(crossing.message)}
      .withDetails(std::string{view(crossing.details)})
      .withRetryAfter(crossing.retry_after_s);
}

/// Receives a callee's refusal and throws it once the call is back on this side.
class ErrorCatcher {
 public:
  ErrorCatcher() = default;
  ErrorCatcher(const ErrorCatcher&) = delete;
  ErrorCatcher& operator=(const ErrorCatcher&) = delete;

  const bulkhead_error_sink* sink() noexcept { return &sink_; }

  /// Throws the reported error when `status` is not BULKHEAD_OK.
  void check(bulkhead_status status) {
    if (status == BULKHEAD_OK) return;
    if (error_) throw *std::exchange(error_, std::nullopt);
    throw Error::app("UNREPORTED_ERROR", "The call failed and gave no reason.");
  }

 private:
  static void receive(void* self, const bulkhead_error* error) noexcept {
    try {
      static_cast<ErrorCatcher*>(self)->error_ = errorFrom(*error);
    } catch (...) {
      static_cast<ErrorCatcher*>(self)->error_.reset();
    }
  }

  std::optional<Error> error_;
  bulkhead_error_sink sink_{this, &ErrorCatcher::receive};
};

/// Runs `call` and turns whatever it throws into a reported status: the fence on every door into
/// C++.
template <class Call>
bulkhead_status guarded(const bulkhead_error_sink* sink, const Call& call) noexcept {
  try {
    call();
    return BULKHEAD_OK;
  } catch (const Error& error) {
    return report(error, sink);
  } catch (const std::exception& error) {
    try {
      return report(Error::app("INTERNAL_ERROR", error.what()), sink);
    } catch (...) {
      return BULKHEAD_APP_ERROR;
    }
  } catch (...) {
    try {
      return report(
          Error::app("INTERNAL_ERROR", "Something that is not a std::exception was thrown."), sink);
    } catch (...) {
      return BULKHEAD_APP_ERROR;
    }
  }
}

}  // namespace bulkhead::waist
