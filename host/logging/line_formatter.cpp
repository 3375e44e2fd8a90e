#include "logging/line_formatter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <type_traits>
#include <unistd.h>

#include <bulkhead/json_plain.hpp>

#include "logging/json_text.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kTail = "\"truncated\":true}\n";
constexpr std::size_t kBodyBytesMax = LineFormatter::kLineBytesMax - kTail.size() - 4;
constexpr std::size_t kMessageBytesMax = 8 * 1024;
constexpr std::size_t kContextBytesMax = 256;
constexpr std::size_t kScannedBytesMax = 64 * 1024;
constexpr std::size_t kNumberBytesMax = 32;
/// A member that has begun has so much room for what stands around its value, or is a number.
constexpr std::size_t kValueBytesMin = 48;
/// What stands between the values of an error.
constexpr std::size_t kErrorNamesBytes = 26;
constexpr std::size_t kLongestEscapeBytes = 8;

constexpr std::array<std::string_view, 5> kLevelMembers{
    R"(","level":"DEBUG","severity":"DEBUG")", R"(","level":"INFO","severity":"INFO")",
    R"(","level":"WARN","severity":"WARNING")", R"(","level":"ERROR","severity":"ERROR")",
    R"(","level":"FATAL","severity":"CRITICAL")"};

/// "2024-01-01T12:00:00.000Z": RFC 3339 in UTC, made once per millisecond and thread, its calendar
/// once per second.
std::string_view timeText(std::chrono::system_clock::time_point time) {
  struct Kept {
    std::int64_t second = INT64_MIN;
    std::int64_t ms = INT64_MIN;
    std::size_t size = 0;
    std::array<char, 48> text{};
  };
  thread_local Kept kept;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  if (ms == kept.ms) return {kept.text.data(), kept.size};
  const std::time_t second = (ms - (ms < 0 ? 999 : 0)) / 1000;
  char* const text = kept.text.data();
  if (second != kept.second) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    kept.size = std::strftime(text, kept.text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    kept.second = second;
  }
  kept.ms = ms;
  const auto rest = static_cast<int>(ms - second * 1000);
  char* const digits = text + kept.size - 4;
  digits[0] = static_cast<char>('0' + rest / 100);
  digits[1] = static_cast<char>('0' + rest / 10 % 10);
  digits[2] = static_cast<char>('0' + rest % 10);
  return {text, kept.size};
}

/// memcpy without the call, for the few bytes that most parts of a line have.
char* put(char* at, std::string_view text) {
  const std::size_t size = text.size();
  const char* const from = text.data();
  const auto bothEnds = [&]<std::size_t kBytes>(std::integral_constant<std::size_t, kBytes>) {
    std::memcpy(at, from, kBytes);
    std::memcpy(at + size - kBytes, from + size - kBytes, kBytes);
  };
  if (size > 32) {
    std::memcpy(at, from, size);
  } else if (size >= 16) {
    bothEnds(std::integral_constant<std::size_t, 16>{});
  } else if (size >= 8) {
    bothEnds(std::integral_constant<std::size_t, 8>{});
  } else if (size >= 4) {
    bothEnds(std::integral_constant<std::size_t, 4>{});
  } else if (size >= 2) {
    bothEnds(std::integral_constant<std::size_t, 2>{});
  } else if (size == 1) {
    *at = *from;
  }
  return at + size;
}

/// Of a length that the compiler knows.
template <std::size_t kSize>
char* put(char* at, const char (&literal)[kSize]) {
  std::memcpy(at, literal, kSize - 1);
  return at + kSize - 1;
}

/// Writes the members of one line forward into memory for the longest one, and keeps it within its
/// bound.
class Line {
 public:
  Line(std::array<char, LineFormatter::kLineBytesMax>& memory, const Redactor& redactor)
      : start_{memory.data()}, at_{start_}, redactor_{redactor} {}

  /// As it is; the caller knows that there is room.
  void write(std::string_view text) { at_ = put(at_, text); }
  template <std::size_t kSize>
  void write(const char (&literal)[kSize]) {
    at_ = put(at_, literal);
  }

  /// A text of at most `bytes_max` as it is written, redacted.
  template <std::size_t kSize>
  void member(const char (&name)[kSize], std::string_view text, std::size_t bytes_max) {
    if (begin(name)) textValue(text, bytes_max);
  }

