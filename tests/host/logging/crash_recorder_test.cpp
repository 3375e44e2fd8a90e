#include "logging/crash_recorder.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "logging/crash_records.hpp"
#include "logging/work_in_hand.hpp"
#include "temporary_folder.hpp"

// A sanitizer has its own handlers and its own stacks; these are tests of the plain program.
#ifndef BULKHEAD_SANITIZED

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

void dereferenceNull() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

int overflow(int depth) {
  static volatile bool deeper = true;
  if (!deeper) return depth;
  volatile char page[4096] = {};
  page[0] = static_cast<char>(depth);
  return overflow(depth + 1) + page[0];
}

void writeALine(int descriptor) {
  constexpr std::string_view kLine{"{\"message\":\"the last line\"}\n"};
  [[maybe_unused]] const auto ignored = write(descriptor, kLine.data(), kLine.size());
}

class CrashRecorderTest : public testing::Test {
 protected:
  /// The signal that ended a child which does `work` with a recorder; 0 when none did.
  int signalOf(const std::function<void()>& work, void (*lines)(int) = writeALine,
               bool with_recorder = true) const {
    const pid_t child = fork();
    if (child == 0) {
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      alarm(20);
      if (with_recorder) {
        const CrashRecorder recorder{{folder_.path(), "9.8.7", "abcdef0", lines, 1}};
        work();
      } else {
        work();
      }
      std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  std::string record() const {
    std::string text;
    for (const auto& entry : fs::directory_iterator{folder_.path()}) {
      std::ostringstream content;
      content << std::ifstream{entry.path()}.rdbuf();
      text += content.str();
    }
    return text;
  }

  const TemporaryFolder folder_;
};

TEST_F(CrashRecorderTest, C19_S133_ARecordTellsWhereAndForWhom) {
  const int signal = signalOf([] {
    std::thread{[] {
      const WorkInHand work{
          {"booking", "1.2.3"}, "POST", "/api/booking/v1/appointments", "request-7"};
      dereferenceNull();
    }}.join();
  });
  EXPECT_EQ(signal, SIGSEGV);
  const std::string text = record();
  for (const char* line : {"signal: SIGSEGV\n", "address: 0x0\n", "version: 9.8.7\n",
                           "revision: abcdef0\n", "plugin: booking\n", "plugin_version: 1.2.3\n",
                           "step: POST\n", "route: /api/booking/v1/appointments\n",
                           "request_id: request-7\n", "the last line", "\nend\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, ContainsRegex("time: 20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-9:]*Z"));
  EXPECT_THAT(text, ContainsRegex("  #0 0x[0-9a-f]+ [^ ]*bulkhead_logging_test\\+0x[0-9a-f]+"));
  const auto records = readCrashRecords(folder_.path());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].fact("plugin"), "booking");
  EXPECT_EQ(records[0].fact("signal"), "SIGSEGV");
}

TEST_F(CrashRecorderTest, C19_NegativeControl_WithoutARecorderNothingIsThere) {
  EXPECT_EQ(signalOf(dereferenceNull, writeALine, false), SIGSEGV);
  EXPECT_EQ(record(), "");
}

TEST_F(CrashRecorderTest, C19_EverySignalKeepsItsOwnEnd) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    EXPECT_EQ(signalOf([signal] { std::raise(signal); }), signal);
  EXPECT_EQ(signalOf([] { std::abort(); }), SIGABRT);
  EXPECT_EQ(signalOf([] { std::_Exit(0); }), 0) << "who ends well writes no record";
}

TEST_F(CrashRecorderTest, AnExhaustedStackIsRecordedOnAnotherOne) {
  const int signal = signalOf([] {
    std::thread{[] {
      const WorkInHand work{{"deep", {}}, "GET"};
      overflow(0);
    }}.join();
  });
  EXPECT_EQ(signal, SIGSEGV);
  EXPECT_THAT(record(), HasSubstr("plugin: deep\n"));
  EXPECT_THAT(record(), HasSubstr("\nend\n"));
}

// Goal: a fault within the handler neither repeats itself nor hides the first one. Method: the part
// that writes the log lines crashes, by another signal.
TEST_F(CrashRecorderTest, AFaultWithinTheHandlerCostsThatPartOnly) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(signalOf([] { std::raise(SIGFPE); }, [](int) { dereferenceNull(); }), SIGFPE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  EXPECT_THAT(record(), HasSubstr("signal: SIGFPE\n"));
  EXPECT_THAT(record(), HasSubstr("\nend\n"));
  EXPECT_THAT(record(), Not(HasSubstr("signal: SIGSEGV\n")));
}

TEST_F(CrashRecorderTest, AHandlerThatHangsIsEnded) {
  EXPECT_EQ(signalOf([] { dereferenceNull(); },
                     [](int) {
                       while (true) pause();
                     }),
            SIGSEGV);
  EXPECT_THAT(record(), HasSubstr("signal: SIGSEGV\n"));
}

TEST_F(CrashRecorderTest, ThreadsThatCrashTogetherLeaveOneRecord) {
  const int signal = signalOf([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back(dereferenceNull);
    for (auto& thread : threads) thread.join();
  });
  EXPECT_EQ(signal, SIGSEGV);
  const std::string text = record();
  EXPECT_EQ(text.find("bulkhead crash record"), text.rfind("bulkhead crash record"));
  EXPECT_THAT(text, HasSubstr("\nend\n"));
}

TEST_F(CrashRecorderTest, WhoEndsWellLeavesNoFile) {
  signalOf([] {});
  EXPECT_EQ(signalOf([&] {
              const CrashRecorder again{{folder_.path(), "1", "1", writeALine, 1}};
            }),
            0);
  EXPECT_TRUE(readCrashRecords(folder_.path()).empty());
}

}  // namespace
}  // namespace bulkhead::host

#endif
