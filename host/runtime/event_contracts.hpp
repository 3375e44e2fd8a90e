#pragma once

#include <memory>
#include <string_view>

namespace bulkhead::host {

/// The events of capabilities as their contracts have them, for homes that publish. Immutable; for
/// any thread.
class EventContracts {
 public:
  EventContracts() = default;
  virtual ~EventContracts() = default;
  EventContracts(const EventContracts&) = delete;
  EventContracts& operator=(const EventContracts&) = delete;

  /// Throws Error (EVENT_REFUSED) for an event that the contract of the capability does not have,
  /// or a payload, JSON text, that it does not allow; its details say what is wrong.
  virtual void check(std::string_view capability, std::string_view event,
                     std::string_view payload) const = 0;
};

/// Makes those of the program and of a plugin's file, whose contracts are `brought`: a JSON array,
/// or empty. Throws Error (CAPABILITY_REFUSED).
using EventContractsMaker = std::shared_ptr<const EventContracts> (*)(std::string_view brought);

}  // namespace bulkhead::host
