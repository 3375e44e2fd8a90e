#include "capabilities/capability_contract.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>
#include <bulkhead/json_writer.hpp>

#include "capabilities/built_in_contracts.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kDeadlineMaxMs = 600'000;

/// Reads one document; what is wrong with it is told with its place.
class ContractReader {
 public:
  ContractReader(const Json& document, std::string_view where)
      : document_{document}, where_{where} {}

  std::string capability() const {
    std::string name = text(document_, "", "capability");
    const auto slash = name.find('/');
    const bool named = slash != std::string::npos && isName(name.substr(0, slash), '-') &&
                       slash + 1 < name.size() && name[slash + 1] != '0' &&
                       name.find_first_not_of("0123456789", slash + 1) == std::string::npos;
    if (!named) refuse("/capability", "is a name and a major version, like \"payments/1\"");
    return name;
  }

  std::string summary() const { return text(document_, "", "summary"); }

  std::map<std::string, CallContract, std::less<>> calls() const {
    std::map<std::string, CallContract, std::less<>> calls;
    forEach("calls", [&](const std::string& name, const Json& call, const std::string& place) {
      allow(call, place,
            {"summary", "request", "response", "errors", "deadline_ms", "safe", "bytes_max"});
      calls.emplace(name, callFrom(call, place));
    });
    return calls;
  }

  std::map<std::string, EventContract, std::less<>> events() const {
    std::map<std::string, EventContract, std::less<>> events;
    forEach("events", [&](const std::string& name, const Json& event, const std::string& place) {
      allow(event, place, {"summary", "payload"});
      events.emplace(name,
                     EventContract{text(event, place, "summary"), schema(event, place, "payload")});
    });
    return events;
  }

  std::map<std::string, AskContract, std::less<>> asks() const {
    std::map<std::string, AskContract, std::less<>> asks;
    forEach("asks", [&](const std::string& name, const Json& ask, const std::string& place) {
      allow(ask, place,
            {"summary", "request", "response", "errors", "deadline_ms", "fallback", "bytes_max"});
      asks.emplace(name, askFrom(ask, place));
    });
    return asks;
  }

  void checkMembers() const {
    allow(document_, "", {"capability", "summary", "calls", "asks", "events"});
    if (!document_.contains("calls") && !document_.contains("asks") &&
        !document_.contains("events"))
      refuse("/", "has calls, asks or events");
  }

 private:
  [[noreturn]] void refuse(std::string_view place, std::string_view what) const {
    throw Error::configuration("CAPABILITY_REFUSED", fmt::format("{}: {} {}", where_, place, what));
  }

  static bool isName(std::string_view name, char joint) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= 63 && lower(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == joint; });
  }

  /// The entries of a member that may be missing, and is not empty.
  template <class Take>
  void forEach(const std::string& member, const Take& take) const {
    const auto found = document_.find(member);
    if (found == document_.end()) return;
    const std::string where = "/" + member;
    if (!found->is_object() || found->empty())
      refuse(where, "is an object with one of them at least");
    for (const auto& [name, entry] : found->items()) {
      const std::string place = where + "/" + name;
      if (!isName(name, '_')) refuse(place, "is no name: [a-z][a-z0-9_]{0,62}");
      take(name, entry, place);
    }
  }

  void allow(const Json& object, const std::string& place,
             const std::set<std::string, std::less<>>& members) const {
    if (!object.is_object()) refuse(place, "is an object");
    for (const auto& [name, value] : object.items()) {
      if (!members.contains(name)) refuse(place + "/" + name, "is no member of a contract");
    }
  }

  std::string text(const Json& object, const std::string& place, const char* name) const {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found == object.end() || !found->is_string() ||
        found->get_ref<const std::string&>().empty())
      refuse(fmt::format("{}/{}", place, name), "is a text");
    return found->get<std::string>();
  }

  Schema schema(const Json& object, const std::string& place, const char* name) const {
    const auto found = object.find(name);
    if (found == object.end()) refuse(fmt::format("{}/{}", place, name), "is missing");
    try {
      return Schema{*found};
    } catch (const Error& error) {
      refuse(fmt::format("{}/{}", place, name), error.message());
    }
  }

  CallContract callFrom(const Json& call, const std::string& place) const {
    CallContract contract{text(call, place, "summary"),
                          schema(call, place, "request"),
                          schema(call, place, "response"),
                          {}};
    for (const auto& code : call.value("errors", Json::array())) {
      if (!code.is_string()) refuse(place + "/errors", "is a list of codes");
      contract.errors.insert(code.get<std::string>());
    }
    const Json deadline = call.value("deadline_ms", Json(contract.deadline.count()));
    if (!deadline.is_number_integer() || deadline < 1 || deadline > kDeadlineMaxMs)
      refuse(place + "/deadline_ms", fmt::format("is between 1 and {}", kDeadlineMaxMs));
    contract.deadline = std::chrono::milliseconds{deadline.get<std::int64_t>()};
    const Json safe = call.value("safe", Json(false));
    if (!safe.is_boolean()) refuse(place + "/safe", "is true or false");
    contract.safe = safe.get<bool>();
    const Json bytes = call.value("bytes_max", Json(kCallBytesMax));
    if (!bytes.is_number_integer() || bytes < 1 || bytes > kCallBytesMax)
      refuse(place + "/bytes_max", fmt::format("is between 1 and {}", kCallBytesMax));
    contract.bytes_max = bytes.get<std::size_t>();
    return contract;
  }

  AskContract askFrom(const Json& ask, const std::string& place) const {
    AskContract contract{callFrom(ask, place), {}};
    const auto fallback = ask.find("fallback");
    if (fallback == ask.end()) refuse(place + "/fallback", "is missing");
    contract.fallback = fallback->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (problemsOf(contract.response, contract.fallback, contract.bytes_max))
      refuse(place + "/fallback", "is not what its own response may be");
    for (const auto& code : contract.errors) {
      if (!whyUnanswered(Error::app(code, "")).empty())
        refuse(place + "/errors", fmt::format("has {}, which means that nobody answers", code));
    }
    return contract;
  }

  const Json& document_;
  const std::string_view where_;
};

}  // namespace

