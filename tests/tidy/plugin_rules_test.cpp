#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(PluginRules, PassACompletePlugin) {
  EXPECT_THAT(checkPlugins(tree({{"plugins/CMakeLists.txt", ""},
                                 {"plugins/stripe/plugin.json", ""},
                                 {"plugins/stripe/README.md", ""},
                                 {"plugins/stripe/CMakeLists.txt", ""},
                                 {"tests/plugins/stripe/payment_test.cpp", ""}})),
              IsEmpty());
}

TEST(PluginRules, NameEveryPartThatIsMissing) {
  const auto findings = checkPlugins(tree({{"plugins/stripe/payment.cpp", ""}}));
  EXPECT_THAT(findings, SizeIs(4));
  const auto text = toString(findings);
  EXPECT_THAT(text, HasSubstr("no plugin.json"));
  EXPECT_THAT(text, HasSubstr("no README.md"));
  EXPECT_THAT(text, HasSubstr("no CMakeLists.txt"));
  EXPECT_THAT(text, HasSubstr("no tests"));
}

}  // namespace
}  // namespace bulkhead::tidy
