#include "logging/crash_records.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunning{"running-"};

CrashRecord readRecord(const fs::path& file) {
  CrashRecord record{file.filename().string(), file, {}};
  std::ifstream in{file};
  for (std::string line; std::getline(in, line) && line != "backtrace:";) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos)
      record.facts.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return record;
}

std::vector<fs::path> filesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".txt") files.push_back(entry->path());
  }
  return files;
}

/// True while the process that opened it lives.
bool isHeld(const fs::path& file) {
  const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool held = flock(opened, LOCK_EX | LOCK_NB) != 0;
  close(opened);
  return held;
}

/// "crash-20261122T041733Z-4711.txt"
std::string nameOf(const CrashRecord& record) {
  std::string time;
  for (const char c : record.fact("time")) {
    if (c != '-' && c != ':') time += c;
  }
  return "crash-" + time + "-" + std::string{record.fact("process")} + ".txt";
}

bool isNewer(const CrashRecord& a, const CrashRecord& b) {
  return std::pair{a.fact("time"), std::string_view{a.name}} >
         std::pair{b.fact("time"), std::string_view{b.name}};
}

/// The newest stay; `each` is told of those, newest first.
template <class Each>
void dropOldest(const fs::path& folder, std::size_t records_max, const Each& each) {
  std::error_code ignored;
  std::size_t kept = 0;
  for (auto& record : readCrashRecords(folder)) {
    if (record.name.starts_with(kRunning)) continue;
    if (++kept > records_max) {
      fs::remove(record.file, ignored);
    } else {
      each(std::move(record));
    }
  }
}

}  // namespace

std::string_view CrashRecord::fact(std::string_view wanted) const {
  const auto found = facts.find(wanted);
  return found == facts.end() ? std::string_view{} : std::string_view{found->second};
}

std::vector<CrashRecord> readCrashRecords(const fs::path& folder) {
  std::vector<CrashRecord> records;
  for (const auto& file : filesOf(folder)) {
    CrashRecord record = readRecord(file);
    if (!record.facts.empty()) records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), isNewer);
  return records;
}

std::vector<CrashRecord> collectCrashRecords(const fs::path& folder, std::size_t records_max) {
  std::error_code ignored;
  std::vector<std::string> fresh;
  for (const auto& file : filesOf(folder)) {
    if (!file.filename().string().starts_with(kRunning) || isHeld(file)) continue;
    const CrashRecord record = readRecord(file);
    if (record.facts.empty()) {
      fs::remove(file, ignored);
      continue;
    }
    fresh.push_back(nameOf(record));
    fs::rename(file, folder / fresh.back(), ignored);
  }
  std::vector<CrashRecord> found;
  dropOldest(folder, records_max, [&](CrashRecord&& record) {
    if (std::find(fresh.begin(), fresh.end(), record.name) != fresh.end())
      found.push_back(std::move(record));
  });
  return found;
}

void keepCrashRecord(const fs::path& file, std::size_t records_max) {
  const fs::path folder = file.parent_path();
  fs::rename(file, folder / nameOf(readRecord(file)));
  dropOldest(folder, records_max, [](const CrashRecord&) {});
}

}  // namespace bulkhead::host
