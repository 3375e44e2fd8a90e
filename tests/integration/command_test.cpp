#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int kExitUsage = 64;

std::string firstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

TEST(Commands, KeysAreMadeListedAndRevokedWhileTheHostRuns) {
  const HostFolder folder;
  folder.install("greeter");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const CommandEnd tenant = folder.run({"tenant", "create", "salon", "--name", "The Salon"});
  ASSERT_EQ(tenant.code, 0) << tenant.errors;
  EXPECT_THAT(tenant.output, HasSubstr("salon"));
  EXPECT_THAT(folder.run({"tenant", "list"}).output, HasSubstr("The Salon"));
  EXPECT_NE(folder.run({"tenant", "create", "salon"}).code, 0) << "it is there already";
  const CommandEnd made = folder.run(
      {"key", "create", "door", "--tenant", "salon", "--scope", "greeter:read", "--json"});
  ASSERT_EQ(made.code, 0) << made.errors;
  const json key = json::parse(made.output, nullptr, false);
  const HttpClient client{host.port(), {{"X-API-Key", key.at("key").get<std::string>()}}};
  EXPECT_EQ(client.get("/api/greeter/v1/hello/Ada").status, 200);
  const CommandEnd list = folder.run({"key", "list"});
  EXPECT_THAT(list.output, HasSubstr(key.at("id").get<std::string>()));
  EXPECT_THAT(list.output, testing::Not(HasSubstr(key.at("key").get<std::string>())));
  const CommandEnd revoked = folder.run({"key", "revoke", key.at("id").get<std::string>()});
  EXPECT_EQ(revoked.code, 0) << revoked.errors;
  EXPECT_EQ(client.get("/api/greeter/v1/hello/Ada").status, 401) << "at once";
  EXPECT_NE(folder.run({"key", "revoke", "nobody"}).code, 0);
  EXPECT_EQ(host.stop(), 0);
}

TEST(Commands, KeysAreMadeWithoutAHostAndWorkAfterItsStart) {
  const HostFolder folder;
  folder.install("greeter");
  ASSERT_EQ(folder.run({"tenant", "create", "salon"}).code, 0);
  const CommandEnd good =
      folder.run({"key", "create", "good", "--tenant", "salon", "--scope", "greeter:*"});
  ASSERT_EQ(good.code, 0) << good.errors;
  const json bad = json::parse(
      folder.run({"key", "create", "bad", "--tenant", "salon", "--scope", "greeter:*", "--json"})
          .output,
      nullptr, false);
  ASSERT_EQ(folder.run({"key", "revoke", bad.at("id").get<std::string>()}).code, 0);
  const CommandEnd unscoped = folder.run({"key", "create", "x", "--tenant", "nowhere"});
  EXPECT_NE(unscoped.code, 0);
  EXPECT_NE(folder.run({"plugin", "list"}).code, 0) << "only a running host knows";
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const auto hello = [&](const std::string& key) {
    return host.client().get("/api/greeter/v1/hello/Ada", {{"X-API-Key", key}}).status;
  };
  EXPECT_EQ(hello(firstLine(good.output)), 200) << good.output;
  EXPECT_EQ(hello(bad.at("key").get<std::string>()), 401);
  EXPECT_EQ(host.stop(), 0);
}

TEST(Commands, TheAdminSocketIsForItsOwnerAlone) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  const auto permissions = std::filesystem::status(folder.data() / "admin.sock").permissions() &
                           std::filesystem::perms::mask;
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(host.client().get("/api/admin/keys").status, 401) << "the port has no such trust";
  EXPECT_EQ(host.stop(), 0);
}

TEST(Commands, InspectReadsAManifestWithoutRunningThePlugin) {
  const HostFolder folder;
  folder.install("booking");
  folder.installHostile("constructor-exits");
  folder.installHostile("not-elf");
  const CommandEnd booking = folder.run({"plugin", "inspect", folder.plugin("booking").string()});
  EXPECT_EQ(booking.code, 0) << booking.errors;
  EXPECT_THAT(booking.output, HasSubstr("horizon_days"));
  const CommandEnd as_json =
      folder.run({"plugin", "inspect", "--json", folder.plugin("constructor-exits").string()});
  EXPECT_EQ(as_json.code, 0) << as_json.errors;
  EXPECT_THAT(as_json.output, HasSubstr("constructor-exits"));
  EXPECT_TRUE(json::parse(as_json.output, nullptr, false).is_object()) << as_json.output;
  const CommandEnd text = folder.run({"plugin", "inspect", folder.plugin("not-elf").string()});
  EXPECT_NE(text.code, 0);
  EXPECT_THAT(text.errors, HasSubstr("not-elf.so"));
}

