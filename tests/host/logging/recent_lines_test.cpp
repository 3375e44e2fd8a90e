#include "logging/recent_lines.hpp"

#include <cstdio>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

TEST(RecentLines, S133_KeepsTheLastHundredOldestFirst) {
  RecentLines recent;
  for (int i = 0; i < 250; ++i) recent.add("line " + std::to_string(i) + "\n");
  const auto lines = recent.all();
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(lines.front(), "line 150");
  EXPECT_EQ(lines.back(), "line 249");
}

TEST(RecentLines, CutsLongLines) {
  RecentLines recent;
  recent.add(std::string(5000, 'x') + "\n");
  recent.add("next\n");
  const auto lines = recent.all();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].size(), RecentLines::kLineBytesMax - 1);
  EXPECT_EQ(lines[1], "next");
}

TEST(RecentLines, S133_WritesThemToADescriptor) {
  RecentLines recent;
  recent.add("one\n");
  recent.add("two\n");
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  recent.writeTo(pipe_ends[1]);
  close(pipe_ends[1]);
  char text[64];
  const ssize_t size = read(pipe_ends[0], text, sizeof text);
  close(pipe_ends[0]);
  EXPECT_EQ(std::string_view(text, static_cast<std::size_t>(size)), "one\ntwo\n");
}

}  // namespace
}  // namespace bulkhead::host
