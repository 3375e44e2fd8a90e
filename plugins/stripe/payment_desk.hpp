#pragma once

#include <string>
#include <string_view>

#include <bulkhead/event_source.hpp>

#include "payment.hpp"
#include "payment_news.hpp"

namespace stripe {

/// Takes in news of payments and tells them on as events of payments/1. News come twice and in any
/// order, and two of them may say one thing: what is told is each change once, never one that a
/// newer has overtaken. Thread-safe.
class PaymentDesk {
 public:
  explicit PaymentDesk(bulkhead::EventSource events) : events_{std::move(events)} {}

  /// In the transaction in which the Event is done.
  void take(bulkhead::Transaction& transaction, const PaymentNews& news) const;

 private:
  void publish(bulkhead::Transaction& transaction, const PaymentNews& news, const Payment& payment,
               const std::string& key) const;

  const bulkhead::EventSource events_;
};

}  // namespace stripe
