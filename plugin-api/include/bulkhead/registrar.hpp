#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/host.hpp>
#include <bulkhead/recovery.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>
#include <bulkhead/route.hpp>
#include <bulkhead/settings.hpp>
#include <bulkhead/streams.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

enum class HealthStatus { Healthy, Degraded, Critical };

/// What a health contributor found. `configured` is false when credentials are missing (C13).
struct Health {
  HealthStatus status = HealthStatus::Healthy;
  std::string message = {};  ///< for a person; no host names, users or secrets (S130)
  std::optional<bool> configured = {};
};

/// How often the host asks a contributor, and how long it waits for the answer.
struct HealthSchedule {
  std::chrono::milliseconds interval = std::chrono::seconds{30};
  std::chrono::milliseconds timeout = std::chrono::seconds{1};
};

namespace detail {

/// What a handler streams, as its parameters say.
template <class Handler>
inline constexpr Streams kStreams =
    std::is_invocable_v<Handler&, const Request&, RequestStream&, ResponseStream&> ? Streams::Both
    : std::is_invocable_v<Handler&, const Request&, ResponseStream&>            ? Streams::Response
    : std::is_invocable_r_v<Response, Handler&, const Request&, RequestStream&> ? Streams::Request
                                                                                : Streams::None;

}  // namespace detail

/// What a plugin's constructor gets. Everything that is registered belongs to the plugin's
/// lifetime: the host closes its routes and waits for calls in flight before the destructor runs,
/// so capturing `this` is safe. Handlers and contributors are called from many threads at once,
/// never before start() returned.
class Registrar {
 public:
  using AnyHandler =
      std::function<void(const Request&, bulkhead_transaction*, const bulkhead_response&)>;
  using Contributor = std::function<Health(const Context&)>;

  Registrar(const bulkhead_host& host, bulkhead_home& home, std::vector<AnyHandler>& handlers,
            std::vector<Contributor>& contributors)
      : host_{host}, home_{home}, handlers_{handlers}, contributors_{contributors} {}
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  /// The typed settings that bulkhead_add_plugin() generated from plugin.json.
  template <class Settings>
  Settings settings() const {
    return Settings::read(SettingsReader{host_, home_});
  }

  /// The host's services; copy it into a member to use it later.
  Host host() const { return Host{host_, home_}; }

  /// Registers a route. The handler's parameters say what it needs:
  ///   Response(const Request&)                     no transaction of the host's making
  ///   Response(const Request&, ReadTransaction&)   the whole call is one snapshot of the store
  ///   Response(const Request&, Transaction&)       the whole call is one write, and with
  ///   `idempotency` its answer
  ///                                                is stored with the effect and replayed to a
  ///                                                repeat
  ///   Response(const Request&, Recovery&)          a keyed call that reaches outside, in steps
  ///                                                which `recovery_points` names
  ///   Response(const Request&, RequestStream&)     the body is read as it comes
  ///   void(const Request&, ResponseStream&)        the answer is sent as it is written
  ///   void(const Request&, RequestStream&, ResponseStream&)
  /// A handler that streams has a thread beside those of the others, as long as it runs.
  template <class Handler>
  void route(const Route& contract, Handler handler) {
    if constexpr (detail::kStreams<Handler> != detail::Streams::None) {
      add(contract, detail::TransactionKind::None, detail::kStreams<Handler>,
          streaming(std::move(handler)));
    } else {
      addWhole(contract, std::move(handler));
    }
  }

  /// Registers a health contributor: asked in the background, never by a request.
  void health(std::string_view name, Contributor contributor, HealthSchedule schedule = {}) {
    const auto number = static_cast<std::uint32_t>(contributors_.size());
    const std::string options = toJson([&](JsonWriter& out) {
      out.object("interval_ms", schedule.interval.count(), "timeout_ms", schedule.timeout.count());
    });
    contributors_.push_back(std::move(contributor));
    waist::ErrorCatcher error;
    error.check(host_.register_health(&home_, number, waist::bytes(name), waist::bytes(options),
                                      error.sink()));
  }

