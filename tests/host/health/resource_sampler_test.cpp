#include "health/resource_sampler.hpp"

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "host/health/wait_for.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host::health {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMegabyte = 1048576;

/// A /proc and /sys/fs/cgroup of the test's own making.
class FakeSystem : public ::testing::Test {
 protected:
  FakeSystem() {
    write("proc/meminfo", "MemTotal:        4096000 kB\nMemFree: 1 kB\n");
    write("proc/self/cgroup", "4:memory:/old\n0::/app/pod\n");
    write("proc/self/statm", "100 25 7 1 0 50 0\n");
    options.folders = {folder_ / "proc", folder_ / "cgroup"};
    options.allocator = [] { return AllocatorBytes{80 * kMegabyte, 90 * kMegabyte}; };
  }

  void write(const std::string& file, const std::string& text) const { folder_.write(file, text); }

  ResourceOptions options;

 private:
  TemporaryFolder folder_;
};

TEST_F(FakeSystem, C8_LimitIsMemTotalWithoutAnyOther) {
  EXPECT_EQ(effectiveMemoryLimit(options), 4000 * kMegabyte);
}

TEST_F(FakeSystem, C8_LimitIsTheLeastOfAll) {
  write("cgroup/app/pod/memory.max", "1073741824\n");
  EXPECT_EQ(effectiveMemoryLimit(options), 1024 * kMegabyte);
  options.memory_limit_mb = 512;
  EXPECT_EQ(effectiveMemoryLimit(options), 512 * kMegabyte);
  options.memory_limit_mb = 2048;
  EXPECT_EQ(effectiveMemoryLimit(options), 1024 * kMegabyte);
}

TEST_F(FakeSystem, C8_AGroupAboveLimitsToo) {
  write("cgroup/app/memory.max", "536870912\n");
  write("cgroup/app/pod/memory.max", "max\n");
  EXPECT_EQ(effectiveMemoryLimit(options), 512 * kMegabyte);
}

TEST_F(FakeSystem, C8_MaxMeansNoLimit) {
  write("cgroup/app/pod/memory.max", "max\n");
  EXPECT_EQ(effectiveMemoryLimit(options), 4000 * kMegabyte);
}

TEST_F(FakeSystem, C8_RssFromStatmHeapFromTheAllocatorTotalFromTheLimit) {
  options.memory_limit_mb = 100;
  const ResourceSampler sampler{options};
  const Resources resources = sampler.latest();
  EXPECT_EQ(resources.rss_bytes, 25U * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(resources.heap_used_bytes, 80 * kMegabyte);
  EXPECT_EQ(resources.heap_total_bytes, 100 * kMegabyte) << "not the arena's 90";
  EXPECT_DOUBLE_EQ(resources.memoryPercent(), 80.0);
}

TEST_F(FakeSystem, AFileThatIsGoneLeavesTheFigure) {
  ResourceSampler sampler{options};
  fs::remove(options.folders.proc / "self/statm");
  EXPECT_GT(sampler.sample().rss_bytes, 0U);
}

TEST(ResourceSampler, ReadsTheRealSystem) {
  const ResourceSampler sampler;
  const Resources resources = sampler.latest();
  EXPECT_GT(resources.rss_bytes, kMegabyte);
  EXPECT_GE(resources.heap_total_bytes, resources.rss_bytes);
  EXPECT_GE(resources.cores, 1U);
}

TEST(ResourceSampler, S92_CpuGrowsWithWork) {
  ResourceSampler sampler;
  const double before = sampler.latest().cpu_seconds;
  std::atomic<std::uint64_t> work{0};
  EXPECT_TRUE(waitFor([&] {
    for (int i = 0; i < 1'000'000; ++i) work.fetch_add(1, std::memory_order_relaxed);
    return sampler.sample().cpu_seconds > before + 0.02;
  }));
  EXPECT_GT(sampler.latest().cpu_percent, 0.0);
}

}  // namespace
}  // namespace bulkhead::host::health
