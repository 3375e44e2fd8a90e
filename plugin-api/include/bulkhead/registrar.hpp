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
#include <bulkhead/ask.hpp>
#include <bulkhead/capability.hpp>
#include <bulkhead/event_source.hpp>
#include <bulkhead/health.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/inbox.hpp>
#include <bulkhead/job.hpp>
#include <bulkhead/message.hpp>
#include <bulkhead/provided_call.hpp>
#include <bulkhead/recovery.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>
#include <bulkhead/route.hpp>
#include <bulkhead/settings.hpp>
#include <bulkhead/streams.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

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
          detail::streaming(host_, std::move(handler)));
    } else {
      addWhole(contract, std::move(handler));
    }
  }

  /// Answers one call of a capability that plugin.json provides. The handler is std::string(const
  /// Request&), alone or with one more of ReadTransaction& and Transaction&, as those of routes
  /// are: it gives the answer, JSON text by the capability's contract, and what it throws is the
  /// refusal; the contract names the codes that may be. body() of the request is JSON that the
  /// contract allows, tenant() that of the caller's client.
  template <class Handler>
  void provide(std::string_view capability, std::string_view call, Handler handler) {
    addInside(host_.register_call, capability, call, std::move(handler));
  }

  /// Answers one ask of a capability that plugin.json wants: the plugin that provides it waits for
  /// the answer, no longer than its contract says. The handler is one of provide(); it runs on
  /// threads that work on nothing but asks and events, whatever the plugin's requests do. One
  /// plugin answers an ask.
  template <class Handler>
  void answer(std::string_view capability, std::string_view ask, Handler handler) {
    addInside(host_.register_answer, capability, ask, std::move(handler));
  }

  /// The asks of a capability that plugin.json provides; copy it into a member to use it later.
  AskSource asks(std::string_view capability) const {
    return AskSource{host_, home_, std::string{capability}};
  }

  /// A capability that plugin.json wants; copy it into a member to use it later.
  Capability capability(std::string_view name) const {
    return Capability{host_, home_, std::string{name}};
  }

  /// The events of a capability that plugin.json provides; copy it into a member to publish later.
  EventSource events(std::string_view capability) const {
    waist::ErrorCatcher error;
    error.check(host_.register_events(&home_, waist::bytes(capability), error.sink()));
    return EventSource{host_, home_, std::string{capability}};
  }

  /// Listens to an event of a capability that plugin.json wants. The handler's parameters say what
  /// it needs:
  ///   void(const Message&, Transaction&)  its statements commit together with the message's end:
  ///                                       they have their effect exactly once
  ///   void(const Message&)                may call out; it runs at least once, and what a second
  ///                                       run of it does is its own to know
  /// What it throws has the message come again, later; to pass over one, return.
  template <class Handler>
  void onEvent(std::string_view capability, std::string_view event, Handler handler,
               const MessageOptions& options = {}) {
    const auto number = static_cast<std::uint32_t>(handlers_.size());
    const std::string text = detail::messageOptions<Handler>(options);
    handlers_.push_back(detail::handling(host_, std::move(handler)));
    waist::ErrorCatcher error;
    error.check(host_.register_listener(&home_, number, waist::bytes(capability),
                                        waist::bytes(event), waist::bytes(text), error.sink()));
  }

  /// An inbox of the plugin's own, with the one who handles what it keeps there: durable work that
  /// follows a commit, such as a webhook that was verified and stored. Handlers are those of
  /// onEvent(). Copy what it gives into a member to keep messages later. `name` is
  /// [a-z][a-z0-9_]{0,62}.
  template <class Handler>
  Inbox inbox(std::string_view name, Handler handler, const MessageOptions& options = {}) {
    const auto number = static_cast<std::uint32_t>(handlers_.size());
    const std::string text = detail::messageOptions<Handler>(options);
    handlers_.push_back(detail::handling(host_, std::move(handler)));
    waist::ErrorCatcher error;
    error.check(
        host_.register_inbox(&home_, number, waist::bytes(name), waist::bytes(text), error.sink()));
    return Inbox{host_, home_, std::string{name}};
  }

  /// A queue of the plugin's own, with the one who does its jobs. The handler's parameters say what
  /// it needs:
  ///   void(const Job&, Transaction&)  its statements commit together with the job's end: they have
  ///                                   their effect exactly once
  ///   void(const Job&)                may call out, and write with job.context(); it runs at least
  ///                                   once, and job.id() tells a second run
  /// What it throws has the job come again, later. Copy what it gives into a member to enqueue
  /// later. `name` is [a-z][a-z0-9_-]{0,62}.
  template <class Handler>
  JobQueue queue(std::string_view name, Handler handler, const QueueOptions& options = {}) {
    const auto number = static_cast<std::uint32_t>(handlers_.size());
    handlers_.push_back(detail::working(host_, home_, std::move(handler)));
    return detail::registered(host_, home_, number, name, detail::queueOptions<Handler>(options));
  }

  /// At each of the schedule's times one job is enqueued, whatever has been started again
  /// meanwhile. `name` is one of a queue's.
  void schedule(std::string_view name, const JobQueue& queue, const Schedule& schedule) {
    detail::registerSchedule(host_, home_, name, detail::scheduleOptions(schedule, queue.name()));
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

  using RegisterInside = decltype(bulkhead_host::register_call);

  template <class Handler>
  void addInside(RegisterInside enter, std::string_view capability, std::string_view name,
                 Handler handler) {
    const auto number = static_cast<std::uint32_t>(handlers_.size());
    handlers_.push_back(detail::answering(host_, std::move(handler)));
    waist::ErrorCatcher error;
    error.check(enter(&home_, number, waist::bytes(capability), waist::bytes(name),
                      waist::bytes(detail::kCallOptions<Handler>), error.sink()));
  }

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
          answerOf(handler, host, home, request, transaction).writeTo(out);
        });
  }

  template <class Handler>
  static Response answerOf(const Handler& handler, const bulkhead_host& host, bulkhead_home& home,
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
