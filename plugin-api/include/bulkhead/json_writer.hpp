#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_plain.hpp>
#include <bulkhead/utf8.hpp>

namespace bulkhead {

/// Text that is one JSON value already, in UTF-8, and is written as it is, unchecked.
struct RawJson {
  std::string_view text;
};

/// Whole numbers of any width; a character is text or a mistake, and never a number.
template <class Value>
concept JsonInteger =
    std::integral<Value> && !std::same_as<Value, bool> && !std::same_as<Value, char> &&
    !std::same_as<Value, wchar_t> && !std::same_as<Value, char8_t> &&
    !std::same_as<Value, char16_t> && !std::same_as<Value, char32_t>;

/// Appends JSON (RFC 8259) to a string: no tree, no allocation but the string's own. Commas and
/// escapes are its business; nesting is the caller's: every begin has its end. Bytes that are not
/// UTF-8 (RFC 3629) become U+FFFD each, so the result is always JSON text in UTF-8.
///
/// Values: integers and floating point, both exact (the shortest digits that read back the same),
/// bool, text, nullptr, std::optional of those, RawJson, and a callable `void(JsonWriter&)` that
/// writes exactly one value. Nothing else is converted: a pointer or a character does not compile.
///
/// The text is for whoever reads JSON, not for a <script> of a page: "</" and U+2028 stay as they
/// are.
class JsonWriter {
 public:
  /// What NaN and the infinities, which JSON does not have, do.
  enum class NotFinite {
    Refuse,  ///< throw Error (app, NUMBER_NOT_FINITE): an answer does not lose a figure silently
    Null,    ///< become null: a log line is better than none
  };

  explicit JsonWriter(std::string& out, NotFinite not_finite = NotFinite::Refuse)
      : out_{out}, not_finite_{not_finite} {}

  /// One object from alternating keys and values: `out.object("id", id, "tags", [&](JsonWriter&
  /// tags) {...})`.
  template <class... Members>
  void object(const Members&... members) {
    static_assert(sizeof...(Members) % 2 == 0, "JsonWriter::object takes keys and values in turn");
    beginObject();
    addMembers(members...);
    endObject();
  }
  /// One array with an element for each item of `range`, written by `write(JsonWriter&, item)`.
  template <class Range, class Write>
  void array(const Range& range, const Write& write) {
    beginArray();
    for (const auto& item : range) write(*this, item);
    endArray();
  }

  void beginObject() { open('{'); }
  void endObject() { close('}'); }
  void beginArray() { open('['); }
  void endArray() { close(']'); }

  void key(std::string_view name) {
    separate();
    writeText(name, "\":");
    needs_comma_ = false;
  }
  template <class Value>
  void member(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }

  template <class Value>
  void value(const Value& content) {
    if constexpr (std::is_invocable_v<const Value&, JsonWriter&>) {
      content(*this);
    } else {
      separate();
      write(content);
      needs_comma_ = true;
    }
  }

 private:
  template <class Value, class... Rest>
  void addMembers(std::string_view name, const Value& content, const Rest&... rest) {
    member(name, content);
    addMembers(rest...);
  }
  void addMembers() {}

  void separate() {
    if (needs_comma_) out_ += ',';
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
    needs_comma_ = false;
  }
  void close(char bracket) {
    out_ += bracket;
    needs_comma_ = true;
  }

  void write(std::nullptr_t) { out_ += "null"; }
  template <std::same_as<bool> Boolean>
  void write(Boolean content) {
    out_ += content ? "true" : "false";
  }
  void write(RawJson content) { out_ += content.text; }
  void write(std::string_view content) { writeText(content); }
  void write(const char* content) { writeText(content); }
  void write(const std::string& content) { writeText(content); }
  template <JsonInteger Integer>
  void write(Integer content) {
    writeNumber(content);
  }
  template <class Real>
  requires std::same_as<Real, double> || std::same_as<Real, float>
  void write(Real content) {
    if (std::isfinite(content)) return writeNumber(content);
    if (not_finite_ == NotFinite::Null) return write(nullptr);
    throw Error::app("NUMBER_NOT_FINITE", "A figure of the answer is not a finite number.");
  }
  template <class Value>
  void write(const std::optional<Value>& content) {
    if (content) return write(*content);
    write(nullptr);
  }

  template <class Number>
  void writeNumber(Number content) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, content).ptr;
    out_.append(digits, end);
  }

  /// The text in quotation marks, of which `end` begins with the second.
  void writeText(std::string_view text, std::string_view end = "\"") {
    if (writePlain(text, end)) return;
    out_ += '"';
    while (!text.empty()) {
      const std::size_t plain = plainInJson(text);
      out_.append(text.data(), plain);
      text.remove_prefix(plain);
      if (!text.empty()) text.remove_prefix(writeSpecial(text));
    }
    out_ += end;
  }
  /// Nearly every text is short and plain: it is put together first, and appended once. False when
  /// it is not.
  bool writePlain(std::string_view text, std::string_view end) {
    constexpr std::size_t kBytesMax = 60;
    if (text.size() > kBytesMax || plainInJson(text) != text.size()) return false;
    char whole[kBytesMax + 4];
    whole[0] = '"';
    if (!text.empty()) std::memcpy(whole + 1, text.data(), text.size());
    std::memcpy(whole + 1 + text.size(), end.data(), end.size());
    out_.append(whole, 1 + text.size() + end.size());
    return true;
  }
  /// Writes the escape, or the UTF-8 sequence, at the start of `rest`; returns how many bytes it
  /// took.
  std::size_t writeSpecial(std::string_view rest) {
    const auto byte = static_cast<unsigned char>(rest.front());
    if (byte >= 0x80) return writeSequence(rest);
    switch (rest.front()) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\r':
        out_ += "\\r";
        break;
      case '\t':
        out_ += "\\t";
        break;
      default: {
        constexpr std::string_view kHex = "0123456789abcdef";
        out_ += "\\u00";
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
      }
    }
    return 1;
  }
  std::size_t writeSequence(std::string_view rest) {
    const std::size_t length = utf8Length(rest);
    if (length == 0) {
      out_ += "\xEF\xBF\xBD";
      return 1;
    }
    out_.append(rest, 0, length);
    return length;
  }

  std::string& out_;
  const NotFinite not_finite_;
  bool needs_comma_ = false;
};

/// The JSON text of the one value that `write(JsonWriter&)` writes.
template <class Write>
std::string toJson(const Write& write) {
  constexpr std::size_t kBytesAtFirst = 256;
  std::string text;
  text.reserve(kBytesAtFirst);
  JsonWriter writer{text};
  writer.value(write);
  return text;
}

}  // namespace bulkhead
