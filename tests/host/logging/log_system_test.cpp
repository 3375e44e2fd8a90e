#include "logging/log_system.hpp"

#include <Poco/Logger.h>
#include <Poco/SimpleFileChannel.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "logging/log.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

LogOptions optionsFor(const TemporaryFolder& folder) {
  LogOptions options;
  options.service = "accubooks";
  options.version = "1.0.0";
  options.descriptor = -1;
  options.file = folder.path() / "backend.log";
  return options;
}

std::vector<Json> linesOf(LogSystem& system, const TemporaryFolder& folder) {
  EXPECT_TRUE(system.flush(milliseconds{5000}));
  std::ifstream in{folder.path() / "backend.log"};
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::string textOf(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(LogSystem, S49_WritesARequestLine) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  LogContext context;
  context.client_key = "tenant-7";
  context.api_key_id = "k1";
  {
    const LogScope scope{context};
    log(Level::Info, "http", "request",
        {{"method", "GET"},
         {"url", "/api/x?token=canary"},
         {"ip", "203.0.113.7"},
         {"userAgent", "curl"},
         {"status", 200},
         {"durationMs", 1.5}});
  }
  log(Level::Info, "http", "outside");
  const auto lines = linesOf(system, folder);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["method"], "GET");
  EXPECT_EQ(lines[0]["url"], "/api/x?token=******");
  EXPECT_EQ(lines[0]["clientKey"], "tenant-7");
  EXPECT_EQ(lines[0]["apiKeyId"], "k1");
  EXPECT_EQ(lines[0]["durationMs"], 1.5);
  EXPECT_FALSE(lines[1].contains("apiKeyId"));
}

TEST(LogSystem, S63_TheLevelHoldsAndChangesAtRunTime) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  log(Level::Debug, "x", "debug before");
  log(Level::Info, "x", "info before");
  system.setLevel(Level::Warn);
  EXPECT_FALSE(logEnabled(Level::Info));
  log(Level::Info, "x", "info after");
  log(Level::Warn, "x", "warn after");
  Poco::Logger::get("poco").information("poco after");
  const auto lines = linesOf(system, folder);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["message"], "info before");
  EXPECT_EQ(lines[1]["message"], "warn after");
}

TEST(LogSystem, ALevelWithATimeGoesBack) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  system.setLevel(Level::Error, milliseconds{1});
  EXPECT_EQ(system.level(), Level::Error);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (system.level() != Level::Info && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  EXPECT_EQ(system.level(), Level::Info);
}

TEST(LogSystem, S45_PocoLoggersWriteTheSameLines) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  Poco::Logger::get("Application").warning("cannot reach postgres://u:canary@h/d");
  Poco::Logger::get("Application").critical("stop");
  const auto lines = linesOf(system, folder);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["logger"], "Application");
  EXPECT_EQ(lines[0]["severity"], "WARNING");
  EXPECT_EQ(lines[0]["message"], "cannot reach postgres://******@h/d");
  EXPECT_EQ(lines[1]["level"], "FATAL");
}

TEST(LogSystem, S131_ACanaryDoesNotReachTheFile) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  ASSERT_TRUE(system.addSecret("canary-7f3a91"));
  log(Level::Info, "x", "message canary-7f3a91", {{"field", "canary-7f3a91"}});
  log(Level::Error, "x", "failed", {{"error", ErrorDetails{"E", "canary-7f3a91", "C", ""}}});
  Poco::Logger::get("poco").error("canary-7f3a91");
  EXPECT_EQ(linesOf(system, folder).size(), 3U);
  EXPECT_EQ(textOf(folder.path() / "backend.log").find("canary"), std::string::npos);
  for (const auto& line : system.lastLines()) EXPECT_EQ(line.find("canary"), std::string::npos);
}

TEST(LogSystem, S131_NegativeControl_AChannelOfPocoLeaksTheCanary) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "poco.log").string();
  {
    const Poco::Channel::Ptr channel{new Poco::SimpleFileChannel{file}};
    Poco::Logger& logger = Poco::Logger::create("unredacted", channel);
    logger.error("canary-7f3a91");
    Poco::Logger::destroy("unredacted");
  }
  EXPECT_NE(textOf(file).find("canary-7f3a91"), std::string::npos);
}

TEST(LogSystem, S50_S51_LogErrorHasDetailsAndSeverity) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  const std::array<LogField, 2> fields{{{"method", "GET"}, {"status", 500}}};
  logError("http", "request failed", {"DatabaseError", "no", "DATABASE_ERROR", "stack"}, 500,
           fields);
  logError("http", "refused", {"AuthenticationError", "no", "AUTHENTICATION_ERROR", ""}, 401);
  const auto lines = linesOf(system, folder);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["level"], "ERROR");
  EXPECT_EQ(lines[0]["severityClass"], "high");
  EXPECT_EQ(lines[0]["status"], 500);
  EXPECT_EQ(lines[0]["error"]["stack"], "stack");
  EXPECT_EQ(lines[0]["method"], "GET");
  EXPECT_EQ(lines[1]["level"], "WARN");
  EXPECT_FALSE(lines[1]["error"].contains("stack"));
}

TEST(LogSystem, S48_TheObserverIsToldOfErrors) {
  struct Counter : ErrorObserver {
    int count = 0;
    std::string last;
    void onError(const LogRecord& record) noexcept override {
      ++count;
      last = record.message;
    }
  };
  const TemporaryFolder folder;
  Counter counter;
  LogSystem system{optionsFor(folder)};
  system.setErrorObserver(&counter);
  log(Level::Warn, "x", "warning");
  log(Level::Error, "x", "error");
  log(Level::Fatal, "x", "fatal");
  system.setErrorObserver(nullptr);
  log(Level::Error, "x", "not observed");
  EXPECT_EQ(counter.count, 2);
  EXPECT_EQ(counter.last, "fatal");
}

TEST(LogSystem, S133_LastLinesAreThereBeforeTheyAreWritten) {
  const TemporaryFolder folder;
  LogSystem system{optionsFor(folder)};
  for (int i = 0; i < 150; ++i) log(Level::Info, "x", "line", {{"i", i}});
  const auto lines = system.lastLines();
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(Json::parse(lines.front())["i"], 50);
  EXPECT_EQ(Json::parse(lines.back())["i"], 149);
}

TEST(LogSystem, AFileThatCannotBeOpenedIsSaid) {
  LogOptions options;
  options.descriptor = -1;
  options.file = "/nonexistent/folder/backend.log";
  LogSystem system{options};
  ASSERT_EQ(system.lastLines().size(), 1U);
  EXPECT_NE(system.lastLines()[0].find("degraded"), std::string::npos);
}

TEST(LogSystem, WithoutASystemWarningsGoToStandardError) {
  ::testing::internal::CaptureStderr();
  log(Level::Info, "x", "quiet");
  log(Level::Warn, "x", "heard", {{"password", "canary"}});
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("heard"), std::string::npos);
  EXPECT_EQ(text.find("canary"), std::string::npos);
}

TEST(LogScope, Nests) {
  const LogContext outer;
  const LogContext inner;
  EXPECT_EQ(LogScope::current(), nullptr);
  {
    const LogScope one{outer};
    {
      const LogScope two{inner};
      EXPECT_EQ(LogScope::current(), &inner);
    }
    EXPECT_EQ(LogScope::current(), &outer);
  }
  EXPECT_EQ(LogScope::current(), nullptr);
}

}  // namespace
}  // namespace bulkhead::host
