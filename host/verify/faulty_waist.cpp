#include "verify/faulty_waist.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <utility>

#include <bulkhead/waist.hpp>

#include "data/database_error.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::host {
namespace {

FaultyWaist* active = nullptr;
const bulkhead_host* real_host = nullptr;
bulkhead_host faulty_host{};

constexpr std::pair<ErrorKind, const char*> kKinds[] = {
    {ErrorKind::App, "APP_ERROR"},
    {ErrorKind::Validation, "VALIDATION_ERROR"},
    {ErrorKind::Authentication, "AUTHENTICATION_ERROR"},
    {ErrorKind::Authorization, "AUTHORIZATION_ERROR"},
    {ErrorKind::NotFound, "NOT_FOUND_ERROR"},
    {ErrorKind::Conflict, "CONFLICT_ERROR"},
    {ErrorKind::RateLimit, "RATE_LIMIT_ERROR"},
    {ErrorKind::ExternalService, "EXTERNAL_SERVICE_ERROR"},
    {ErrorKind::Database, "DATABASE_ERROR"},
    {ErrorKind::BusinessLogic, "BUSINESS_LOGIC_ERROR"},
    {ErrorKind::Configuration, "CONFIGURATION_ERROR"}};

CallFault refusedAs(ErrorKind kind, const char* name) {
  CallFault fault;
  fault.words = fmt::format("refused as {}", name);
  fault.refusal = Error{kind, "FAULT_ON_TRIAL", "The host refuses this call, on trial."};
  return fault;
}

std::vector<CallFault> everyKind() {
  std::vector<CallFault> faults;
  for (const auto& [kind, name] : kKinds) faults.push_back(refusedAs(kind, name));
  return faults;
}

CallFault refusedWith(const char* words, Error error, bool ends_transaction) {
  CallFault fault;
  fault.words = words;
  fault.refusal = std::move(error);
  fault.ends_transaction = ends_transaction;
  return fault;
}

std::vector<CallFault> storeFaults() {
  std::vector<CallFault> faults{
      refusedWith("with the store away", data::databaseUnavailable(), true),
      refusedWith("past its deadline", data::deadlineExceeded(), true)};
  for (auto& fault : everyKind()) faults.push_back(std::move(fault));
  return faults;
}

std::vector<CallFault> writeFaults() {
  std::vector<CallFault> faults = storeFaults();
  CallFault death;
  death.words = "after which the home died";
  death.after_effect = true;
  faults.push_back(std::move(death));
  return faults;
}

CallFault outside(std::string words, Outcome outcome, int status, std::string_view code,
                  std::string_view body = {}) {
  CallFault fault;
  fault.words = std::move(words);
  OutboundAnswer& answer = fault.answer.emplace();
  answer.outcome = outcome;
  answer.status = status;
  answer.code = code;
  answer.message = "On trial.";
  answer.body = body;
  return fault;
}

std::vector<CallFault> outboundFaults() {
  std::vector<CallFault> faults{
      outside("not sent", Outcome::NotSent, 0, "NOT_CONNECTED"),
      outside("ambiguous", Outcome::Ambiguous, 0, "DEADLINE_EXCEEDED"),
      outside("rejected by the host", Outcome::Rejected, 0, "ADDRESS_REFUSED"),
      outside("answered 200 with what is no JSON", Outcome::Ok, 200, "", "<html>"),
      outside("answered 200 with nothing", Outcome::Ok, 200, "", ""),
      outside("answered 200 with a list", Outcome::Ok, 200, "", "[null,1]")};
  for (const int status : {302, 400, 401, 403, 404, 409, 422, 429, 500, 503})
    faults.push_back(outside(fmt::format("answered {}", status), Outcome::HttpError, status, "",
                             R"({"error":{"message":"On trial."}})"));
  faults.push_back(refusedAs(ErrorKind::Configuration, "CONFIGURATION_ERROR"));
  return faults;
}

std::vector<CallFault> capabilityFaults() {
  const auto unavailable = [](const char* words, const char* details) {
    return refusedWith(
        words,
        Error::app(kCapabilityUnavailable, "Nobody provides it, on trial.").withDetails(details),
        false);
  };
  std::vector<CallFault> faults{
      unavailable("with nobody who provides it", R"({"reason":"missing","begun":false})"),
      unavailable("with a provider that did not answer in time",
                  R"({"reason":"deadline","begun":true})")};
  for (auto& fault : everyKind()) faults.push_back(std::move(fault));
  return faults;
}

}  // namespace

