#include "egress/outbound_log.hpp"

#include "logging/log.hpp"

namespace bulkhead::host::egress {

namespace {

constexpr std::size_t kOperationBytesMax = 128;

}  // namespace

std::string_view nameOf(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Ok:
      return "ok";
    case Outcome::HttpError:
      return "http_error";
    case Outcome::NotSent:
      return "not_sent";
    case Outcome::Ambiguous:
      return "ambiguous";
    case Outcome::Rejected:
      return "rejected";
  }
  return "rejected";
}

void logOutbound(const OutboundRequest& request, std::string_view host,
                 const OutboundCaller& caller, const OutboundAnswer& answer) noexcept {
  const Level level = answer.isAnswered() ? Level::Debug : Level::Warn;
  if (!logEnabled(level)) return;
  LogContext context;
  context.plugin = caller.plugin;
  context.request_id = caller.request_id;
  context.trace_id = caller.trace_id;
  context.tenant = caller.tenant;
  const LogScope scope{context};
  log(level, "egress", answer.isAnswered() ? "Outbound request" : "Outbound request failed",
      {{"method", request.method},
       {"host", host},
       {"operation", std::string_view{request.operation}.substr(0, kOperationBytesMax)},
       {"outcome", nameOf(answer.outcome)},
       {"status", answer.status},
       {"code", answer.code},
       {"reason", answer.message},
       {"attempts", answer.attempts},
       {"requestBytes", request.body.size()},
       {"answerBytes", answer.body.size()},
       {"durationMs", answer.elapsed}});
}

}  // namespace bulkhead::host::egress
