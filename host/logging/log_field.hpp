#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <variant>

namespace bulkhead::host {

/// What a log line says of an error (S50).
struct ErrorDetails {
  std::string_view name;     ///< class or kind
  std::string_view message;  ///< for operators; may hold more than the client is shown
  std::string_view code;
  std::string_view stack;  ///< empty when there is none
};

/// One typed field of a log line. Borrows name and text; it lives as long as the call it is made
/// for. Names are camelCase; a name that the line itself uses ("level", "service", ...) is written
/// with "field." before it.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool,
                             const ErrorDetails*>;

  LogField(std::string_view name, std::string_view text) : name_{name}, value_{text} {}
  LogField(std::string_view name, const char* text) : name_{name}, value_{std::string_view{text}} {}
  LogField(std::string_view name, bool flag) : name_{name}, value_{flag} {}
  LogField(std::string_view name, double number) : name_{name}, value_{number} {}
  LogField(std::string_view name, const ErrorDetails& error) : name_{name}, value_{&error} {}
  template <std::signed_integral Integer>
  LogField(std::string_view name, Integer number)
      : name_{name}, value_{static_cast<std::int64_t>(number)} {}
  template <std::unsigned_integral Integer>
  LogField(std::string_view name, Integer number)
      : name_{name}, value_{static_cast<std::uint64_t>(number)} {}

  std::string_view name() const noexcept { return name_; }
  const Value& value() const noexcept { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

}  // namespace bulkhead::host
