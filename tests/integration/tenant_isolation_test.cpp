#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <string>
#include <vector>

#include "host_process.hpp"
#include "tenant_matrix.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kMarker = "canary-of-acme";

/// Every row of a tenant in a plugin's database, sorted, by table.
std::map<std::string, std::multiset<std::string>> rowsOf(const std::filesystem::path& database,
                                                         const std::string& tenant) {
  std::map<std::string, std::multiset<std::string>> rows;
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const auto each = [&](const std::string& sql, auto receive) {
    const auto forward = [](void* to, int count, char** texts, char**) {
      std::string row;
      for (int i = 0; i < count; ++i)
        row += fmt::format("{}|", texts[i] == nullptr ? "(null)" : texts[i]);
      (*static_cast<decltype(receive)*>(to))(row);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), forward, &receive, nullptr), SQLITE_OK) << sql;
  };
  std::vector<std::string> tables;
  each(
      "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
      "WHERE m.type = 'table' AND c.name = 'tenant'",
      [&](std::string row) {
        row.pop_back();
        tables.push_back(row);
      });
  for (const std::string& table : tables) {
    each(fmt::format("SELECT * FROM \"{}\" WHERE tenant = '{}'", table, tenant),
         [&](const std::string& row) { rows[table].insert(row); });
  }
  sqlite3_close(handle);
  EXPECT_GE(rows.size(), 10U) << "the tenant has something in most tables";
  return rows;
}

