#pragma once

#include <optional>
#include <string>
#include <utility>

#include <bulkhead/event_source.hpp>
#include <bulkhead/host.hpp>

#include "metadata_seal.hpp"
#include "payment.hpp"
#include "payment_news.hpp"

namespace stripe {

/// Takes in news of payments and tells them on as events of payments/1. News come twice and in any
/// order, and two of them may say one thing: what is told is each change once, never one that a
/// newer has overtaken. Whose payment it is, the seal in the metadata says, or what is known of the
/// objects; nothing else does. Thread-safe.
class PaymentDesk {
 public:
  /// `seal` outlives this.
  PaymentDesk(bulkhead::Host host, bulkhead::EventSource events, const MetadataSeal& seal)
      : host_{host}, events_{std::move(events)}, seal_{seal} {}

  /// In the transaction in which the Event is done.
  void take(bulkhead::Transaction& transaction, const PaymentNews& news) const;

 private:
  Payment paymentOf(bulkhead::ReadTransaction& snapshot, const PaymentNews& news) const;
  std::optional<Payment> sealedPayment(bulkhead::ReadTransaction& snapshot,
                                       const PaymentNews& news) const;
  std::optional<Payment> unsealedPayment(bulkhead::ReadTransaction& snapshot,
                                         const PaymentNews& news) const;
  void publish(bulkhead::Transaction& transaction, const PaymentNews& news, const Payment& payment,
               const std::string& key) const;

  const bulkhead::Host host_;
  const bulkhead::EventSource events_;
  const MetadataSeal& seal_;
};

}  // namespace stripe
