#include "plugins/process_state.hpp"

#include <algorithm>
#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <exception>
#include <fmt/format.h>
#include <fstream>
#include <new>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/abi.h>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace bulkhead::host {
namespace {

/// Descriptors that a library may keep for itself, such as one of /dev/urandom.
constexpr std::size_t kDescriptorsMore = 8;

/// The numbers that name the entries of a folder of /proc, in ascending order.
std::vector<int> numbersIn(const char* path) {
  std::vector<int> numbers;
  DIR* folder = opendir(path);
  if (folder == nullptr) return numbers;
  while (const dirent* entry = readdir(folder)) {
    const int number = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && number != dirfd(folder)) numbers.push_back(number);
  }
  closedir(folder);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::pair<int, std::string>> openDescriptors() {
  std::vector<std::pair<int, std::string>> open;
  for (const int number : numbersIn("/proc/self/fd")) {
    char target[256];
    const ssize_t size =
        readlink(fmt::format("/proc/self/fd/{}", number).c_str(), target, sizeof target);
    if (size > 0) open.emplace_back(number, std::string(target, static_cast<std::size_t>(size)));
  }
  return open;
}

std::string umaskNow() {
  const mode_t mask = umask(0);
  umask(mask);
  return std::to_string(mask);
}

std::string environmentNow() {
  std::string all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    all += *variable;
    all += '\n';
  }
  return all;
}

std::string maskNow() {
  sigset_t mask;
  sigemptyset(&mask);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::string bits;
  for (int signal = 1; signal < NSIG; ++signal) bits += sigismember(&mask, signal) == 1 ? '1' : '0';
  return bits;
}

std::string handlerOf(int signal) {
  struct sigaction action {};
  if (sigaction(signal, nullptr, &action) != 0) return {};
  std::uintptr_t handler = 0;
  std::memcpy(&handler, &action.sa_handler, sizeof action.sa_handler);
  constexpr int kRestorer = 0x04000000;  // how the C library marks what it has set
  return fmt::format("{:x} {:x}", handler, action.sa_flags & ~kRestorer);
}

std::string nameOf(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string floatingPointMode() {
  std::string mode = std::to_string(std::fegetround());
#if defined(__x86_64__)
  constexpr unsigned kStickyFlags = 0x3f;
  mode += fmt::format(" {:x}", __builtin_ia32_stmxcsr() & ~kStickyFlags);
#endif
  return mode;
}

std::string workingDirectory() {
  char path[4096];
  return getcwd(path, sizeof path) != nullptr ? path : "";
}

std::string childrenNow() {
  siginfo_t info{};
  const bool has = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  return has ? "some" : "none";
}

std::string stackPermissions() {
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    const auto words = line.find(' ');
    if (line.ends_with("[stack]") && words != std::string::npos) return line.substr(words + 1, 4);
  }
  return {};
}

template <class Handler>
std::string addressOf(Handler handler) {
  return handler == nullptr ? "none"
                            : fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(handler));
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState state;
  state.descriptors_ = openDescriptors();
  const char* locale = std::setlocale(LC_ALL, nullptr);
  state.facts_ = {
      {"starts threads, which only start() may",
       fmt::format("{}", numbersIn("/proc/self/task").size())},
      {"starts processes", childrenNow()},
      {"changes the working directory", workingDirectory()},
      {"changes the umask", umaskNow()},
      {"changes the locale", locale != nullptr ? locale : ""},
      {"changes the environment's variables", environmentNow()},
      {"changes which signals are blocked", maskNow()},
      {"changes how floating-point numbers are computed (was it linked with -ffast-math?)",
       floatingPointMode()},
      {"replaces C++'s terminate handler", addressOf(std::get_terminate())},
      {"replaces C++'s new handler", addressOf(std::get_new_handler())},
      {"makes the stack executable; link it with -Wl,-z,noexecstack", stackPermissions()},
      {"shows its symbols to the whole process",
       addressOf(dlsym(RTLD_DEFAULT, BULKHEAD_PLUGIN_SYMBOL))},
  };
  for (int signal = 1; signal < NSIG; ++signal) {
    state.facts_.push_back(
        {fmt::format("changes how {} is handled", nameOf(signal)), handlerOf(signal)});
  }
  return state;
}

std::string ProcessState::changeTo(const ProcessState& later) const {
  std::vector<std::string> clauses;
  for (const auto& descriptor : descriptors_) {
    const auto& open = later.descriptors_;
    if (std::find(open.begin(), open.end(), descriptor) != open.end()) continue;
    clauses.emplace_back("closes descriptors that are not its own");
    break;
  }
  if (later.descriptors_.size() > descriptors_.size() + kDescriptorsMore) {
    clauses.push_back(
        fmt::format("leaves {} descriptors open", later.descriptors_.size() - descriptors_.size()));
  }
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (facts_[i].value != later.facts_[i].value) clauses.push_back(facts_[i].clause);
  }
  constexpr std::size_t kClausesShown = 4;
  if (clauses.size() > kClausesShown) {
    clauses.resize(kClausesShown);
    clauses.emplace_back("more");
  }
  return fmt::format("{}", fmt::join(clauses, " and "));
}

}  // namespace bulkhead::host
