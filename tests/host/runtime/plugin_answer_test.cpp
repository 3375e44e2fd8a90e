#include "runtime/plugin_answer.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead::host {
namespace {

/// What the host says of the answer that `write` gives; "" when it is one.
template <class Write>
std::string refusalOf(const Write& write) {
  PluginAnswer answer;
  const bulkhead_response door = answer.door();
  write(door);
  try {
    answer.take();
  } catch (const Error& refusal) {
    return refusal.message();
  }
  return {};
}

TEST(PluginAnswer, OneAnswerIsTakenAsItIs) {
  PluginAnswer answer;
  const bulkhead_response door = answer.door();
  door.status(door.self, 201);
  EXPECT_EQ(door.header(door.self, waist::bytes("X-A"), waist::bytes("1")), BULKHEAD_OK);
  door.body(door.self, "ab", 2);
  door.body(door.self, "c", 1);
  const HttpResponse taken = answer.take();
  EXPECT_EQ(taken.status, 201);
  EXPECT_EQ(taken.body, "abc");
  EXPECT_EQ(taken.headers, (Fields{{"X-A", "1"}}));
}

TEST(PluginAnswer, ABodyAloneIs200AndAStatusAloneIsAnAnswer) {
  EXPECT_EQ(refusalOf([](const auto& door) { door.body(door.self, "x", 1); }), "");
  EXPECT_EQ(refusalOf([](const auto& door) { door.status(door.self, 204); }), "");
}

TEST(PluginAnswer, S61_NothingTwiceAndAnUnknownStatusAreNoAnswers) {
  EXPECT_EQ(refusalOf([](const auto&) {}), "The plugin answered nothing.");
  EXPECT_EQ(refusalOf([](const auto& door) {
              door.status(door.self, 200);
              door.status(door.self, 200);
            }),
            "The plugin answered twice.");
  for (const int status : {-1, 0, 100, 199, 600})
    EXPECT_NE(refusalOf([&](const auto& door) { door.status(door.self, status); }), "") << status;
}

TEST(PluginAnswer, AHeaderThatHttpDoesNotAllowIsRefusedAndLeftOut) {
  PluginAnswer answer;
  const bulkhead_response door = answer.door();
  door.status(door.self, 200);
  for (const char* value : {"a\r\nX-Injected: 1", "a\nb", "a\rb"})
    EXPECT_NE(door.header(door.self, waist::bytes("X-A"), waist::bytes(value)), BULKHEAD_OK);
  EXPECT_NE(door.header(door.self, waist::bytes("X-A"), waist::bytes({"a\0b", 3})), BULKHEAD_OK);
  for (const char* name : {"X A", "", "X:", "X(A", "X\r\nY", "X\xC3\xA4", "X,Y", "\"X\""})
    EXPECT_NE(door.header(door.self, waist::bytes(name), waist::bytes("1")), BULKHEAD_OK) << name;
  EXPECT_TRUE(answer.take().headers.empty());
}

TEST(PluginAnswer, S30_S32_TheHostsSecurityHeadersAreNotThePlugins) {
  PluginAnswer answer;
  const bulkhead_response door = answer.door();
  door.status(door.self, 200);
  for (const char* name : {"X-Frame-Options", "referrer-policy", "STRICT-TRANSPORT-SECURITY",
                           "X-Content-Type-Options", "Permissions-Policy", "X-XSS-Protection"})
    EXPECT_EQ(door.header(door.self, waist::bytes(name), waist::bytes("x")), BULKHEAD_OK);
  door.header(door.self, waist::bytes("X-Frame"), waist::bytes("x"));
  EXPECT_EQ(answer.take().headers, (Fields{{"X-Frame", "x"}})) << "control: others are kept";
}

TEST(PluginAnswer, HeadersWithoutEndAreNoAnswer) {
  const auto headers = [](std::size_t count, std::size_t size) {
    return refusalOf([&](const auto& door) {
      door.status(door.self, 200);
      const std::string value(size, 'x');
      for (std::size_t i = 0; i < count; ++i)
        door.header(door.self, waist::bytes("X-A"), waist::bytes(value));
    });
  };
  EXPECT_EQ(headers(PluginAnswer::kFieldsMax, 8), "");
  EXPECT_NE(headers(PluginAnswer::kFieldsMax + 1, 8), "");
  EXPECT_EQ(headers(1, PluginAnswer::kFieldBytesMax - 3), "");
  EXPECT_NE(headers(1, PluginAnswer::kFieldBytesMax - 2), "");
  EXPECT_NE(headers(1'000'000, 1), "");
}

TEST(PluginAnswer, ABodyWithoutEndIsCutOff) {
  const std::string piece(std::size_t{1} << 20U, 'x');
  EXPECT_EQ(refusalOf([&](const auto& door) {
              for (int i = 0; i < 64; ++i) door.body(door.self, piece.data(), piece.size());
            }),
            "");
  EXPECT_NE(refusalOf([&](const auto& door) {
              for (int i = 0; i < 4096; ++i) door.body(door.self, piece.data(), piece.size());
            }),
            "");
}

TEST(HealthResult, KeepsWhatFitsAndRefusesAFlood) {
  const std::string piece(HealthResult::kHealthBytesMax, 'x');
  HealthResult fits;
  const bulkhead_sink door = fits.door();
  door.write(door.self, piece.data(), piece.size());
  EXPECT_EQ(fits.take(), piece);
  HealthResult flood;
  const bulkhead_sink other = flood.door();
  for (int i = 0; i < 1000; ++i) other.write(other.self, piece.data(), piece.size());
  EXPECT_THROW(flood.take(), Error);
}

}  // namespace
}  // namespace bulkhead::host
