#include "plugins/spawn_plan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string_view>

#include <bulkhead/error.hpp>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace bulkhead::host {
namespace {

constexpr int kFirstFree = 16;  // above every number that a child's descriptors take

std::vector<char*> childEnvironment() {
  constexpr std::string_view kKept[] = {
      "PATH=", "LANG=",         "LC_",           "TZ=",           "TZDIR=",
      "LD_",   "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text{*variable};
    if (std::any_of(std::begin(kKept), std::end(kKept),
                    [&](std::string_view name) { return text.starts_with(name); })) {
      kept.push_back(*variable);
    }
  }
  kept.push_back(nullptr);
  return kept;
}

}  // namespace

void requireSpawn(int result, const char* what) {
  if (result != 0) {
    throw Error::app("NO_CHILD_PROCESS", fmt::format("{}: {}", what, std::strerror(result)));
  }
}

FileDescriptor raised(FileDescriptor descriptor) {
  FileDescriptor high{fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstFree)};
  requireSpawn(high ? 0 : errno, "no descriptor for a child process");
  return high;
}

SpawnPlan::SpawnPlan() {
  requireSpawn(posix_spawn_file_actions_init(&actions_), "posix_spawn");
  requireSpawn(posix_spawnattr_init(&attributes_), "posix_spawn");
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  requireSpawn(posix_spawnattr_setsigmask(&attributes_, &none), "posix_spawn");
  requireSpawn(posix_spawnattr_setsigdefault(&attributes_, &all), "posix_spawn");
  requireSpawn(posix_spawnattr_setpgroup(&attributes_, 0), "posix_spawn");
  requireSpawn(
      posix_spawnattr_setflags(
          &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP),
      "posix_spawn");
}

SpawnPlan::~SpawnPlan() {
  posix_spawn_file_actions_destroy(&actions_);
  posix_spawnattr_destroy(&attributes_);
}

void SpawnPlan::give(int from, int number) {
  requireSpawn(posix_spawn_file_actions_adddup2(&actions_, from, number), "posix_spawn");
  given_ = std::max(given_, number + 1);
}

pid_t SpawnPlan::run(const std::filesystem::path& program,
                     const std::vector<std::string>& arguments) {
  requireSpawn(posix_spawn_file_actions_addclosefrom_np(&actions_, given_), "posix_spawn");
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  requireSpawn(posix_spawn(&child, program.c_str(), &actions_, &attributes_, pointers.data(),
                           childEnvironment().data()),
               program.c_str());
  return child;
}

}  // namespace bulkhead::host
