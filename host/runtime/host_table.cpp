#include "runtime/host_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/http_client.hpp>
#include <bulkhead/waist.hpp>

#include "runtime/byte_stream.hpp"
#include "runtime/job_table.hpp"
#include "runtime/message_table.hpp"
#include "runtime/plugin_home.hpp"
#include "runtime/recovery_points.hpp"
#include "runtime/registering.hpp"

namespace bulkhead::host {

using waist::guarded;
using waist::view;

/// The functions of the table; a friend of PluginHome, so that nothing of them shows in its
/// contract.
struct HostTable {
  static bulkhead_status registerRoute(bulkhead_home* self, std::uint32_t route,
                                       bulkhead_bytes method, bulkhead_bytes path,
                                       bulkhead_bytes contract, const bulkhead_error_sink* error) {
    return Registering::run(self, error, [&](PluginHome& home) {
      if (home.routes_.size() >= kRoutesMax)
        throw Error::configuration("TOO_MANY_ROUTES", "A plugin registers at most 1000 routes.");
      home.routes_.push_back(routeOf(home.options_, route, view(method), view(path), contract));
    });
  }

  static std::shared_ptr<const RegisteredRoute> routeOf(const HomeOptions& options,
                                                        std::uint32_t number,
                                                        std::string_view method,
                                                        std::string_view path,
                                                        bulkhead_bytes contract) {
    const auto make = [&] {
      return RegisteredRoute{number, fullPath(options, path),
                             RouteContract{method, path, view(contract)}};
    };
    if (!options.known_routes) return std::make_shared<const RegisteredRoute>(make());
    return options.known_routes->get(
        fmt::format("{} {} {} {}", number, method, path, view(contract)), make);
  }

  /// A path that begins with /api/ is taken as it is when it is the plugin's own or that of a
  /// service which its manifest says it replaces. No parameter stands for the service: it would
  /// catch the requests, and the bodies, of every other one.
  static std::string fullPath(const HomeOptions& options, std::string_view path) {
    constexpr std::string_view kPrefix = "/api/";
    if (!path.starts_with(kPrefix)) return fmt::format("/api/{}/v1{}", options.plugin, path);
    std::string_view service = path.substr(kPrefix.size());
    service = service.substr(0, service.find('/'));
    const auto& replaces = options.replaces;
    if (service == options.plugin ||
        std::find(replaces.begin(), replaces.end(), service) != replaces.end())
      return std::string{path};
    throw Error::configuration(
        "ROUTE_REFUSED",
        fmt::format("{} is not under /api/{}/, and the manifest's \"replaces\" does not name '{}'.",
                    path, options.plugin, service));
  }

