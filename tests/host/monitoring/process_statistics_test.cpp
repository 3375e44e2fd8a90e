#include "monitoring/process_statistics.hpp"

#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::host::monitoring {
namespace {

TEST(ProcessStatistics, ReadsThisProcess) {
  const ProcessStatistics statistics = readProcessStatistics();
  EXPECT_GE(statistics.threads, 1U);
  EXPECT_GT(statistics.resident_bytes, 1U << 20U);
  EXPECT_GT(statistics.virtual_bytes, statistics.resident_bytes);
  EXPECT_GT(statistics.max_fds, statistics.open_fds);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(statistics.start_time_seconds, now, 120);
}

TEST(ProcessStatistics, CountsDescriptorsExactly) {
  const auto before = readProcessStatistics().open_fds;
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(readProcessStatistics().open_fds, before + 1);
  ::close(descriptor);
  EXPECT_EQ(readProcessStatistics().open_fds, before);
}

}  // namespace
}  // namespace bulkhead::host::monitoring
