#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead {

/// Appends application/x-www-form-urlencoded (WHATWG URL §5.2) to a string: a body, or a query
/// behind its `?`. In UTF-8; everything but A-Z a-z 0-9 - _ . ~ is percent-encoded, a space as %20,
/// so that every reader takes it alike. What is nested is named with brackets, as Stripe reads it;
/// a name that is repeated is a list, as Twilio reads it.
///
///   FormWriter form{body};
///   form.field("amount", 2000);                                     // amount=2000
///   form.array("expand", expanded);                                 // expand[0]=latest_charge
///   form.object("metadata", [&](FormWriter& metadata) {             // metadata[tenant]=t1
///     metadata.field("tenant", tenant);
///   });
class FormWriter {
 public:
  explicit FormWriter(std::string& out) : out_{out} {}
  FormWriter(const FormWriter&) = delete;
  FormWriter& operator=(const FormWriter&) = delete;

  /// Text, a whole number, true or false; nothing is written of an optional without a value. An
  /// empty text is written: some services unset by it.
  template <class Value>
  void field(std::string_view name, const Value& value) {
    begin(name);
    write(value);
  }
  template <class Value>
  void field(std::string_view name, const std::optional<Value>& value) {
    if (value) field(name, *value);
  }

  /// The fields that `write(FormWriter&)` writes, within `name`.
  template <class Write>
  void object(std::string_view name, const Write& write) {
    const std::size_t outer = path_.size();
    appendName(path_, name, outer != 0);
    write(*this);
    path_.resize(outer);
  }

  /// An object for each item of `range` within `name[0]`, `name[1]` ..., written by
  /// `write(FormWriter&, item)`.
  template <class Range, class Write>
  void array(std::string_view name, const Range& range, const Write& write) {
    object(name, [&](FormWriter& items) {
      std::size_t index = 0;
      for (const auto& item : range)
        items.object(std::to_string(index++), [&](FormWriter& one) { write(one, item); });
    });
  }
  /// The items of `range` themselves: `name[0]=`, `name[1]=` ...
  template <class Range>
  void array(std::string_view name, const Range& range) {
    object(name, [&](FormWriter& items) {
      std::size_t index = 0;
      for (const auto& item : range) items.field(std::to_string(index++), item);
    });
  }

  /// One text as it stands in a form, or as a segment of a path.
  static std::string encoded(std::string_view text) {
    std::string out;
    append(out, text);
    return out;
  }

 private:
  static void append(std::string& out, std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : text) {
      if (kPlain.find(c) != std::string_view::npos) {
        out += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
  }
  static void appendName(std::string& out, std::string_view name, bool is_nested) {
    if (is_nested) out += '[';
    append(out, name);
    if (is_nested) out += ']';
  }

  void begin(std::string_view name) {
    if (needs_separator_) out_ += '&';
    needs_separator_ = true;
    out_ += path_;
    appendName(out_, name, !path_.empty());
    out_ += '=';
  }
  void write(std::string_view text) { append(out_, text); }
  template <std::same_as<bool> Boolean>
  void write(Boolean value) {
    out_ += value ? "true" : "false";
  }
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>) void write(Integer value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }

  std::string& out_;
  std::string path_{};
  bool needs_separator_ = false;
};

}  // namespace bulkhead
