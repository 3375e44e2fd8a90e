#include "data/checkpointer.hpp"

#include <Poco/Logger.h>
#include <algorithm>
#include <pthread.h>

namespace bulkhead::host::data {
namespace {

/// Pages in the log before it is worth moving: 8 MiB.
constexpr int kBeginAtFrames = 2000;
/// So few that the leader can move them without anybody noticing.
constexpr int kRestFrames = 120;
constexpr int kPassesMax = 4;
/// 64 MiB.
constexpr int kEndAtFrames = 16000;

}  // namespace

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::afterCommit(SqliteConnection& writer) noexcept {
  try {
    const int frames = writer.logFrames();
    frames_ = frames;
    if (frames < next_at_ - kBeginAtFrames) next_at_ = 0;  // the log began anew
    moveRest(writer, frames);
    if (frames >= std::max(next_at_, kBeginAtFrames)) begin(frames);
  } catch (const std::exception& error) {
    Poco::Logger::get("data").warning(std::string{"checkpoint: "} + error.what());
  }
}

// A log that readers keep from ending for so long is ended with a short wait for them.
void Checkpointer::moveRest(SqliteConnection& writer, int frames) {
  using Checkpoint = SqliteConnection::Checkpoint;
  if (frames >= next_at_ && frames >= kEndAtFrames) {
    next_at_ = frames + kBeginAtFrames;
    writer.checkpoint(Checkpoint::Restart);
  } else if (nearly_done_.exchange(false)) {
    writer.checkpoint(Checkpoint::Passive);
  }
}

void Checkpointer::begin(int frames) {
  const std::lock_guard lock{mutex_};
  if (busy_ || wanted_) return;
  if (!thread_.joinable()) {
    thread_ = std::thread{[this] { work(); }};
    pthread_setname_np(thread_.native_handle(), "checkpoint");
  }
  next_at_ = frames + kBeginAtFrames;
  wanted_ = true;
  changed_.notify_all();
}

void Checkpointer::release() noexcept {
  std::unique_lock lock{mutex_};
  wanted_ = false;
  changed_.wait(lock, [&] { return !busy_; });
  connection_.reset();
  nearly_done_ = false;
}

void Checkpointer::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [&] { return wanted_ || ended_; });
    if (ended_) return;
    wanted_ = false;
    busy_ = true;
    lock.unlock();
    pass();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

// Its connection goes with any failure; the log stays, and the next pass finds it.
void Checkpointer::pass() {
  try {
    if (connection_ && connection_->moved()) connection_.reset();
    if (!connection_) connection_ = open_();
    for (int passes = 0; passes < kPassesMax && !nearly_done_; ++passes) {
      const int moved = connection_->checkpoint(SqliteConnection::Checkpoint::Passive);
      nearly_done_ = frames_ - moved <= kRestFrames;
    }
  } catch (const std::exception& error) {
    Poco::Logger::get("data").warning(std::string{"checkpoint: "} + error.what());
    connection_.reset();
  }
}

}  // namespace bulkhead::host::data
