#include "runtime/readable.hpp"

#include <atomic>
#include <utility>

namespace bulkhead::host {
namespace {

std::atomic<std::uint64_t> numbers_given{0};

thread_local std::shared_ptr<ReadableWatch> watch_of_this_thread;

}  // namespace

Readable::Readable() : number_{++numbers_given} {}

const std::shared_ptr<ReadableWatch>& ReadableWatch::ofThisThread() noexcept {
  return watch_of_this_thread;
}

void ReadableWatch::setOfThisThread(std::shared_ptr<ReadableWatch> watch) noexcept {
  watch_of_this_thread = std::move(watch);
}

}  // namespace bulkhead::host
