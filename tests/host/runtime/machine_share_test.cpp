#include "runtime/machine_share.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

/// A /proc and /sys/fs/cgroup of the test's own making.
class MachineShare : public testing::Test {
 protected:
  MachineShare() {
    write("proc/self/cgroup", "4:cpu:/old\n0::/app/pod\n");
    sched_getaffinity(0, sizeof all_, &all_);
  }
  ~MachineShare() override { sched_setaffinity(0, sizeof all_, &all_); }

  void write(const std::string& file, const std::string& text) const { folder_.write(file, text); }
  SystemFolders folders() const { return {folder_ / "proc", folder_ / "cgroup"}; }
  unsigned all() const { return static_cast<unsigned>(CPU_COUNT(&all_)); }

 private:
  TemporaryFolder folder_;
  cpu_set_t all_{};
};

TEST_F(MachineShare, AllThatItsAffinityHasWithoutAQuota) {
  EXPECT_EQ(usableProcessors(folders()), all());
  write("cgroup/app/pod/cpu.max", "max 100000\n");
  EXPECT_EQ(usableProcessors(folders()), all());
}

TEST_F(MachineShare, OneWhenItIsPinnedToOne) {
  const int own = sched_getcpu();
  ASSERT_GE(own, 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(own), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usableProcessors(folders()), 1U);
  EXPECT_EQ(usableProcessors(), 1U);
}

TEST_F(MachineShare, NoMoreThanTheLeastQuotaPaysForRoundedUp) {
  write("cgroup/app/pod/cpu.max", "6400000 100000\n");
  EXPECT_EQ(usableProcessors(folders()), std::min(64U, all()));
  write("cgroup/app/cpu.max", "20000 100000\n");
  EXPECT_EQ(usableProcessors(folders()), 1U) << "a fifth of one still needs one";
  write("cgroup/app/cpu.max", "101000 100000\n");
  EXPECT_EQ(usableProcessors(folders()), std::min(2U, all()));
}

TEST_F(MachineShare, ControlGroupsAreReadFromTheOwnOneUp) {
  write("cgroup/app/pod/memory.max", "1\n");
  write("cgroup/memory.max", "3\n");
  EXPECT_THAT(controlGroupLines("memory.max", folders()), testing::ElementsAre("1", "3"));
}

}  // namespace
}  // namespace bulkhead::host
