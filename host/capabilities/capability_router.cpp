#include "capabilities/capability_router.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>
#include <bulkhead/json_writer.hpp>

#include "capabilities/capability_exchange.hpp"
#include "logging/log.hpp"
#include "logging/log_context.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr int kUnavailableRetryS = 5;
/// A longer one has no details.
constexpr std::size_t kRefusalBytesMax = std::size_t{64} * 1024;

/// Nobody can answer, and why: a word that programs read.
class Unavailable : public Error {
 public:
  enum class Begun { No, MaybeYes };

  Unavailable(const CapabilityCall& call, std::string_view reason, Begun begun,
              std::string_view sentence)
      : Error{Error::app(kCapabilityUnavailable, fmt::format("{} of {} is unavailable: {}",
                                                             call.name, call.capability, sentence))
                  .withDetails(detailsOf(call, reason, begun))
                  .withRetryAfter(kUnavailableRetryS)},
        reason_{reason} {}

  std::string_view reason() const noexcept { return reason_; }

 private:
  static std::string detailsOf(const CapabilityCall& call, std::string_view reason, Begun begun) {
    return toJson([&](JsonWriter& out) {
      out.object("capability", call.capability, "call", call.name, "reason", reason, "begun",
                 begun == Begun::MaybeYes);
    });
  }

  std::string_view reason_;  // of a literal
};

using Begun = Unavailable::Begun;

/// A refusal as its provider made it; the answer has it in the words of a client's.
Error refusalIn(const HttpResponse& answer) {
  int retry_s = 0;
  for (const auto& [name, value] : answer.headers) {
    if (name == "Retry-After") std::from_chars(value.data(), value.data() + value.size(), retry_s);
  }
  std::string details;
  const bool is_readable =
      answer.body.size() <= kRefusalBytesMax && !nestsDeeperThan(kJsonLevelsMax, answer.body);
  const Json body = is_readable ? Json::parse(answer.body, nullptr, false) : Json{};
  if (const auto error = body.is_object() ? body.find("error") : body.end();
      error != body.end() && error->is_object() && error->contains("details"))
    details = error->at("details").dump(-1, ' ', false, Json::error_handler_t::replace);
  const Refusal& refusal = answer.refusal;
  return Error{refusal.kind, refusal.code, refusal.message}
      .withDetails(std::move(details))
      .withRetryAfter(retry_s);
}

/// The host's own refusals of a request on its way to the provider.
Unavailable unavailableFor(const CapabilityCall& call, const Error& refusal) {
  const std::string& code = refusal.code();
  if (code == "CIRCUIT_OPEN") return {call, "circuit_open", Begun::No, refusal.message()};
  if (code == "PLUGIN_CRASHED" || code == "POISON_REQUEST")
    return {call, "crashed", Begun::MaybeYes, refusal.message()};
  if (code == "OVERLOADED") return {call, "overloaded", Begun::No, refusal.message()};
  // a home that is ended (DRAINING) refuses what it has begun with the same words
  const bool is_safe = code == "PLUGIN_UNAVAILABLE";
  return {call, "closed", is_safe ? Begun::No : Begun::MaybeYes, refusal.message()};
}

/// What the provider's breaker is told of an answer that its contract does not allow, or of none.
HttpResponse faultOf(int status, std::string_view code) {
  HttpResponse fault;
  fault.status = status;
  fault.refusal = {ErrorKind::App, std::string{code}, {}};
  return fault;
}

void warn(const CapabilityCall& call, const Compartment& provider, std::string_view what,
          std::string_view problem) {
  LogContext context;
  context.plugin = provider.id();
  context.request_id = call.trace.request_id;
  context.trace_id = call.trace.trace_id;
  const LogScope scope{context};
  log(Level::Warn, "capabilities", what,
      {{"capability", call.capability},
       {"call", call.name},
       {"caller", call.caller},
       {"problem", problem}});
}

