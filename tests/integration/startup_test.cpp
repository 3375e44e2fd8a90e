#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitConfiguration = 78;

TEST(Start, AFolderOfPluginsThatIsAFileIsSaidAndEndsItAtOnce) {
  const HostFolder folder;
  const auto file = folder.path() / "no-folder";
  std::ofstream{file} << "text";
  HostProcess host{folder, {{"PLUGIN_CONF_DIR", file.string()}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
  EXPECT_THAT(host.logText(), HasSubstr(file.string()));
  EXPECT_THAT(host.errorText(), HasSubstr("expected a readable folder"));
}

TEST(Start, ADataFolderThatCannotBeIsSaidAndEndsItAtOnce) {
  const HostFolder folder;
  const auto file = folder.path() / "no-folder";
  std::ofstream{file} << "text";
  HostProcess host{folder, {{"DATA_DIR", (file / "data").string()}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
  EXPECT_THAT(host.logText(), HasSubstr("DATA_DIR"));
  EXPECT_THAT(host.errorText(), HasSubstr("DATA_DIR " + (file / "data").string()));
}

TEST(Start, SettingsThatAreAPipeCloseTheirPluginAlone) {
  const HostFolder folder;
  folder.install("greeter");
  ASSERT_EQ(mkfifo(folder.settings("stripe").c_str(), 0600), 0);
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(host.plugin("stripe").value("state", ""), "refused");
  EXPECT_THAT(host.plugin("stripe").value("reason", ""), HasSubstr("this is a pipe"));
  EXPECT_EQ(host.plugin("greeter").value("state", ""), "running");
  EXPECT_EQ(host.stop(), 0);
}

TEST(Stop, IsCleanWhileTheHostsDatabaseIsAway) {
  const HostFolder folder;
  folder.install("greeter");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  const json key =
      host.keyed()
          .post("/api/admin/keys", R"({"name":"k","scopes":["greeter:*"],"tenants":["salon"]})")
          .json();
  const HttpClient client{host.port(), {{"X-API-Key", key.value("key", "")}}};
  ASSERT_EQ(client.get("/api/greeter/v1/hello/Ada").status, 200) << "its use is to be stored";
  std::filesystem::rename(folder.data() / "host.db", folder.data() / "aside");
  EXPECT_EQ(host.stop(), 0) << host.logText();
  EXPECT_THAT(host.logText(), HasSubstr("When keys were last used could not be stored"));
  EXPECT_THAT(host.logText(), HasSubstr("\"Stopped\""));
}

}  // namespace
}  // namespace bulkhead::integration
