#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "config/host_settings.hpp"
#include "health/check.hpp"
#include "http/tls_context.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// The certificate that the host stands on at the moment, where it speaks TLS. Thread-safe.
class ServingTls {
 public:
  using Context = std::shared_ptr<const TlsContext>;

  /// Reads the files that the settings name; none when TLS is off. Throws Error configuration
  /// TLS_CERTIFICATE or TLS_KEY.
  explicit ServingTls(const HostSettings::Tls& settings);

  /// Null when TLS is off.
  Context context() const { return context_.load(); }
  /// What the files hold now; null when TLS is off, before and after. Changes nothing. Throws as
  /// the constructor, and TLS_SWITCHED when the settings switch TLS on or off.
  Context read(const HostSettings::Tls& settings) const;
  /// From now on; with a log line when it is another one.
  void use(const Context& context);

  /// Seconds since 1970 at which the certificate, or one of its chain, ends.
  std::optional<double> expiry() const;
  /// A sentence when it ends within 14 days, or has ended; else empty.
  std::string whyRenew() const;

 private:
  const std::shared_ptr<TlsTickets> tickets_;
  Published<TlsContext> context_;
};

/// "tls.certificate", each minute: degraded while whyRenew() has something to say. `tls` outlives
/// the registration.
health::CheckSpec certificateCheck(const ServingTls& tls);

}  // namespace bulkhead::host
