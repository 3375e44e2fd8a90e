#include <gtest/gtest.h>
#include <string>

#include <bulkhead/list_setting.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/required_settings.hpp>
#include <bulkhead/url.hpp>

namespace bulkhead {
namespace {

TEST(ProviderError, SaysWhetherItMayHaveHadItsEffect) {
  for (const Error& error :
       {provider::ambiguous("X"), provider::failed("X"), provider::answerInvalid("X")})
    EXPECT_TRUE(provider::mayHaveHadItsEffect(error)) << error.code();
  for (const Error& error : {provider::unreachable("X"), provider::rateLimited("X"),
                             provider::keyRefused("X"), provider::refused("X")})
    EXPECT_FALSE(provider::mayHaveHadItsEffect(error)) << error.code();
}

TEST(RequiredSettings, NamesWhatIsNotSet) {
  const RequiredSettings whole{"x", {{"key", "k"}, {"secret", "s"}}};
  EXPECT_EQ(whole.missing(), "");
  EXPECT_NO_THROW(whole.require());
  const RequiredSettings half{"x", {{"key", "k"}, {"secret", ""}}};
  EXPECT_EQ(half.missing(), "secret");
  const RequiredSettings none{"x", {{"key", ""}, {"secret", ""}}};
  EXPECT_EQ(none.missing(), "key and secret");
  try {
    none.require();
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "NOT_CONFIGURED");
    EXPECT_EQ(error.message(), "Set key and secret in conf/plugins.d/x.properties.");
  }
}

TEST(ListSetting, ItemsStandBetweenCommas) {
  using Items = std::vector<std::string>;
  EXPECT_EQ(itemsOf(""), Items{});
  EXPECT_EQ(itemsOf(" , ,"), Items{});
  EXPECT_EQ(itemsOf("a"), Items{"a"});
  EXPECT_EQ(itemsOf(" a, b c ,,d "), (Items{"a", "b c", "d"}));
}

TEST(Url, HasNoSlashAtItsEnd) {
  EXPECT_EQ(withoutSlash("https://h.example"), "https://h.example");
  EXPECT_EQ(withoutSlash("https://h.example/a//"), "https://h.example/a");
  EXPECT_EQ(withoutSlash(""), "");
}

}  // namespace
}  // namespace bulkhead
