#include "app/access_log.hpp"

#include <array>
#include <string>
#include <string_view>

#include "logging/error_severity.hpp"
#include "logging/log.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

/// Query values may hold personal data: the line shows the path, and that there was a query. A
/// target that is its route's template holds nothing of the client's.
LogField urlOf(const CompletedExchange& exchange, std::string& shortened) {
  const std::string_view target = exchange.request.target;
  if (target == exchange.labels.route) return {"url", NoSecret{target}};
  const auto question = target.find('?');
  if (question == std::string_view::npos) return {"url", target};
  return {"url", std::string_view{shortened.assign(target, 0, question).append("?...")}};
}

std::string_view headerOf(const HttpRequest& request, std::string_view name) {
  const std::string* value = request.header(name);
  return value == nullptr ? std::string_view{} : std::string_view{*value};
}

/// A probe's 503 is an answer, not a failed call.
bool isProbe(std::string_view route) {
  return route.starts_with("/health") || route == "/livez" || route == "/readyz" ||
         route == "/api/monitoring/health" || route == "/api/monitoring/live" ||
         route == "/api/monitoring/ready";
}

/// The refusal of a closed plugin: known as its state, and anyone can ask for as many as they like.
bool isClosedPlugin(const CompletedExchange& exchange) {
  const std::string_view code = exchange.refusal.code;
  return !code.empty() && (code == "PLUGIN_UNAVAILABLE" || code == "CIRCUIT_OPEN");
}

}  // namespace

/// A disabled plugin refuses because somebody wants it so: that is news for nobody.
bool AccessLog::isChoice(const CompletedExchange& exchange) const {
  return isClosedPlugin(exchange) && !exchange.labels.plugin.empty() &&
         is_disabled_(exchange.labels.plugin);
}

Level AccessLog::levelOf(const CompletedExchange& exchange) const {
  if (isChoice(exchange) || isProbe(exchange.labels.route)) return Level::Info;
  return classifyError(exchange.status, {}).level;
}

void AccessLog::record(const CompletedExchange& exchange) const {
  metrics_.observeRequest(exchange.request.method, exchange.labels.route, exchange.status,
                          exchange.duration);
  watch(exchange);
  const Level level = levelOf(exchange);
  if (isSlow(exchange) || exchange.broken_off || logEnabled(level)) writeLine(exchange, level);
}

void AccessLog::writeLine(const CompletedExchange& exchange, Level level) const {
  const HttpRequest& request = exchange.request;
  LogContext context;
  context.plugin = exchange.labels.plugin;
  context.request_id = request.request_id;
  context.trace_id = request.trace_id;
  context.span_id = request.span_id;
  context.own_request_id = request.own_request_id;
  context.own_trace_id = request.parent_span_id.empty();
  if (!exchange.answered_by_front) {  // a lane may still be completing these
    context.tenant = request.principal.tenant;
    context.api_key_id = request.principal.key_id;
    context.client_key = request.principal.key_id;
  }
  const LogScope scope{context};
  std::string shortened;
  const bool slow = isSlow(exchange);
  const std::array<LogField, 9> fields{{{"method", NoSecret{request.method}},
                                        urlOf(exchange, shortened),
                                        {"route", NoSecret{exchange.labels.route}},
                                        {"status", exchange.status},
                                        {"durationMs", exchange.duration},
                                        {"bytesIn", exchange.bytes_in},
                                        {"bytesOut", exchange.bytes_out},
                                        {"ip", NoSecret{request.peer.address.text()}},
                                        {"userAgent", headerOf(request, "user-agent")}}};
  const Refusal& refusal = exchange.refusal;
  if (isChoice(exchange)) {
    writeLog(Level::Info, "http", "Request for a disabled plugin refused", fields);
    return;
  }
  if (exchange.broken_off) {
    writeLog(Level::Warn, "http", "Answer broken off", fields);
    return;
  }
  if (!refusal.code.empty()) {
    logError("http", slow ? "Slow request refused" : "Request refused",
             {nameOf(refusal.kind), refusal.message, refusal.code, {}}, exchange.status, fields);
    return;
  }
  writeLog(slow ? Level::Warn : level, "http", NoSecret{slow ? "Slow request" : "Request"}, fields);
}

void AccessLog::watch(const CompletedExchange& exchange) const {
  const HttpRequest& request = exchange.request;
  if (exchange.labels.route.empty() && exchange.status < 500) return;
  if (isProbe(exchange.labels.route) || isClosedPlugin(exchange)) return;
  performance_.recordApi({exchange.labels.plugin, request.method, exchange.labels.route,
                          exchange.status, exchange.duration, request.request_id});
  if (exchange.status < 400) return;
  monitoring::TrackedError error;
  if (!exchange.refusal.code.empty()) {
    const auto found = monitoring::classify(exchange.refusal.kind, exchange.refusal.code);
    error.code = exchange.refusal.code;
    error.message = redacted(exchange.refusal.message);
    error.category = found.category;
    error.severity = found.severity;
  }
  error.method = request.method;
  error.route = exchange.labels.route;
  error.status = exchange.status;
  error.request_id = request.request_id;
  performance_.recordError(std::move(error));
}

}  // namespace bulkhead::host
