#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHello = "/api/greeter/v1/hello/Ada";

std::string bytesOf(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

class KeysOfAHost : public testing::Test {
 protected:
  void SetUp() override {
    folder_.install("greeter");
    start();
    ASSERT_EQ(folder_.run({"tenant", "create", "acme"}).code, 0);
  }
  void start(const Environment& more = {}) {
    host_ = std::make_unique<HostProcess>(folder_, more);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  }
  void restart(const Environment& more = {}) {
    ASSERT_EQ(host_->stop(), 0) << host_->logText();
    start(more);
  }

  /// A new key as the command prints it.
  json create() const {
    return json::parse(folder_
                           .run({"key", "create", "desk", "--tenant", "acme", "--scope",
                                 "greeter:*", "--per-minute", "600", "--json"})
                           .output,
                       nullptr, false);
  }
  HttpClient with(const json& key) const {
    return HttpClient{host_->port(), {{"X-API-Key", key.at("key").get<std::string>()}}};
  }
  int hello(const json& key) const { return with(key).get(kHello).status; }
  json listed(const std::string& id) const {
    const json list = json::parse(folder_.run({"key", "list", "--json"}).output);
    for (const auto& key : list.at("data")) {
      if (key.at("id") == id) return key;
    }
    return {};
  }
  /// Something else stands where the host's database was, as after a mount that failed.
  void takeDatabaseAway() const {
    for (const char* name : {"host.db", "host.db-wal", "host.db-shm"}) {
      std::error_code absent;
      fs::rename(folder_.data() / name, folder_.path() / name, absent);
    }
    std::ofstream{folder_.data() / "host.db"} << "no database, but a text that is long enough";
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(KeysOfAHost, ARotatedKeyWorksUntilTheOverlapEnds) {
  const json old = create();
  const std::string id = old.at("id");
  const HttpAnswer rotated =
      host_->keyed().post(fmt::format("/api/admin/keys/{}/rotate", id), R"({"overlap_seconds":2})");
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  EXPECT_EQ(rotated.header("cache-control"), "no-store");
  const json next = rotated.json();
  EXPECT_EQ(next.at("rotated_from"), id);
  EXPECT_EQ(next.at("requests_per_minute"), 600);
  EXPECT_EQ(hello(old), 200);
  EXPECT_EQ(hello(next), 200);
  EXPECT_TRUE(await([&] { return hello(old) == 401; }));
  EXPECT_EQ(hello(next), 200);
  EXPECT_EQ(host_->keyed().post(fmt::format("/api/admin/keys/{}/rotate", id), "").errorCode(),
            "KEY_NOT_VALID");
}

TEST_F(KeysOfAHost, TheCommandRotatesWithAndWithoutAHost) {
  const json old = create();
  const CommandEnd end =
      folder_.run({"key", "rotate", old.at("id"), "--overlap", "1", "--days", "30", "--json"});
  ASSERT_EQ(end.code, 0) << end.errors;
  const json next = json::parse(end.output);
  EXPECT_EQ(hello(old), 200) << "for an hour";
  EXPECT_EQ(hello(next), 200);
  EXPECT_TRUE(next.at("expires").is_string());
  EXPECT_EQ(folder_.run({"key", "rotate", old.at("id")}).code, 1) << "it has a successor";

  ASSERT_EQ(host_->stop(), 0);
  const CommandEnd alone = folder_.run({"key", "rotate", next.at("id"), "--overlap", "0"});
  ASSERT_EQ(alone.code, 0) << alone.errors;
  start();
  EXPECT_EQ(hello(next), 401) << "at once";
  EXPECT_EQ(hello({{"key", alone.output.substr(0, alone.output.find('\n'))}}), 200);
}

TEST_F(KeysOfAHost, S131_AKeyIsShownOnceAndFoundNowhere) {
  const json key = create();
  const std::string text = key.at("key");
  const std::string secret = text.substr(21, 43);
  ASSERT_EQ(hello(key), 200);
  const HttpAnswer rotated =
      host_->keyed().post(fmt::format("/api/admin/keys/{}/rotate", key.at("id").get<std::string>()),
                          R"({"overlap_seconds":60})");
  const std::string next = rotated.json().at("key").get<std::string>().substr(21, 43);
  std::string mistyped = text;
  mistyped[30] = mistyped[30] == 'x' ? 'y' : 'x';
  const HttpAnswer refused = HttpClient{host_->port(), {{"X-API-Key", mistyped}}}.get(kHello);
  EXPECT_EQ(refused.status, 401);
  for (const std::string& answer : {refused.body, host_->keyed().get("/api/admin/keys").body,
                                    host_->keyed().get("/api/monitoring/errors?limit=100").body,
                                    folder_.run({"key", "list"}).output}) {
    EXPECT_THAT(answer, Not(HasSubstr(secret)));
    EXPECT_THAT(answer, Not(HasSubstr(next)));
    EXPECT_THAT(answer, Not(HasSubstr(mistyped.substr(21, 43))));
  }
  ASSERT_EQ(host_->stop(), 0);
  std::size_t searched = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder_.path()}) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.starts_with("command-")) continue;
    const std::string bytes = bytesOf(entry.path());
    EXPECT_EQ(bytes.find(secret), std::string::npos) << name;
    EXPECT_EQ(bytes.find(next), std::string::npos) << name;
    if (bytes.find(key.at("id").get<std::string>()) != std::string::npos) ++searched;
  }
  EXPECT_GE(searched, 3U) << "host.db, keys.snapshot and the log know its id";
  start();
}

