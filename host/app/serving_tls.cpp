#include "app/serving_tls.hpp"

#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "logging/log.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

using SystemClock = std::chrono::system_clock;

constexpr std::chrono::hours kWarning{14 * 24};

std::shared_ptr<const TlsContext> readContext(const HostSettings::Tls& settings,
                                              const std::shared_ptr<TlsTickets>& tickets) {
  if (!settings.isOn()) return nullptr;
  return std::make_shared<const TlsContext>(TlsFiles{settings.certificate, settings.key}, tickets);
}

}  // namespace

ServingTls::ServingTls(const HostSettings::Tls& settings)
    : tickets_{std::make_shared<TlsTickets>()}, context_{readContext(settings, tickets_)} {}

ServingTls::Context ServingTls::read(const HostSettings::Tls& settings) const {
  if (settings.isOn() != (context() != nullptr)) {
    throw Error::configuration("TLS_SWITCHED",
                               "TLS is switched on and off by a restart, not by a reload.");
  }
  return readContext(settings, tickets_);
}

void ServingTls::use(const Context& context) {
  const Context before = this->context();
  context_.store(context);
  if (!context || (before && before->fingerprint() == context->fingerprint())) return;
  log(Level::Info, "host", "TLS certificate renewed",
      {{"expires", timestampText(context->expires())}, {"sha256", context->fingerprint()}});
}

std::optional<double> ServingTls::expiry() const {
  const Context context = this->context();
  if (!context) return std::nullopt;
  return std::chrono::duration<double>(context->expires().time_since_epoch()).count();
}

std::string ServingTls::whyRenew() const {
  const Context context = this->context();
  const auto now = SystemClock::now();
  if (!context || context->expires() > now + kWarning) return {};
  return fmt::format("The TLS certificate {} on {}; renew it and reload.",
                     context->expires() > now ? "ends" : "has ended",
                     timestampText(context->expires()));
}

health::CheckSpec certificateCheck(const ServingTls& tls) {
  health::CheckSpec spec;
  spec.owner = "host";
  spec.name = "tls.certificate";
  spec.interval = std::chrono::minutes{1};
  spec.failure_threshold = 1;
  spec.check = [&tls](std::chrono::milliseconds) {
    health::CheckResult result;
    result.message = tls.whyRenew();
    if (result.message.empty()) return result;
    result.status = health::Status::Degraded;
    result.code = "expiring";
    return result;
  };
  return spec;
}

}  // namespace bulkhead::host
