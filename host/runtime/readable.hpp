#pragma once

#include <cstdint>
#include <memory>

namespace bulkhead::host {

class ReadableWatch;

/// A descriptor's owner that lets an event loop read for it, so that nobody has to be woken in
/// between.
class Readable {
 public:
  Readable();
  virtual ~Readable() = default;
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;

  /// Never given twice in a process.
  std::uint64_t number() const noexcept { return number_; }
  /// On the thread of the loop that watches, or watched a moment ago: there may be something. Reads
  /// a bounded piece of it and never waits.
  virtual void onReadable() noexcept = 0;
  /// On the same thread: that loop watches nothing any more.
  virtual void onWatchEnd(const ReadableWatch& watch) noexcept = 0;
  /// On the thread of the loop that has promised it: what was put off is to be done now.
  virtual void onRoundEnd() noexcept = 0;

 private:
  const std::uint64_t number_;
};

/// An event loop that looks after descriptors of others, beside its own.
class ReadableWatch {
 public:
  virtual ~ReadableWatch() = default;

  /// That of the calling thread; null where no loop runs.
  static const std::shared_ptr<ReadableWatch>& ofThisThread() noexcept;

  /// On the loop's own thread: from now on `readable` is told whenever `descriptor` has something,
  /// or has come to its end. False when the system has no room for it.
  virtual bool watch(int descriptor, const std::shared_ptr<Readable>& readable) noexcept = 0;
  /// Any thread. What the loop has seen already may still be told.
  virtual void unwatch(int descriptor) noexcept = 0;
  /// On the loop's own thread: promises onRoundEnd() before it waits again, or ends. A loop never
  /// waits for anything in between, so that this is soon. False when the system has no room for it.
  virtual bool promiseRoundEnd(const std::shared_ptr<Readable>& readable) noexcept = 0;

 protected:
  static void setOfThisThread(std::shared_ptr<ReadableWatch> watch) noexcept;
};

}  // namespace bulkhead::host
