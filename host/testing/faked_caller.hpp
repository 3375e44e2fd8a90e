#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <bulkhead/testing/fake_capabilities.hpp>

#include "capabilities/capability_contract.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::testing {

/// A plugin's calls of capabilities, and its asks, answered by a test.
class FakedCaller final : public host::CapabilityCaller {
 public:
  /// `brought`: the contracts that the plugin's file brings. Throws Error for what is none.
  explicit FakedCaller(std::string_view brought);

  std::string call(const host::CapabilityCall& call) override;
  std::string ask(const host::CapabilityCall& ask) override;
  FakeCapabilities& others() { return others_; }
  /// Null where nobody has a contract, as for one that only its provider brings.
  const host::CapabilityContract* contractOf(std::string_view capability) const;

 private:
  std::string answer(const host::CapabilityCall& call, const host::CallContract* terms);

  FakeCapabilities others_;
  std::map<std::string, host::CapabilityContract, std::less<>> brought_;
};

}  // namespace bulkhead::testing
