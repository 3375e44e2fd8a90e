#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "config/typed_value.hpp"
#include "fuzz/fuzz_target.hpp"

namespace {

using namespace bulkhead::host;
using bulkhead::fuzz::require;

/// Takes values from the front of the input.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_{bytes} {}

  template <class Value>
  Value take() {
    Value value{};
    const std::size_t count = std::min(bytes_.size(), sizeof value);
    std::memcpy(&value, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return value;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

SettingDeclaration declarationOf(Input& input) {
  constexpr unsigned kTypes = 8;
  SettingDeclaration declaration;
  declaration.name = "fuzzed";
  declaration.type = static_cast<SettingType>(input.take<std::uint8_t>() % kTypes);
  const auto flags = input.take<std::uint8_t>();
  if ((flags & 1U) != 0) declaration.min = input.take<std::int16_t>();
  if ((flags & 2U) != 0) declaration.max = input.take<std::int16_t>();
  declaration.secret = (flags & 4U) != 0;
  if ((flags & 8U) != 0) declaration.bare_unit_ms = 1000;
  if (declaration.type == SettingType::Enum) declaration.values = {"one", "Two", "three"};
  return declaration;
}

void checkBounds(const SettingDeclaration& declaration, double value) {
  require(!declaration.min || value >= *declaration.min, "a value is not below its least");
  require(!declaration.max || value <= *declaration.max, "a value is not above its greatest");
}

void check(const SettingDeclaration& declaration, const TypedValue& value) {
  const auto json = nlohmann::json::parse(value.revealedJson(), nullptr, false);
  require(!json.is_discarded(), "a value is JSON for its plugin");
  if (value.isSecret()) {
    require(value.display() == (value.secret().empty() ? "" : "******"), "a secret is never shown");
    return;
  }
  if (value.type() == SettingType::Integer || value.type() == SettingType::DurationMs) {
    checkBounds(declaration, static_cast<double>(value.integer()));
  }
  if (value.type() == SettingType::Number) checkBounds(declaration, value.number());
  if (value.type() == SettingType::DurationMs) {
    const auto again = parseValue(declaration, durationText(value.integer()));
    require(again && again->integer() == value.integer(), "a duration reads as it is written");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{bulkhead::fuzz::textOf(data, size)};
  const SettingDeclaration declaration = declarationOf(input);
  require(!expectation(declaration).empty(), "an expectation has words");
  if (const auto value = parseValue(declaration, input.rest())) check(declaration, *value);
  withoutUserInfo(input.rest());
  return 0;
}
