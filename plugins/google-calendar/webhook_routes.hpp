#pragma once

#include <bulkhead/registrar.hpp>

#include "channel_store.hpp"

namespace google_calendar {

/// What Google tells of the calendars that are watched: that they changed, no
/// more. A notification is not signed; who knows the secret of its channel may
/// tell.
class WebhookRoutes {
 public:
  explicit WebhookRoutes(bulkhead::Registrar& host);
  WebhookRoutes(const WebhookRoutes&) = delete;
  WebhookRoutes& operator=(const WebhookRoutes&) = delete;

 private:
  bulkhead::Response take(const bulkhead::Request& request);
  bool keep(const bulkhead::Request& request, bulkhead::Transaction& transaction) const;
  void handle(const bulkhead::Message& message, bulkhead::Transaction& transaction) const;

  const bulkhead::Host host_;
  const bulkhead::Metric received_;
  const bulkhead::EventSource events_;
  const bulkhead::Inbox inbox_;
};

}  // namespace google_calendar
