#include "http/exchange_pool.hpp"

#include <utility>

namespace bulkhead::host {

ExchangePool::ExchangePool(std::shared_ptr<AnswerSink> sink, std::shared_ptr<RequestBudget> budget,
                           bool development)
    : sink_{std::move(sink)}, budget_{std::move(budget)}, development_{development} {
  spare_.reserve(kKeptMax);
}

std::shared_ptr<Exchange> ExchangePool::take() {
  if (spare_.empty()) return std::make_shared<Exchange>(sink_, budget_, development_);
  std::shared_ptr<Exchange> exchange = std::move(spare_.back());
  spare_.pop_back();
  return exchange;
}

void ExchangePool::giveBack(std::shared_ptr<Exchange> exchange) {
  if (spare_.size() == kKeptMax || !Exchange::isSpare(exchange)) return;
  exchange->renew(sink_);
  spare_.push_back(std::move(exchange));
}

}  // namespace bulkhead::host
