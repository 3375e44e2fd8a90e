#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include <bulkhead/json_writer.hpp>

namespace bulkhead {
namespace {

using Json = nlohmann::json;

TEST(JsonWriter, WritesEveryKindOfValue) {
  const std::vector<int> numbers{1, 2};
  const std::string text = toJson([&](JsonWriter& out) {
    out.object("text", "a\"b\\c\n", "int", -5, "big", std::numeric_limits<std::int64_t>::max(),
               "real", 1.5, "yes", true, "none", nullptr, "maybe", std::optional<int>{}, "raw",
               RawJson{"[1]"}, "list", [&](JsonWriter& list) {
                 list.array(numbers, [](JsonWriter& item, int n) { item.object("n", n); });
               });
  });
  EXPECT_EQ(
      text,
      R"({"text":"a\"b\\c\n","int":-5,"big":9223372036854775807,"real":1.5,"yes":true,"none":null,)"
      R"("maybe":null,"raw":[1],"list":[{"n":1},{"n":2}]})");
}

template <class Value>
std::string textOf(const Value& value) {
  return toJson([&](JsonWriter& out) { out.value(value); });
}

TEST(JsonWriter, NumbersThatJsonDoesNotHaveAreRefusedByName) {
  for (const double number :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    try {
      textOf(number);
      ADD_FAILURE() << number << " was written";
    } catch (const Error& refusal) {
      EXPECT_EQ(refusal.code(), "NUMBER_NOT_FINITE");
    }
  }
  EXPECT_THROW(textOf(std::numeric_limits<float>::infinity()), Error);
  EXPECT_THROW(textOf(std::optional{std::numeric_limits<double>::quiet_NaN()}), Error);
}

TEST(JsonWriter, NumbersThatJsonDoesNotHaveBecomeNullWhereSomeoneWantsTheRest) {
  std::string text;
  JsonWriter{text, JsonWriter::NotFinite::Null}.object(
      "ratio", std::numeric_limits<double>::quiet_NaN(), "count", 2);
  EXPECT_EQ(text, R"({"ratio":null,"count":2})");
}

TEST(JsonWriter, WholeNumbersAreExactToTheirLastDigit) {
  EXPECT_EQ(textOf(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(textOf(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(textOf(std::uint8_t{200}), "200") << "a byte is a number, not a character";
  EXPECT_EQ(textOf(std::int8_t{-1}), "-1");
  EXPECT_EQ(textOf(static_cast<double>(9007199254740993)), "9007199254740992")
      << "control: a whole number that went through a double is another one";
}

// Goal: a figure that is read back is the figure that was written. Method: doubles of random bits,
// and the edges of the format.
TEST(JsonWriter, EveryDoubleReadsBackAsItselfInItsShortestDigits) {
  std::mt19937_64 random{11};
  std::vector<double> numbers{0.1, 1.0 / 3, 1e21, 5e-324, 1.7976931348623157e308, 4.35, -0.0};
  while (numbers.size() < 20'000) {
    double number = 0;
    const std::uint64_t bits = random();
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&number, &bits, sizeof number);
    if (std::isfinite(number)) numbers.push_back(number);
  }
  for (const double number : numbers) {
    const std::string text = textOf(number);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), number) << text;
    ASSERT_EQ(Json::parse(text).get<double>(), number) << text;
  }
  EXPECT_EQ(textOf(0.1), "0.1");
  EXPECT_EQ(textOf(4.35), "4.35");
  EXPECT_EQ(textOf(0.1F), "0.1") << "a float has its own shortest digits";
}

TEST(JsonWriter, WhatIsNoUtf8IsReplacedAndWhatIsStays) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\x89", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\x89"},
      {"\xE2\x80\xA8</script>", "\xE2\x80\xA8</script>"},
      {"a\x80z", "a\xEF\xBF\xBDz"},                              // continues nothing
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong '/'
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // > 10FFFF
      {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},                                  // cut short
  };
  for (const auto& [bytes, meant] : cases) {
    EXPECT_EQ(Json::parse(textOf(bytes)).get<std::string>(), meant);
  }
  EXPECT_EQ(textOf(std::string_view{"\0\x1f\x7f", 3}), R"("\u0000\u001f\u007f")");
}

// Goal: whatever bytes come in, what goes out is JSON. Method: random bytes, read back by another
// library; text that is valid UTF-8 must come back unchanged.
TEST(JsonWriter, AnyBytesBecomeValidJson) {
  std::mt19937 random{7};
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random() % 12, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random() % 4 == 0 ? 0x80 + random() % 128 : random() % 256);
    const std::string text = toJson([&](JsonWriter& out) { out.value(bytes); });
    Json read;
    ASSERT_NO_THROW(read = Json::parse(text)) << text;
    bool valid = true;
    try {
      static_cast<void>(Json(bytes).dump());
    } catch (const Json::type_error&) {
      valid = false;
    }
    if (valid) {
      EXPECT_EQ(read.get<std::string>(), bytes);
    }
  }
}

}  // namespace
}  // namespace bulkhead