std::string_view nameIn(std::string_view capability) {
  return capability.substr(0, capability.find('/'));
}

[[noreturn]] void refuseCapability(const std::string& plugin, const std::string& problem) {
  throw Error::configuration("CAPABILITY_REFUSED", fmt::format("{}: {}", plugin, problem));
}

std::string keyOf(std::string_view capability, std::string_view ask) {
  return fmt::format("{}/{}", capability, ask);
}

/// Whether a plugin has what it was admitted with: one that was switched off, or never came to run,
/// keeps it from nobody.
bool holds(const Compartment& compartment) {
  switch (compartment.status().state) {
    case PluginState::Disabled:
    case PluginState::Refused:
    case PluginState::Failed:
    case PluginState::Missing:
    case PluginState::Stopped:
      return false;
    default:
      return true;
  }
}

/// Of either side, before anybody is asked.
void requireFits(const CapabilityCall& call, const CallContract& terms) {
  if (const auto problems = problemsOf(terms.request, call.request, terms.bytes_max)) {
    throw Error::app("CAPABILITY_REQUEST_REFUSED",
                     fmt::format("{} of {} is not asked like that.", call.name, call.capability))
        .withDetails(*problems);
  }
}

}  // namespace

CapabilityRouter::CapabilityRouter(Configured configured, Record record)
    : configured_{std::move(configured)}, record_{std::move(record)} {
  for (const auto& contract : builtInContracts()) {
    // the program's own, which lives as long as it
    built_in_[contract.capability()] = {std::shared_ptr<const void>{}, &contract};
  }
}

/// An event that is listened to is one that the contract has, where there is one: of a capability
/// that only its provider has a contract of, that says nothing of other majors or later.
void CapabilityRouter::requireEvent(const std::string& plugin,
                                    const std::map<std::string, Contract, std::less<>>& known,
                                    const RegisteredRoute& listener) const {
  if (listener.capability.empty()) return;
  Contract contract;
  if (const auto found = known.find(listener.capability); found != known.end()) {
    contract = found->second;
  } else {
    const std::lock_guard lock{mutex_};
    const auto provider = providers_.find(listener.capability);
    if (provider != providers_.end()) contract = provider->second.contract;
  }
  if (!contract || contract->findEvent(listener.call) != nullptr) return;
  refuseCapability(plugin, fmt::format("it listens to '{}', which the contract of {} does not have",
                                       listener.call, listener.capability));
}

CapabilityRouter::Providers CapabilityRouter::providersIn(
    const std::shared_ptr<Compartment>& compartment, const Home& home) const {
  const PluginCapabilities& said = home.capabilities();
  auto known = built_in_;
  for (auto& contract : contractsIn(said.contracts, compartment->id())) {
    const std::string capability = contract.capability();
    auto shared = std::make_shared<const CapabilityContract>(std::move(contract));
    if (!known.emplace(capability, std::move(shared)).second)
      refuseCapability(compartment->id(), capability + " has a contract already");
  }
  Providers own;
  for (const auto& capability : said.provides) {
    const auto contract = known.find(capability);
    own[capability] = {compartment, contract == known.end() ? nullptr : contract->second, {}};
  }
  for (const auto& route : home.routes()) {
    if (route->kind == EntryKind::Event) requireEvent(compartment->id(), known, *route);
    if (route->kind != EntryKind::Call) continue;
    Provider& provider = own[route->capability];
    if (!provider.contract)
      refuseCapability(compartment->id(), route->capability + " has no contract: bring one");
    if (provider.contract->find(route->call) == nullptr) {
      refuseCapability(compartment->id(), fmt::format("the contract of {} has no call '{}'",
                                                      route->capability, route->call));
    }
    provider.calls.emplace(route->call, route);
  }
  return own;
}