  static bulkhead_status registerHealth(bulkhead_home* self, std::uint32_t contributor,
                                        bulkhead_bytes name, bulkhead_bytes options,
                                        const bulkhead_error_sink* error) {
    return Registering::run(self, error, [&](PluginHome& home) {
      if (home.table_.check_health == nullptr)
        throw Error::configuration("NO_CHECK_HEALTH", "The plugin's table has no check_health.");
      if (home.contributors_.size() >= kContributorsMax)
        throw Error::configuration("TOO_MANY_CONTRIBUTORS",
                                   "A plugin registers at most 32 health contributors.");
      for (const auto& present : home.contributors_) {
        if (present.name == view(name))
          throw Error::configuration("DUPLICATE_CONTRIBUTOR",
                                     "Two health contributors have the name " + present.name + ".");
      }
      const auto values =
          nlohmann::json::parse(view(options).empty() ? std::string_view{"{}"} : view(options));
      RegisteredContributor registered{contributor, std::string{view(name)}, {}, {}};
      registered.interval = std::chrono::milliseconds{values.value("interval_ms", 30'000)};
      registered.timeout = std::chrono::milliseconds{values.value("timeout_ms", 1'000)};
      if (registered.interval.count() < 100 || registered.timeout.count() < 1) {
        throw Error::configuration(
            "BAD_SCHEDULE",
            "A contributor's interval is at least 100 ms and its timeout at least 1 ms.");
      }
      home.contributors_.push_back(std::move(registered));
    });
  }

  static bulkhead_status registerMetric(bulkhead_home* self, bulkhead_bytes kind,
                                        bulkhead_bytes name, bulkhead_bytes help,
                                        const bulkhead_bytes* labels, std::size_t label_count,
                                        std::uint32_t* metric, const bulkhead_error_sink* error) {
    return Registering::run(self, error, [&](PluginHome& home) {
      if (home.metrics_.size() >= kMetricsMax)
        throw Error::configuration("TOO_MANY_METRICS", "A plugin registers at most 200 metrics.");
      std::string prefix = home.options_.plugin + "_";
      for (char& c : prefix) c = c == '-' ? '_' : c;
      MetricDescription description{
          std::string{view(kind)}, std::string{view(name)}, std::string{view(help)}, {}};
      if (!description.name.starts_with(prefix)) description.name.insert(0, prefix);
      for (std::size_t i = 0; i < label_count; ++i)
        description.labels.emplace_back(view(labels[i]));
      *metric = home.services_.metrics.declare(home.options_.plugin, description);
      home.metrics_.push_back(*metric);
      self->metrics.push_back({*metric, label_count, description.kind == "counter"});
    });
  }

  static bulkhead_status readSetting(bulkhead_home* self, bulkhead_bytes name,
                                     bulkhead_row_fn receive, void* receiver,
                                     const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const auto& settings = self->home.options_.settings;
      const auto found = settings.find(std::string{view(name)});
      if (found == settings.end()) {
        throw Error::configuration("UNDECLARED_SETTING", "plugin.json declares no setting '" +
                                                             std::string{view(name)} + "'.");
      }
      const bulkhead_value value = toValue(found->second);
      receive(receiver, &value, 1);
    });
  }

  static bulkhead_value toValue(const PluginSetting& setting) {
    bulkhead_value value{BULKHEAD_NULL, 0, 0, 0.0, {nullptr, 0}};
    if (const auto* integer = std::get_if<std::int64_t>(&setting)) {
      value.type = BULKHEAD_INTEGER;
      value.integer = *integer;
    } else if (const auto* number = std::get_if<double>(&setting)) {
      value.type = BULKHEAD_REAL;
      value.real = *number;
    } else if (const auto* text = std::get_if<std::string>(&setting)) {
      value.type = BULKHEAD_TEXT;
      value.bytes = waist::bytes(*text);
    }
    return value;
  }

  static void log(bulkhead_home* self, bulkhead_context* context, std::int32_t level,
                  bulkhead_bytes message, bulkhead_bytes fields) {
    guarded(nullptr, [&] {
      LogTrace trace;
      if (context != nullptr && context->request != nullptr) {
        trace = traceOf(*context->request);
      }
      PluginHome& home = self->home;
      home.services_.log.write(home.options_.plugin, level, view(message), view(fields), trace);
    });
  }

  static void recordMetric(bulkhead_home* self, std::uint32_t metric, const bulkhead_bytes* labels,
                           std::size_t label_count, double value) {
    guarded(nullptr, [&] {
      PluginHome& home = self->home;
      const auto own = std::find_if(self->metrics.begin(), self->metrics.end(),
                                    [&](const auto& one) { return one.number == metric; });
      if (own == self->metrics.end() || own->labels != label_count) return;
      if (!std::isfinite(value) || (own->counts && value < 0)) return;
      std::vector<std::string_view> values;
      for (std::size_t i = 0; i < label_count; ++i)
        values.push_back(view(labels[i]).substr(0, kLabelBytesMax));
      home.services_.metrics.record(metric, values, value);
    });
  }

  static bulkhead_status dbRead(bulkhead_home* self, bulkhead_context* context,
                                bulkhead_transaction_fn closure, void* closure_self,
                                const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      self->home.runRead(context, [&](bulkhead_transaction& transaction) {
        call(closure, closure_self, transaction);
      });
    });
  }

