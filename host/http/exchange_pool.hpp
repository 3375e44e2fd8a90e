#pragma once

#include <memory>
#include <vector>

#include "http/exchange.hpp"

namespace bulkhead::host {

/// The exchanges of one loop: one whose request is over is the next request's, with its memory.
/// One thread.
class ExchangePool {
 public:
  /// As Exchange takes them.
  ExchangePool(std::shared_ptr<AnswerSink> sink, std::shared_ptr<RequestBudget> budget,
               bool development);

  std::shared_ptr<Exchange> take();
  /// Drops it where somebody else has it, it has grown large, or enough are kept.
  void giveBack(std::shared_ptr<Exchange> exchange);

 private:
  static constexpr std::size_t kKeptMax = 64;

  const std::shared_ptr<AnswerSink> sink_;
  const std::shared_ptr<RequestBudget> budget_;
  const bool development_;
  std::vector<std::shared_ptr<Exchange>> spare_;
};

}  // namespace bulkhead::host
