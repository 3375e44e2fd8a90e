#include "plugins/process_state.hpp"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "host/plugins/plugin_files.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "plugins/library.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

using ::testing::HasSubstr;

/// Creates and destroys a plugin in this process, as nobody may before it survived a child.
void createHere(std::string_view name) {
  SystemClock clock;
  SilentLog log;
  SilentMetrics metrics;
  const PluginLibrary library = PluginLibrary::load(test::hostile(name));
  HomeOptions options;
  options.plugin = name;
  PluginHome home{library.table(), std::move(options), {clock, log, metrics, nullptr}};
  home.create();
}

TEST(ProcessState, IsTheSameWhenNothingHappened) {
  const ProcessState before = ProcessState::now();
  EXPECT_EQ(before.changeTo(ProcessState::now()), "");
  createHere("harmless");
  EXPECT_EQ(before.changeTo(ProcessState::now()), "");
}

// Goal: the child is needed. Method: plugins that it refuses are created without it, and this
// process is another afterwards.
TEST(ProcessState, NegativeControl_WithoutAChildThePluginChangesItsHost) {
  const ProcessState before = ProcessState::now();
  const mode_t mask = umask(022);
  umask(mask);
  createHere("create-sets-umask");
  EXPECT_EQ(before.changeTo(ProcessState::now()), "changes the umask");
  EXPECT_EQ(umask(mask), 0U);
  char folder[4096];
  ASSERT_NE(getcwd(folder, sizeof folder), nullptr);
  ASSERT_EQ(chdir("/"), 0);
  const ProcessState at_root = ProcessState::now();
  createHere("create-changes-directory");
  EXPECT_EQ(at_root.changeTo(ProcessState::now()), "changes the working directory");
  ASSERT_EQ(chdir(folder), 0);
}

TEST(ProcessState, KnowsDescriptorsThatWereClosedAndManyThatWereOpened) {
  const int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const ProcessState before = ProcessState::now();
  std::vector<int> opened;
  for (int i = 0; i < 8; ++i) opened.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(before.changeTo(ProcessState::now()), "") << "a few are a library's own business";
  for (int i = 0; i < 8; ++i) opened.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(before.changeTo(ProcessState::now()), "leaves 16 descriptors open");
  for (const int descriptor : opened) close(descriptor);
  close(kept);
  EXPECT_THAT(before.changeTo(ProcessState::now()), HasSubstr("closes descriptors"));
}

TEST(ProcessState, NamesTheSignal) {
  const ProcessState before = ProcessState::now();
  struct sigaction old {};
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  sigaction(SIGUSR2, &ignored, &old);
  EXPECT_EQ(before.changeTo(ProcessState::now()), "changes how SIGUSR2 is handled");
  sigaction(SIGUSR2, &old, nullptr);
  EXPECT_EQ(before.changeTo(ProcessState::now()), "");
}

}  // namespace
}  // namespace bulkhead::host