CapabilityRouter::Answerers CapabilityRouter::answerersIn(
    const std::shared_ptr<Compartment>& compartment, const Home& home) const {
  Answerers own;
  for (const auto& route : home.routes()) {
    if (route->kind != EntryKind::Ask) continue;
    // that of another plugin's contract is not known before the plugin is here
    const auto contract = built_in_.find(route->capability);
    if (contract != built_in_.end() && contract->second->findAsk(route->call) == nullptr) {
      refuseCapability(compartment->id(), fmt::format("the contract of {} has no ask '{}'",
                                                      route->capability, route->call));
    }
    own[keyOf(route->capability, route->call)] = {compartment, route};
  }
  return own;
}

void CapabilityRouter::requireNoOther(const Compartment& compartment, const Providers& provides,
                                      const Answerers& answers) const {
  const auto refuse = [&](const auto& present, const std::string& name, const char* verb) {
    const auto other = present.find(name);
    if (other == present.end() || other->second.compartment->id() == compartment.id()) return;
    if (!holds(*other->second.compartment)) return;
    throw Error::configuration("CAPABILITY_CONFLICT",
                               fmt::format("{} is {} by '{}' already; disable one of the two.",
                                           name, verb, other->second.compartment->id()));
  };
  const std::lock_guard lock{mutex_};
  for (const auto& [capability, provider] : provides) refuse(providers_, capability, "provided");
  for (const auto& [ask, answerer] : answers) refuse(answerers_, ask, "answered");
}

void CapabilityRouter::admit(const std::shared_ptr<Compartment>& compartment, const Home& home,
                             const std::function<void()>& then) {
  const std::lock_guard admission{admitting_};
  Providers provides = providersIn(compartment, home);
  Answerers answers = answerersIn(compartment, home);
  requireNoOther(*compartment, provides, answers);
  then();
  const auto isOwn = [&](const auto& entry) {
    return entry.second.compartment->id() == compartment->id();
  };
  const std::lock_guard lock{mutex_};
  std::erase_if(providers_, isOwn);
  std::erase_if(answerers_, isOwn);
  for (auto& [capability, provider] : provides) providers_[capability] = std::move(provider);
  for (auto& [ask, answerer] : answers) answerers_[ask] = std::move(answerer);
}

std::string CapabilityRouter::call(const CapabilityCall& call) {
  return recorded(EntryKind::Call, call);
}

std::string CapabilityRouter::ask(const CapabilityCall& ask) {
  return recorded(EntryKind::Ask, ask);
}

std::string CapabilityRouter::recorded(EntryKind kind, const CapabilityCall& call) {
  const auto begin = Steady::now();
  CapabilityRecord record{kind, call.capability, "unknown", call.caller, "mistaken"};
  const auto tell = [&] {
    record.duration = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begin);
    if (record_) record_(record);
  };
  try {
    if (call.depth > kCallDepthMax) throw callTooDeep();
    const Found found = kind == EntryKind::Ask ? findAnswerer(call) : findProvider(call);
    record.call = call.name;
    requireFits(call, *found.terms);
    std::string answer = exchange(call, found, record);
    tell();
    return answer;
  } catch (const Unavailable& problem) {
    record.outcome = problem.reason();
    tell();
    throw;
  } catch (const Error&) {
    tell();
    throw;
  }
}

CapabilityRouter::Found CapabilityRouter::findProvider(const CapabilityCall& call) const {
  Provider provider;
  {
    const std::lock_guard lock{mutex_};
    const auto found = providers_.find(call.capability);
    if (found != providers_.end()) provider = found->second;
  }
  if (!provider.compartment) {
    const std::string why = whyNobody(call.capability);
    throw Unavailable{call, why.empty() ? "missing" : "other_major", Begun::No,
                      "no enabled plugin provides it" + why + "."};
  }
  Found found{provider.compartment, provider.contract, nullptr, nullptr};
  if (found.contract) found.terms = found.contract->find(call.name);
  if (found.terms == nullptr) {
    throw Error::app("NO_SUCH_CALL", fmt::format("The contract of {} has no call '{}'.",
                                                 call.capability, call.name));
  }
  const auto route = provider.calls.find(call.name);
  if (route != provider.calls.end()) found.route = route->second;
  return found;
}

