#pragma once

#include <string_view>

#include "plugins/link_host_ask.hpp"
#include "plugins/worker_asks.hpp"
#include "runtime/http_sender.hpp"

namespace bulkhead::host {

/// A worker's way to outside services: the host's, which is asked for each request.
class WorkerHttp final : public HttpSender {
 public:
  explicit WorkerHttp(WorkerAsks& asks) : asks_{asks} {}

  OutboundAnswer send(OutboundRequest request, const HttpCaller& caller) override;

 private:
  WorkerAsks& asks_;
};

/// The same in the host: what a worker asked, on behalf of `caller`. Throws Error (NO_EGRESS)
/// without a sender, and LinkError for what is no request.
HostAnswer answerHttp(HttpSender* sender, const HttpCaller& caller, const HostAsk& ask);

}  // namespace bulkhead::host
