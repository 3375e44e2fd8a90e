#include "logging/line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <numeric>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::chrono::milliseconds kGatherTime{2};
constexpr std::chrono::milliseconds kTick{1000};
constexpr int kPollMs = 50;
constexpr std::size_t kUrgentBytes = 256 * 1024;
constexpr std::size_t kKeptCapacity = 1024 * 1024;
/// What a pipe that poll() calls writable takes without blocking.
constexpr std::size_t kPipeChunkBytes = 4096;
/// A file takes what it is given; what is written at once bounds only how late giving up is seen.
constexpr std::size_t kFileChunkBytes = 256 * 1024;

std::int64_t steadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Signals are for threads that expect them; a broken pipe is an error code here.
void blockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// Never waits on a pipe that nobody reads.
int openLog(const std::filesystem::path& file) {
  return open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
}

std::size_t chunkBytes(int descriptor) {
  struct stat state {};
  const bool is_file = fstat(descriptor, &state) == 0 && S_ISREG(state.st_mode);
  return is_file ? kFileChunkBytes : kPipeChunkBytes;
}

void empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

}  // namespace

std::uint64_t LogStatistics::droppedTotal() const noexcept {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

LineWriter::LineWriter(Options options) : options_{std::move(options)}, path_{options_.file} {
  file_ = openFile();
  thread_ = std::thread{[this] { run(); }};
}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
    give_up_at_ms_ = steadyMs() + kStopWaitMax.count();
  }
  wake_.notify_one();
  thread_.join();
  closeFile();
}

void LineWriter::append(Level level, std::string_view line, std::string_view plugin) {
  std::unique_lock lock{mutex_};
  recent_.add(line);
  const bool taken =
      plugin.empty() ? makeRoom(lock, level, line.size()) : takeShare(level, plugin, line.size());
  if (!taken) {
    ++statistics_.dropped[static_cast<std::size_t>(level)];
    return;
  }
  const bool was_empty = pending_.empty();
  pending_ += line;
  appended_bytes_ += line.size();
  ++statistics_.lines;
  ++statistics_.accepted[static_cast<std::size_t>(level)];
  const bool hurry = !urgent_ && (level >= Level::Error || pending_.size() >= kUrgentBytes);
  urgent_ = urgent_ || hurry;
  lock.unlock();
  if (was_empty || hurry) wake_.notify_one();
}

bool LineWriter::makeRoom(std::unique_lock<std::mutex>& lock, Level level, std::size_t size) {
  const std::size_t max = options_.pending_bytes_max;
  const auto fits = [&](std::size_t bound) { return bytesHeld() + size <= bound; };
  if (level == Level::Debug) return fits(max / 2);
  if (level == Level::Info) return fits(max / 4 * 3);
  if (fits(max)) return true;
  if (level == Level::Warn) return false;
  if (!stuck_) stuck_ = !progress_.wait_for(lock, kErrorWaitMax, [&] { return fits(max); });
  return fits(max + kReserveBytes);
}

/// A plugin never waits for room and never uses the reserve.
bool LineWriter::takeShare(Level level, std::string_view plugin, std::size_t size) {
  const auto entryOf = [&](Shares& shares) {
    return std::find_if(shares.begin(), shares.end(),
                        [&](const auto& share) { return share.first == plugin; });
  };
  auto own = entryOf(pending_shares_);
  if (own == pending_shares_.end())
    own = pending_shares_.emplace(own, std::string{plugin}, std::size_t{0});
  const auto writing = entryOf(writing_shares_);
  const std::size_t held =
      own->second + (writing == writing_shares_.end() ? 0 : writing->second) + size;
  const std::size_t max = options_.pending_bytes_max;
  const bool is_error = level >= Level::Error;
  if (held > (is_error ? max / 2 : max / 4)) return false;
  if (bytesHeld() + size > (is_error ? max : level == Level::Debug ? max / 2 : max / 4 * 3))
    return false;
  own->second += size;
  return true;
}

void LineWriter::reopen() {
  {
    const std::lock_guard lock{mutex_};
    reopen_ = true;
  }
  wake_.notify_one();
}