/// By the contract that the asking plugin was admitted with.
CapabilityRouter::Found CapabilityRouter::findAnswerer(const CapabilityCall& ask) const {
  Found found;
  {
    const std::lock_guard lock{mutex_};
    const auto asking = providers_.find(ask.capability);
    if (asking != providers_.end() && asking->second.compartment->id() == ask.caller)
      found.contract = asking->second.contract;
    const auto answerer = answerers_.find(keyOf(ask.capability, ask.name));
    if (answerer != answerers_.end()) {
      found.compartment = answerer->second.compartment;
      found.route = answerer->second.route;
    }
  }
  if (!found.contract)
    throw Unavailable{ask, "closed", Begun::No, "who asks does not provide it yet."};
  found.terms = found.contract->findAsk(ask.name);
  if (found.terms == nullptr) {
    throw Error::app("NO_SUCH_ASK",
                     fmt::format("The contract of {} has no ask '{}'.", ask.capability, ask.name));
  }
  return found;
}

/// A clause about another major version of it, or nothing.
std::string CapabilityRouter::whyNobody(std::string_view capability) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [other, provider] : providers_) {
    if (nameIn(other) == nameIn(capability))
      return fmt::format("; there is {}, and only equal majors are joined", other);
  }
  return {};
}

std::string CapabilityRouter::exchange(const CapabilityCall& call, const Found& found,
                                       CapabilityRecord& record) const {
  if (!found.compartment)
    throw Unavailable{call, "missing", Begun::No, "no enabled plugin answers it."};
  Compartment& provider = *found.compartment;
  if (!found.route) {
    throw Unavailable{call, "not_answered", Begun::No,
                      fmt::format("'{}' does not answer it.", provider.id())};
  }
  const bool is_call = found.route->kind == EntryKind::Call;
  if (is_call && configured_ && !configured_(provider.id())) {
    throw Unavailable{call, "not_configured", Begun::No,
                      fmt::format("'{}' has no credentials.", provider.id())};
  }
  const auto contracts_end = Steady::now() + found.terms->deadline;
  const auto exchange = std::make_shared<CapabilityExchange>(
      found.route, call, std::min(call.deadline, contracts_end), found.terms->safe);
  if (!provider.submit(exchange)) {
    const PluginState state = provider.status().state;
    // one whose requests hang has threads of its own for asks
    const bool open = state == PluginState::Running || (!is_call && state == PluginState::Hung);
    throw Unavailable{call, open ? "overloaded" : "closed", Begun::No,
                      open ? fmt::format("'{}' has no room for more of them.", provider.id())
                           : fmt::format("'{}' is {}.", provider.id(), nameOf(state))};
  }
  const auto outcome = exchange->await(call.given_up);
  if (outcome.refusal) {
    exchange->judge(errorResponse(*outcome.refusal, {}));
    throw unavailableFor(call, *outcome.refusal);
  }
  if (outcome.answer) return accept(call, found, *exchange, *outcome.answer, record);
  // It is the provider's fault when it had the time that its contract promises it.
  if (!outcome.given_up && contracts_end <= call.deadline) {
    exchange->judge(faultOf(504, "DEADLINE_EXCEEDED"));
  } else {
    exchange->excuse();
  }
  throw Unavailable{call, "deadline", Begun::MaybeYes,
                    fmt::format("'{}' did not answer in time.", provider.id())};
}

