#include "app/plugin_scaffold.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include <bulkhead/error.hpp>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string textOf(const std::vector<ScaffoldFile>& files, std::string_view name) {
  for (const auto& file : files) {
    if (file.name == name) return file.text;
  }
  return "there is no " + std::string{name};
}

TEST(PluginScaffold, NamesAreThoseOfTheNewPlugin) {
  const auto files = pluginScaffold("my-thing");
  EXPECT_THAT(textOf(files, "plugin.json"), HasSubstr(R"("id": "my-thing")"));
  EXPECT_THAT(textOf(files, "CMakeLists.txt"), HasSubstr("SOURCES my_thing_plugin.cpp"));
  EXPECT_THAT(textOf(files, "my_thing_plugin.cpp"),
              AllOf(HasSubstr("namespace my_thing {"), HasSubstr("class MyThing final"),
                    HasSubstr(R"("my-thing:read")"), HasSubstr("(my_thing::MyThing)")));
  EXPECT_THAT(textOf(files, "my_thing_test.cpp"), HasSubstr(R"(TestHost host{"my-thing")"));
  for (const auto& file : files)
    EXPECT_THAT(file.text, AllOf(Not(HasSubstr("greeter")), Not(HasSubstr("Greeter"))))
        << file.name;
}

TEST(PluginScaffold, AnIdThatNoPluginMayHaveIsRefused) {
  for (const char* id : {"", "Thing", "1st", "thing-", "a/b", "admin", "host"})
    EXPECT_THROW(pluginScaffold(id), Error) << id;
}

TEST(PluginScaffold, NothingThatIsThereIsOverwritten) {
  const TemporaryFolder folder;
  writeScaffold(pluginScaffold("thing"), folder / "new" / "thing");
  EXPECT_TRUE(std::filesystem::exists(folder / "new/thing/thing_plugin.cpp"));
  EXPECT_THROW(writeScaffold(pluginScaffold("thing"), folder / "new" / "thing"), Error);
  EXPECT_NO_THROW(writeScaffold(pluginScaffold("thing"), folder / "empty"));
}

}  // namespace
}  // namespace bulkhead::host