bool LineWriter::setFile(const std::filesystem::path& file) {
  const int opened = file.empty() ? -1 : openLog(file);
  if (!file.empty() && opened < 0) return false;
  {
    const std::lock_guard lock{mutex_};
    if (next_file_ && *next_file_ >= 0) close(*next_file_);
    next_file_ = opened;
    path_ = file;
    reopen_ = true;
  }
  wake_.notify_one();
  return true;
}

bool LineWriter::flush(std::chrono::milliseconds time_max) {
  std::unique_lock lock{mutex_};
  const std::uint64_t target = appended_bytes_;
  urgent_ = true;
  wake_.notify_one();
  return progress_.wait_for(lock, time_max, [&] { return written_bytes_ >= target && !reopen_; });
}

bool LineWriter::fileIsOpen() const {
  return file_ >= 0 || !wantsFile();
}

LogStatistics LineWriter::statistics() const {
  const std::lock_guard lock{mutex_};
  return statistics_;
}

std::vector<std::string> LineWriter::lastLines() const {
  const std::lock_guard lock{mutex_};
  return recent_.all();
}

void LineWriter::run() {
  blockSignals();
  auto next_tick = steadyMs() + kTick.count();
  std::unique_lock lock{mutex_};
  while (!stop_ || !pending_.empty()) {
    waitForLines(lock);
    writing_.swap(pending_);
    writing_shares_.swap(pending_shares_);
    writing_bytes_ = writing_.size();
    const std::uint64_t written = appended_bytes_;
    const LogStatistics statistics = statistics_;
    const bool reopen = std::exchange(reopen_, false);
    urgent_ = false;
    lock.unlock();
    if (statistics.droppedTotal() > reported_drops_ && options_.dropped_line) {
      reported_drops_ = statistics.droppedTotal();
      writing_ += options_.dropped_line(statistics);
    }
    writeBatch();
    if (reopen) changeFile();
    if (steadyMs() >= next_tick) {
      if (file_ < 0) changeFile();
      if (options_.on_tick) options_.on_tick();
      next_tick = steadyMs() + kTick.count();
    }
    lock.lock();
    writing_shares_.clear();
    writing_bytes_ = 0;
    written_bytes_ = written;
    stuck_ = false;
    progress_.notify_all();
  }
}

void LineWriter::waitForLines(std::unique_lock<std::mutex>& lock) {
  const auto hurries = [&] { return urgent_ || reopen_ || stop_; };
  wake_.wait_for(lock, kTick, [&] { return !pending_.empty() || hurries(); });
  if (!pending_.empty()) wake_.wait_for(lock, kGatherTime, hurries);
}

void LineWriter::writeBatch() {
  const int file = file_;
  const bool lacks_file = file < 0 && !writing_.empty() && wantsFile();
  bool good = !lacks_file && (file < 0 || writeAll(file, writing_));
  if (options_.descriptor >= 0) good = writeAll(options_.descriptor, writing_) && good;
  empty(writing_);
  if (good) return;
  const std::lock_guard lock{mutex_};
  ++statistics_.write_failures;
}

bool LineWriter::writeAll(int descriptor, std::string_view text) {
  const std::size_t chunk_bytes = text.empty() ? 0 : chunkBytes(descriptor);
  while (!text.empty()) {
    pollfd ready{descriptor, POLLOUT, 0};
    const int events = poll(&ready, 1, kPollMs);
    if (events == 0) {
      if (isGivingUp()) return false;
      continue;
    }
    const ssize_t count = write(descriptor, text.data(), std::min(text.size(), chunk_bytes));
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

bool LineWriter::isGivingUp() const {
  const std::int64_t at = give_up_at_ms_;
  return at != 0 && steadyMs() >= at;
}

bool LineWriter::wantsFile() const {
  const std::lock_guard lock{mutex_};
  return !path_.empty();
}

int LineWriter::openFile() const {
  const std::lock_guard lock{mutex_};
  return path_.empty() ? -1 : openLog(path_);
}

/// Takes what setFile() opened, else opens the file of that name.
void LineWriter::changeFile() {
  std::optional<int> next;
  {
    const std::lock_guard lock{mutex_};
    next = std::exchange(next_file_, std::nullopt);
  }
  const int old = file_.exchange(next ? *next : openFile());
  if (old >= 0) close(old);
}

void LineWriter::closeFile() {
  const int file = file_.exchange(-1);
  if (file >= 0) close(file);
}

}  // namespace bulkhead::host
