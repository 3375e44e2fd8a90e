#include "logging/line_formatter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <unistd.h>

#include "logging/json_text.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kTail = "\"truncated\":true}\n";
constexpr std::size_t kBodyBytesMax = LineFormatter::kLineBytesMax - kTail.size() - 4;
constexpr std::size_t kMessageBytesMax = 8 * 1024;
constexpr std::size_t kContextBytesMax = 256;
constexpr std::size_t kScannedBytesMax = 64 * 1024;

constexpr std::array<std::string_view, 17> kOwnNames{
    "timestamp",   "level",  "severity",  "message",  "service",   "version",
    "environment", "logger", "thread",    "plugin",   "requestId", "traceId",
    "spanId",      "tenant", "clientKey", "apiKeyId", "truncated"};

bool isOwnName(std::string_view name) {
  return std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
}

/// Redactor::isSecretName, remembered: the names of fields are few, and most lines have the same.
bool isSecretField(std::string_view name) {
  struct Verdict {
    std::string name;
    bool is_secret = false;
  };
  thread_local std::array<Verdict, 64> verdicts;
  if (name.empty() || name.size() > 32) return Redactor::isSecretName(name);
  const auto letter = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  const std::size_t place = name.size() + 7U * letter(0) + 31U * letter(name.size() - 1);
  Verdict& verdict = verdicts[place % verdicts.size()];
  if (verdict.name != name) verdict = {std::string{name}, Redactor::isSecretName(name)};
  return verdict.is_secret;
}

/// "2024-01-01T12:00:00" of this second, kept per thread.
std::string_view secondText(std::time_t second) {
  thread_local std::time_t kept_second = -1;
  thread_local char text[32];
  thread_local std::size_t size = 0;
  if (second != kept_second) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    kept_second = second;
  }
  return {text, size};
}

void appendTime(std::string& out, std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto second = since >= 0 ? since / 1000 : (since - 999) / 1000;
  const auto ms = static_cast<int>(since - second * 1000);
  out += secondText(static_cast<std::time_t>(second));
  const char digits[] = {'.', static_cast<char>('0' + ms / 100),
                         static_cast<char>('0' + ms / 10 % 10), static_cast<char>('0' + ms % 10),
                         'Z'};
  out.append(digits, sizeof digits);
}

template <typename Number>
void appendNumber(std::string& out, Number number) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, number);
  out.append(text, result.ptr);
}

/// Writes the members of one line and keeps it within its bound.
class Line {
 public:
  Line(std::string& out, const Redactor& redactor)
      : out_{out}, start_{out.size()}, redactor_{redactor} {}

  /// A text of at most `bytes_max` as it is written, redacted.
  void member(std::string_view name, std::string_view text, std::size_t bytes_max) {
    if (!begin(name)) return;
    out_ += '"';
    value(text, bytes_max);
    out_ += '"';
  }

  /// A text from our own code, which holds no secret.
  void plainMember(std::string_view name, std::string_view text) {
    if (!begin(name)) return;
    out_ += '"';
    appendJsonText(out_, text, out_.size() + kContextBytesMax);
    out_ += '"';
  }

  /// A member that the caller named; comes after all members that the line itself has.
  void field(const LogField& field) {
    own_members_done_ = true;
    if (const auto* error = std::get_if<const ErrorDetails*>(&field.value())) {
      return errorMember(field.name(), **error);
    }
    if (!std::holds_alternative<bool>(field.value()) && isSecretField(field.name())) {
      return member(field.name(), Redactor::kStars, kBodyBytesMax);
    }
    if (const auto* text = std::get_if<std::string_view>(&field.value())) {
      return member(field.name(), *text, kBodyBytesMax);
    }
    if (begin(field.name())) number(field.value());
  }

  void end() {
    if (!truncated_) {
      out_ += "}\n";
      return;
    }
    out_ += ',';
    out_ += kTail;
  }

 private:
  std::size_t used() const { return out_.size() - start_; }

  bool begin(std::string_view name) {
    if (used() + name.size() * 6 + 48 > kBodyBytesMax) {
      truncated_ = true;
      return false;
    }
    out_ += ",\"";
    if (!own_members_done_) {
      out_ += name;
    } else {
      if (isOwnName(name)) out_ += "field.";
      appendJsonText(out_, name, start_ + kBodyBytesMax);
    }
    out_ += "\":";
    return true;
  }

  void value(std::string_view text, std::size_t bytes_max) {
    const std::string_view scanned = text.substr(0, kScannedBytesMax);
    const std::size_t limit = std::min(start_ + kBodyBytesMax, out_.size() + bytes_max);
    const bool whole = appendJsonText(out_, redactor_.redact(scanned, scratch()), limit);
    truncated_ = truncated_ || !whole || scanned.size() != text.size();
  }

  void number(const LogField::Value& value) {
    if (const auto* flag = std::get_if<bool>(&value)) {
      out_ += *flag ? "true" : "false";
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (std::isfinite(*real)) {
        appendNumber(out_, *real);
      } else {
        out_ += "null";
      }
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      integer(*whole, *whole >= 1'000'000'000'000);
    } else {
      const auto natural = std::get<std::uint64_t>(value);
      integer(natural, natural >= 1'000'000'000'000U);
    }
  }

  template <typename Integer>
  void integer(Integer number, bool may_be_card) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    const std::string_view text{digits, static_cast<std::size_t>(end - digits)};
    const std::string_view shown = may_be_card ? redactor_.redact(text, scratch()) : text;
    if (shown.data() == text.data()) {
      out_ += text;
    } else {
      out_ += '"';
      out_ += shown;
      out_ += '"';
    }
  }

  void errorMember(std::string_view name, const ErrorDetails& error) {
    if (!begin(name)) return;
    out_ += "{\"name\":\"";
    value(error.name, kContextBytesMax);
    out_ += "\",\"message\":\"";
    value(error.message, kMessageBytesMax / 2);
    out_ += "\",\"code\":\"";
    value(error.code, kContextBytesMax);
    if (!error.stack.empty() && used() + 64 < kBodyBytesMax) {
      out_ += "\",\"stack\":\"";
      value(error.stack, kMessageBytesMax);
    }
    out_ += "\"}";
  }

  static std::string& scratch() {
    thread_local std::string text;
    return text;
  }

  std::string& out_;
  const std::size_t start_;
  const Redactor& redactor_;
  bool truncated_ = false;
  bool own_members_done_ = false;
};

void appendContext(Line& line, const LogContext& context) {
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) line.member(name, value, kContextBytesMax);
  };
  add("plugin", context.plugin);
  add("requestId", context.request_id);
  add("traceId", context.trace_id);
  add("spanId", context.span_id);
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

void LineFormatter::append(std::string& out, const LogRecord& record) const {
  Line line{out, redactor_};
  out += "{\"timestamp\":\"";
  appendTime(out, record.time);
  out += "\",\"level\":\"";
  out += levelName(record.level);
  out += "\",\"severity\":\"";
  out += severityWord(record.level);
  out += '"';
  line.member("message", record.message, kMessageBytesMax);
  out += origin_;
  line.plainMember("logger", record.logger);
  out += threadMember();
  if (record.context != nullptr) appendContext(line, *record.context);
  for (const LogField& field : record.fields) line.field(field);
  line.end();
}

}  // namespace bulkhead::host