  void message(std::string_view text, bool is_own) {
    if (!begin("message")) return;
    if (is_own) {
      truncated_ |= !quoted(text, kMessageBytesMax);
    } else {
      textValue(text, kMessageBytesMax);
    }
  }

  /// A text from our own code, which holds no secret.
  template <std::size_t kSize>
  void plainMember(const char (&name)[kSize], std::string_view text) {
    if (begin(name)) quoted(text, kContextBytesMax);
  }

  /// An id that the host made of digits, letters and dashes.
  template <std::size_t kSize>
  void idMember(const char (&name)[kSize], std::string_view id) {
    if (!begin(name)) return;
    char* at = put(at_, "\"");
    at = put(at, id.substr(0, kValueBytesMin - 2));
    at_ = put(at, "\"");
  }

  /// A member that the caller named; comes after all members that the line itself has.
  void field(const LogField& field) {
    const LogField::Value& value = field.value();
    const auto* const error = std::get_if<const ErrorDetails*>(&value);
    const bool hidden = !field.name().isPlain() && error == nullptr &&
                        !std::holds_alternative<bool>(value) && isSecretName(field.name().text());
    if (!beginField(field.name())) return;
    if (hidden) {
      textValue(Redactor::kStars, kBodyBytesMax);
    } else if (const auto* own = std::get_if<NoSecret>(&value)) {
      truncated_ |= !quoted(own->text, kBodyBytesMax);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      textValue(*text, kBodyBytesMax);
    } else if (error != nullptr) {
      errorValue(**error);
    } else {
      number(value);
    }
  }

  std::string_view end() {
    if (truncated_) write(",");
    write(truncated_ ? kTail : "}\n");
    return {start_, used()};
  }

 private:
  std::size_t used() const { return static_cast<std::size_t>(at_ - start_); }

  bool hasRoomForName(std::size_t name_size) {
    const bool has = used() + name_size * 6 + kValueBytesMin <= kBodyBytesMax;
    truncated_ |= !has;
    return has;
  }

  template <std::size_t kSize>
  bool begin(const char (&name)[kSize]) {
    if (!hasRoomForName(kSize - 1)) return false;
    at_ = put(put(put(at_, ",\""), name), "\":");
    return true;
  }

  bool beginField(const FieldName& name) {
    if (!hasRoomForName(name.text().size())) return false;
    if (name.isPlain()) {
      at_ = put(put(put(at_, ",\""), name.text()), "\":");
      return true;
    }
    write(FieldName::isOwn(name.text()) ? ",\"field." : ",\"");
    escaped(name.text(), kBodyBytesMax);
    write("\":");
    return true;
  }

  std::size_t roomFor(std::size_t bytes_max) const {
    return std::min(kBodyBytesMax - std::min(kBodyBytesMax, used()), bytes_max);
  }

  bool escaped(std::string_view text, std::size_t bytes_max) {
    char* const limit = start_ + std::min(kBodyBytesMax, used() + bytes_max);
    const auto [end, whole] = writeJsonText(at_, limit, text);
    at_ = end;
    return whole;
  }

  /// With its quotation marks. Nearly every text stands in JSON as it is.
  bool quoted(std::string_view text, std::size_t bytes_max) {
    const bool fits = text.size() <= kValueBytesMin - kLongestEscapeBytes ||
                      text.size() + kLongestEscapeBytes <= roomFor(bytes_max);
    if (fits && plainInJson(text) == text.size()) {
      at_ = put(put(put(at_, "\""), text), "\"");
      return true;
    }
    write("\"");
    const bool whole = escaped(text, bytes_max);
    write("\"");
    return whole;
  }

  /// As it may be written.
  std::string_view shown(std::string_view text) {
    if (text.empty()) return text;
    const std::string_view scanned = text.substr(0, kScannedBytesMax);
    truncated_ |= scanned.size() != text.size();
    return redactor_.redact(scanned, scratch());
  }

  void value(std::string_view text, std::size_t bytes_max) {
    truncated_ |= !escaped(shown(text), bytes_max);
  }

  void textValue(std::string_view text, std::size_t bytes_max) {
    truncated_ |= !quoted(shown(text), bytes_max);
  }

