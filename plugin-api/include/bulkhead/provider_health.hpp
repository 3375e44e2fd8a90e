#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/registrar.hpp>

namespace bulkhead {

/// Looks after an outside service by a call that costs it little: the health contributor `api`, or
/// one of another name where a plugin has several services, at most one call in kInterval however
/// often it is asked. Thread-safe.
///
///   ProviderHealth api_{host, required_.missing(), [this](const Context& context) {
///     client_.check(context);
///   }};
class ProviderHealth {
 public:
  static constexpr std::chrono::seconds kInterval{60};
  static constexpr HealthSchedule kSchedule{kInterval, std::chrono::seconds{10}};
  /// Makes the call; throws Error of provider_error.hpp for what is not well.
  using Probe = std::function<void(const Context&)>;

  /// Registers itself. `missing` names the settings without which nothing can be asked; then nobody
  /// is.
  ProviderHealth(Registrar& host, std::string missing, Probe probe, std::string_view name = "api")
      : host_{host.host()}, missing_{std::move(missing)}, probe_{std::move(probe)} {
    host.health(
        name, [this](const Context& context) { return look(context); }, kSchedule);
  }
  ProviderHealth(const ProviderHealth&) = delete;
  ProviderHealth& operator=(const ProviderHealth&) = delete;

 private:
  Health look(const Context& context) {
    if (!missing_.empty()) {
      return {
          .status = HealthStatus::Healthy, .message = missing_ + " not set", .configured = false};
    }
    const std::lock_guard lock{mutex_};
    const auto now = host_.monotonic();
    if (!seen_ || now - looked_ >= kInterval) {
      seen_ = ask(context);
      looked_ = now;
    }
    return *seen_;
  }
  Health ask(const Context& context) const {
    try {
      probe_(context);
    } catch (const Error& error) {
      const bool is_refused = error.code() == "PROVIDER_KEY_REFUSED";
      return {.status = is_refused ? HealthStatus::Critical : HealthStatus::Degraded,
              .message = is_refused ? "key refused" : error.code(),
              .configured = true};
    }
    return {.status = HealthStatus::Healthy, .configured = true};
  }

  const Host host_;
  const std::string missing_;
  const Probe probe_;
  std::mutex mutex_;
  std::optional<Health> seen_;
  std::chrono::microseconds looked_{0};
};

}  // namespace bulkhead