std::string CapabilityRouter::accept(const CapabilityCall& call, const Found& found,
                                     CapabilityExchange& exchange, const HttpResponse& answer,
                                     CapabilityRecord& record) const {
  const Compartment& provider = *found.compartment;
  const auto mistaken = [&](std::string_view what, std::string_view problem) {
    warn(call, provider, what, problem);
    exchange.judge(faultOf(500, "CAPABILITY_ANSWER_REFUSED"));
    return Unavailable{
        call, "mistaken_answer", Begun::MaybeYes,
        fmt::format("'{}' answered what the contract does not allow.", provider.id())};
  };
  if (answer.status < 300) {
    if (const auto problems =
            problemsOf(found.terms->response, answer.body, found.terms->bytes_max))
      throw mistaken("A provider answered against its contract", *problems);
    exchange.judge(answer);
    record.outcome = "answered";
    return answer.body;
  }
  const Error refusal = refusalIn(answer);
  const bool declared = found.terms->errors.contains(refusal.code());
  if (!declared && answer.status < 500)
    throw mistaken("A provider refused against its contract", refusal.code());
  exchange.judge(answer);
  if (declared) {
    record.outcome = "refused";
    throw Error{refusal};
  }
  if (refusal.code() == "NOT_CONFIGURED")
    throw Unavailable{call, "not_configured", Begun::No, refusal.message()};
  throw Unavailable{call, "failed", Begun::MaybeYes,
                    fmt::format("'{}' failed ({}).", provider.id(), refusal.code())};
}

std::vector<CapabilityFacts> CapabilityRouter::facts(
    const std::vector<std::shared_ptr<Compartment>>& compartments) const {
  std::map<std::string, CapabilityFacts> all;
  for (const auto& [capability, contract] : built_in_) all[capability];
  for (const auto& compartment : compartments) {
    const PluginStatus plugin = compartment->status();
    for (const auto& capability : plugin.capabilities.provides)
      all[capability].providers.push_back({plugin.id, plugin.state, false});
    for (const auto& [capability, required] : plugin.capabilities.wants)
      all[capability].consumers.push_back({plugin.id, plugin.state, required});
  }
  std::vector<CapabilityFacts> facts;
  for (auto& [capability, one] : all) {
    one.capability = capability;
    describe(one);
    facts.push_back(std::move(one));
  }
  return facts;
}

void CapabilityRouter::describe(CapabilityFacts& facts) const {
  Provider provider;
  {
    const std::lock_guard lock{mutex_};
    const auto found = providers_.find(facts.capability);
    if (found != providers_.end()) provider = found->second;
  }
  const auto built_in = built_in_.find(facts.capability);
  const Contract contract = provider.contract             ? provider.contract
                            : built_in != built_in_.end() ? built_in->second
                                                          : nullptr;
  if (contract) {
    facts.summary = contract->summary();
    for (const auto& [name, call] : contract->calls()) {
      facts.calls.push_back(name);
      if (provider.compartment && !provider.calls.contains(name)) facts.unanswered.push_back(name);
    }
    for (const auto& [name, event] : contract->events()) facts.events.push_back(name);
    describeAsks(*contract, facts);
  }
  if (facts.providers.empty()) {
    facts.lost = !facts.consumers.empty();
    if (facts.lost)
      facts.reason = "No enabled plugin provides it" + whyNobody(facts.capability) + ".";
    return;
  }
  const bool answers =
      std::any_of(facts.providers.begin(), facts.providers.end(),
                  [](const auto& member) { return member.state == PluginState::Running; });
  if (answers) return;
  facts.lost = true;
  facts.reason = fmt::format("'{}' is {}.", facts.providers.front().plugin,
                             nameOf(facts.providers.front().state));
}

void CapabilityRouter::describeAsks(const CapabilityContract& contract,
                                    CapabilityFacts& facts) const {
  for (const auto& [name, terms] : contract.asks()) {
    std::shared_ptr<Compartment> answerer;
    {
      const std::lock_guard lock{mutex_};
      const auto found = answerers_.find(keyOf(facts.capability, name));
      if (found != answerers_.end()) answerer = found->second.compartment;
    }
    CapabilityFacts::Asked& asked = facts.asks.emplace_back();
    asked.name = name;
    if (answerer) asked.answerer = {answerer->id(), answerer->status().state, false};
  }
}

}  // namespace bulkhead::host
