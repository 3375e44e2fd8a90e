#include "runtime/plugin_home.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/waist.hpp>

#include "logging/loaded_modules.hpp"
#include "logging/work_in_hand.hpp"
#include "runtime/call_scope.hpp"
#include "runtime/call_stage.hpp"
#include "runtime/error_response.hpp"
#include "runtime/host_table.hpp"
#include "runtime/idempotency.hpp"
#include "runtime/job_schema.hpp"
#include "runtime/message_schema.hpp"
#include "runtime/plugin_answer.hpp"
#include "runtime/plugin_input.hpp"
#include "runtime/recovery_points.hpp"

namespace bulkhead::host {
namespace {

/// Thrown out of a write closure to roll back an answer that must not commit (5xx) and is still the
/// answer.
struct RolledBackAnswer {
  HttpResponse response;
};

/// For storing the answer of a request whose deadline has passed.
constexpr std::chrono::seconds kAnswerPatience{5};

/// Refusals of the domain are answers that a repeat gets again; what the request never got to, or
/// what may mend itself, is not.
bool isStoredRefusal(const Error& error) {
  const int status = statusOf(error);
  return status >= 400 && status < 500 && error.kind() != ErrorKind::Validation && status != 429 &&
         error.code() != "IDEMPOTENCY_KEY_REUSED";
}

/// A refusal is told anew: its body names the request, and that is now this one.
HttpResponse replay(idempotency::StoredAnswer stored, const ErrorContext& context) {
  const auto* refusal = std::get_if<Error>(&stored);
  HttpResponse response = refusal != nullptr ? errorResponse(*refusal, context)
                                             : std::get<HttpResponse>(std::move(stored));
  response.addHeader("Idempotent-Replayed", "true");
  return response;
}

bool isSecretHeader(std::string_view name) {
  return name == "authorization" || name == "cookie" || name == "x-api-key" ||
         name == "proxy-authorization";
}

std::vector<bulkhead_field> crossingFields(const Fields& fields, bool drop_secrets) {
  std::vector<bulkhead_field> crossing;
  crossing.reserve(fields.size());
  for (const auto& [name, value] : fields) {
    if (!drop_secrets || !isSecretHeader(name))
      crossing.push_back({waist::bytes(name), waist::bytes(value)});
  }
  return crossing;
}

}  // namespace

PluginHome::PluginHome(const bulkhead_plugin& table, HomeOptions options, HomeServices services)
    : table_{table},
      options_{std::move(options)},
      default_deadline_ms_{options_.default_deadline.count()},
      services_{services},
      wall_base_us_{services_.clock.nowUs() - services_.clock.monotonicUs()},
      handle_{std::make_unique<bulkhead_home>(bulkhead_home{*this})} {}

PluginHome::~PluginHome() {
  stop();
}

void PluginHome::create() {
  rememberLoadedModules();
  const WorkInHand work{{options_.plugin, options_.version}, "create"};
  creating_ = true;
  waist::ErrorCatcher caught;
  const bulkhead_status status =
      table_.create(&hostTable(), handle_.get(), &object_, caught.sink());
  creating_ = false;
  if (status != BULKHEAD_OK) object_ = nullptr;  // then there is nothing to destroy
  try {
    caught.check(status);
    if (refused_registration_) throw Error{*refused_registration_};
    if (object_ == nullptr)
      throw Error::configuration("CREATE_GAVE_NOTHING", "create() succeeded and gave no plugin.");
  } catch (...) {
    routes_.clear();
    published_.clear();
    schedules_.clear();
    contributors_.clear();
    services_.metrics.withdraw(std::exchange(metrics_, {}));
    throw;
  }
}

void PluginHome::start() {
  const WorkInHand work{{options_.plugin, options_.version}, "start"};
  if (services_.store != nullptr) {
    try {
      readyStore();
    } catch (const Error& error) {
      if (error.code() != "DATABASE_UNAVAILABLE")
        throw;  // away at start is no reason to close (S81, S99)
      services_.log.write(options_.plugin, BULKHEAD_LOG_WARN,
                          "The store is away; starting in degraded mode.", {}, {});
    }
  }
  if (table_.start != nullptr) {
    waist::ErrorCatcher caught;
    caught.check(table_.start(object_, caught.sink()));
  }
  started_ = true;
}

void PluginHome::stop() noexcept {
  if (object_ == nullptr || gone_) return;
  const WorkInHand work{{options_.plugin, options_.version}, "stop"};
  if (started_ && table_.stop != nullptr) table_.stop(object_);
  table_.destroy(object_);
  abandon();
}

/// `object_` keeps its value: a call that has just found the plugin present may still enter it.
void PluginHome::abandon() noexcept {
  if (gone_.exchange(true)) return;
  waist::guarded(nullptr, [&] { services_.metrics.withdraw(metrics_); });
}

void PluginHome::requirePresent() const {
  if (!gone_) return;
  throw Error::app("PLUGIN_UNAVAILABLE",
                   fmt::format("The service '{}' has been closed.", options_.plugin))
      .withRetryAfter(5);
}

HttpResponse PluginHome::handle(const RegisteredRoute& route, const HttpRequest& request,
                                std::chrono::steady_clock::time_point deadline) noexcept {
  const WorkInHand work{
      {options_.plugin, options_.version}, request.method, route.path, request.request_id};
  bulkhead_context context{deadline, &request};
  try {
    const PluginInput input = admit(route, request);
    context.input = &input;
    return dispatch(route, request, context);
  } catch (RolledBackAnswer& answer) {
    answer.response.refusal = {ErrorKind::App, "PLUGIN_ANSWERED_5XX",
                               "The plugin's own answer; what it wrote was rolled back."};
    return std::move(answer.response);
  } catch (const Error& error) {
    return refuse(error, route, request);
  } catch (const std::exception& error) {
    return refuse(Error::app("INTERNAL_ERROR", error.what()), route, request);
  } catch (...) {
    return refuse(
        Error::app("INTERNAL_ERROR", "Something that is not a std::exception was thrown."), route,
        request);
  }
}

void PluginHome::logFailure(const Error& error, const RegisteredRoute& route,
                            const HttpRequest& request, int status) {
  const std::string fields = toJson([&](JsonWriter& out) {
    out.object("code", error.code(), "method", request.method, "route", route.path, "status",
               status);
  });
  services_.log.write(options_.plugin, BULKHEAD_LOG_ERROR, error.message(), fields,
                      traceOf(request));
}

PluginInput PluginHome::admit(const RegisteredRoute& route, const HttpRequest& request) const {
  route.contract.check(request);
  PluginInput input{request, route.contract};
  if (input.changed() > 0) {
    tellSanitized(route, request, input.changed());
    route.contract.checkAgain(input.query(), input.body());
  }
  return input;
}

/// Never what was written: it was meant to act.
void PluginHome::tellSanitized(const RegisteredRoute& route, const HttpRequest& request,
                               std::size_t values) const {
  services_.metrics.countSanitized(options_.plugin, values);
  const std::string fields = toJson([&](JsonWriter& out) {
    out.object("method", request.method, "route", route.path, "values", values);
  });
  services_.log.write(options_.plugin, BULKHEAD_LOG_DEBUG, "Input sanitized", fields,
                      traceOf(request));
}

HttpResponse PluginHome::refuse(const Error& error, const RegisteredRoute& route,
                                const HttpRequest& request) {
  const int status = statusOf(error);
  if (status >= 500) logFailure(error, route, request, status);
  const bool hide = error.code() == "INTERNAL_ERROR" && !options_.development;
  const Error shown =
      hide ? Error::app("INTERNAL_ERROR",
                        "The request could not be completed. The fault has been logged.")
           : error;
  return errorResponse(shown, contextOf(request, options_.development));
}

void PluginHome::handleStreams(const RegisteredRoute& route, const HttpRequest& request,
                               std::chrono::steady_clock::time_point deadline,
                               const AnswerOutlet& outlet) noexcept {
  const WorkInHand work{
      {options_.plugin, options_.version}, request.method, route.path, request.request_id};
  bulkhead_context context{deadline, &request, nullptr, nullptr, &route.contract};
  PluginAnswer answer{route.contract.streamsResponse() ? &outlet : nullptr};
  try {
    const PluginInput input = admit(route, request);
    context.input = &input;
    callPlugin(route, request, context, nullptr, answer);
    if (!answer.stream()) {
      outlet.respond(answer.take());
    } else {
      answer.stream()->finish();
    }
  } catch (const Error& error) {
    failStreams(error, route, request, answer, outlet);
  } catch (const std::exception& error) {
    failStreams(Error::app("INTERNAL_ERROR", error.what()), route, request, answer, outlet);
  } catch (...) {
    failStreams(Error::app("INTERNAL_ERROR", "Something that is not a std::exception was thrown."),
                route, request, answer, outlet);
  }
}

/// An answer that has begun cannot become a refusal: it is broken off, and the log says why.
void PluginHome::failStreams(const Error& error, const RegisteredRoute& route,
                             const HttpRequest& request, const PluginAnswer& answer,
                             const AnswerOutlet& outlet) {
  if (answer.tooLate()) return;
  if (!answer.stream()) {
    outlet.respond(refuse(error, route, request));
    return;
  }
  if (error.code() != kStreamEnded) logFailure(error, route, request, statusOf(error));
  answer.stream()->finish(ByteStream::End::BrokenOff);
}

HttpResponse PluginHome::dispatch(const RegisteredRoute& route, const HttpRequest& request,
                                  bulkhead_context& context) {
  if (route.kind == EntryKind::Desk) return workOnMessages(request, context);
  if (route.kind == EntryKind::Event) return runMessage(route, request, context);
  if (route.kind == EntryKind::JobDesk) return workOnJobs(request, context);
  if (route.kind == EntryKind::Job) return runJob(route, request, context);
  switch (route.contract.transaction()) {
    case RouteTransaction::None:
      if (!route.contract.recoveryPoints().empty())
        return dispatchRecovering(route, request, context);
      return callPlugin(route, request, context, nullptr);
    case RouteTransaction::Write:
      return dispatchWrite(route, request, context);
    case RouteTransaction::Read:
      break;
  }
  HttpResponse response;
  runRead(&context, [&](bulkhead_transaction& transaction) {
    response = callPlugin(route, request, context, &transaction);
  });
  return response;
}

HttpResponse PluginHome::dispatchWrite(const RegisteredRoute& route, const HttpRequest& request,
                                       bulkhead_context& context) {
  const auto claim = readIdempotencyClaim(route.contract, request);
  HttpResponse response;
  runWrite(&context, [&](bulkhead_transaction& transaction) {
    const std::int64_t now_us = services_.clock.nowUs();
    if (claim) {
      if (auto stored = idempotency::find(transaction.transaction, *claim, now_us)) {
        response = replay(std::move(*stored), contextOf(request, options_.development));
        return;
      }
    }
    try {
      transaction.transaction.nested([&] {
        response = callPlugin(route, request, context, &transaction);
        if (transaction.doom) throw Error{*std::exchange(transaction.doom, std::nullopt)};
        if (response.status >= 500) throw RolledBackAnswer{response};
      });
    } catch (const Error& error) {
      transaction.doom.reset();
      if (!claim || !isStoredRefusal(error)) throw;
      idempotency::save(transaction.transaction, *claim, error, now_us);
      response = errorResponse(error, contextOf(request, options_.development));
      return;
    }
    if (claim) idempotency::save(transaction.transaction, *claim, response, now_us);
  });
  return response;
}

/// The stored answer of a request that calls out. Without one the request is begun, unless an equal
/// one runs: that is 409.
std::optional<HttpResponse> PluginHome::findAnswer(const IdempotencyClaim& claim,
                                                   const HttpRequest& request,
                                                   bulkhead_context& context, bool running) {
  std::optional<idempotency::StoredAnswer> stored;
  runWrite(&context, [&](bulkhead_transaction& transaction) {
    const std::int64_t now_us = services_.clock.nowUs();
    stored = idempotency::find(transaction.transaction, claim, now_us);
    if (stored) return;
    if (running) {
      recovery::checkFingerprint(transaction.transaction, claim);
    } else {
      recovery::begin(transaction.transaction, claim, now_us);
    }
  });
  if (stored) return replay(std::move(*stored), contextOf(request, options_.development));
  if (!running) return std::nullopt;
  throw Error::conflict("IDEMPOTENCY_IN_PROGRESS",
                        "The first request with this Idempotency-Key is still being worked on.")
      .withRetryAfter(1);
}

/// What happened outside has happened: its answer is stored even when the request's time is over.
template <class Answer>
void PluginHome::storeAnswer(const IdempotencyClaim& claim, const Answer& answer,
                             bulkhead_context& context) {
  bulkhead_context patient{
      std::max(context.deadline, std::chrono::steady_clock::now() + kAnswerPatience),
      context.request, nullptr};
  runWrite(&patient, [&](bulkhead_transaction& transaction) {
    idempotency::save(transaction.transaction, claim, answer, services_.clock.nowUs());
    recovery::forget(transaction.transaction, claim);
  });
}

HttpResponse PluginHome::dispatchRecovering(const RegisteredRoute& route,
                                            const HttpRequest& request, bulkhead_context& context) {
  const auto claim = readIdempotencyClaim(route.contract, request).value();
  const auto hold = readyStore().hold(recovery::numberOf(claim));
  if (auto answer = findAnswer(claim, request, context, !hold)) return std::move(*answer);
  const RecoveringCall call{claim, route.contract};
  bulkhead_context recovering{context.deadline, context.request, &call, context.input};
  HttpResponse response;
  try {
    response = callPlugin(route, request, recovering, nullptr);
  } catch (const Error& error) {
    if (!isStoredRefusal(error)) throw;
    storeAnswer(claim, error, context);
    return errorResponse(error, contextOf(request, options_.development));
  }
  if (response.status < 500) storeAnswer(claim, response, context);
  return response;
}

HttpResponse PluginHome::callPlugin(const RegisteredRoute& route, const HttpRequest& request,
                                    bulkhead_context& context, bulkhead_transaction* transaction) {
  PluginAnswer answer;
  callPlugin(route, request, context, transaction, answer);
  return answer.take();
}

void PluginHome::callPlugin(const RegisteredRoute& route, const HttpRequest& request,
                            bulkhead_context& context, bulkhead_transaction* transaction,
                            PluginAnswer& answer) {
  const PluginInput& input = *context.input;
  const auto parameters = crossingFields(input.parameters(), false);
  const auto query = crossingFields(input.query(), false);
  const auto headers = crossingFields(request.headers, true);
  const std::string scopes = fmt::format("{}", fmt::join(request.principal.scopes, " "));
  const bulkhead_request crossing{sizeof(bulkhead_request),
                                  route.number,
                                  &context,
                                  waist::bytes(request.method),
                                  waist::bytes(request.path),
                                  waist::bytes(request.principal.tenant),
                                  waist::bytes(request.principal.key_id),
                                  waist::bytes(request.request_id),
                                  waist::bytes(request.trace_id),
                                  waist::bytes(input.body()),
                                  parameters.data(),
                                  parameters.size(),
                                  query.data(),
                                  query.size(),
                                  headers.data(),
                                  headers.size(),
                                  waist::bytes(scopes)};
  requirePresent();
  const RunningContext running{context};
  const bulkhead_response out = answer.door();
  waist::ErrorCatcher caught;
  caught.check(table_.handle(object_, &crossing, transaction, &out, caught.sink()));
}

std::string PluginHome::checkHealth(const RegisteredContributor& contributor,
                                    std::chrono::steady_clock::time_point deadline) {
  const WorkInHand work{{options_.plugin, options_.version}, "check_health", contributor.name};
  requirePresent();
  bulkhead_context context{deadline, nullptr};
  const RunningContext running{context};
  HealthResult result;
  const bulkhead_sink sink = result.door();
  waist::ErrorCatcher caught;
  caught.check(table_.check_health(object_, contributor.number, &context, &sink, caught.sink()));
  return result.take();
}

void PluginHome::runRead(bulkhead_context* context,
                         const std::function<void(bulkhead_transaction&)>& closure) {
  const CallStageMark stage{CallStage::Read};
  const auto deadline = deadlineOf(context);
  data::Store& store = readyStore();
  store.read(
      [&](data::Transaction& transaction) {
        const TransactionScope scope;
        bulkhead_transaction crossing{transaction, {}};
        closure(crossing);
      },
      deadline);
}

void PluginHome::runWrite(bulkhead_context* context,
                          const std::function<void(bulkhead_transaction&)>& closure) {
  const CallStageMark stage{CallStage::Write};
  const auto deadline = deadlineOf(context);
  data::Store& store = readyStore();
  bool has_work = false;
  const bulkhead_context* const running = RunningContext::unless(context);
  auto* const place = CallStageMark::watched();
  store.write(
      [&](data::Transaction& transaction) {
        const CallStagePlace own{place};  // whoever leads the group of writes
        const TransactionScope scope;
        requireJob(running, transaction);
        bulkhead_transaction crossing{transaction, {}, context ? context->request : nullptr};
        closure(crossing);
        if (crossing.doom) throw Error{*crossing.doom};
        has_work = crossing.has_work;
      },
      deadline);
  if (has_work && services_.bell != nullptr) services_.bell->ring(options_.plugin);
}

std::chrono::steady_clock::time_point PluginHome::deadlineOf(
    const bulkhead_context* context) const {
  if (context != nullptr && context->streaming == nullptr) return context->deadline;
  return std::chrono::steady_clock::now() + std::chrono::milliseconds{default_deadline_ms_};
}

data::Store& PluginHome::readyStore() {
  if (services_.store == nullptr || creating_) {
    throw Error::configuration(
        "NO_STORE", "This plugin has no store: plugin.json says so, or it is still being created.");
  }
  TransactionScope::requireOutside("The store is not asked for a transaction");
  if (!prepared_.load(std::memory_order_acquire)) {
    const std::lock_guard lock{prepare_mutex_};
    if (!prepared_.load(std::memory_order_relaxed)) {
      if (options_.migrate) options_.migrate(*services_.store);
      const auto has = [&](EntryKind kind) {
        return std::any_of(routes_.begin(), routes_.end(),
                           [&](const auto& route) { return route->kind == kind; });
      };
      if (has(EntryKind::Desk))
        migrateMessages(*services_.store, options_.plugin, deadlineOf(nullptr));
      if (has(EntryKind::JobDesk))
        migrateJobs(*services_.store, options_.plugin, deadlineOf(nullptr));
      services_.store->write(
          [&](data::Transaction& transaction) {
            idempotency::prepare(transaction);
            recovery::prepare(transaction);
          },
          deadlineOf(nullptr));
      prepared_.store(true, std::memory_order_release);
    }
  }
  return *services_.store;
}

}  // namespace bulkhead::host
