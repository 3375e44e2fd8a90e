#include "plugins/recycle_pace.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst = std::chrono::minutes{1};
constexpr milliseconds kLongest = std::chrono::minutes{60};

}  // namespace

RecyclePace::Verdict RecyclePace::look(Time now, bool above) const {
  if (!above) return Verdict::Within;
  return last_ && now < *last_ + pause_ ? Verdict::Wait : Verdict::Recycle;
}

void RecyclePace::recycled(Time now) {
  const bool soon = last_ && now < *last_ + 2 * pause_;
  pause_ = soon ? std::min(2 * pause_, kLongest) : kFirst;
  last_ = now;
}

milliseconds RecyclePace::wait(Time now) const {
  if (!last_) return milliseconds{0};
  return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(*last_ + pause_ - now));
}

}  // namespace bulkhead::host
