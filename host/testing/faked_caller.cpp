#include "testing/faked_caller.hpp"

#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::testing {

FakedCaller::FakedCaller(std::string_view brought) {
  for (auto& contract : host::contractsIn(brought, "the plugin")) {
    std::string capability = contract.capability();
    brought_.emplace(std::move(capability), std::move(contract));
  }
}

const host::CapabilityContract* FakedCaller::contractOf(std::string_view capability) const {
  const auto own = brought_.find(capability);
  if (own != brought_.end()) return &own->second;
  for (const auto& contract : host::builtInContracts()) {
    if (contract.capability() == capability) return &contract;
  }
  return nullptr;
}

std::string FakedCaller::call(const host::CapabilityCall& call) {
  const auto* const contract = contractOf(call.capability);
  return answer(call, contract != nullptr ? contract->find(call.name) : nullptr);
}

std::string FakedCaller::ask(const host::CapabilityCall& ask) {
  const auto* const contract = contractOf(ask.capability);
  return answer(ask, contract != nullptr ? contract->findAsk(ask.name) : nullptr);
}

std::string FakedCaller::answer(const host::CapabilityCall& call, const host::CallContract* terms) {
  if (terms != nullptr) {
    if (const auto problems = host::problemsOf(terms->request, call.request, terms->bytes_max))
      throw Error::app("CAPABILITY_REQUEST_REFUSED", "It is not asked like that.")
          .withDetails(*problems);
  }
  const auto answer = others_.take(call.capability, call.name, call.request);
  if (!answer) {
    throw Error::app(host::kCapabilityUnavailable, "No test answers it.")
        .withDetails(R"({"reason":"missing","begun":false})");
  }
  std::string text = answer(call.request);
  if (terms != nullptr) {
    if (const auto problems = host::problemsOf(terms->response, text, terms->bytes_max))
      throw Error::app("CAPABILITY_ANSWER_REFUSED", "The test answers against the contract.")
          .withDetails(*problems);
  }
  return text;
}

}  // namespace bulkhead::testing
