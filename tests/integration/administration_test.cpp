#include <atomic>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Administration : public testing::Test {
 protected:
  void SetUp() override {
    folder_.install("greeter");
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    for (const char* slug : {"acme", "other"}) {
      ASSERT_EQ(
          host_->keyed().post("/api/admin/tenants", fmt::format(R"({{"slug":"{}"}})", slug)).status,
          201);
    }
  }
  void TearDown() override { EXPECT_EQ(host_->stop(), 0) << host_->logText(); }

  HttpAnswer makeKey(std::string_view body) const {
    return host_->keyed().post("/api/admin/keys", std::string{body});
  }
  HttpClient with(const HttpAnswer& key) const {
    return HttpClient{host_->port(), {{"X-API-Key", key.json().value("key", "")}}};
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(Administration, AKeyForATenantNeverLeadsBeyondIt) {
  const HttpAnswer star = makeKey(R"({"name":"star","scopes":["*"],"tenants":["acme"]})");
  ASSERT_EQ(star.status, 201) << star.body;
  const HttpClient client = with(star);
  EXPECT_EQ(client.get("/api/greeter/v1/hello/Ada").status, 200) << "all of its own tenant";
  const std::string id = star.json().at("id");
  for (const char* path :
       {"/tenants", "/keys", "/plugins", "/plugins/greeter", "/audit", "/audit/verify"})
    EXPECT_EQ(client.get(fmt::format("/api/admin{}", path)).status, 403) << path;
  for (const std::string& path : std::vector<std::string>{
           "/tenants/acme/suspend", "/tenants/acme/resume", "/keys/" + id + "/rotate"})
    EXPECT_EQ(client.post("/api/admin" + path, "").status, 403) << path;
  EXPECT_EQ(client.send("DELETE", "/api/admin/keys/" + id, {}, {}).status, 403);
  EXPECT_EQ(
      client.post("/api/admin/keys", R"({"name":"x","scopes":["*"],"tenants":["other"]})").status,
      403);
  EXPECT_EQ(client.post("/api/monitoring/cache/clear", "{}").status, 403);
  const HttpAnswer admin = makeKey(R"({"name":"a","scopes":["admin"],"tenants":["acme"]})");
  EXPECT_EQ(admin.status, 400) << admin.body;
  EXPECT_THAT(admin.body, HasSubstr("'admin'"));
}

TEST_F(Administration, AKeyOfTheInstallationAdministersIt) {
  const HttpAnswer admin = makeKey(R"({"name":"a","scopes":["admin"]})");
  ASSERT_EQ(admin.status, 201) << admin.body;
  EXPECT_EQ(with(admin).get("/api/admin/tenants").json().at("data").size(), 2U);
  EXPECT_EQ(with(admin).get("/api/greeter/v1/hello/Ada").status, 403) << "and no tenant's data";
}

TEST_F(Administration, ATenantIsSuspendedAndResumed) {
  const HttpAnswer key = makeKey(R"({"name":"k","scopes":["greeter:*"],"tenants":["acme"]})");
  const auto hello = [&] { return with(key).get("/api/greeter/v1/hello/Ada").status; };
  ASSERT_EQ(hello(), 200);
  const HttpAnswer suspended = host_->keyed().post("/api/admin/tenants/acme/suspend", "");
  EXPECT_EQ(suspended.status, 200) << suspended.body;
  EXPECT_EQ(suspended.json().value("status", ""), "suspended");
  EXPECT_EQ(hello(), 403);
  EXPECT_EQ(folder_.run({"tenant", "resume", "acme"}).output, "tenant acme active\n");
  EXPECT_EQ(hello(), 200);
  EXPECT_EQ(folder_.run({"tenant", "suspend", "acme"}).code, 0);
  EXPECT_EQ(hello(), 403);
  EXPECT_EQ(host_->keyed().post("/api/admin/tenants/nobody/suspend", "").status, 404);
  EXPECT_NE(folder_.run({"tenant", "suspend", "a/../b"}).code, 0);
}

TEST_F(Administration, WhatIsMistypedIsRefusedWithASentence) {
  const auto refused = [&](std::string_view body) {
    const HttpAnswer answer = makeKey(body);
    EXPECT_EQ(answer.status, 400) << body << answer.body;
    return answer.json()["error"].value("message", "");
  };
  EXPECT_THAT(refused(R"({"name":"k","scopes":["greter:read"],"tenants":["acme"]})"),
              HasSubstr("did you mean 'greeter:read'?"));
  EXPECT_THAT(refused(R"({"name":"k","scopes":["greeter:raed"],"tenants":["acme"]})"),
              HasSubstr("did you mean 'greeter:read'?"));
  EXPECT_THAT(refused(R"({"name":"k","scopes":["greeter:read"]})"),
              HasSubstr("Name the tenants of the key"));
  EXPECT_THAT(refused(R"({"name":"k","scopes":["*"],"tenants":["acme"],"expires_in_days":1.5})"),
              HasSubstr("'expires_in_days' is a whole number"));
  EXPECT_THAT(refused(R"({"name":"k","name":"l","scopes":["*"],"tenants":["acme"]})"),
              HasSubstr("gives \"name\" twice"));
  EXPECT_THAT(refused(R"({"name":"k","scopes":[1],"tenants":["acme"]})"),
              HasSubstr("'scopes' is a list of texts"));
}

// Goal: an administrator's mistake does not hold a thread for ever. Method: more requests than the
// lane has threads name a pipe that nobody writes to.
TEST_F(Administration, ATimeZoneIsNoFileOfTheMachine) {
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (int i = 0; i < 13; ++i) {
    const HttpAnswer answer = host_->keyed().post(
        "/api/admin/tenants",
        fmt::format(R"({{"slug":"t{}","time_zone":"file:{}"}})", i, pipe.string()));
    ASSERT_EQ(answer.status, 400) << answer.body << answer.fault;
    ASSERT_EQ(answer.errorCode(), "INVALID_TIME_ZONE");
  }
}

// Goal: figures are there while administration cannot move. Method: somebody else holds the write
// lock of host.db, so that each thread of administration waits; reading the figures does not.
TEST_F(Administration, MonitoringAnswersWhileAdministrationWaits) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder_.data() / "host.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::atomic<int> waiting{8};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this, &waiting, i] {
      host_->keyed().post("/api/admin/tenants", fmt::format(R"({{"slug":"w{}"}})", i));
      --waiting;
    });
  }
  EXPECT_TRUE(await([&] {  // they, and the one that asks
    return host_->client().get("/metrics").body.find("http_server_active_requests 9\n") !=
           std::string::npos;
  }));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(host_->client().get("/metrics").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
  EXPECT_EQ(waiting, 8) << "all of administration still waits";
  sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  for (auto& client : clients) client.join();
}

TEST(Commands, AMistypedDataFolderIsNoNewInstallation) {
  const HostFolder folder;
  const auto elsewhere = folder.path() / "elsewhere";
  const Environment mistyped{{"DATA_DIR", elsewhere.string()}};
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"tenant", "create", "acme"}, {"tenant", "list"}, {"key", "list"}}) {
    const CommandEnd end = folder.run(words, mistyped);
    EXPECT_NE(end.code, 0) << words[1];
    EXPECT_THAT(end.errors, HasSubstr("There is no data folder " + elsewhere.string()));
  }
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  EXPECT_THAT(folder.run({"tenant", "list"}).errors, HasSubstr("host.db yet"));
  EXPECT_EQ(folder.run({"tenant", "create", "acme"}).code, 0) << "the folder is there";
}

}  // namespace
}  // namespace bulkhead::integration
