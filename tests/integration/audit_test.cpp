#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHello = "/api/greeter/v1/hello/Ada";

class AuditOfAHost : public testing::Test {
 protected:
  void SetUp() override { start(); }
  void start() {
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  }
  void TearDown() override { EXPECT_EQ(host_->stop(), 0) << host_->logText(); }

  json list(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"audit", "list", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const CommandEnd end = folder_.run(words);
    EXPECT_EQ(end.code, 0) << end.errors;
    return json::parse(end.output).at("data");
  }
  CommandEnd verify(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"audit", "verify"};
    words.insert(words.end(), more.begin(), more.end());
    return folder_.run(words);
  }
  bool awaitSealed() const {
    return await([this] {
      return host_->keyed().get("/api/admin/audit/verify").json().value("unsealed", 1) == 0;
    });
  }
  void makeTenants(int count) const {
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(
          host_->keyed().post("/api/admin/tenants", fmt::format(R"({{"slug":"t{}"}})", i)).status,
          201);
    }
  }
  /// What somebody does who may write the file, and takes what is in the way aside.
  void tamper(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open((folder_.data() / "host.db").c_str(), &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    const std::string all =
        "DROP TRIGGER IF EXISTS bulkhead_audit_stays; DROP TRIGGER IF EXISTS bulkhead_audit_says; "
        "DROP TRIGGER IF EXISTS bulkhead_audit_sealed; " +
        sql;
    ASSERT_EQ(sqlite3_exec(handle, all.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(AuditOfAHost, SaysWhoChangedWhatAndFromWhere) {
  const Fields id{{"X-Request-Id", "make-acme"}};
  ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"acme"})", id).status, 201);
  const HttpAnswer admin =
      host_->keyed().post("/api/admin/keys", R"({"name":"ops","scopes":["admin"]})");
  const HttpClient ops{host_->port(), {{"X-API-Key", admin.json().value("key", "")}}};
  EXPECT_EQ(ops.post("/api/admin/tenants/acme/suspend", "").status, 200);
  EXPECT_EQ(folder_.run({"tenant", "resume", "acme"}).code, 0);
  ASSERT_EQ(host_->stop(), 0);
  EXPECT_EQ(folder_.run({"tenant", "create", "alone"}).code, 0) << "while no host runs";
  start();

  const json rows = list();
  ASSERT_EQ(rows.size(), 5U) << rows;
  const std::string user = fmt::format("unix:{}", getuid());
  const std::vector<std::vector<std::string>> expected{
      {"tenant.create", user, "command"},
      {"tenant.resume", user, "admin.sock"},
      {"tenant.suspend", "key:" + admin.json().value("id", ""), "127.0.0.1"},
      {"key.create", "key:bootstrap", "127.0.0.1"},
      {"tenant.create", "key:bootstrap", "127.0.0.1"}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("action"), expected[i][0]);
    EXPECT_EQ(rows[i].at("actor"), expected[i][1]);
    EXPECT_EQ(rows[i].at("origin"), expected[i][2]);
  }
  EXPECT_EQ(rows[4].at("request_id"), "make-acme");
  EXPECT_TRUE(rows[4].at("before").is_null());
  EXPECT_EQ(rows[2].at("before").at("status"), "active");
  EXPECT_EQ(rows[2].at("after").at("status"), "suspended");
  EXPECT_THAT(rows.dump(), Not(HasSubstr(admin.json().value("key", "").substr(21, 43))));
}

// What is done outside of the database cannot commit with its row, and has one nevertheless.
TEST_F(AuditOfAHost, EveryRouteOfAdministratorsThatChangesSomethingIsInIt) {
  ASSERT_EQ(host_->keyed().post("/api/monitoring/cache/clear", "").status, 200);
  ASSERT_EQ(folder_.run({"backup", (folder_.path() / "copy").string()}).code, 0);
  EXPECT_EQ(host_->client().post("/api/monitoring/cache/clear", "").status, 401);
  const json rows = list();
  ASSERT_EQ(rows.size(), 2U) << rows << " what was refused is not there";
  EXPECT_EQ(rows[1].at("action"), "POST /api/monitoring/cache/clear");
  EXPECT_EQ(rows[1].at("actor"), "key:bootstrap");
  EXPECT_TRUE(rows[1].at("after").contains("cleared"));
  EXPECT_EQ(rows[0].at("action"), "POST /api/admin/backups");
  EXPECT_EQ(rows[0].at("origin"), "admin.sock");
}

TEST_F(AuditOfAHost, IsListedInPagesAndByTime) {
  makeTenants(5);
  const HttpAnswer page = host_->keyed().get("/api/admin/audit?limit=2");
  ASSERT_EQ(page.status, 200) << page.body;
  ASSERT_EQ(page.json().at("data").size(), 2U);
  const auto second = host_->keyed()
                          .get("/api/admin/audit?limit=2&cursor=" +
                               page.json().at("next_cursor").get<std::string>())
                          .json();
  EXPECT_EQ(second.at("data")[0].at("seq"), 3);
  EXPECT_EQ(list({"--since", "2001-01-01"}).size(), 5U);
  EXPECT_EQ(list({"--since", "2101-01-01T00:00:00+02:00"}).size(), 0U);
  EXPECT_EQ(list({"--action", "tenant.create", "--limit", "3"}).size(), 3U);
  EXPECT_EQ(list({"--object", "tenant:nobody"}).size(), 0U);
  for (const char* wrong : {"since=yesterday", "limit=0", "limit=x", "cursor=-1"})
    EXPECT_EQ(host_->keyed().get(fmt::format("/api/admin/audit?{}", wrong)).status, 400) << wrong;
}

TEST_F(AuditOfAHost, IsForAdministratorsAlone) {
  makeTenants(1);
  const HttpAnswer star =
      host_->keyed().post("/api/admin/keys", R"({"name":"star","scopes":["*"],"tenants":["t0"]})");
  const HttpClient bound{host_->port(), {{"X-API-Key", star.json().value("key", "")}}};
  for (const char* path : {"/api/admin/audit", "/api/admin/audit/verify"}) {
    EXPECT_EQ(host_->client().get(path).status, 401) << path;
    EXPECT_EQ(bound.get(path).status, 403) << path;
    EXPECT_EQ(host_->keyed().get(path).status, 200) << path;
  }
}

TEST_F(AuditOfAHost, VerifyHoldsWithAndWithoutAHost) {
  makeTenants(4);
  ASSERT_TRUE(awaitSealed());
  const CommandEnd running = verify();
  EXPECT_EQ(running.code, 0) << running.output;
  EXPECT_THAT(running.output, HasSubstr("holds: 4 sealed rows"));
  const auto head = running.output.find("head: 4:");
  ASSERT_NE(head, std::string::npos) << running.output;
  const std::string noted = running.output.substr(head + 6, 2 + 64);
  EXPECT_EQ(verify({"--head", noted}).code, 0);
  std::string other = noted;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_EQ(verify({"--head", other}).code, 1);
  EXPECT_EQ(verify({"--head", "nonsense"}).code, 1);
  EXPECT_THAT(host_->logText(), HasSubstr(noted.substr(2))) << "the log carries the head away";
  ASSERT_EQ(host_->stop(), 0);
  EXPECT_EQ(verify().code, 0);
  EXPECT_EQ(json::parse(verify({"--json"}).output).at("sealed"), 4);
  start();
}

TEST_F(AuditOfAHost, VerifyNamesTheFirstBadRowWhileTheHostRuns) {
  makeTenants(5);
  ASSERT_TRUE(awaitSealed());
  tamper("UPDATE bulkhead_audit SET actor = 'key:nobody' WHERE seq = 3");
  const CommandEnd changed = verify();
  EXPECT_EQ(changed.code, 1);
  EXPECT_THAT(changed.output, HasSubstr("The row at 3 (tenant.create)"));
  EXPECT_THAT(changed.output, HasSubstr("(row 3)"));
  tamper("UPDATE bulkhead_audit SET actor = 'key:bootstrap' WHERE seq = 3");
  EXPECT_EQ(verify().code, 0) << "the control";
  tamper("DELETE FROM bulkhead_audit WHERE seq = 2");
  EXPECT_THAT(verify().output, HasSubstr("Rows 2 to 2 are gone."));
}

// Goal: what a chain in the same file cannot prove. Method: the last rows and the head are set back
// together; only audit.head, and whatever took the log away, know better.
TEST_F(AuditOfAHost, ATailRemovedWithItsHeadIsToldByAuditHead) {
  makeTenants(5);
  ASSERT_TRUE(awaitSealed());
  ASSERT_EQ(host_->stop(), 0);
  tamper(
      "DELETE FROM bulkhead_audit WHERE seq > 3; UPDATE bulkhead_audit_head SET position = 3, "
      "hash = (SELECT hash FROM bulkhead_audit WHERE seq = 3)");
  const CommandEnd end = verify();
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.output, HasSubstr("5 rows were noted outside: the last ones are gone."));
  std::ofstream{folder_.data() / "audit.head", std::ios::trunc};
  EXPECT_EQ(verify().code, 0) << "the control: without it nothing tells";
  start();
}

