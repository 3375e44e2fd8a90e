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

TEST(PluginRules, ThePluginsOwnFileOnlyWires) {
  const auto findingsOf = [](const char* line, const char* name) {
    return checkPlugins(tree({{"plugins/stripe/plugin.json", ""},
                              {"plugins/stripe/README.md", ""},
                              {"plugins/stripe/CMakeLists.txt", ""},
                              {std::string{"plugins/stripe/"} + name, line},
                              {"tests/plugins/stripe/payment_test.cpp", ""}}));
  };
  EXPECT_THAT(findingsOf("addPaymentRoutes(host, payments_);\n", "stripe_plugin.cpp"), IsEmpty());
  EXPECT_THAT(findingsOf("// not host.route( here\n", "stripe_plugin.cpp"), IsEmpty());
  EXPECT_THAT(findingsOf("host.route({});\n", "payment_routes.cpp"), IsEmpty());
  for (const char* line : {"host.route({});\n", "  host.provide(a, b, c);\n", "host.answer(a);\n"})
    EXPECT_THAT(findingsOf(line, "stripe_plugin.cpp"), SizeIs(1)) << line;
}

}  // namespace
}  // namespace bulkhead::tidy