  static bulkhead_status dbWrite(bulkhead_home* self, bulkhead_context* context,
                                 bulkhead_transaction_fn closure, void* closure_self,
                                 const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      self->home.runWrite(context, [&](bulkhead_transaction& transaction) {
        call(closure, closure_self, transaction);
      });
    });
  }

  static void call(bulkhead_transaction_fn closure, void* closure_self,
                   bulkhead_transaction& transaction) {
    waist::ErrorCatcher caught;
    caught.check(closure(closure_self, &transaction, caught.sink()));
  }

  static bulkhead_status txRead(bulkhead_transaction* self, bulkhead_bytes sql,
                                const bulkhead_value* values, std::size_t count,
                                bulkhead_row_fn receive, void* receiver,
                                const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      self->transaction.read(view(sql), values, count,
                             [&](const bulkhead_value* columns, std::size_t column_count) {
                               return receive(receiver, columns, column_count);
                             });
    });
  }

  static bulkhead_status txSend(bulkhead_transaction* self, bulkhead_bytes sql,
                                const bulkhead_value* values, std::size_t count,
                                std::int64_t expected_rows, const bulkhead_error* refusal,
                                const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      if (expected_rows < 0) return self->transaction.queue(view(sql), values, count);
      if (self->transaction.send(view(sql), values, count) == expected_rows) return;
      self->doom = refusal != nullptr
                       ? waist::errorFrom(*refusal)
                       : Error::app("UNEXPECTED_ROW_COUNT",
                                    "A statement changed an unexpected number of rows.");
      throw Error{*self->doom};
    });
  }

  static std::int64_t nowUs(bulkhead_home* self) { return self->home.services_.clock.nowUs(); }
  static std::int64_t monotonicUs(bulkhead_home* self) {
    return self->home.services_.clock.monotonicUs();
  }
  static std::int64_t remainingUs(bulkhead_context* context) {
    if (context == nullptr) return 0;
    const auto left = context->deadline - std::chrono::steady_clock::now();
    return std::chrono::duration_cast<std::chrono::microseconds>(left).count();
  }

  static bulkhead_status randomBytes(bulkhead_home* self, void* out, std::size_t size,
                                     const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      Randomness* given = self->home.services_.randomness;
      if (given != nullptr)
        given->fill(out, size);
      else
        SystemRandomness{}.fill(out, size);
    });
  }

  static const IdempotencyClaim& claimAt(const bulkhead_context* context, std::string_view point) {
    if (context == nullptr || context->recovering == nullptr) {
      throw Error::app("NO_RECOVERY_POINTS",
                       "Only the call of a route that declares recovery points has them.");
    }
    const auto& points = context->recovering->contract.recoveryPoints();
    if (std::find(points.begin(), points.end(), point) == points.end()) {
      throw Error::app("UNDECLARED_RECOVERY_POINT",
                       fmt::format("The contract declares no recovery point '{}'.", point));
    }
    return context->recovering->claim;
  }

  static bulkhead_status recoveryRead(bulkhead_home* self, bulkhead_context* context,
                                      bulkhead_bytes point, bulkhead_row_fn receive, void* receiver,
                                      const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const IdempotencyClaim& claim = claimAt(context, view(point));
      std::optional<std::string> kept;
      self->home.runRead(context, [&](bulkhead_transaction& transaction) {
        kept = recovery::find(transaction.transaction, claim, view(point));
      });
      if (!kept) return;
      bulkhead_value value{BULKHEAD_BLOB, 0, 0, 0.0, waist::bytes(*kept)};
      receive(receiver, &value, 1);
    });
  }

  static bulkhead_status recoveryKeep(bulkhead_home* self, bulkhead_context* context,
                                      bulkhead_transaction* transaction, bulkhead_bytes point,
                                      bulkhead_bytes result, const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const IdempotencyClaim& claim = claimAt(context, view(point));
      if (result.size > kRecoveryResultMax) {
        throw Error::app("RECOVERY_RESULT_TOO_LARGE",
                         "A recovery point keeps at most 64 KiB: an id, not a document.");
      }
      const auto keep = [&](bulkhead_transaction& in) {
        recovery::keep(in.transaction, claim, view(point), view(result),
                       self->home.services_.clock.nowUs());
      };
      if (transaction != nullptr) {
        keep(*transaction);
      } else {
        self->home.runWrite(context, keep);
      }
    });
  }

  static bulkhead_status recoveryToken(bulkhead_home* self, bulkhead_context* context,
                                       bulkhead_bytes point, const bulkhead_sink* token,
                                       const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const std::string text =
          recovery::token(claimAt(context, view(point)), self->home.options_.plugin, view(point));
      token->write(token->self, text.data(), text.size());
    });
  }

  static bulkhead_status bodyRead(bulkhead_context* context, char* data, std::size_t size,
                                  std::size_t* taken, const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      if (context == nullptr || context->streaming == nullptr ||
          !context->streaming->streamsRequest())
        throw Error::app("NO_STREAM", "The contract of this route does not stream its request.");
      *taken = 0;
      const auto& stream = context->request->body_stream;
      if (!stream) return;
      const auto read = stream->read(data, size, context->deadline);
      if (!read) throw Error::validation("BODY_INCOMPLETE", "The body did not come to its end.");
      *taken = *read;
    });
  }

  static bulkhead_status httpSend(bulkhead_home* self, bulkhead_context* context,
                                  const bulkhead_http_request* request,
                                  bulkhead_http_answer_fn receive, void* receiver,
                                  const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const OutboundAnswer answer = self->home.sendOutbound(context, requestFrom(*request));
      const auto headers = waist::fieldsOf(answer.headers);
      const bulkhead_http_answer crossing{sizeof(bulkhead_http_answer),
                                          static_cast<std::int32_t>(answer.outcome),
                                          answer.status,
                                          answer.retry_after_s,
                                          answer.attempts,
                                          0,
                                          answer.elapsed.count(),
                                          waist::bytes(answer.code),
                                          waist::bytes(answer.message),
                                          headers.data(),
                                          headers.size(),
                                          waist::bytes(answer.body)};
      receive(receiver, &crossing);
    });
  }

  static OutboundRequest requestFrom(const bulkhead_http_request& crossing) {
    if (crossing.size < sizeof crossing) {
      throw Error::configuration("ABI_MISMATCH", "The request is shorter than one of version 1.3.");
    }
    OutboundRequest request;
    request.method = view(crossing.method);
    request.url = view(crossing.url);
    request.body = view(crossing.body);
    request.operation = view(crossing.operation);
    request.repeatable = crossing.repeatable != 0;
    if (crossing.timeout_us > 0) {
      request.timeout = std::chrono::ceil<std::chrono::milliseconds>(
          std::chrono::microseconds{std::min(crossing.timeout_us, kTimeoutMaxUs)});
    }
    for (std::size_t i = 0; i < crossing.header_count; ++i)
      request.headers.emplace_back(view(crossing.headers[i].name), view(crossing.headers[i].value));
    return request;
  }

  static constexpr std::int64_t kTimeoutMaxUs = 86'400'000'000;
  static bulkhead_status registerCall(bulkhead_home* self, std::uint32_t route,
                                      bulkhead_bytes capability, bulkhead_bytes call,
                                      bulkhead_bytes options, const bulkhead_error_sink* error) {
    return Registering::run(self, error, [&](PluginHome& home) {
      const auto& provides = home.options_.capabilities.provides;
      if (std::find(provides.begin(), provides.end(), view(capability)) == provides.end()) {
        throw Error::configuration(
            "CALL_REFUSED",
            fmt::format("plugin.json does not say that it provides '{}'.", view(capability)));
      }
      addInside(home,
                insideEntry(EntryKind::Call, route, view(capability), view(call), view(options)));
    });
  }

  static bulkhead_status registerAnswer(bulkhead_home* self, std::uint32_t route,
                                        bulkhead_bytes capability, bulkhead_bytes ask,
                                        bulkhead_bytes options, const bulkhead_error_sink* error) {
    return Registering::run(self, error, [&](PluginHome& home) {
      if (!home.options_.capabilities.wants.contains(std::string{view(capability)})) {
        throw Error::configuration(
            "CALL_REFUSED",
            fmt::format("plugin.json does not say that it wants '{}'.", view(capability)));
      }
      addInside(home,
                insideEntry(EntryKind::Ask, route, view(capability), view(ask), view(options)));
    });
  }

  static void addInside(PluginHome& home, RegisteredRoute entry) {
    if (home.routes_.size() >= kRoutesMax)
      throw Error::configuration("TOO_MANY_ROUTES", "A plugin registers at most 1000 routes.");
    const bool twice =
        std::any_of(home.routes_.begin(), home.routes_.end(), [&](const auto& present) {
          return present->kind == entry.kind && present->path == entry.path;
        });
    if (twice)
      throw Error::configuration("CALL_REFUSED", fmt::format("{} is there twice.", entry.path));
    home.routes_.push_back(std::make_shared<const RegisteredRoute>(std::move(entry)));
  }

  static bulkhead_status callCapability(bulkhead_home* self, bulkhead_context* context,
                                        bulkhead_bytes capability, bulkhead_bytes call,
                                        bulkhead_bytes request, std::int64_t timeout_us,
                                        const bulkhead_sink* answer,
                                        const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const std::string text = self->home.callCapability(context, callOf(capability, call, request),
                                                         std::chrono::microseconds{timeout_us});
      answer->write(answer->self, text.data(), text.size());
    });
  }

  static CapabilityCall callOf(bulkhead_bytes capability, bulkhead_bytes name,
                               bulkhead_bytes request) {
    CapabilityCall call;
    call.capability = view(capability);
    call.name = view(name);
    call.request = view(request);
    return call;
  }

  // NOLINTNEXTLINE(readability-function-size): the waist's own signature
  static bulkhead_status askCapability(bulkhead_home* self, bulkhead_context* context,
                                       bulkhead_bytes capability, bulkhead_bytes ask,
                                       bulkhead_bytes request, std::int64_t timeout_us,
                                       bulkhead_ask_answer_fn receive, void* receiver,
                                       const bulkhead_error_sink* error) {
    return guarded(error, [&] {
      const AskOutcome outcome = self->home.askCapability(context, callOf(capability, ask, request),
                                                          std::chrono::microseconds{timeout_us});
      const bulkhead_ask_answer crossing{sizeof(bulkhead_ask_answer), outcome.is_fallback ? 1 : 0,
                                         waist::bytes(outcome.json), waist::bytes(outcome.reason)};
      receive(receiver, &crossing);
    });
  }

  static constexpr std::size_t kRecoveryResultMax = std::size_t{64} * 1024;
};