TEST_F(AuditOfAHost, WhatWasNotSealedBeforeADeathIsSealedAfterIt) {
  makeTenants(3);
  host_->killHard();
  const json verdict = json::parse(verify({"--json"}).output);
  EXPECT_EQ(verdict.at("sealed").get<int>() + verdict.at("unsealed").get<int>(), 3);
  EXPECT_TRUE(verdict.at("holds"));
  start();
  ASSERT_TRUE(awaitSealed());
  EXPECT_THAT(verify().output, HasSubstr("holds: 3 sealed rows"));
}

class SecurityEvents : public AuditOfAHost {
 protected:
  void SetUp() override {
    folder_.install("greeter");
    AuditOfAHost::SetUp();
    for (const char* slug : {"acme", "other"}) {
      ASSERT_EQ(
          host_->keyed().post("/api/admin/tenants", fmt::format(R"({{"slug":"{}"}})", slug)).status,
          201);
    }
  }
  json makeKey(const std::string& scope) const {
    return host_->keyed()
        .post("/api/admin/keys",
              fmt::format(R"({{"name":"k","scopes":["{}"],"tenants":["acme"]}})", scope))
        .json();
  }
  /// Asks as told, and gives all lines of the logger "security" on that request.
  std::vector<json> linesOf(const std::string& request_id, const std::string& key, Fields headers,
                            const std::string& path) const {
    headers.emplace_back("X-Request-Id", request_id);
    if (!key.empty()) headers.emplace_back("X-API-Key", key);
    host_->client().get(path, headers);
    host_->awaitLogLine([&](const json& one) {
      return one.value("logger", "") == "http" && one.value("requestId", "") == request_id;
    });
    std::vector<json> lines;
    for (const auto& line : host_->logLines()) {
      if (line.value("logger", "") == "security" && line.value("requestId", "") == request_id)
        lines.push_back(line);
    }
    return lines;
  }
  void expectOneLine(const std::string& request_id, const std::string& key, const Fields& headers,
                     const std::string& event, const std::string& reason, const std::string& key_id,
                     const std::string& path = kHello) const {
    const auto lines = linesOf(request_id, key, headers, path);
    ASSERT_EQ(lines.size(), 1U) << request_id;
    const std::vector<std::pair<std::string, std::string>> expected{
        {"event", event},  {"reason", reason}, {"apiKeyId", key_id}, {"level", "WARN"},
        {"method", "GET"}, {"path", path},     {"ip", "127.0.0.1"}};
    for (const auto& [name, value] : expected)
      EXPECT_EQ(lines[0].value(name, ""), value) << request_id << " " << name;
  }
};

