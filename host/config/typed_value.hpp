#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/secret.hpp"

namespace bulkhead::host {

enum class SettingType { String, Integer, Number, Boolean, DurationMs, Url, Secret, Enum };

/// "string", "duration_ms", ... as manifests write them.
std::string_view settingTypeName(SettingType type);
std::optional<SettingType> findSettingType(std::string_view name);

/// What a setting may be: the one description that reading, checking, printing and the documents
/// use, for the host's settings and for those that a plugin's manifest declares.
struct SettingDeclaration {
  std::string name;  ///< "server.port"; a plugin's own without its id: "webhook_secret"
  SettingType type = SettingType::String;
  std::optional<std::string> default_text{};  ///< as it would be written; none: absent unless given
  std::optional<double> min{};  ///< inclusive; for texts the length in characters, for durations ms
  std::optional<double> max{};
  std::vector<std::string> values{};  ///< of an enum; read without regard to case
  bool secret = false;                ///< as `SettingType::Secret`, for texts of another type
  bool required = false;
  std::string help{};
  std::int64_t bare_unit_ms = 1;  ///< what a duration without unit counts in

  bool isSecret() const noexcept { return secret || type == SettingType::Secret; }
};

/// A value that passed its declaration.
class TypedValue {
 public:
  using Storage = std::variant<std::string, std::int64_t, double, bool, Secret>;

  TypedValue(SettingType type, Storage storage) : type_{type}, storage_{std::move(storage)} {}

  SettingType type() const noexcept { return type_; }
  bool isSecret() const noexcept { return std::holds_alternative<Secret>(storage_); }

  // Each throws std::bad_variant_access when the value is of another kind.
  const std::string& text() const { return std::get<std::string>(storage_); }
  std::int64_t integer() const { return std::get<std::int64_t>(storage_); }
  double number() const { return std::get<double>(storage_); }
  bool boolean() const { return std::get<bool>(storage_); }
  const Secret& secret() const { return std::get<Secret>(storage_); }

  /// Secrets are compared in time that depends on their lengths only.
  bool operator==(const TypedValue& other) const = default;

  /// What may be printed: a secret is "******", and a URL's user and password are hidden.
  std::string display() const;
  /// The value as JSON text, secrets in clear: for the plugin that it belongs to, and nobody else.
  std::string revealedJson() const;

 private:
  SettingType type_;
  Storage storage_;
};

/// The value of `text`, or nothing when it breaks the declaration. Integers are decimal; durations
/// are a whole number with ms, s, m, h or d, or without unit; booleans are true/false, yes/no,
/// on/off, 1/0; texts are UTF-8 without NUL.
std::optional<TypedValue> parseValue(const SettingDeclaration& declaration, std::string_view text);

/// What `parseValue` accepts, in words: "an integer from 1 to 65535".
std::string expectation(const SettingDeclaration& declaration);

/// `scheme://user:password@host/` with user and password hidden; other text unchanged.
std::string withoutUserInfo(std::string_view url);

/// "20s", "250ms": the largest unit that divides.
std::string durationText(std::int64_t duration_ms);

}  // namespace bulkhead::host
