#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schema.hpp"
#include "verify/trial_run.hpp"
#include "verify/trial_stage.hpp"

namespace bulkhead::host {

/// One target, with each call that it makes to the host failing in each way. All borrowed.
class FaultTrial {
 public:
  FaultTrial(FaultyWaist& waist, const TrialSubject& subject, TrialListener& listener,
             TrialTarget target, TrialCounts& counts);

  void run();

 private:
  std::optional<TrialFinding> problemOf(const HttpResponse& response) const;
  bool learn();
  void fail(std::size_t call, const CallFault& fault);
  std::optional<TrialFinding> judge(TrialStage& stage, const HttpResponse& first,
                                    const StoreFacts& before, const CallFault& fault);
  std::optional<TrialFinding> judgeStore(const HttpResponse& first, const StoreFacts& before,
                                         const StoreFacts& after) const;
  std::optional<TrialFinding> askAgain(TrialStage& stage, const HttpResponse& first,
                                       const CallFault& fault);
  void repeat();
  std::string leakWith(const std::vector<std::size_t>& calls);
  void found(const std::string& where, std::optional<TrialFinding> finding);
  std::string label(std::size_t call, const CallFault& fault) const;

  FaultyWaist& waist_;
  const TrialSubject& subject_;
  TrialListener& listener_;
  const TrialTarget target_;
  TrialCounts& counts_;
  std::string name_;                ///< "GET /api/greeter/v1/hello/{name}"
  std::optional<Schema> response_;  ///< that its contract promises
  int success_ = 200;
  bool keyed_ = false;
  bool recovers_ = false;    ///< what a refusal leaves is another step's beginning
  bool is_message_ = false;  ///< it comes again until it is done with
  HttpResponse well_;        ///< the answer when nothing fails
  StoreFacts after_;         ///< and what is in the store then
  std::vector<std::string> calls_;
};

}  // namespace bulkhead::host
