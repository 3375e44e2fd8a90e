#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "logging/secret_names.hpp"

namespace bulkhead::host {

/// What a log line says of an error (S50).
struct ErrorDetails {
  std::string_view name;     ///< class or kind
  std::string_view message;  ///< for operators; may hold more than the client is shown
  std::string_view code;
  std::string_view stack;  ///< empty when there is none
};

/// Text in which no secret can be, because the host made it or knows it beforehand: a method, a
/// route's template, an id of its own. It is escaped like any text, and not searched.
struct NoSecret {
  std::string_view text;
};

/// The name of a field, camelCase; borrowed. A name that the line itself uses ("level", "service",
/// ...) is written with "field." before it. A literal is judged when it is compiled, any other name
/// each time that it is written.
class FieldName {
 public:
  static constexpr std::array<std::string_view, 17> kOwnNames{
      "timestamp",   "level",  "severity",  "message",  "service",   "version",
      "environment", "logger", "thread",    "plugin",   "requestId", "traceId",
      "spanId",      "tenant", "clientKey", "apiKeyId", "truncated"};

  // Implicit: a field is written {"name", value}.
  template <std::size_t kSize>
  // NOLINTNEXTLINE(google-explicit-constructor)
  consteval FieldName(const char (&literal)[kSize])
      : text_{literal, kSize - 1}, plain_{isOrdinary(text_)} {}
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  // NOLINTNEXTLINE(google-explicit-constructor)
  FieldName(const Text& text) : text_{text} {}

  std::string_view text() const noexcept { return text_; }
  /// Known to be no name of a secret, none of the line's own, and free of what JSON escapes.
  bool isPlain() const noexcept { return plain_; }
  static constexpr bool isOwn(std::string_view name) {
    return std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
  }

 private:
  static constexpr bool isOrdinary(std::string_view name) {
    return std::all_of(name.begin(), name.end(), detail::isAlphanumeric) && !isSecretName(name) &&
           !isOwn(name);
  }

  std::string_view text_;
  bool plain_ = false;
};

/// One typed field of a log line. Borrows name and text; it lives as long as the call it is made
/// for. A duration is written in milliseconds, with its microseconds behind the point.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool,
                             const ErrorDetails*, NoSecret, std::chrono::microseconds>;

  LogField(FieldName name, std::string_view text) : name_{name}, value_{text} {}
  LogField(FieldName name, const char* text) : name_{name}, value_{std::string_view{text}} {}
  LogField(FieldName name, NoSecret text) : name_{name}, value_{text} {}
  LogField(FieldName name, bool flag) : name_{name}, value_{flag} {}
  LogField(FieldName name, double number) : name_{name}, value_{number} {}
  LogField(FieldName name, std::chrono::microseconds time) : name_{name}, value_{time} {}
  LogField(FieldName name, const ErrorDetails& error) : name_{name}, value_{&error} {}
  template <std::signed_integral Integer>
  LogField(FieldName name, Integer number)
      : name_{name}, value_{static_cast<std::int64_t>(number)} {}
  template <std::unsigned_integral Integer>
  LogField(FieldName name, Integer number)
      : name_{name}, value_{static_cast<std::uint64_t>(number)} {}

  const FieldName& name() const noexcept { return name_; }
  const Value& value() const noexcept { return value_; }

 private:
  FieldName name_;
  Value value_;
};

}  // namespace bulkhead::host
