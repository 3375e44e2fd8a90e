#include "logging/line_formatter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <unistd.h>

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

/// Writes the members of one line forward into memory for the longest one, and keeps it within its
/// bound.
class Line {
 public:
  Line(std::array<char, LineFormatter::kLineBytesMax>& memory, const Redactor& redactor)
      : start_{memory.data()}, at_{start_}, redactor_{redactor} {}

  /// As it is; the caller knows that there is room.
  void write(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  /// A text of at most `bytes_max` as it is written, redacted.
  void member(std::string_view name, std::string_view text, std::size_t bytes_max) {
    if (!begin(name)) return;
    write("\"");
    value(text, bytes_max);
    write("\"");
  }

  /// A text from our own code, which holds no secret.
  void plainMember(std::string_view name, std::string_view text) {
    if (!begin(name)) return;
    write("\"");
    escaped(text, kContextBytesMax);
    write("\"");
  }

  /// An id that the host made of digits, letters and dashes.
  void idMember(std::string_view name, std::string_view id) {
    if (!begin(name)) return;
    write("\"");
    write(id.substr(0, kValueBytesMin - 2));
    write("\"");
  }

  /// A member that the caller named; comes after all members that the line itself has.
  void field(const LogField& field) {
    const LogField::Value& value = field.value();
    const auto* const error = std::get_if<const ErrorDetails*>(&value);
    const bool hidden = !field.name().isPlain() && error == nullptr &&
                        !std::holds_alternative<bool>(value) && isSecretName(field.name().text());
    if (!beginField(field.name())) return;
    if (hidden) {
      textValue(Redactor::kStars);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      textValue(*text);
    } else if (const auto* own = std::get_if<NoSecret>(&value)) {
      write("\"");
      truncated_ |= !escaped(own->text, kBodyBytesMax);
      write("\"");
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

  bool hasRoomFor(std::string_view name) {
    const bool has = used() + name.size() * 6 + kValueBytesMin <= kBodyBytesMax;
    truncated_ |= !has;
    return has;
  }

  bool begin(std::string_view name) {
    if (!hasRoomFor(name)) return false;
    write(",\"");
    write(name);
    write("\":");
    return true;
  }

  bool beginField(const FieldName& name) {
    if (name.isPlain()) return begin(name.text());
    if (!hasRoomFor(name.text())) return false;
    write(FieldName::isOwn(name.text()) ? ",\"field." : ",\"");
    escaped(name.text(), kBodyBytesMax);
    write("\":");
    return true;
  }

  bool escaped(std::string_view text, std::size_t bytes_max) {
    char* const limit = start_ + std::min(kBodyBytesMax, used() + bytes_max);
    const auto [end, whole] = writeJsonText(at_, limit, text);
    at_ = end;
    return whole;
  }

  void value(std::string_view text, std::size_t bytes_max) {
    const std::string_view scanned = text.substr(0, kScannedBytesMax);
    const bool whole = escaped(redactor_.redact(scanned, scratch()), bytes_max);
    truncated_ |= !whole || scanned.size() != text.size();
  }

  void textValue(std::string_view text) {
    write("\"");
    value(text, kBodyBytesMax);
    write("\"");
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
  const auto add = [&](std::string_view name, std::string_view value, bool own = false) {
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
  line.member("message", record.message, kMessageBytesMax);
  line.write(origin_);
  line.plainMember("logger", record.logger);
  line.write(threadMember());
  if (record.context != nullptr) appendContext(line, *record.context);
  for (const LogField& field : record.fields) line.field(field);
  return line.end();
}

}  // namespace bulkhead::host
