#include "security/security_log.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kNetworkBytes = 8;

/// Who owns one IPv6 address owns its /64.
std::string sourceOf(std::string_view address) {
  std::string text{address};
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), 0);
  std::array<char, INET6_ADDRSTRLEN> network{};
  inet_ntop(AF_INET6, bytes.data(), network.data(), network.size());
  return std::string{network.data()} + "/64";
}

std::string_view messageOf(SecurityEventKind kind) {
  switch (kind) {
    case SecurityEventKind::AuthenticationFailed:
      return "Authentication failed";
    case SecurityEventKind::AuthorizationDenied:
      return "Authorization denied";
    case SecurityEventKind::TenantRefused:
      return "Tenant refused";
    case SecurityEventKind::RateLimited:
      return "Rate limit exceeded";
    case SecurityEventKind::MonitoringDenied:
      break;
  }
  return "Monitoring denied";
}

void writeEvent(const SecurityEvent& event, std::uint64_t held_back) {
  if (held_back != 0) {
    log(Level::Warn, "security", messageOf(event.kind),
        {{"event", nameOf(event.kind)},
         {"reason", event.reason},
         {"ip", event.address},
         {"heldBack", held_back}});
    return;
  }
  LogContext context;
  context.request_id = event.request_id;
  context.api_key_id = event.key_id;
  const LogScope scope{context};
  log(Level::Warn, "security", messageOf(event.kind),
      {{"event", nameOf(event.kind)},
       {"reason", event.reason},
       {"requestedTenant", event.tenant},
       {"scope", event.scope},
       {"ip", event.address},
       {"method", event.method},
       {"path", event.path},
       {"userAgent", event.user_agent}});
}

}  // namespace

std::string_view nameOf(SecurityEventKind kind) {
  switch (kind) {
    case SecurityEventKind::AuthenticationFailed:
      return "authentication_failed";
    case SecurityEventKind::AuthorizationDenied:
      return "authorization_denied";
    case SecurityEventKind::TenantRefused:
      return "tenant_refused";
    case SecurityEventKind::RateLimited:
      return "rate_limited";
    case SecurityEventKind::MonitoringDenied:
      break;
  }
  return "monitoring_denied";
}

SecurityEvent eventOf(const HttpRequest& request, SecurityEvent event) {
  event.address = request.peer.address.text();
  event.request_id = request.request_id;
  event.method = request.method;
  event.path = request.path;
  if (const std::string* agent = request.header("user-agent")) event.user_agent = *agent;
  return event;
}

SecurityLog::SecurityLog(SecurityLogOptions options)
    : options_{[&] {
        if (!options.write) options.write = writeEvent;
        return std::move(options);
      }()} {}

void SecurityLog::record(const SecurityEvent& event) {
  Tallies over;
  bool write = false;
  {
    const std::lock_guard lock{mutex_};
    over = endWindow();
    if (event.kind != SecurityEventKind::RateLimited)
      ++counts_.try_emplace(std::string{event.reason}, 0).first->second;
    Tally& tally = tallyOf(event);
    write = tally.written < options_.lines_per_source && written_ < options_.lines_together;
    if (write) {
      ++tally.written;
      ++written_;
    } else {
      ++tally.held_back;
    }
  }
  tell(over);
  if (write) options_.write(event, 0);
}

void SecurityLog::tellHeldBack() {
  Tallies over;
  {
    const std::lock_guard lock{mutex_};
    over = endWindow();
  }
  tell(over);
}

std::vector<std::pair<std::string, std::uint64_t>> SecurityLog::counts() const {
  const std::lock_guard lock{mutex_};
  return {counts_.begin(), counts_.end()};
}

SecurityLog::Tally& SecurityLog::tallyOf(const SecurityEvent& event) {
  Source source{event.kind, std::string{event.reason}, sourceOf(event.address)};
  if (const auto known = tallies_.find(source); known != tallies_.end()) return known->second;
  if (tallies_.size() >= options_.sources_max) source.address.clear();
  return tallies_[std::move(source)];
}

SecurityLog::Tallies SecurityLog::endWindow() {
  const std::int64_t now_us = options_.now_us();
  if (now_us < window_end_us_) return {};
  window_end_us_ = now_us + options_.window_us;
  written_ = 0;
  return std::exchange(tallies_, {});
}

/// Those lines are bounded, too: what lies behind the first ones is told in one.
void SecurityLog::tell(const Tallies& over) const {
  std::uint32_t told = 0;
  std::map<std::pair<SecurityEventKind, std::string>, std::uint64_t> rest;
  for (const auto& [source, tally] : over) {
    if (tally.held_back == 0) continue;
    if (++told <= options_.lines_per_source) {
      options_.write({.kind = source.kind, .reason = source.reason, .address = source.address},
                     tally.held_back);
    } else {
      rest[{source.kind, source.reason}] += tally.held_back;
    }
  }
  for (const auto& [what, held_back] : rest)
    options_.write({.kind = what.first, .reason = what.second}, held_back);
}

}  // namespace bulkhead::host
