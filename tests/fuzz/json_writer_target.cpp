#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/utf8.hpp>

#include "fuzz/fuzz_target.hpp"

namespace {

using bulkhead::JsonWriter;
using bulkhead::fuzz::require;
using Json = nlohmann::json;

/// Writes a document of what the input says, and builds the same with another library.
class Document {
 public:
  explicit Document(std::string_view input) : input_{input} {}

  Json write(JsonWriter& out, std::size_t levels) {
    enum Kind { kNull, kBool, kInteger, kUnsigned, kReal, kText, kArray, kObject, kKinds };
    const auto kind = take<std::uint8_t>() % kKinds;
    if (levels == 0 && kind >= kArray) return writeOne(out, nullptr);
    switch (kind) {
      case kBool:
        return writeOne(out, take<std::uint8_t>() % 2 == 0);
      case kInteger:
        return writeOne(out, take<std::int64_t>());
      case kUnsigned:
        return writeOne(out, take<std::uint64_t>());
      case kReal:
        return writeReal(out, take<double>());
      case kText:
        return writeText(out);
      case kArray:
        return writeArray(out, levels);
      case kObject:
        return writeObject(out, levels);
      default:
        return writeOne(out, nullptr);
    }
  }

 private:
  template <class Value>
  Value take() {
    Value value{};
    const std::size_t count = std::min(input_.size(), sizeof value);
    std::memcpy(&value, input_.data(), count);
    input_.remove_prefix(count);
    return value;
  }
  std::string takeText() {
    const std::size_t count = std::min<std::size_t>(take<std::uint8_t>(), input_.size());
    std::string text{input_.substr(0, count)};
    input_.remove_prefix(count);
    return text;
  }
  /// The text with U+FFFD for each byte that is no UTF-8.
  static std::string repaired(std::string_view text) {
    std::string result;
    while (!text.empty()) {
      const std::size_t length = bulkhead::utf8Length(text);
      result.append(length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(0, length));
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
  }

  template <class Value>
  static Json writeOne(JsonWriter& out, const Value& value) {
    out.value(value);
    return value;
  }
  static Json writeReal(JsonWriter& out, double real) {
    try {
      out.value(real);
    } catch (const bulkhead::Error& refused) {
      require(!std::isfinite(real) && refused.code() == "NUMBER_NOT_FINITE", "it is no number");
      throw;
    }
    require(std::isfinite(real), "what is written is a number");
    return real;
  }
  Json writeText(JsonWriter& out) {
    const std::string text = takeText();
    out.value(text);
    return repaired(text);
  }
  Json writeArray(JsonWriter& out, std::size_t levels) {
    Json array = Json::array();
    out.beginArray();
    for (int left = take<std::uint8_t>() % 8; left > 0; --left)
      array.push_back(write(out, levels - 1));
    out.endArray();
    return array;
  }
  Json writeObject(JsonWriter& out, std::size_t levels) {
    Json object = Json::object();
    out.beginObject();
    for (int left = take<std::uint8_t>() % 8; left > 0; --left) {
      const std::string name = std::to_string(left) + takeText();
      out.key(name);
      object[repaired(name)] = write(out, levels - 1);
    }
    out.endObject();
    return object;
  }

  std::string_view input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text;
  Json expected;
  try {
    JsonWriter out{text};
    expected = Document{bulkhead::fuzz::textOf(data, size)}.write(out, 16);
  } catch (const bulkhead::Error&) {
    return 0;  // a number that JSON does not have
  }
  const Json read = Json::parse(text, nullptr, false);
  require(!read.is_discarded(), "what is written is JSON");
  require(read == expected, "and reads as what was meant");
  return 0;
}
