#include "verify/fault_trial.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <utility>

#include "verify/leak_probe.hpp"
#include "verify/trial_request.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kReport =
    "report every failure to the error sink with a code and a message (C++: throw "
    "bulkhead::Error), and hand the status of a failed call on";
constexpr const char* kOneTransaction =
    "put what belongs together into one transaction, or declare recovery points";
constexpr const char* kHandOn =
    "hand the status of a failed db_ or tx_ call on: whoever is answered well believes that all "
    "was kept";
constexpr const char* kNoMemory =
    "keep nothing of a request that failed: no flag, no lock that is still held, no pointer to "
    "what the call brought";

constexpr const char* kOnce =
    "do all of it in the transaction that the handler is given, or let the store refuse what has "
    "the message's id twice";

bool isError(const HttpResponse& response) {
  return response.status >= 400;
}

bool isStoreCall(std::string_view call) {
  return call.starts_with("db_") || call.starts_with("tx_") || call.starts_with("recovery_");
}

/// Whether an effect outside may have come before the call: then a trace of it has to stay.
bool wentOut(const std::vector<std::string>& calls, std::size_t until) {
  const auto end = calls.begin() + static_cast<std::ptrdiff_t>(std::min(until, calls.size()));
  return std::any_of(calls.begin(), end, [](const std::string& call) {
    return call == "http_send" || call == "call_capability";
  });
}

std::string codeOf(const HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("error") || !body["error"].is_object()) return {};
  const Json& error = body["error"];
  if (!error.contains("message") || !error["message"].is_string()) return {};
  return error.contains("code") && error["code"].is_string() ? error["code"].get<std::string>()
                                                             : std::string{};
}

bool isHealth(const std::string& text) {
  static const std::set<std::string> kStatuses{"healthy", "degraded", "critical"};
  const Json told = Json::parse(text, nullptr, false);
  return told.is_object() && told.contains("status") && told["status"].is_string() &&
         kStatuses.contains(told["status"].get<std::string>());
}

/// A table that has other rows, and in which direction.
std::string differenceOf(const StoreFacts& expected, const StoreFacts& found, bool rows_only) {
  for (const auto& [table, facts] : found) {
    const auto before = expected.find(table);
    const TableFacts were = before == expected.end() ? TableFacts{} : before->second;
    if (facts.rows != were.rows)
      return fmt::format("table {} has {} rows where it had {}", table, facts.rows, were.rows);
    if (!rows_only && !(facts == were)) return fmt::format("rows of table {} were changed", table);
  }
  return {};
}

}  // namespace

FaultTrial::FaultTrial(FaultyWaist& waist, const TrialSubject& subject, TrialListener& listener,
                       TrialTarget target, TrialCounts& counts)
    : waist_{waist}, subject_{subject}, listener_{listener}, target_{target}, counts_{counts} {}

void FaultTrial::run() {
  if (!learn()) return;
  for (std::size_t call = 1; call <= calls_.size(); ++call) {
    for (const CallFault& fault : faultsOf(calls_[call - 1])) fail(call, fault);
  }
  repeat();
}

/// What it does when nothing fails, and which calls it makes. False when that cannot be known.
bool FaultTrial::learn() {
  TrialStage stage{waist_, subject_, target_};
  name_ = stage.name();
  if (const RegisteredRoute* const route = stage.route()) {
    const Json& contract = route->contract.document();
    keyed_ = route->contract.idempotency() != RouteIdempotency::None;
    is_message_ = entryOf(*route) == TrialEntry::Message;
    recovers_ = !route->contract.recoveryPoints().empty() ||
                (is_message_ && route->contract.transaction() != RouteTransaction::Write);
    success_ = contract.value("success", 200);
    if (entryOf(*route) == TrialEntry::Route && contract.contains("response") &&
        !route->contract.streamsResponse())
      response_.emplace(contract["response"]);
  }
  const bool is_new = listener_.begin(name_);
  if (listener_.hasKilled(name_)) return false;
  waist_.arm();
  well_ = stage.ask();
  calls_ = waist_.calls();
  waist_.disarm();
  after_ = stage.facts();
  ++counts_.targets;
  counts_.calls += calls_.size();
  if (!isError(well_)) ++counts_.answered;
  if (is_new) found(name_, problemOf(well_));
  if (is_new && well_.status >= 500 && !wentOut(calls_, calls_.size()) &&
      codeOf(well_) != "NOT_CONFIGURED")
    found(name_,
          TrialFinding{
              {},
              fmt::format("is answered {} although nothing fails: {}", well_.status, well_.body),
              "answer what its contract's example or schemas allow, or refuse it as the "
              "caller's fault"});
  return true;
}

std::optional<TrialFinding> FaultTrial::problemOf(const HttpResponse& response) const {
  if (target_.is_contributor) {
    if (isError(response) || isHealth(response.body)) return std::nullopt;
    return TrialFinding{{},
                        fmt::format("tells what is no health: {}", response.body),
                        R"(write {"status":"healthy|degraded|critical","message":"..."})"};
  }
  if (isError(response)) {
    const std::string code = codeOf(response);
    if (!code.empty() && code != "UNREPORTED_ERROR") return std::nullopt;
    return TrialFinding{
        {}, fmt::format("is answered {} without an error body", response.status), kReport};
  }
  if (!response_ || response.status != success_) return std::nullopt;
  const Json body = Json::parse(response.body, nullptr, false);
  const auto problems = body.is_discarded() ? std::vector<SchemaProblem>{{"#", "It is no JSON."}}
                                            : response_->validate(body);
  if (problems.empty()) return std::nullopt;
  return TrialFinding{{},
                      fmt::format("answers what its contract does not say: {} {}",
                                  problems.front().pointer, problems.front().detail),
                      "mend the answer, or the schema of \"response\""};
}