  void number(const LogField::Value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      integer(*whole, *whole >= 1'000'000'000'000);
    } else if (const auto* natural = std::get_if<std::uint64_t>(&value)) {
      integer(*natural, *natural >= 1'000'000'000'000U);
    } else if (const auto* time = std::get_if<std::chrono::microseconds>(&value)) {
      milliseconds(*time);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      write(*flag ? "true" : "false");
    } else if (const double real = std::get<double>(value); std::isfinite(real)) {
      digits(real);
    } else {
      write("null");
    }
  }

  template <typename Number>
  void digits(Number number) {
    at_ = std::to_chars(at_, at_ + kNumberBytesMax, number).ptr;
  }

  template <typename Integer>
  void integer(Integer number, bool may_be_card) {
    char* const begin = at_;
    digits(number);
    if (!may_be_card) return;
    const std::string_view text{begin, static_cast<std::size_t>(at_ - begin)};
    const std::string_view shown = redactor_.redact(text, scratch());
    if (shown.data() == text.data()) return;
    at_ = begin;
    write("\"");
    write(shown);
    write("\"");
  }

  /// 1234 us are 1.234: the digits that a double of it would have, without the double.
  void milliseconds(std::chrono::microseconds time) {
    const std::int64_t us = time.count();
    if (us < 0) write("-");
    const std::uint64_t size =
        us < 0 ? 0 - static_cast<std::uint64_t>(us) : static_cast<std::uint64_t>(us);
    digits(size / 1000);
    const auto rest = static_cast<unsigned>(size % 1000);
    if (rest == 0) return;
    const std::array<char, 4> fraction{'.', static_cast<char>('0' + rest / 100),
                                       static_cast<char>('0' + rest / 10 % 10),
                                       static_cast<char>('0' + rest % 10)};
    write({fraction.data(), rest % 100 == 0 ? 2U : rest % 10 == 0 ? 3U : 4U});
  }

  void errorValue(const ErrorDetails& error) {
    const auto part = [this](std::string_view text, std::size_t bytes_max) {
      constexpr std::size_t kEnd = kBodyBytesMax - kErrorNamesBytes;
      value(text, std::min(bytes_max, kEnd - std::min(kEnd, used())));
    };
    write("{\"name\":\"");
    part(error.name, kContextBytesMax);
    write("\",\"message\":\"");
    part(error.message, kMessageBytesMax / 2);
    write("\",\"code\":\"");
    part(error.code, kContextBytesMax);
    if (!error.stack.empty() && used() + 64 < kBodyBytesMax) {
      write("\",\"stack\":\"");
      value(error.stack, kMessageBytesMax);
    }
    write("\"}");
  }

  static std::string& scratch() {
    thread_local std::string text;
    return text;
  }

  char* const start_;
  char* at_;
  const Redactor& redactor_;
  bool truncated_ = false;
};

void appendContext(Line& line, const LogContext& context) {
  const auto add = [&](const auto& name, std::string_view value, bool own = false) {
    if (value.empty()) return;
    if (own) {
      line.idMember(name, value);
    } else {
      line.member(name, value, kContextBytesMax);
    }
  };
  add("plugin", context.plugin);
  add("requestId", context.request_id, context.own_request_id);
  add("traceId", context.trace_id, context.own_trace_id);
  add("spanId", context.span_id, context.own_trace_id);
  add("tenant", context.tenant);
  add("clientKey", context.client_key);
  add("apiKeyId", context.api_key_id);
}

std::string_view threadMember() {
  thread_local const std::string kText = ",\"thread\":" + std::to_string(gettid());
  return kText;
}

}  // namespace

LineFormatter::LineFormatter(std::string_view service, std::string_view version,
                             std::string_view environment, const Redactor& redactor)
    : redactor_{redactor} {
  const auto add = [&](std::string_view name, std::string_view value) {
    origin_ += ",\"";
    origin_ += name;
    origin_ += "\":\"";
    appendJsonText(origin_, value, origin_.size() + kContextBytesMax);
    origin_ += '"';
  };
  add("service", service);
  add("version", version);
  add("environment", environment);
}

std::string_view LineFormatter::format(const LogRecord& record) const {
  using Memory = std::array<char, kLineBytesMax>;
  thread_local const auto kMemory = std::make_unique_for_overwrite<Memory>();
  Line line{*kMemory, redactor_};
  line.write("{\"timestamp\":\"");
  line.write(timeText(record.time));
  line.write(kLevelMembers[static_cast<std::size_t>(record.level)]);
  line.message(record.message, record.has_own_message);
  line.write(origin_);
  line.plainMember("logger", record.logger);
  line.write(threadMember());
  if (record.context != nullptr) appendContext(line, *record.context);
  for (const LogField& field : record.fields) line.field(field);
  return line.end();
}

}  // namespace bulkhead::host