std::optional<std::string> problemsOf(const Schema& schema, std::string_view text,
                                      std::size_t bytes_max) {
  std::vector<SchemaProblem> problems;
  if (text.size() > bytes_max) {
    problems = {{"#", fmt::format("It is longer than {} bytes.", bytes_max)}};
  } else if (nestsDeeperThan(kJsonLevelsMax, text)) {
    problems = {{"#", fmt::format("At most {} levels are read.", kJsonLevelsMax)}};
  } else {
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) {
      problems = {{"#", "It is not JSON."}};
    } else {
      problems = schema.validate(document);
    }
  }
  if (problems.empty()) return std::nullopt;
  return toJson([&](JsonWriter& out) {
    out.object("errors", [&](JsonWriter& errors) {
      errors.array(problems, [](JsonWriter& one, const SchemaProblem& problem) {
        one.object("detail", problem.detail, "pointer", problem.pointer);
      });
    });
  });
}

CapabilityContract CapabilityContract::parse(std::string_view text, std::string_view where) {
  const Json document =
      nestsDeeperThan(kJsonLevelsMax, text) ? Json{} : Json::parse(text, nullptr, false);
  if (!document.is_object()) {
    throw Error::configuration(
        "CAPABILITY_REFUSED",
        fmt::format("{}: a contract is a JSON object, and not nested deeply", where));
  }
  const ContractReader reader{document, where};
  CapabilityContract contract;
  contract.capability_ = reader.capability();
  contract.summary_ = reader.summary();
  reader.checkMembers();
  contract.calls_ = reader.calls();
  contract.events_ = reader.events();
  contract.asks_ = reader.asks();
  return contract;
}

const EventContract* CapabilityContract::findEvent(std::string_view event) const {
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : &found->second;
}

void checkEvent(const CapabilityContract* contract, std::string_view capability,
                std::string_view event, std::string_view payload) {
  const EventContract* const found = contract == nullptr ? nullptr : contract->findEvent(event);
  if (found == nullptr) {
    throw Error::app("EVENT_REFUSED",
                     fmt::format("The contract of {} has no event '{}'.", capability, event));
  }
  if (auto problems = problemsOf(found->payload, payload)) {
    throw Error::app(
        "EVENT_REFUSED",
        fmt::format("The contract of {} does not allow this payload of {}.", capability, event))
        .withDetails(*std::move(problems));
  }
}

namespace {

class KnownEvents final : public EventContracts {
 public:
  explicit KnownEvents(std::vector<CapabilityContract> brought) : brought_{std::move(brought)} {}

  void check(std::string_view capability, std::string_view event,
             std::string_view payload) const override {
    checkEvent(contractOf(capability), capability, event, payload);
  }

 private:
  const CapabilityContract* contractOf(std::string_view capability) const {
    for (const auto* contracts : {&brought_, &builtInContracts()}) {
      for (const auto& contract : *contracts) {
        if (contract.capability() == capability) return &contract;
      }
    }
    return nullptr;
  }

  const std::vector<CapabilityContract> brought_;
};

}  // namespace

std::shared_ptr<const EventContracts> eventContracts(std::string_view brought) {
  return std::make_shared<const KnownEvents>(contractsIn(brought, "the plugin"));
}

const CallContract* CapabilityContract::find(std::string_view call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : &found->second;
}

const AskContract* CapabilityContract::findAsk(std::string_view ask) const {
  const auto found = asks_.find(ask);
  return found == asks_.end() ? nullptr : &found->second;
}

const std::vector<CapabilityContract>& builtInContracts() {
  static const std::vector<CapabilityContract> kContracts = [] {
    std::vector<CapabilityContract> contracts;
    for (const auto& [file, text] : builtInContractTexts())
      contracts.push_back(CapabilityContract::parse(text, file));
    return contracts;
  }();
  return kContracts;
}

std::vector<CapabilityContract> contractsIn(std::string_view brought, std::string_view plugin) {
  std::vector<CapabilityContract> contracts;
  if (brought.empty()) return contracts;
  const bool deep = nestsDeeperThan(kJsonLevelsMax, brought);
  const Json documents = deep ? Json{} : Json::parse(brought, nullptr, false);
  if (!documents.is_array()) {
    throw Error::configuration("CAPABILITY_REFUSED",
                               fmt::format("{}: its contracts are {}", plugin,
                                           deep ? "nested too deeply" : "no JSON array"));
  }
  const std::string where = fmt::format("{}'s contract", plugin);
  for (const auto& document : documents) {
    contracts.push_back(CapabilityContract::parse(
        document.dump(-1, ' ', false, Json::error_handler_t::replace), where));
  }
  return contracts;
}

AsksTerms askTermsOf(std::string_view plugin, const PluginCapabilities& said) {
  AsksTerms all;
  const auto add = [&](const CapabilityContract& contract) {
    const std::string& name = contract.capability();
    if (std::find(said.provides.begin(), said.provides.end(), name) == said.provides.end()) return;
    for (const auto& [ask, terms] : contract.asks())
      all[fmt::format("{}/{}", name, ask)] = {terms.fallback, terms.deadline};
  };
  for (const auto& contract : builtInContracts()) add(contract);
  for (const auto& contract : contractsIn(said.contracts, plugin)) add(contract);
  return all;
}

}  // namespace bulkhead::host