TEST(Commands, MistypedOnesAreAnsweredWithTheNearest) {
  const HostFolder folder;
  const CommandEnd unknown = folder.run({"tenant", "crate"});
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_THAT(unknown.errors, HasSubstr("did you mean 'tenant create'?"));
  const CommandEnd serve = folder.run({"sevre"});
  EXPECT_THAT(serve.errors, HasSubstr("did you mean 'serve'?"));
  const CommandEnd option = folder.run({"key", "create", "k", "--tenat", "x"});
  EXPECT_EQ(option.code, kExitUsage);
  EXPECT_THAT(option.errors, HasSubstr("--tenant"));
  EXPECT_EQ(folder.run({"key", "create"}).code, kExitUsage);
  EXPECT_EQ(folder.run({}).code, kExitUsage);
}

TEST(Commands, EachHasHelpThatDoesNothing) {
  const HostFolder folder;
  const CommandEnd overview = folder.run({"--help"});
  EXPECT_EQ(overview.code, 0);
  const std::vector<std::vector<std::string>> all{{"serve"},
                                                  {"probe"},
                                                  {"config", "check"},
                                                  {"config", "show"},
                                                  {"config", "describe"},
                                                  {"plugin", "list"},
                                                  {"plugin", "inspect"},
                                                  {"tenant", "create"},
                                                  {"tenant", "list"},
                                                  {"tenant", "suspend"},
                                                  {"tenant", "resume"},
                                                  {"key", "create"},
                                                  {"key", "list"},
                                                  {"key", "revoke"},
                                                  {"version"}};
  for (auto words : all) {
    const std::string name = testing::PrintToString(words);
    EXPECT_THAT(overview.output, HasSubstr(words.back())) << name;
    words.push_back("--help");
    const CommandEnd help = folder.run(words);
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_THAT(help.output, HasSubstr("usage: bulkhead " + words.front())) << name;
    EXPECT_EQ(help.errors, "") << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.data()));
}

TEST(Commands, AGroupListsWhatItHas) {
  const HostFolder folder;
  const CommandEnd asked = folder.run({"tenant", "--help"});
  EXPECT_EQ(asked.code, 0);
  for (const char* name : {"tenant create", "tenant list", "tenant suspend", "tenant resume"})
    EXPECT_THAT(asked.output, HasSubstr(name));
  EXPECT_THAT(asked.output, testing::Not(HasSubstr("key create")));
  const CommandEnd alone = folder.run({"plugin"});
  EXPECT_EQ(alone.code, kExitUsage);
  EXPECT_THAT(alone.errors, HasSubstr("plugin inspect"));
  EXPECT_EQ(folder.run({"config", "--help"}).code, 0);
}

TEST(Commands, ServeNamesItsMainVariables) {
  const HostFolder folder;
  const std::string help = folder.run({"serve", "--help"}).output;
  for (const char* text : {"PORT ", "[5000]", "BIND_ADDRESS", "DATA_DIR", "PLUGIN_CONF_DIR",
                           "API_KEY", "config describe"})
    EXPECT_THAT(help, HasSubstr(text));
}

TEST(Commands, BytesThatAreNoTextAreAWrongCommandLine) {
  const HostFolder folder;
  const CommandEnd end = folder.run({"key", "create", "k\xff", "--scope", "*"});
  EXPECT_EQ(end.code, kExitUsage);
  EXPECT_THAT(end.errors, HasSubstr("not UTF-8"));
}

TEST(Commands, VersionAndSettingsArePrintedForMachinesToo) {
  const HostFolder folder;
  EXPECT_THAT(folder.run({"version"}).output, testing::StartsWith("bulkhead "));
  EXPECT_EQ(folder.run({"--version"}).output, folder.run({"version"}).output);
  const json version = json::parse(folder.run({"version", "--json"}).output, nullptr, false);
  EXPECT_NE(version.value("version", ""), "");
  const CommandEnd settings = folder.run({"config", "show"}, {{"SLOW_REQUEST_MS", "1234"}});
  EXPECT_THAT(settings.output, HasSubstr("monitoring.slow_request_ms = 1234"));
  EXPECT_THAT(settings.output, testing::Not(HasSubstr(std::string{kApiKey})));
  const CommandEnd as_json = folder.run({"config", "show", "--json"});
  EXPECT_TRUE(json::parse(as_json.output, nullptr, false).is_array());
  EXPECT_THAT(as_json.output, testing::Not(HasSubstr(std::string{kApiKey})));
}

TEST(Commands, ConfigCheckNamesThePluginsThatWouldBeRefused) {
  const HostFolder folder;
  folder.configure("booking", "limits.threads = 0\n");
  const CommandEnd check = folder.run({"config", "check"});
  EXPECT_NE(check.code, 0);
  EXPECT_THAT(check.errors, HasSubstr("booking.properties:1: limits.threads = \"0\""));
  folder.configure("booking", "limits.threads = 1\n");
  EXPECT_EQ(folder.run({"config", "check"}).code, 0);
}

}  // namespace
}  // namespace bulkhead::integration
