#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

#include "host_process.hpp"
#include "plugins/booking/tz_tree.hpp"

namespace bulkhead::integration {
namespace {

using booking::testing::TzTree;
using nlohmann::json;
using std::chrono::hours;

constexpr std::int32_t kDaylight = -7 * 3600;
constexpr std::int32_t kStandard = -8 * 3600;
constexpr std::string_view kZone = "America/Vancouver";

/// Noon on a day in a month's time, by the zone's own clock.
std::string noonInAMonth() {
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) +
                   std::chrono::days{30};
  return fmt::format("{:%Y-%m-%d}T12:00", fmt::gmtime(std::chrono::system_clock::to_time_t(day)));
}

/// One installation under two releases of the zone data: the older goes back to UTC-8 in ten days,
/// the newer stays at UTC-7.
class TzRebase : public testing::Test {
 protected:
  TzRebase()
      : older_{folder_.path() / "tz-older", "2025b"}, newer_{folder_.path() / "tz-newer", "2026f"} {
    const auto change =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + hours{24 * 10});
    older_.add(kZone, kDaylight, {{change, kStandard}});
    newer_.add(kZone, kDaylight, {});
    folder_.install("booking");
  }
  static Environment with(const TzTree& tree) { return {{"TZDIR", tree.folder().string()}}; }

  static std::string path(std::string_view target) {
    return fmt::format("/api/booking/v1{}", target);
  }
  static void openBusiness(const HostProcess& host) {
    host.keyed().post("/api/admin/tenants", R"({"slug":"salon","name":"Salon"})");
    const HttpClient client = host.keyed("salon");
    client.put(path("/services/cut"), R"({"name":"Cut","duration_min":30})");
    client.put(
        path("/schedules/always"),
        fmt::format(R"({{"name":"Always","time_zone":"{}","rules":[{{"weekdays":)"
                    R"(["MO","TU","WE","TH","FR","SA","SU"],"start":"00:00","end":"24:00"}}]}})",
                    kZone));
    client.put(path("/resources/anna"),
               R"({"name":"Anna","schedule":"always","services":["cut"]})");
  }
  static json book(const HttpClient& client, std::string_view wall, std::string_view key) {
    const auto answer = client.post(
        path("/appointments"),
        fmt::format(
            R"({{"service":"cut","start":"{}","time_zone":"{}","lead":{{"phone":"+12025550123"}}}})",
            wall, kZone),
        {{"Idempotency-Key", std::string{key}}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json();
  }
  static json rebase(const HttpClient& client, std::string_view body, std::string_view key) {
    const auto answer =
        client.post(path("/tz-rebase"), body, {{"Idempotency-Key", std::string{key}}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }

  HostFolder folder_;
  const TzTree older_;
  const TzTree newer_;
};

TEST_F(TzRebase, B7_NewerDataMovesWhatWasPromisedByTheWallClock) {
  const std::string noon = noonInAMonth();
  const std::string half_past = noon.substr(0, 11) + "12:30";
  json first;
  json second;
  {
    HostProcess host{folder_, with(older_)};
    ASSERT_TRUE(host.awaitReady()) << host.errorText();
    const HttpClient client = host.keyed("salon");
    openBusiness(host);
    first = book(client, noon, "first");
    second = book(client, half_past, "second");
    EXPECT_EQ(first.at("start").get<std::string>().substr(11), "20:00:00Z");
    EXPECT_TRUE(rebase(client, R"({"dry_run":false})", "same-data").at("moves").empty());
    EXPECT_EQ(host.stop(), 0);
  }
  HostProcess host{folder_, with(newer_)};
  ASSERT_TRUE(host.awaitReady()) << host.errorText();
  const HttpClient client = host.keyed("salon");
  const std::string one = path("/appointments/" + first.at("id").get<std::string>());

  const json dry = rebase(client, R"({"dry_run":true})", "dry");
  EXPECT_EQ(dry.at("tzdata_version"), "2026f");
  ASSERT_EQ(dry.at("moves").size(), 2U) << dry.dump();
  EXPECT_EQ(dry.at("moves")[0].at("applied"), false);
  EXPECT_EQ(client.get(one).json().at("version"), 1) << "nothing is written";

  const json done = rebase(client, R"({"dry_run":false})", "wet");
  ASSERT_EQ(done.at("moves").size(), 2U);
  for (const auto& move : done.at("moves")) EXPECT_EQ(move.at("applied"), true) << move.dump();
  const json moved = client.get(one).json();
  EXPECT_EQ(moved.at("start").get<std::string>().substr(11), "19:00:00Z");
  EXPECT_EQ(moved.at("local_start"), noon);
  EXPECT_EQ(moved.at("tzdata_version"), "2026f");
  EXPECT_EQ(moved.at("version"), 2);
  EXPECT_EQ(moved.at("ics_sequence"), first.at("ics_sequence").get<int>() + 1);
  const json history = client.get(one + "/history").json();
  EXPECT_EQ(history.at("items").back().at("action"), "reschedule");
  EXPECT_EQ(history.at("items").back().at("reason"), "tzdata 2026f");
  EXPECT_TRUE(rebase(client, R"({"dry_run":false})", "again").at("moves").empty());
}

TEST_F(TzRebase, B7_ATenantMayKeepTheInstant) {
  const std::string noon = noonInAMonth();
  json made;
  {
    HostProcess host{folder_, with(older_)};
    ASSERT_TRUE(host.awaitReady()) << host.errorText();
    const HttpClient client = host.keyed("salon");
    openBusiness(host);
    made = book(client, noon, "made");
    const auto policy =
        client.send("PATCH", path("/tenant"), R"({"tz_change_policy":"keep_instant"})",
                    {{"If-Match", "\"v0\""}});
    EXPECT_EQ(policy.status, 200) << policy.body;
    EXPECT_EQ(host.stop(), 0);
  }
  HostProcess host{folder_, with(newer_)};
  ASSERT_TRUE(host.awaitReady()) << host.errorText();
  const HttpClient client = host.keyed("salon");
  const json done = rebase(client, R"({"dry_run":false})", "wet");
  EXPECT_EQ(done.at("policy"), "keep_instant");
  const json kept = client.get(path("/appointments/" + made.at("id").get<std::string>())).json();
  EXPECT_EQ(kept.at("start"), made.at("start"));
  EXPECT_EQ(kept.at("local_start"), noon.substr(0, 11) + "13:00");
}

}  // namespace
}  // namespace bulkhead::integration