  /// Names are snake_case with the unit last; a counter ends in _total. The host adds the plugin's
  /// prefix.
  Metric counter(std::string_view name, std::string_view help,
                 std::initializer_list<std::string_view> labels = {}) {
    return metric("counter", name, help, labels);
  }
  Metric gauge(std::string_view name, std::string_view help,
               std::initializer_list<std::string_view> labels = {}) {
    return metric("gauge", name, help, labels);
  }
  Metric histogram(std::string_view name, std::string_view help,
                   std::initializer_list<std::string_view> labels = {}) {
    return metric("histogram", name, help, labels);
  }

 private:
  template <class Handler, class... Means>
  static constexpr bool kTakes =
      std::is_invocable_r_v<Response, const Handler&, const Request&, Means&...>;

  template <class Handler>
  void addWhole(const Route& contract, Handler handler) {
    // A handler that takes a ReadTransaction takes a Transaction, too.
    constexpr bool kReads = kTakes<Handler, ReadTransaction>;
    constexpr bool kWrites = !kReads && kTakes<Handler, Transaction>;
    static_assert(kReads || kWrites || kTakes<Handler, Recovery> || kTakes<Handler>,
                  "a route's handler is Response(const Request&), alone or with one more of "
                  "ReadTransaction&, Transaction&, Recovery& and RequestStream&; or void(const "
                  "Request&, ResponseStream&); or void(const Request&, RequestStream&, "
                  "ResponseStream&)");
    constexpr auto kTransaction = kReads    ? detail::TransactionKind::Read
                                  : kWrites ? detail::TransactionKind::Write
                                            : detail::TransactionKind::None;
    add(contract, kTransaction, detail::Streams::None,
        [&host = host_, &home = home_, handler = std::move(handler)](
            const Request& request, bulkhead_transaction* transaction,
            const bulkhead_response& out) {
          answer(handler, host, home, request, transaction).writeTo(out);
        });
  }

  template <class Handler>
  static Response answer(const Handler& handler, const bulkhead_host& host, bulkhead_home& home,
                         const Request& request, bulkhead_transaction* transaction) {
    if constexpr (kTakes<Handler, ReadTransaction>) {
      ReadTransaction snapshot{host, *transaction};
      return handler(request, snapshot);
    } else if constexpr (kTakes<Handler, Transaction>) {
      Transaction write{host, *transaction};
      return handler(request, write);
    } else if constexpr (kTakes<Handler, Recovery>) {
      Recovery recovery{host, home, request.context()};
      return handler(request, recovery);
    } else {
      return handler(request);
    }
  }

  template <class Handler>
  AnyHandler streaming(Handler handler) {
    return [&host = host_, handler = std::move(handler)](
               const Request& request, bulkhead_transaction*, const bulkhead_response& out) {
      RequestStream body{host, request.raw()};
      ResponseStream answer{out};
      if constexpr (detail::kStreams<Handler> == detail::Streams::Both) {
        handler(request, body, answer);
      } else if constexpr (detail::kStreams<Handler> == detail::Streams::Response) {
        handler(request, answer);
      } else {
        handler(request, body).writeTo(out);
      }
    };
  }

  void add(const Route& contract, detail::TransactionKind transaction, detail::Streams streams,
           AnyHandler handler) {
    const auto number = static_cast<std::uint32_t>(handlers_.size());
    const std::string text = detail::contractOf(contract, transaction, streams);
    handlers_.push_back(std::move(handler));
    waist::ErrorCatcher error;
    error.check(host_.register_route(&home_, number, waist::bytes(contract.method),
                                     waist::bytes(contract.path), waist::bytes(text),
                                     error.sink()));
  }

  Metric metric(std::string_view kind, std::string_view name, std::string_view help,
                std::initializer_list<std::string_view> labels) {
    std::vector<bulkhead_bytes> names;
    for (const auto label : labels) names.push_back(waist::bytes(label));
    std::uint32_t number = 0;
    waist::ErrorCatcher error;
    error.check(host_.register_metric(&home_, waist::bytes(kind), waist::bytes(name),
                                      waist::bytes(help), names.data(), names.size(), &number,
                                      error.sink()));
    return Metric{host_, home_, number};
  }

  const bulkhead_host& host_;
  bulkhead_home& home_;
  std::vector<AnyHandler>& handlers_;
  std::vector<Contributor>& contributors_;
};

}  // namespace bulkhead
