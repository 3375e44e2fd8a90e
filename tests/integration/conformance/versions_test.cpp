// Plugins of other times and languages, on this host, in both of their lives.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/abi.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using testing::HasSubstr;

/// A host with plugins of every version of the waist, and the one in Rust.
class OtherBuilds : public testing::TestWithParam<const char*> {
 protected:
  OtherBuilds() {
    const std::string life = fmt::format("isolation = {}\n", GetParam());
    for (int minor = 0; minor <= 3; ++minor)
      folder_.installHostile(fmt::format("waist-1-{}", minor), life + "word = kept\n");
    folder_.installHostile("waist-next", life);
    folder_.installHostile("rust-greeter", life + "panics_at = Panic\n");
    host_ = std::make_unique<HostProcess>(folder_);
  }
  void SetUp() override {
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  void TearDown() override { EXPECT_EQ(host_->stop(), 0) << host_->logText(); }

  HttpAnswer get(std::string_view path) { return host_->keyed("salon").get(path); }
  HttpAnswer post(std::string_view path, std::string_view body = {}, const Fields& headers = {}) {
    return host_->keyed("salon").send("POST", path, body, headers);
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

INSTANTIATE_TEST_SUITE_P(Lives, OtherBuilds, testing::Values("inprocess", "worker"),
                         [](const auto& life) { return std::string{life.param}; });

TEST_P(OtherBuilds, OfEveryVersionDoWhatTheirVersionCould) {
  for (int minor = 0; minor <= 3; ++minor) {
    const std::string at = fmt::format("/api/waist-1-{}/v1", minor);
    EXPECT_EQ(post(at + "/notes").body, R"({"kept":"1"})") << at << host_->logText();
    EXPECT_EQ(post(at + "/notes").body, R"({"kept":"2"})") << at;
    if (minor >= 1) {
      const HttpAnswer charged = post(at + "/charges", {}, {{"Idempotency-Key", "one"}});
      EXPECT_EQ(charged.body, R"({"charge":"ch_1"})") << at;
    }
    if (minor >= 2) {
      const HttpAnswer echoed = post(at + "/echo", "as it came", {{"Content-Type", "text/plain"}});
      EXPECT_THAT(echoed.body, HasSubstr("\r\nas it came\r\n")) << at << ", in a chunk";
    }
    if (minor >= 3) {
      EXPECT_EQ(get(at + "/outside").body, R"({"outcome":"4"})") << "the host did not try";
      EXPECT_EQ(get(at + "/calendar").errorCode(), "CAPABILITY_UNAVAILABLE");
    }
  }
}

TEST_P(OtherBuilds, OfALaterVersionAreRefusedWithBoth) {
  const auto shown = host_->plugin("waist-next");
  EXPECT_EQ(shown.value("state", ""), "refused");
  EXPECT_THAT(shown.value("reason", ""),
              HasSubstr(fmt::format("was built for plugin-api {}.{}; this host speaks {}.{}: "
                                    "update the host, or build the plugin against plugin-api {}.{}",
                                    BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR + 1, BULKHEAD_ABI_MAJOR,
                                    BULKHEAD_ABI_MINOR, BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR)));
}

TEST_P(OtherBuilds, InRustGreetAndCountByTenantAndTellTheirHealth) {
  EXPECT_EQ(get("/api/rust-greeter/v1/hello/Ann").body, R"({"hello":"hello Ann"})");
  EXPECT_EQ(get("/api/rust-greeter/v1/hello/%22").body, R"({"hello":"hello \""})");
  const HttpAnswer first =
      post("/api/rust-greeter/v1/greetings/Ann", {}, {{"Idempotency-Key", "one"}});
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.body, R"({"greeted":1})");
  EXPECT_EQ(post("/api/rust-greeter/v1/greetings/Ann", {}, {{"Idempotency-Key", "one"}}).body,
            R"({"greeted":1})");
  EXPECT_EQ(post("/api/rust-greeter/v1/greetings/Bob").body, R"({"greeted":2})");
  await([&] {
    return host_->keyed().get("/health?details=true").body.find("rust-greeter.store") !=
           std::string::npos;
  });
}

TEST_P(OtherBuilds, APanicInRustDoesNotCross) {
  const HttpAnswer panicked = get("/api/rust-greeter/v1/hello/Panic");
  EXPECT_EQ(panicked.status, 500) << panicked.body;
  EXPECT_EQ(panicked.errorCode(), "PANICKED");
  EXPECT_EQ(get("/api/rust-greeter/v1/hello/Ann").status, 200);
  EXPECT_EQ(host_->plugin("rust-greeter").value("state", ""), "running");
  EXPECT_EQ(host_->plugin("rust-greeter").value("generation", 0), 1) << "it never died";
}

}  // namespace
}  // namespace bulkhead::integration