/// A payment in a currency that the tenant's books are not kept in, as if a provider had told of
/// it.
void tellPayment(const std::filesystem::path& database, const std::string& tenant,
                 const std::string& id) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  sqlite3_busy_timeout(handle, 10'000);
  const std::string sql = fmt::format(
      R"(INSERT INTO waiting_payment VALUES ('{}', '{}', 'pay_1', 'charge', '{{"id":"pay_1",)"
      R"("amount":5,"currency":"XTS","occurred_at":"2026-01-05T08:00:00Z","reference":"{}"}}', )"
      R"('CURRENCY_MISMATCH', '{}', 1, 0, 0))",
      tenant, id, kMarker, kMarker);
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

/// Nobody has credentials here: 503, or 404 from what looks for the thing first.
void expectNotConfigured(const HttpAnswer& answer, const MatrixStep& step) {
  EXPECT_THAT((std::set<std::string>{"NOT_CONFIGURED", "CONNECTION_NOT_FOUND", "MESSAGE_NOT_FOUND",
                                     "CALL_NOT_FOUND"}),
              testing::Contains(answer.errorCode()))
      << step.route() << answer.body;
}

class TenantIsolation : public testing::Test {
 protected:
  void SetUp() override {
    folder_.install("booking");
    for (const char* plugin :
         {"accounting", "google-calendar", "plaid", "stripe", "twilio", "vapi"})
      folder_.install(plugin);
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    acme_id_ = makeTenant("acme");
    makeTenant("other");
    acme_ = std::make_unique<HttpClient>(keyFor("acme", "*"));
    other_ = std::make_unique<HttpClient>(keyFor("other", "*"));
    acmes_ = Things::make(*acme_, "acme", kMarker);
    others_ = Things::make(*other_, "other", "of the other");
    acmes_.keepBooks(*acme_, kMarker);
    acmes_.waiting_payment = "waiting-of-acme";
    tellPayment(folder_.data() / "accounting.db", acme_id_, acmes_.waiting_payment);
    steps_ = matrixOf(acmes_, others_);
  }

  std::string makeTenant(const std::string& slug) const {
    return host_->keyed()
        .post("/api/admin/tenants", fmt::format(R"({{"slug":"{}"}})", slug))
        .json()
        .at("id");
  }
  HttpClient keyFor(const std::string& tenant, const std::string& scope) const {
    const HttpAnswer key = host_->keyed().post(
        "/api/admin/keys",
        fmt::format(R"({{"name":"k","scopes":["{}"],"tenants":["{}"]}})", scope, tenant));
    EXPECT_EQ(key.status, 201) << key.body;
    return HttpClient{host_->port(), {{"X-API-Key", key.json().value("key", "")}}};
  }

  /// Walks one step, with the ETag that acme's thing has at the moment, so that nothing but whose
  /// it is can be in the way.
  HttpAnswer walk(const MatrixStep& step, const HttpClient& client, Fields headers = {}) const {
    static int count = 0;
    headers.emplace_back("Idempotency-Key", fmt::format("walk-{}", ++count));
    if (!step.body.empty()) headers.emplace_back("Content-Type", step.content_type);
    const bool makes_anew = step.reach == Reach::Chosen && &client == other_.get();
    const bool own_thing = step.reach == Reach::Own && &client == other_.get();
    if (!step.thing.empty() && !makes_anew) {
      const std::string etag = (own_thing ? *other_ : *acme_).get(step.thing).header("etag");
      if (!etag.empty()) headers.emplace_back("If-Match", etag);
    }
    return client.send(step.method, step.target, step.body, headers);
  }

  std::map<std::string, std::multiset<std::string>> picture() const {
    auto seen = rowsOf(folder_.data() / "booking.db", acme_id_);
    for (const std::string& target : acmes_.targets()) {
      const HttpAnswer answer = acme_->get(target);
      EXPECT_EQ(answer.status, 200) << target << answer.body;
      seen[target].insert(answer.header("etag") + " " + answer.body);
    }
    return seen;
  }

  /// "GET /api/..." of all that /openapi.json lists.
  std::set<std::string> listedRoutes() const {
    std::set<std::string> routes;
    const json document = host_->client().get("/openapi.json").json();
    for (const auto& [path, methods] : document.at("paths").items()) {
      for (const auto& [method, operation] : methods.items()) {
        std::string upper = method;
        std::transform(upper.begin(), upper.end(), upper.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        routes.insert(upper + " " + path);
      }
    }
    return routes;
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  std::string acme_id_;
  std::unique_ptr<HttpClient> acme_, other_;
  Things acmes_, others_;
  std::vector<MatrixStep> steps_;
};

// A route that nobody thought of here is a route of which nobody knows whether it keeps tenants
// apart.
TEST_F(TenantIsolation, S43_TheMatrixHasEveryRouteThatIsListed) {
  std::set<std::string> walked;
  for (const MatrixStep& step : steps_) {
    walked.insert(step.route());
    EXPECT_EQ(step.target.find('{'), std::string::npos) << step.route() << ": a name is missing";
    const bool has_name = step.path.find('{') != std::string::npos;
    EXPECT_TRUE(!has_name || step.reach == Reach::Named || step.reach == Reach::Chosen ||
                step.reach == Reach::Outward)
        << step.route() << " names a thing, and the matrix does not ask whose it is";
  }
  EXPECT_EQ(walked.size(), steps_.size()) << "a route stands in the matrix twice";
  EXPECT_THAT(walked, testing::ContainerEq(listedRoutes()))
      << "add a step to tenant_matrix.cpp for each route that is new";
}

TEST_F(TenantIsolation, S43_TheMatrixHasEveryPluginThatThereIs) {
  std::set<std::string> plugins;
  for (const auto& entry : std::filesystem::directory_iterator{
           std::filesystem::path{BULKHEAD_SOURCE_DIR} / "plugins"}) {
    if (std::filesystem::exists(entry.path() / "plugin.json"))
      plugins.insert(entry.path().filename().string());
  }
  std::set<std::string> walked;
  for (const MatrixStep& step : steps_)
    walked.insert(step.path.substr(5, step.path.find('/', 5) - 5));  // behind "/api/"
  EXPECT_EQ(walked, plugins) << "install it here, and add its routes to tenant_matrix.cpp";
}

TEST_F(TenantIsolation, S43_NothingOfAnotherTenantIsReachedShownOrChanged) {
  const auto before = picture();
  std::size_t named = 0;
  for (const MatrixStep& step : steps_) {
    if (step.reach == Reach::Public || step.reach == Reach::Chosen) continue;
    const HttpAnswer answer = walk(step, *other_);
    EXPECT_THAT(answer.body, Not(HasSubstr(kMarker))) << step.route();
    if (step.reach == Reach::Own) {
      EXPECT_LT(answer.status, 300) << step.route() << answer.body;
      const bool was_sent = (step.target + step.body).find("acme-") != std::string::npos;
      if (!was_sent) {
        EXPECT_THAT(answer.body, Not(HasSubstr("acme-"))) << step.route();
      }
      continue;
    }
    if (step.reach == Reach::Outward) {
      expectNotConfigured(answer, step);
      continue;
    }
    EXPECT_EQ(answer.status, step.reach == Reach::Installation ? 403 : 404)
        << step.route() << " " << step.target << answer.body;
    ++named;
  }
  EXPECT_GT(named, 40U);
  EXPECT_THAT(picture(), testing::ContainerEq(before));
  for (const MatrixStep& step : steps_) {
    if (step.reach != Reach::Chosen) continue;
    const HttpAnswer answer = walk(step, *other_);
    EXPECT_EQ(answer.status, 201) << step.route() << ": an id is free in each tenant"
                                  << answer.body;
    EXPECT_THAT(answer.body, Not(HasSubstr(kMarker))) << step.route();
  }
  EXPECT_THAT(picture(), testing::ContainerEq(before));
}

TEST_F(TenantIsolation, S43_TheTenantInTheHeaderHasToBeOneOfTheKeys) {
  const auto before = picture();
  for (const MatrixStep& step : steps_) {
    if (step.reach == Reach::Public) continue;
    for (const std::string& tenant : {acme_id_, std::string{"acme"}, std::string{"nobody"}}) {
      const HttpAnswer answer = walk(step, *other_, {{"X-Tenant-Id", tenant}});
      EXPECT_EQ(answer.status, 404) << step.route() << answer.body;
    }
  }
  EXPECT_THAT(picture(), testing::ContainerEq(before));
}

TEST_F(TenantIsolation, S43_WithoutAKeyAndWithoutTheScopeNothingIsReached) {
  const auto before = picture();
  const HttpClient scopeless = keyFor("acme", "monitoring:read");
  for (const MatrixStep& step : steps_) {
    if (step.reach == Reach::Public) continue;
    EXPECT_EQ(walk(step, host_->client()).status, 401) << step.route();
    const HttpAnswer answer = walk(step, scopeless);
    EXPECT_EQ(answer.status, 403) << step.route() << answer.body;
    EXPECT_THAT(answer.body, Not(HasSubstr(kMarker))) << step.route();
  }
  EXPECT_THAT(picture(), testing::ContainerEq(before));
}

/// What is below a thing goes before what replaces or removes it.
int turnOf(const MatrixStep& step) {
  if (step.reach == Reach::Chosen) return 2;
  if (step.method != "DELETE") return 0;
  return step.path.find('{') == step.path.rfind('{') ? 3 : 1;
}

// The control: the same steps with the owner's key do arrive.
TEST_F(TenantIsolation, S43_NegativeControl_TheOwnerReachesAllOfIt) {
  const auto before = rowsOf(folder_.data() / "booking.db", acme_id_);
  steps_ = matrixOf(acmes_, acmes_);
  std::stable_sort(
      steps_.begin(), steps_.end(),
      [](const MatrixStep& left, const MatrixStep& right) { return turnOf(left) < turnOf(right); });
  for (const MatrixStep& step : steps_) {
    if (step.reach == Reach::Public) continue;
    const HttpAnswer answer =
        step.reach == Reach::Installation ? walk(step, host_->keyed()) : walk(step, *acme_);
    if (step.reach == Reach::Outward) {
      expectNotConfigured(answer, step);
      continue;
    }
    EXPECT_THAT((std::set<int>{200, 201, 204, 409, 422}), testing::Contains(answer.status))
        << step.route() << " " << step.target << answer.body;
  }
  EXPECT_NE(rowsOf(folder_.data() / "booking.db", acme_id_), before) << "and they change it";
}

}  // namespace
}  // namespace bulkhead::integration
