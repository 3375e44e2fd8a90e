#include "stopped_thread.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>

namespace bulkhead::integration {
namespace {

pid_t threadNamed(pid_t process, std::string_view name) {
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator{tasks}) {
    std::string own;
    std::getline(std::ifstream{task.path() / "comm"}, own);
    if (own == name) return static_cast<pid_t>(std::stoi(task.path().filename().string()));
  }
  throw std::runtime_error{"there is no thread " + std::string{name}};
}

}  // namespace

StoppedThread::StoppedThread(pid_t process, std::string_view name)
    : thread_{threadNamed(process, name)} {
  if (ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0 ||
      ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0)
    throw std::runtime_error{std::string{"ptrace: "} + std::strerror(errno)};
  int status = 0;
  waitpid(thread_, &status, __WALL);
}

StoppedThread::~StoppedThread() {
  if (ptrace(PTRACE_DETACH, thread_, nullptr, nullptr) == 0) return;
  int status = 0;
  waitpid(thread_, &status, __WALL);  // it was killed: until it is reaped, its process is not
}

}  // namespace bulkhead::integration