TEST_F(SecurityEvents, S44_EachKindIsOneLineWithItsFieldsAndWithoutASecret) {
  const json key = makeKey("greeter:*");
  const std::string text = key.at("key");
  const json narrow = makeKey("monitoring:read");
  const json gone = makeKey("greeter:*");
  ASSERT_EQ(folder_.run({"key", "revoke", gone.at("id")}).code, 0);
  std::string mistyped = text;
  mistyped[30] = mistyped[30] == 'x' ? 'y' : 'x';
  const Fields bearer{{"Authorization", "Bearer " + mistyped}};
  const Fields elsewhere{{"X-Tenant-Id", "other"}};

  expectOneLine("none", {}, {}, "authentication_failed", "no_credential", "");
  expectOneLine("typo", mistyped, {}, "authentication_failed", "damaged_key", "");
  expectOneLine("form", "something", {}, "authentication_failed", "no_known_form", "");
  expectOneLine("gone", gone.at("key"), {}, "authentication_failed", "revoked_key", gone.at("id"));
  expectOneLine("two", text, bearer, "authentication_failed", "conflicting_credentials", "");
  expectOneLine("scope", narrow.at("key"), {}, "authorization_denied", "missing_scope",
                narrow.at("id"));
  expectOneLine("tenant", text, elsewhere, "tenant_refused", "unknown_tenant", key.at("id"));
  expectOneLine("bound", text, {}, "authorization_denied", "bound_to_tenants", key.at("id"),
                "/api/admin/keys");
  expectOneLine("metrics", {}, {{"X-Forwarded-For", "203.0.113.9"}}, "monitoring_denied", "outside",
                "", "/metrics");
  EXPECT_TRUE(linesOf("fine", text, {}, kHello).empty()) << "the control: what is allowed is none";
  for (const std::string& secret : {text, mistyped, gone.at("key").get<std::string>()})
    EXPECT_THAT(host_->logText(), Not(HasSubstr(secret.substr(21, 43))));
}

TEST_F(SecurityEvents, S44_AFloodOfWrongKeysIsCountedAndNotWritten) {
  for (int i = 0; i < 200; ++i)
    host_->client().get("/api/greeter/v1/hello/Ada", {{"X-API-Key", fmt::format("wrong-{}", i)}});
  linesOf("last", "", {}, kHello);
  int written = 0;
  for (const auto& line : host_->logLines())
    if (line.value("reason", "") == "no_known_form") ++written;
  EXPECT_GE(written, 1);
  EXPECT_LE(written, 40) << "20 a minute, and a minute may have ended meanwhile";
  EXPECT_THAT(host_->client().get("/metrics").body,
              HasSubstr("auth_failures_total{reason=\"no_known_form\"} 200\n"));
}

}  // namespace
}  // namespace bulkhead::integration
