#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <bulkhead/abi.h>

#include "runtime/byte_stream.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Where the call of a route that streams its response answers.
struct AnswerOutlet {
  /// The stream of the answer, before it.
  std::function<std::shared_ptr<ByteStream>()> open;
  /// The answer, or the head of one with a stream. False when it comes too late.
  std::function<bool(HttpResponse)> respond;
};

/// Code of the refusal that the writer of a stream gets when its reader is gone.
inline constexpr std::string_view kStreamEnded = "STREAM_ENDED";

/// Receives what one call of a handler writes, and knows what is no answer. Lives as long as the
/// call; one thread.
class PluginAnswer {
 public:
  /// Longest body of an answer.
  static constexpr std::size_t kBodyBytesMax = std::size_t{64} * 1024 * 1024;
  /// Most header fields of an answer, and the bytes of their names and values together.
  static constexpr std::size_t kFieldsMax = 100;
  static constexpr std::size_t kFieldBytesMax = std::size_t{32} * 1024;

  /// True for the security headers of S29..S34, which every answer has from the host, and none
  /// twice.
  static bool isHostsOwn(std::string_view name);

  /// Without an outlet the answer cannot stream. Borrows it.
  explicit PluginAnswer(const AnswerOutlet* outlet = nullptr) : outlet_{outlet} {}
  PluginAnswer(const PluginAnswer&) = delete;
  PluginAnswer& operator=(const PluginAnswer&) = delete;

  /// The waist's functions on this answer.
  bulkhead_response door() noexcept;
  /// The answer of a call that succeeded. Throws Error (INTERNAL_ERROR) for one that answered
  /// nothing, twice, with more than fits or with a status that HTTP does not know. The security
  /// headers of S29..S34 are the host's: fields with these names are left out.
  HttpResponse take();
  /// The stream of an answer that has begun, else null.
  const std::shared_ptr<ByteStream>& stream() const { return stream_; }
  /// True when it began too late: the client has its answer already, or is gone.
  bool tooLate() const { return too_late_; }

 private:
  void checkHead() const;
  void begin();
  static bulkhead_status beginStream(void* self, const bulkhead_error_sink* error);
  static bulkhead_status sendBytes(void* self, const char* data, std::size_t size,
                                   const bulkhead_error_sink* error);
  static std::int32_t pauseStream(void* self, std::int64_t duration_us);
  static void setStatus(void* self, std::int32_t status);
  void addField(std::string_view name, std::string_view value);
  static std::int32_t addHeader(void* self, bulkhead_bytes name, bulkhead_bytes value);
  static void append(void* self, const char* data, std::size_t size);

  const AnswerOutlet* outlet_;
  std::shared_ptr<ByteStream> stream_;
  bool too_late_ = false;
  HttpResponse response_;
  std::size_t statuses_ = 0;
  bool has_body_ = false;
  bool too_large_ = false;
  std::size_t field_bytes_ = 0;
  bool too_many_fields_ = false;
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
