#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/header_parameters.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/utf8.hpp>

namespace bulkhead {

/// The fields of an application/x-www-form-urlencoded body (WHATWG URL §5.1), as vendors' webhooks
/// send them to routes with `raw_body`. Verify the vendor's signature first: some are computed over
/// these fields. Strict where browsers repair: what can be read in two ways is refused.
class Form {
 public:
  using Field = std::pair<std::string, std::string>;  ///< name and value, decoded, in UTF-8
  static constexpr std::size_t kFieldsMax = 1000;

  /// Throws Error: 415 UNSUPPORTED_MEDIA_TYPE for another Content-Type, or a charset that is not
  /// UTF-8; what parse() throws.
  static Form of(const Request& request) {
    const auto type = HeaderParameters::parse(request.header("content-type").value_or(""));
    const auto charset = type ? type->find("charset").value_or("utf-8") : std::string_view{};
    const bool is_utf8 = charset == "utf-8" || charset == "UTF-8" || charset == "utf8";
    if (!type || type->value() != "application/x-www-form-urlencoded" || !is_utf8) {
      throw Error::validation("UNSUPPORTED_MEDIA_TYPE",
                              "Send the form as Content-Type: application/x-www-form-urlencoded.");
    }
    return parse(request.body());
  }

  /// Throws Error: 400 FORM_INVALID for a percent sign without two hexadecimal digits, a field
  /// without a name, text that is not UTF-8, U+0000, or more than kFieldsMax fields.
  static Form parse(std::string_view body) {
    Form form;
    for (bool more = !body.empty(); more;) {
      const std::size_t end = body.find('&');
      form.take(body.substr(0, end));
      more = end != std::string_view::npos;
      if (more) body.remove_prefix(end + 1);
    }
    return form;
  }

  /// All of them, in the order of the body.
  const std::vector<Field>& fields() const noexcept { return fields_; }
  /// The value of a field that is given once. Throws Error 400 FORM_INVALID when it is given twice.
  std::optional<std::string_view> find(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const auto& [known, value] : fields_) {
      if (known != name) continue;
      if (found) refuse("A field of the form is given twice.");
      found = value;
    }
    return found;
  }
  /// The same for a field that must be there. Throws Error 400 FORM_INVALID.
  std::string_view get(std::string_view name) const {
    const auto found = find(name);
    if (!found) refuse("A field of the form is missing.");
    return *found;
  }
  /// Each value of a field that may be repeated.
  std::vector<std::string_view> all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [known, value] : fields_) {
      if (known == name) values.push_back(value);
    }
    return values;
  }

 private:
  [[noreturn]] static void refuse(std::string_view why) {
    throw Error::validation("FORM_INVALID", why);
  }
  static int hexDigit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }
  static std::string decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        result += text[i] == '+' ? ' ' : text[i];
        continue;
      }
      const bool is_whole = i + 2 < text.size();
      const int high = is_whole ? hexDigit(text[i + 1]) : -1;
      const int low = is_whole ? hexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) refuse("The form has a percent sign without its two digits.");
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (!isUtf8(result)) refuse("The form is not UTF-8.");
    if (result.find('\0') != std::string::npos) refuse("The form has a null character.");
    return result;
  }
  void take(std::string_view field) {
    const std::size_t equals = std::min(field.find('='), field.size());
    if (equals == 0) refuse("A field of the form has no name.");
    if (fields_.size() == kFieldsMax) refuse("The form has too many fields.");
    fields_.emplace_back(decoded(field.substr(0, equals)),
                         decoded(field.substr(std::min(equals + 1, field.size()))));
  }

  std::vector<Field> fields_;
};

}  // namespace bulkhead
