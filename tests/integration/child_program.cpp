#include "child_program.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace bulkhead::integration {
namespace {

constexpr std::chrono::milliseconds kPause{5};
constexpr int kCannotRun = 127;

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void putInPlace(const char* file, int flags, int descriptor) {
  const int opened = open(file, flags | O_CLOEXEC, 0600);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(kCannotRun);
}

/// Between fork and exec: nothing here allocates.
[[noreturn]] void become(const ChildProgram::Start& start, char* const* arguments,
                         char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (chdir(start.folder.c_str()) != 0) _exit(kCannotRun);
  putInPlace(start.input.c_str(), O_RDONLY, STDIN_FILENO);
  putInPlace(start.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  putInPlace(start.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  // first out of the way of the numbers that they are to have
  constexpr int kFirst = 3;
  constexpr int kAway = 500;
  const int count = static_cast<int>(start.descriptors.size());
  for (int i = 0; i < count; ++i) {
    if (dup2(start.descriptors[static_cast<std::size_t>(i)], kAway + i) < 0) _exit(kCannotRun);
  }
  for (int i = 0; i < count; ++i) {
    if (dup2(kAway + i, kFirst + i) < 0 || close(kAway + i) != 0) _exit(kCannotRun);
  }
  execve(start.program.c_str(), arguments, environment);
  _exit(kCannotRun);
}

}  // namespace

ChildProgram::ChildProgram(const Start& start) {
  std::vector<std::string> words{start.program.string()};
  words.insert(words.end(), start.arguments.begin(), start.arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : start.environment) variables.push_back(name + "=" + value);
  const auto arguments = pointersTo(words);
  const auto environment = pointersTo(variables);
  id_ = fork();
  if (id_ == 0) become(start, arguments.data(), environment.data());
  if (id_ < 0) throw std::runtime_error{"no child could be started"};
}

ChildProgram::~ChildProgram() {
  signal(SIGKILL);
  if (id_ > 0) waitpid(id_, nullptr, 0);
}

void ChildProgram::signal(int number) const {
  if (id_ > 0) kill(id_, number);
}

bool ChildProgram::isRunning() {
  if (id_ < 0) return false;
  int status = 0;
  if (waitpid(id_, &status, WNOHANG) != id_) return true;
  id_ = -1;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int ChildProgram::awaitEnd(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (isRunning() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kPause);
  return code_;
}

std::string readText(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace bulkhead::integration
