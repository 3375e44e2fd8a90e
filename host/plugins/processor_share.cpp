#include "plugins/processor_share.hpp"

namespace bulkhead::host {

std::optional<double> ProcessorShare::add(Time now, std::chrono::milliseconds used,
                                          std::chrono::milliseconds window) {
  samples_.push_back({now, used});
  while (samples_.size() > 1 && samples_[1].time + window <= now) samples_.pop_front();
  const Sample& first = samples_.front();
  if (first.time + window > now) return std::nullopt;
  const std::chrono::duration<double> taken = used - first.used;
  const std::chrono::duration<double> passed = now - first.time;
  return taken.count() / passed.count() * 100;
}

}  // namespace bulkhead::host
