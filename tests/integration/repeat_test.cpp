#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <string>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using std::chrono::seconds;

constexpr int kKilled = 128 + SIGKILL;

/// A sale is asked for with a key, the host is killed in the middle of it, and after its restart
/// the client asks again.
class Repeat : public testing::Test {
 protected:
  Repeat() {
    folder_.installHostile(
        "till", fmt::format("enabled = true\nisolation = inprocess\noutside = {}\n", book()));
  }

  void sellTwice(std::string_view path, std::string_view die) {
    const std::string body = fmt::format(R"({{"die":"{}"}})", die);
    {
      HostProcess host{folder_};
      ASSERT_TRUE(host.awaitReady()) << host.logText();
      ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
      EXPECT_EQ(ask(host, path, body).status, 0);
      EXPECT_EQ(host.awaitEnd(seconds{9}), kKilled);
    }
    HostProcess next{folder_};
    ASSERT_TRUE(next.awaitReady()) << next.logText();
    const HttpAnswer again = ask(next, path, body);
    EXPECT_EQ(again.status, 201) << again.body;
    const HttpAnswer replayed = ask(next, path, body);
    EXPECT_EQ(replayed.header("idempotent-replayed"), "true") << replayed.body;
    EXPECT_EQ(replayed.body, again.body);
    EXPECT_EQ(next.stop(), 0);
  }
  static HttpAnswer ask(const HostProcess& host, std::string_view path, const std::string& body) {
    return host.keyed("salon").post(fmt::format("/api/till/v1{}", path), body,
                                    {{"Idempotency-Key", "the-same-sale"}});
  }
  std::string book() const { return (folder_.path() / "charges.txt").string(); }
  int charges() const {
    std::ifstream file{book()};
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }
  std::int64_t sales() const {
    sqlite3* database = nullptr;
    std::int64_t count = -1;
    EXPECT_EQ(sqlite3_open((folder_.data() / "till.db").c_str(), &database), SQLITE_OK);
    sqlite3_exec(
        database, "SELECT count(*) FROM sale",
        [](void* out, int, char** columns, char**) {
          *static_cast<std::int64_t*>(out) = std::stoll(columns[0]);
          return 0;
        },
        &count, nullptr);
    sqlite3_close(database);
    return count;
  }

  HostFolder folder_;
};

class RepeatAfterDeath : public Repeat, public testing::WithParamInterface<const char*> {};

TEST_P(RepeatAfterDeath, B3_ThereIsOneChargeAndOneSale) {
  sellTwice("/sales", GetParam());
  EXPECT_EQ(charges(), 1);
  EXPECT_EQ(sales(), 1);
}

INSTANTIATE_TEST_SUITE_P(Deaths, RepeatAfterDeath,
                         testing::Values("first", "charged", "kept", "selling", "sold"));

TEST_F(Repeat, B3_NegativeControl_WithoutStepsTheCustomerIsChargedTwice) {
  sellTwice("/careless", "charged");
  EXPECT_EQ(charges(), 2);
  EXPECT_EQ(sales(), 1);
}

}  // namespace
}  // namespace bulkhead::integration