void FaultTrial::fail(std::size_t call, const CallFault& fault) {
  const std::string where = label(call, fault);
  if (!listener_.begin(where)) return;
  TrialStage stage{waist_, subject_, target_};
  const StoreFacts before = stage.facts();
  waist_.arm(call, &fault);
  const HttpResponse first = stage.ask();
  const bool failed = !waist_.failed().empty();
  waist_.disarm();
  if (!failed) return;
  found(where, judge(stage, first, before, fault));
}

std::optional<TrialFinding> FaultTrial::judge(TrialStage& stage, const HttpResponse& first,
                                              const StoreFacts& before, const CallFault& fault) {
  if (!fault.after_effect) {
    if (auto problem = problemOf(first)) return problem;
    if (auto problem = judgeStore(first, before, stage.facts())) return problem;
  } else {
    stage.restart();
  }
  return askAgain(stage, first, fault);
}

std::optional<TrialFinding> FaultTrial::judgeStore(const HttpResponse& first,
                                                   const StoreFacts& before,
                                                   const StoreFacts& after) const {
  const std::string failed = waist_.failed();
  if (isError(first)) {
    if (recovers_ || wentOut(waist_.calls(), waist_.calls().size())) return std::nullopt;
    const std::string left = differenceOf(before, after, false);
    if (left.empty()) return std::nullopt;
    return TrialFinding{{},
                        fmt::format("is answered {} and left something: {}", first.status, left),
                        kOneTransaction};
  }
  if (!isStoreCall(failed) || isError(well_)) return std::nullopt;
  const std::string lost = differenceOf(after_, after, true);
  if (lost.empty()) return std::nullopt;
  return TrialFinding{
      {},
      fmt::format("is answered {} although something is lost: {}", first.status, lost),
      kHandOn};
}

/// The second time works: as it does where nothing failed before.
std::optional<TrialFinding> FaultTrial::askAgain(TrialStage& stage, const HttpResponse& first,
                                                 const CallFault& fault) {
  const bool unknown = fault.after_effect && !keyed_ && !is_message_;
  if (!fault.after_effect && first.status < 500 && !is_message_) stage.changeKey();
  const HttpResponse second = stage.ask();
  if (auto problem = problemOf(second)) {
    problem->what = "the second time, when nothing fails, it " + problem->what;
    return problem;
  }
  const bool was_refused = isError(first) || fault.after_effect;
  const bool works = was_refused && !unknown ? second.status == well_.status
                                             : second.status < 500 || well_.status >= 500;
  if (!works)
    return TrialFinding{{},
                        fmt::format("the second time, when nothing fails, it is answered {}, and "
                                    "{} without the failure: {}",
                                    second.status, well_.status, second.body),
                        kNoMemory};
  const bool is_one = is_message_ ? was_refused : fault.after_effect && keyed_;
  if (!is_one || isError(well_)) return std::nullopt;
  const std::string twice = differenceOf(after_, stage.facts(), true);
  if (twice.empty()) return std::nullopt;
  if (is_message_)
    return TrialFinding{
        {}, fmt::format("handled again, it has not had its effect once: {}", twice), kOnce};
  return TrialFinding{{},
                      fmt::format("its repeat with the same Idempotency-Key does not end as one "
                                  "request: {}",
                                  twice),
                      kOneTransaction};
}

/// What a request keeps each time, well or with any of its calls failing; then which of them it is.
void FaultTrial::repeat() {
  const std::string where = name_ + ": again and again";
  if (!listener_.begin(where)) return;
  std::vector<std::size_t> each(calls_.size() + 1);
  std::iota(each.begin(), each.end(), std::size_t{0});
  const std::string any = leakWith(each);
  if (any.empty()) return;
  if (const std::string kept = leakWith({0}); !kept.empty()) {
    found(name_, TrialFinding{{},
                              fmt::format("keeps {} each time", kept),
                              "free what the handler takes, on every way out of it"});
    return;
  }
  for (std::size_t call = 1; call <= calls_.size(); ++call) {
    const std::string kept = leakWith({call});
    if (kept.empty()) continue;
    found(label(call, faultsOf(calls_[call - 1]).front()),
          TrialFinding{{},
                       fmt::format("keeps {} each time", kept),
                       "free what was taken before the call, also when the call fails"});
  }
}

/// With each of these calls failing in turn; 0: none.
std::string FaultTrial::leakWith(const std::vector<std::size_t>& calls) {
  return leakOf([&] {
    listener_.goOn();
    TrialStage stage{waist_, subject_, target_};
    for (const std::size_t call : calls) {
      waist_.arm(call, call == 0 ? nullptr : &faultsOf(calls_[call - 1]).front());
      stage.ask();
      waist_.disarm();
      stage.changeKey();
    }
  });
}

void FaultTrial::found(const std::string& where, std::optional<TrialFinding> finding) {
  if (!finding) return;
  finding->where = where;
  listener_.found(std::move(*finding));
}

std::string FaultTrial::label(std::size_t call, const CallFault& fault) const {
  return fmt::format("{}: call {} to the host ({}) {}", name_, call, calls_[call - 1], fault.words);
}

}  // namespace bulkhead::host
