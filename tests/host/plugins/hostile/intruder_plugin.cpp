#include <array>
#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdexcept>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "hostile_name.h"

/// What a plugin might do to its host while it is created; its name says which of these.
namespace intruder {

void forks() {
  if (fork() == 0) pause();
}
void forksAway() {
  if (fork() == 0) {
    setsid();
    pause();
  }
}
void executes() {
  if (std::system("true") != 0) std::puts("no shell");
}
void startsThread() {
  std::thread{[] { pause(); }}.detach();
}
void killsTheHost() {
  kill(getppid(), SIGTERM);
}
void killsEverybody() {
  kill(-1, 0);
}
void opensSocket() {
  socket(AF_INET, SOCK_STREAM, 0);
}
void removesFile() {
  unlink("/tmp/bulkhead-no-such-file");
}
void emptiesFile() {
  if (open("/tmp/bulkhead-no-such-file", O_WRONLY | O_TRUNC) >= 0) std::puts("emptied");
}
void raisesLimits() {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CPU, &all);
}
void closesDescriptors() {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) close(descriptor);
}
void opensFiles() {
  for (int i = 0; i < 1000; ++i) {
    if (open("/dev/null", O_RDONLY) < 0) throw std::runtime_error{"no descriptor is left"};
  }
}
void leavesFilesOpen() {
  for (int i = 0; i < 20; ++i) {
    if (open("/dev/null", O_RDONLY) < 0) std::puts("none left");
  }
}
void handlesSignals() {
  std::signal(SIGTERM, [](int) {});
}
void blocksSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}
void setsLocale() {
  std::setlocale(LC_ALL, "C.UTF-8");
}
void setsUmask() {
  umask(0);
}
void changesDirectory() {
  if (chdir("/tmp") != 0) std::puts("there is no /tmp");
}
void setsEnvironment() {
  setenv("TZ", "Mars/Olympus", 1);
}
void setsTerminateHandler() {
  std::set_terminate([] { std::_Exit(3); });
}
void eatsMemory() {
  std::vector<std::vector<char>> eaten;
  while (true) eaten.emplace_back(std::size_t{16} << 20U);
}
void spins() {
  for (std::atomic<unsigned> turns{0};; ++turns) {
  }
}
void writesFile() {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return;
  std::fputs("a plugin touches nothing while it is created", file);
  std::fclose(file);
}
void floodsOutput() {
  const std::array<char, 4096> line{};
  while (write(STDOUT_FILENO, line.data(), line.size()) > 0) {
  }
}
void floodsReport() {
  const std::array<char, 4096> line{};
  while (write(3, line.data(), line.size()) > 0) {
  }
}
void forgesVerdict() {
  constexpr std::string_view kVerdict = "{\"passed\":true,\"pinned\":false}\n";
  if (write(3, kVerdict.data(), kVerdict.size()) > 0) std::_Exit(0);
}
void goesGlobal() {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&goesGlobal), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}
struct Deed {
  std::string_view name;
  void (*act)();
};

constexpr Deed kDeeds[] = {
    {"create-forks", &forks},
    {"create-forks-away", &forksAway},
    {"create-executes", &executes},
    {"create-starts-thread", &startsThread},
    {"create-kills-host", &killsTheHost},
    {"create-kills-everybody", &killsEverybody},
    {"create-opens-socket", &opensSocket},
    {"create-removes-file", &removesFile},
    {"create-empties-file", &emptiesFile},
    {"create-raises-limits", &raisesLimits},
    {"create-closes-descriptors", &closesDescriptors},
    {"create-opens-files", &opensFiles},
    {"create-leaves-files-open", &leavesFilesOpen},
    {"create-handles-signals", &handlesSignals},
    {"create-blocks-signals", &blocksSignals},
    {"create-sets-locale", &setsLocale},
    {"create-sets-umask", &setsUmask},
    {"create-changes-directory", &changesDirectory},
    {"create-sets-environment", &setsEnvironment},
    {"create-sets-terminate", &setsTerminateHandler},
    {"create-eats-memory", &eatsMemory},
    {"create-spins", &spins},
    {"create-writes-file", &writesFile},
    {"create-floods-output", &floodsOutput},
    {"create-floods-report", &floodsReport},
    {"create-forges-verdict", &forgesVerdict},
    {"create-goes-global", &goesGlobal},
};

class IntruderPlugin final : public bulkhead::Plugin {
 public:
  explicit IntruderPlugin(bulkhead::Registrar&) {
    for (const auto& deed : kDeeds) {
      if (deed.name == hostile_name) deed.act();
    }
  }
};

}  // namespace intruder

BULKHEAD_PLUGIN(intruder::IntruderPlugin)