const std::vector<CallFault>& faultsOf(std::string_view call) {
  static const std::map<std::string, std::vector<CallFault>, std::less<>> kSpecial{
      {"db_read", storeFaults()},       {"db_write", writeFaults()},
      {"tx_read", storeFaults()},       {"tx_send", storeFaults()},
      {"recovery_read", storeFaults()}, {"recovery_keep", writeFaults()},
      {"publish_event", storeFaults()}, {"keep_message", storeFaults()},
      {"enqueue_job", storeFaults()},   {"job_progress", storeFaults()},
      {"http_send", outboundFaults()},  {"call_capability", capabilityFaults()},
      {"register_route", everyKind()},  {"register_health", everyKind()},
      {"register_metric", everyKind()}, {"register_call", everyKind()}};
  static const std::vector<CallFault> kAny = everyKind();
  const auto found = kSpecial.find(call);
  return found == kSpecial.end() ? kAny : found->second;
}

/// The functions that stand in the tables.
struct FaultyWaist::Doors {
  template <auto kMember, class = decltype(kMember)>
  struct Door;

  /// Any member whose last parameter says where to report.
  template <auto kMember, class... Args>
  struct Door<kMember, bulkhead_status (*bulkhead_host::*)(Args...)> {
    static inline const char* name_ = "";
    static bulkhead_status call(Args... args) {
      const bulkhead_error_sink* error = std::get<sizeof...(Args) - 1>(std::tie(args...));
      return through(name_, error, [&] { return (real_host->*kMember)(args...); });
    }
    static void put(const char* of) {
      name_ = of;
      faulty_host.*kMember = &call;
    }
  };

  template <class Call>
  static bulkhead_status through(const char* name, const bulkhead_error_sink* error,
                                 const Call& call) {
    if (const auto death = active->death()) return waist::report(*death, error);
    const CallFault* const fault = active->begin(name);
    if (fault == nullptr) return call();
    if (!fault->after_effect) return waist::report(*fault->refusal, error);
    call();
    active->die();
    return waist::report(*active->death(), error);
  }

  /// A closure of the plugin's, after which nothing may commit that must not.
  struct Closure {
    bulkhead_transaction_fn run;
    void* self;

    static bulkhead_status call(void* self, bulkhead_transaction* transaction,
                                const bulkhead_error_sink* error) {
      const auto& closure = *static_cast<Closure*>(self);
      return ended(closure.run(closure.self, transaction, error), error);
    }
  };

  static bulkhead_status ended(bulkhead_status status, const bulkhead_error_sink* error) {
    if (const auto doom = active->takeDoom(); doom && status == BULKHEAD_OK)
      return waist::report(*doom, error);
    if (const auto death = active->death()) return waist::report(*death, error);
    return status;
  }

  static bulkhead_status dbRead(bulkhead_home* home, bulkhead_context* context,
                                bulkhead_transaction_fn run, void* self,
                                const bulkhead_error_sink* error) {
    Closure closure{run, self};
    return through("db_read", error, [&] {
      return real_host->db_read(home, context, &Closure::call, &closure, error);
    });
  }

  static bulkhead_status dbWrite(bulkhead_home* home, bulkhead_context* context,
                                 bulkhead_transaction_fn run, void* self,
                                 const bulkhead_error_sink* error) {
    Closure closure{run, self};
    return through("db_write", error, [&] {
      return real_host->db_write(home, context, &Closure::call, &closure, error);
    });
  }

  static bulkhead_status httpSend(bulkhead_home* home, bulkhead_context* context,
                                  const bulkhead_http_request* request,
                                  bulkhead_http_answer_fn receive, void* self,
                                  const bulkhead_error_sink* error) {
    if (const auto death = active->death()) return waist::report(*death, error);
    const CallFault* const fault = active->begin("http_send");
    if (fault == nullptr) return real_host->http_send(home, context, request, receive, self, error);
    if (!fault->answer) return waist::report(*fault->refusal, error);
    const OutboundAnswer& told = *fault->answer;
    bulkhead_http_answer answer{};
    answer.size = sizeof answer;
    answer.outcome = static_cast<std::int32_t>(told.outcome);
    answer.status = told.status;
    answer.attempts = 1;
    answer.code = waist::bytes(told.code);
    answer.message = waist::bytes(told.message);
    answer.body = waist::bytes(told.body);
    receive(self, &answer);
    return BULKHEAD_OK;
  }

