#include "monitoring/process_statistics.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace bulkhead::host::monitoring {
namespace {

double unixTimeOfBoot() {
  timespec wall{};
  timespec boot{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto seconds = [](const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  return seconds(wall) - seconds(boot);
}

/// proc(5), fields 14, 15, 20, 22, 23, 24: the name in field 2 may hold anything but its last ')'.
void readStat(ProcessStatistics& statistics) {
  std::ifstream in{"/proc/self/stat"};
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream rest{line.substr(name_end + 2)};
  std::string ignored;
  for (int field = 3; field < 14; ++field) rest >> ignored;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  for (int field = 16; field < 20; ++field) rest >> ignored;
  double start = 0;
  double pages = 0;
  rest >> statistics.threads >> ignored >> start >> statistics.virtual_bytes >> pages;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  // Once: the difference of the two clocks wavers, and a start time must not.
  static const double kStartTime = unixTimeOfBoot() + start / ticks;
  statistics.start_time_seconds = kStartTime;
  statistics.cpu_seconds = (user + system) / ticks;
  statistics.resident_bytes =
      static_cast<std::uint64_t>(pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
}

std::uint64_t countDescriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries{"/proc/self/fd", error};
  std::uint64_t count = 0;
  for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // without the directory's own
}

}  // namespace

ProcessStatistics readProcessStatistics() {
  ProcessStatistics statistics;
  readStat(statistics);
  statistics.open_fds = countDescriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) statistics.max_fds = limit.rlim_cur;
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    statistics.virtual_max_bytes = static_cast<double>(limit.rlim_cur);
  return statistics;
}

}  // namespace bulkhead::host::monitoring
