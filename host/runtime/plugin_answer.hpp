#pragma once

#include <cstddef>
#include <string>

#include <bulkhead/abi.h>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Receives what one call of a handler writes, and knows what is no answer. Lives as long as the
/// call; one thread.
class PluginAnswer {
 public:
  /// Longest body of an answer.
  static constexpr std::size_t kBodyBytesMax = std::size_t{64} * 1024 * 1024;

  PluginAnswer() = default;
  PluginAnswer(const PluginAnswer&) = delete;
  PluginAnswer& operator=(const PluginAnswer&) = delete;

  /// The waist's functions on this answer.
  bulkhead_response door() noexcept;
  /// The answer of a call that succeeded. Throws Error (INTERNAL_ERROR) for one that answered
  /// nothing, twice, with more than kBodyBytesMax or with a status that HTTP does not know.
  HttpResponse take();

 private:
  static void setStatus(void* self, std::int32_t status);
  static std::int32_t addHeader(void* self, bulkhead_bytes name, bulkhead_bytes value);
  static void append(void* self, const char* data, std::size_t size);

  HttpResponse response_;
  std::size_t statuses_ = 0;
  bool has_body_ = false;
  bool too_large_ = false;
};

/// Receives the result of a health contributor, at most kHealthBytesMax of it.
class HealthResult {
 public:
  static constexpr std::size_t kHealthBytesMax = std::size_t{64} * 1024;

  bulkhead_sink door() noexcept;
  /// Throws Error (HEALTH_TOO_LARGE) when more was written.
  std::string take();

 private:
  std::string text_;
  bool too_large_ = false;
};

}  // namespace bulkhead::host
