#include "plugins/worker_record.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "logging/crash_records.hpp"
#include "logging/log.hpp"
#include "runtime/file_descriptor.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWaitingMax = 64;
constexpr std::string_view kBacktrace = "backtrace:\n";

std::string_view nameOf(CallStage stage) {
  constexpr std::string_view kNames[] = {"none", "call", "read", "write", "outbound", "done"};
  return kNames[static_cast<std::size_t>(stage)];
}

/// The first lines of a record that no handler wrote.
std::string firstFacts(const WorkerEnd& end) {
  std::string text = "bulkhead crash record 1\n";
  if (end.process.signal) {
    const char* name = sigabbrev_np(*end.process.signal);
    text += fmt::format("signal: SIG{}\nsignal_number: {}\n", name != nullptr ? name : "?",
                        *end.process.signal);
  } else {
    text += fmt::format("exit_code: {}\n", end.process.exit_code);
  }
  // to the second, as the handlers of crashes write it
  const std::string time = timestampText(SystemClock{}.nowUs());
  return text + fmt::format("time: {}Z\nuptime_ms: {}\nprocess: {}\n", time.substr(0, 19),
                            end.uptime.count(), end.id);
}

std::string callFacts(const WorkerEnd& end) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  std::string text;
  std::size_t number = 0;
  for (const auto& held : end.calls) {
    const HttpRequest& request = held.call->request();
    text += fmt::format("call_{}: {} {} request_id={} ", ++number, request.method,
                        held.call->route().path, request.request_id);
    if (!held.begun) {
      text += "waiting\n";
      continue;
    }
    const auto for_ms = std::max<std::int64_t>(0, (now - held.record.begun).count() / 1000);
    text += fmt::format("stage={} for_ms={}{}\n", nameOf(held.record.stage), for_ms,
                        held.blamed ? " blamed" : "");
  }
  return text;
}

/// The worker may have put anything there: at most so much of a regular file.
std::string readFile(const fs::path& file) {
  constexpr std::size_t kMost = std::size_t{1024} * 1024;
  const FileDescriptor opened{open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat facts {};
  if (!opened || fstat(opened.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  std::string text(kMost, '\0');
  const ssize_t count = read(opened.get(), text.data(), text.size());
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

/// What the worker wrote, without the facts that are the host's to tell.
std::string withoutFacts(std::string_view own, std::string_view told) {
  std::string text;
  while (!own.empty()) {
    const std::size_t end = std::min(own.find('\n'), own.size() - 1) + 1;
    const std::string_view line = own.substr(0, end);
    own.remove_prefix(end);
    const std::size_t colon = line.find(": ");
    const std::string name{line.substr(0, colon == std::string_view::npos ? 0 : colon + 2)};
    const bool is_told = !name.empty() && (told.starts_with(name) ||
                                           told.find("\n" + name) != std::string_view::npos);
    if (!is_told && !line.starts_with("bulkhead crash record")) text += line;
  }
  return text;
}

fs::path ownRecord(const fs::path& folder, pid_t process) {
  return folder / fmt::format("running-{}.txt", process);
}

/// In place of what the worker wrote.
void writeRecord(const fs::path& own, const WorkerFacts& facts) {
  const std::string text = workerRecord(readFile(own), facts);
  const fs::path whole = fs::path{own}.replace_extension(".whole");
  {
    std::ofstream out{whole, std::ios::binary};
    fs::permissions(whole, fs::perms::owner_read | fs::perms::owner_write);
    out << text;
  }
  fs::rename(whole, own);
}

void tellNotKept(std::string_view reason) {
  log(Level::Warn, "plugins", "The record of a worker's end could not be kept",
      {{"reason", reason}});
}

}  // namespace

WorkerFacts workerFacts(const PluginStatus& plugin, const WorkerEnd& end) {
  WorkerFacts facts{end.id, firstFacts(end), {}};
  facts.text += fmt::format("plugin: {}\nplugin_version: {}\nworker_end: {}\ngeneration: {}\n",
                            plugin.id, plugin.version, end.reason, plugin.generation);
  facts.text += fmt::format("held_calls: {}\n", end.calls.size()) + callFacts(end);
  for (const auto& line : end.lines) facts.log += redacted(line) + "\n";
  return facts;
}

std::string workerRecord(std::string_view own, const WorkerFacts& facts) {
  const bool handled = own.starts_with("bulkhead crash record");
  const auto at = handled ? own.find(kBacktrace) : std::string_view::npos;
  std::string text = facts.text;
  if (handled) text += withoutFacts(own.substr(0, at), text);
  if (at != std::string_view::npos) return text + std::string{own.substr(at)};
  return text + "last log lines:\n" + facts.log + "end\n";
}

WorkerRecords::WorkerRecords(fs::path folder, std::size_t records_max)
    : folder_{std::move(folder)}, records_max_{records_max}, lane_{"records", {1, kWaitingMax}} {}

void WorkerRecords::keep(const PluginStatus& plugin, const WorkerEnd& end) noexcept {
  if (folder_.empty()) return;
  try {
    const bool taken = lane_.submit(
        [this, facts = workerFacts(plugin, end)](bool) {
          try {
            const fs::path own = ownRecord(folder_, facts.process);
            writeRecord(own, facts);
            keepCrashRecord(own, records_max_);
          } catch (const std::exception& error) {
            tellNotKept(error.what());
          }
        },
        Lane::Time::max());
    if (!taken) tellNotKept("too many wait for the disk");
  } catch (const std::exception& error) {  // no memory
    tellNotKept(error.what());
  }
}

void WorkerRecords::drop(pid_t process) {
  if (folder_.empty()) return;
  lane_.submit(
      [own = ownRecord(folder_, process)](bool) {
        std::error_code ignored;
        fs::remove(own, ignored);
      },
      Lane::Time::max());
}

}  // namespace bulkhead::host