const bulkhead_host& hostTable() noexcept {
  static constexpr bulkhead_host kTable{
      sizeof(bulkhead_host),
      BULKHEAD_ABI_MAJOR,
      BULKHEAD_ABI_MINOR,
      &HostTable::registerRoute,
      &HostTable::registerHealth,
      &HostTable::registerMetric,
      &HostTable::readSetting,
      &HostTable::log,
      &HostTable::recordMetric,
      &HostTable::dbRead,
      &HostTable::dbWrite,
      &HostTable::txRead,
      &HostTable::txSend,
      &HostTable::nowUs,
      &HostTable::monotonicUs,
      &HostTable::remainingUs,
      &HostTable::randomBytes,
      &HostTable::recoveryRead,
      &HostTable::recoveryKeep,
      &HostTable::recoveryToken,
      &HostTable::bodyRead,
      &HostTable::httpSend,
      &HostTable::registerCall,
      &HostTable::callCapability,
      &MessageTable::registerEvents,
      &MessageTable::publishEvent,
      &MessageTable::registerListener,
      &MessageTable::registerInbox,
      &MessageTable::keepMessage,
      &HostTable::registerAnswer,
      &HostTable::askCapability,
      &JobTable::registerQueue,
      &JobTable::registerSchedule,
      &JobTable::enqueueJob,
      &JobTable::jobProgress,
  };
  return kTable;
}

}  // namespace bulkhead::host
