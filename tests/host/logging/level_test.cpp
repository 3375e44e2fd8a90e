#include "logging/level.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

TEST(Level, S46_HasFiveNames) {
  EXPECT_EQ(levelName(Level::Debug), "DEBUG");
  EXPECT_EQ(levelName(Level::Info), "INFO");
  EXPECT_EQ(levelName(Level::Warn), "WARN");
  EXPECT_EQ(levelName(Level::Error), "ERROR");
  EXPECT_EQ(levelName(Level::Fatal), "FATAL");
}

TEST(Level, C28_SeverityIsTheWordThatIsGreppedFor) {
  EXPECT_EQ(severityWord(Level::Warn), "WARNING");
  EXPECT_EQ(severityWord(Level::Error), "ERROR");
  EXPECT_EQ(severityWord(Level::Fatal), "CRITICAL");
}

TEST(Level, IsReadWithoutRegardToCase) {
  EXPECT_EQ(findLevel("warn"), Level::Warn);
  EXPECT_EQ(findLevel("Warning"), Level::Warn);
  EXPECT_EQ(findLevel("FATAL"), Level::Fatal);
  EXPECT_FALSE(findLevel("wran"));
  EXPECT_FALSE(findLevel(""));
}

}  // namespace
}  // namespace bulkhead::host
