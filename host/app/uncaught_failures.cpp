#include "app/uncaught_failures.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cxxabi.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <typeinfo>
#include <unistd.h>
#include <utility>

#include "app/command.hpp"
#include "logging/loaded_modules.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"
#include "logging/work_in_hand.hpp"

namespace bulkhead::host {
namespace {

constexpr int kFramesMax = 64;
constexpr std::chrono::milliseconds kFlushMax{1000};

UncaughtPolicy policy;
std::atomic<bool> exits_on_unhandled{false};
std::atomic<bool> uncaught{false};
pid_t main_thread = 0;

/// The exception that is being handled, as text that owns itself.
struct Failure {
  std::string name = "unknown";
  std::string message = "Something that is not a std::exception.";

  static Failure current() {
    Failure failure;
    if (const std::type_info* type = abi::__cxa_current_exception_type()) {
      int status = 0;
      const std::unique_ptr<char, void (*)(void*)> text{
          abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free};
      failure.name = text ? text.get() : type->name();
    }
    try {
      if (std::current_exception()) throw;
      failure.message = "std::terminate() without an exception.";
    } catch (const std::exception& error) {
      failure.message = error.what();
    } catch (...) {  // its name is all that is known of it
    }
    return failure;
  }
};

/// The stack of this thread: one line for each frame, and who made the thread.
struct Stack {
  std::string text;
  std::string plugin;  ///< empty: the host made the thread

  static Stack ofThisThread() {
    Stack stack;
    std::array<void*, kFramesMax> frames{};
    const int count = backtrace(frames.data(), kFramesMax);
    rememberLoadedModules();
    for (int i = 0; i < count; ++i) {
      const auto address = reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]);
      const LoadedModule* module = findModule(address);
      if (module == nullptr) continue;
      const std::filesystem::path file{module->pathText()};
      stack.text += fmt::format("#{} {}+{:#x}\n", i, file.string(), address - module->base);
      if (module == programModule()) {
        stack.plugin.clear();
      } else if (file.parent_path().parent_path().filename() == policy.plugin_copies.filename()) {
        stack.plugin = file.parent_path().filename().string();
      }
    }
    return stack;
  }
};

void logFailure(Level level, std::string_view message, const Failure& failure,
                const std::string& stack, std::string_view outcome) {
  const ErrorDetails details{failure.name, failure.message, "UNHANDLED_FAILURE", stack};
  log(level, "host", message, {{"error", details}, {"outcome", outcome}});
}

[[noreturn]] void stay() {
  for (;;) pause();
}

void flushLog() {
  if (LogSystem* logging = LogSystem::current()) logging->flush(kFlushMax);
}

[[noreturn]] void endNow() {
  flushLog();
  std::_Exit(kExitInternal);
}

[[noreturn]] void leaveThread(const Failure& failure, const Stack& stack) {
  LogContext context;
  context.plugin = stack.plugin;
  const LogScope scope{context};
  const bool ends = !policy.production && exits_on_unhandled;
  logFailure(ends ? Level::Fatal : Level::Error, "A thread that a plugin made has failed", failure,
             stack.text, ends ? "the host ends" : "the thread is left where it is");
  if (ends) endNow();
  stay();
}

[[noreturn]] void onTerminate() {
  static std::atomic<int> depth{0};
  if (depth.fetch_add(1) > 8) std::abort();
  const Failure failure = Failure::current();
  const Stack stack = Stack::ofThisThread();
  // a stack may end too early: what clang makes of a noexcept function cannot be walked past
  if (!stack.plugin.empty() && WorkInHand::current() == nullptr) {
    --depth;
    leaveThread(failure, stack);
  }
  if (!policy.production) {
    logFailure(Level::Fatal, "A failure that nobody handles", failure, stack.text,
               "the process is aborted");
    flushLog();
    std::abort();
  }
  logFailure(Level::Fatal, "A failure that nobody handles", failure, stack.text, "the host stops");
  if (gettid() == main_thread) endNow();
  uncaught = true;
  kill(getpid(), SIGTERM);
  stay();
}

}  // namespace

void watchUncaughtFailures(UncaughtPolicy wanted) {
  policy = std::move(wanted);
  main_thread = gettid();
  std::set_terminate(onTerminate);
}

void setExitOnUnhandled(bool exits) noexcept {
  exits_on_unhandled = exits;
}

void reportUnhandled(std::string_view task) noexcept {
  try {
    const Failure failure = Failure::current();
    const bool ends = !policy.production && exits_on_unhandled;
    const ErrorDetails details{failure.name, failure.message, "UNHANDLED_FAILURE", {}};
    log(ends ? Level::Fatal : Level::Error, "host", "A background task has failed",
        {{"task", task}, {"error", details}, {"outcome", ends ? "the host ends" : "it goes on"}});
    if (ends) endNow();
  } catch (const std::exception&) {  // no memory: the task goes on without its log line
  }
}

bool endsByUncaughtFailure() noexcept {
  return uncaught;
}

}  // namespace bulkhead::host