TEST_F(KeysOfAHost, S64_TheBootstrapKeyIsNotInTheEnvironmentOfTheHost) {
  const std::string environment = bytesOf(fmt::format("/proc/{}/environ", host_->id()));
  EXPECT_THAT(environment, HasSubstr("PLUGIN_DIR=")) << "the rest of it is there";
  EXPECT_THAT(environment, Not(HasSubstr(std::string{kApiKey})));
  EXPECT_EQ(host_->keyed().get("/api/admin/keys").status, 200) << "and it is known";
}

// Goal: use is kept, and no request waits for that. Method: nothing of the database changes while
// a key is used, and after the end it is there.
TEST_F(KeysOfAHost, LastUseIsWrittenOffTheWayOfRequests) {
  const json key = create();
  const auto written = [&] {
    return fs::file_size(folder_.data() / "host.db-wal") +
           fs::file_size(folder_.data() / "host.db");
  };
  const auto before = written();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(hello(key), 200);
  EXPECT_EQ(written(), before);
  EXPECT_TRUE(listed(key.at("id")).at("last_used").is_null());
  ASSERT_EQ(host_->stop(), 0);
  EXPECT_TRUE(listed(key.at("id")).at("last_used").is_string());
  start();
}

TEST_F(KeysOfAHost, TheSnapshotCarriesThroughADatabaseThatIsAway) {
  const json key = create();
  const json revoked = create();
  ASSERT_EQ(folder_.run({"key", "revoke", revoked.at("id")}).code, 0);
  EXPECT_EQ(fs::status(folder_.data() / "keys.snapshot").permissions() & fs::perms::all,
            fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(host_->stop(), 0);
  takeDatabaseAway();
  start();
  EXPECT_EQ(hello(key), 200);
  EXPECT_EQ(hello(revoked), 401);
  json auth = json::object();
  EXPECT_TRUE(await([&] {
    const json health = host_->client().get("/health?details=true").json();
    for (const auto& check : health.at("checks")) {
      if (check.value("name", "") == "auth") auth = check;
    }
    return auth.value("code", "") == "stale";
  })) << auth;
  EXPECT_EQ(auth.value("status", ""), "degraded");

  restart({{"AUTH_STALE_MAX", "1ms"}});
  const HttpAnswer late = with(key).get(kHello);
  EXPECT_EQ(late.status, 503) << "auth.stale_max bounds it";
  EXPECT_EQ(late.errorCode(), "DATABASE_UNAVAILABLE");

  ASSERT_EQ(host_->stop(), 0);
  fs::remove(folder_.data() / "keys.snapshot");
  start();
  EXPECT_EQ(hello(key), 503) << "without the snapshot nobody is known";
}

}  // namespace
}  // namespace bulkhead::integration
