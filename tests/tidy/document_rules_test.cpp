#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> check(std::vector<File> files) {
  return placesOf(checkDocuments(tree(std::move(files))));
}

TEST(DocumentRules, PassACleanPage) {
  EXPECT_THAT(
      check(
          {{"docs/a.md",
            "# Title\n\n[b](b.md) [here](#part) [up](../README.md#start) "
            "[web](https://example.com/x)\n"
            "[folder](decisions/) `[no](link.md)`\n```sh\n# a comment\n[x](y.md)\n```\n## Part\n"},
           {"docs/b.md", "# B\n"},
           {"docs/decisions/a.md", "# D\n"},
           {"README.md", "# R\n[network](docs/a.md)\n"},
           {"host/a.cpp", "// network/worker, /api/homes\n"}}),
      IsEmpty());
}

TEST(DocumentRules, WantWhatIsQuotedToBeWhatTheFileSays) {
  const File source{"plugin-api/a.cpp", "one();\n  if (two) {\n\n    three();\n  }\n"};
  const auto quoting = [&](const std::string& block) {
    return check(
        {source,
         {"docs/a.md", "# A\n\n<!-- quoted: plugin-api/a.cpp -->\n```cpp\n" + block + "```\n"}});
  };
  EXPECT_THAT(quoting("  if (two) {\n\n    three();\n"), IsEmpty());
  EXPECT_THAT(quoting("if (two) {\n\n  three();\n}\n"), IsEmpty());
  EXPECT_THAT(quoting("if (two) {\n  three();\n}\n"), ElementsAre("docs/a.md:4"));
  EXPECT_THAT(quoting("if (two) {\n\n    three();\n}\n"), ElementsAre("docs/a.md:4"));
  EXPECT_THAT(quoting("four();\n"), ElementsAre("docs/a.md:4"));
  EXPECT_THAT(quoting(""), ElementsAre("docs/a.md:4"));
  EXPECT_THAT(check({{"docs/a.md", "# A\n<!-- quoted: gone.cpp -->\n```\nx\n```\n"}}),
              ElementsAre("docs/a.md:3"));
  EXPECT_THAT(check({source, {"docs/a.md", "# A\n<!-- quoted: plugin-api/a.cpp -->\ntext\n"}}),
              ElementsAre("docs/a.md:3"));
}

TEST(DocumentRules, WantOneTitle) {
  EXPECT_THAT(check({{"docs/a.md", "text\n"}, {"docs/b.md", "# A\n# B\n"}}),
              ElementsAre("docs/a.md:0", "docs/b.md:0"));
}

TEST(DocumentRules, WantLinksThatLeadSomewhere) {
  EXPECT_THAT(check({{"docs/a.md", "# A\n[b](b.md)\n[c](/docs/a.md)\n[d](../../a.md)\n"}}),
              ElementsAre("docs/a.md:2", "docs/a.md:3", "docs/a.md:4"));
}

TEST(DocumentRules, RefuseWhatBelongsToOneMachine) {
  EXPECT_THAT(check({{"tools/a",
                      "cd /wo"
                      "rk/main\n"},
                     {"conf/b",
                      "dir=/ho"
                      "me/somebody/x\n"},
                     {"tools/c",
                      "\nnpm --registry https://registry.np"
                      "mjs.org\n"}}),
              ElementsAre("conf/b:1", "tools/a:1", "tools/c:2"));
}

}  // namespace
}  // namespace bulkhead::tidy