  static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                                const bulkhead_error_sink* error) {
    real_host = host;
    faulty_host = *host;
    Door<&bulkhead_host::register_route>::put("register_route");
    Door<&bulkhead_host::register_health>::put("register_health");
    Door<&bulkhead_host::register_metric>::put("register_metric");
    Door<&bulkhead_host::register_call>::put("register_call");
    Door<&bulkhead_host::read_setting>::put("read_setting");
    Door<&bulkhead_host::tx_read>::put("tx_read");
    Door<&bulkhead_host::tx_send>::put("tx_send");
    Door<&bulkhead_host::random_bytes>::put("random_bytes");
    Door<&bulkhead_host::recovery_read>::put("recovery_read");
    Door<&bulkhead_host::recovery_keep>::put("recovery_keep");
    Door<&bulkhead_host::recovery_token>::put("recovery_token");
    Door<&bulkhead_host::body_read>::put("body_read");
    Door<&bulkhead_host::call_capability>::put("call_capability");
    Door<&bulkhead_host::register_events>::put("register_events");
    Door<&bulkhead_host::register_listener>::put("register_listener");
    Door<&bulkhead_host::register_inbox>::put("register_inbox");
    Door<&bulkhead_host::register_answer>::put("register_answer");
    Door<&bulkhead_host::publish_event>::put("publish_event");
    Door<&bulkhead_host::keep_message>::put("keep_message");
    Door<&bulkhead_host::ask_capability>::put("ask_capability");
    Door<&bulkhead_host::register_queue>::put("register_queue");
    Door<&bulkhead_host::register_schedule>::put("register_schedule");
    Door<&bulkhead_host::enqueue_job>::put("enqueue_job");
    Door<&bulkhead_host::job_progress>::put("job_progress");
    faulty_host.db_read = &dbRead;
    faulty_host.db_write = &dbWrite;
    faulty_host.http_send = &httpSend;
    return active->real_.create(&faulty_host, home, plugin, error);
  }

  static bulkhead_status handle(void* plugin, const bulkhead_request* request,
                                bulkhead_transaction* transaction, const bulkhead_response* out,
                                const bulkhead_error_sink* error) {
    const bulkhead_status status = active->real_.handle(plugin, request, transaction, out, error);
    return ended(status, error);
  }
};

FaultyWaist::FaultyWaist(const bulkhead_plugin& real) : real_{real}, table_{} {
  active = this;
  std::memcpy(&table_, &real, std::min<std::size_t>(real.size, sizeof table_));
  table_.create = &Doors::create;
  table_.handle = &Doors::handle;
}

FaultyWaist::~FaultyWaist() {
  active = nullptr;
}

void FaultyWaist::arm(std::size_t call, const CallFault* fault) {
  const std::lock_guard lock{mutex_};
  armed_ = true;
  dead_ = false;
  target_ = call;
  fault_ = fault;
  calls_.clear();
  failed_.clear();
  doom_.reset();
}

void FaultyWaist::disarm() {
  const std::lock_guard lock{mutex_};
  armed_ = false;
  dead_ = false;
  fault_ = nullptr;
  doom_.reset();
}

std::vector<std::string> FaultyWaist::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

std::string FaultyWaist::failed() const {
  const std::lock_guard lock{mutex_};
  return failed_;
}

bool FaultyWaist::isDead() const {
  const std::lock_guard lock{mutex_};
  return dead_;
}

const CallFault* FaultyWaist::begin(const char* name) {
  const std::lock_guard lock{mutex_};
  if (!armed_) return nullptr;
  calls_.emplace_back(name);
  if (fault_ == nullptr || calls_.size() != target_) return nullptr;
  failed_ = name;
  const bool in_a_transaction = failed_.starts_with("tx_") || failed_ == "publish_event" ||
                                failed_ == "keep_message" || failed_ == "enqueue_job";
  if (in_a_transaction && fault_->ends_transaction) doom_ = fault_->refusal;
  return fault_;
}

std::optional<Error> FaultyWaist::death() const {
  if (!isDead()) return std::nullopt;
  return Error::app("PLUGIN_CRASHED", "The home has died.");
}

void FaultyWaist::die() {
  const std::lock_guard lock{mutex_};
  dead_ = true;
}

std::optional<Error> FaultyWaist::takeDoom() {
  const std::lock_guard lock{mutex_};
  return std::exchange(doom_, std::nullopt);
}

}  // namespace bulkhead::host
