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

TEST(JsonWriter, NumbersThatJsonDoesNotHaveBecomeNull) {
  EXPECT_EQ(toJson([](JsonWriter& out) { out.value(std::numeric_limits<double>::quiet_NaN()); }),
            "null");
  EXPECT_EQ(toJson([](JsonWriter& out) { out.value(std::numeric_limits<double>::infinity()); }),
            "null");
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
