// The trial under faults, of a plugin that stands them and of one that does not, in each way.
#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "host/plugins/built_files.hpp"
#include "temporary_folder.hpp"
#include "verify/verify.hpp"

namespace bulkhead::host {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

VerifyOptions underFaults() {
  VerifyOptions options;
  options.trial.faults = true;
  options.trial.step_limit = std::chrono::seconds{1};
  return options;
}

std::string saidOf(const std::filesystem::path& file, const VerifyOptions& options) {
  return asText(verifyPlugin(file, options));
}

/// What is said of the brittle plugin when it fails in that way.
std::string brittle(std::string_view way) {
  const TemporaryFolder folder;
  VerifyOptions options = underFaults();
  options.conf = folder.write("brittle.properties", fmt::format("way = {}\n", way));
  return saidOf(test::hostile("brittle"), options);
}

constexpr const char* kStands = "trials broke it";
constexpr const char* kFalls = "it does not stand its faults";

TEST(VerifyUnderFaults, WhatIsSoundStandsThemAll) {
  EXPECT_THAT(brittle("sound"), AllOf(HasSubstr(kStands), Not(HasSubstr("failed"))));
  EXPECT_THAT(saidOf(test::greeter(), underFaults()),
              AllOf(HasSubstr(kStands), Not(HasSubstr("failed"))));
}

TEST(VerifyUnderFaults, APluginInCStandsThemAll) {
  for (const char* build : {"/test-plugins/c-greeter.so", "/hostile/c-greeter.so"})
    EXPECT_THAT(saidOf(std::string{BULKHEAD_BUILD_DIR} + build, underFaults()),
                AllOf(HasSubstr(kStands), Not(HasSubstr("failed"))))
        << build;
}

TEST(VerifyUnderFaults, APluginInRustStandsThemAll) {
  EXPECT_THAT(saidOf(test::hostile("rust-greeter"), underFaults()),
              AllOf(HasSubstr(kStands), Not(HasSubstr("failed"))));
}

TEST(VerifyUnderFaults, ACrashIsNamedByTheCallThatFailed) {
  EXPECT_THAT(brittle("crash"),
              AllOf(HasSubstr("POST /api/brittle/v1/notes/{name}: call 1 to the host "
                              "(random_bytes) refused as CONFLICT_ERROR: crashes: signal 11"),
                    HasSubstr("(tx_send) refused as CONFLICT_ERROR: crashes"), HasSubstr(kFalls),
                    Not(HasSubstr("refused as NOT_FOUND_ERROR"))));
}

TEST(VerifyUnderFaults, SoIsWhatHangsOrEndsItsProcess) {
  EXPECT_THAT(brittle("hang"), HasSubstr("(db_write) with the store away: hangs"));
  EXPECT_THAT(brittle("exit"),
              HasSubstr("(db_write) with the store away: ends its process with exit code 3"));
}

TEST(VerifyUnderFaults, WhatWasRefusedLeavesNothing) {
  EXPECT_THAT(brittle("halves"),
              AllOf(HasSubstr("and left something: table notes has 1 rows where it had 0"),
                    HasSubstr("instead: put what belongs together into one transaction")));
}

TEST(VerifyUnderFaults, WhatWasAcknowledgedIsThere) {
  EXPECT_THAT(brittle("swallow"),
              HasSubstr("(db_write) with the store away: is answered 200 although something is "
                        "lost: table notes has 0 rows where it had 1"));
}

TEST(VerifyUnderFaults, EachFailureHasAnErrorBodyAndTheSecondTimeWorks) {
  EXPECT_THAT(brittle("mute"), HasSubstr("is answered 500 without an error body"));
  EXPECT_THAT(brittle("stuck"), HasSubstr("the second time, when nothing fails, it is answered "
                                          "500, and 200 without the failure"));
  EXPECT_THAT(brittle("contrary"), HasSubstr("answers what its contract does not say: #/kept"));
}

TEST(VerifyUnderFaults, AnEventHasItsEffectOnceOrIsRetried) {
  EXPECT_THAT(brittle("twice"),
              AllOf(HasSubstr("event calendar/1/calendar_changed: call 3 to the host "
                              "(random_bytes) refused as APP_ERROR: handled again, it has not had "
                              "its effect once: table journal has 2 rows where it had 1"),
                    HasSubstr("instead: do all of it in the transaction")));
  EXPECT_THAT(brittle("deaf"),
              HasSubstr("event calendar/1/calendar_changed: call 1 to the host (db_write) with the "
                        "store away: is answered 200 although something is lost: table heard has "
                        "0 rows where it had 1"));
}

TEST(VerifyUnderFaults, WhatHandlesMessagesMayNotDieOfThem) {
  EXPECT_THAT(brittle("crash"),
              HasSubstr("event calendar/1/calendar_changed: call 1 to the host (db_write) refused "
                        "as CONFLICT_ERROR: crashes: signal 11"));
}

// The control of what is tried: a plugin's own messages are what its routes keep.
TEST(VerifyUnderFaults, HandlersAreAmongWhatIsTried) {
  EXPECT_THAT(brittle("sound"), HasSubstr("3 routes, calls, handlers and contributors with"));
}

#ifndef BULKHEAD_SANITIZED  // whose allocator tells nobody how much it has given
TEST(VerifyUnderFaults, NothingIsKeptEachTime) {
  EXPECT_THAT(brittle("leak"), HasSubstr("(random_bytes) refused as APP_ERROR: keeps about 2"));
  EXPECT_THAT(brittle("hoard"), HasSubstr("POST /api/brittle/v1/notes/{name}: keeps about 1"));
}
#endif

}  // namespace
}  // namespace bulkhead::host
