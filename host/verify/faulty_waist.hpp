#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>

namespace bulkhead::host {

/// One way in which a call to the host can fail.
struct CallFault {
  std::string words{};                     ///< "refused as CONFLICT_ERROR"
  std::optional<Error> refusal{};          ///< the call returns it
  std::optional<OutboundAnswer> answer{};  ///< of http_send: what is said of the outside instead
  bool ends_transaction = false;  ///< nothing of the transaction that it is in can commit any more
  bool after_effect = false;      ///< the home dies when the call has had its effect
};

/// The ways in which that member of bulkhead_host can fail; none for one that cannot.
const std::vector<CallFault>& faultsOf(std::string_view call);

/// A host that fails: stands between one plugin and the host's table, counts the calls that the
/// plugin makes, and lets one of them fail. What it knows is the waist alone, so that it does the
/// same to a plugin of any language. There is one at a time in a process. Any thread may call;
/// arm() and disarm() are for the one that has no call in flight.
class FaultyWaist {
 public:
  /// `real` is borrowed.
  explicit FaultyWaist(const bulkhead_plugin& real);
  ~FaultyWaist();
  FaultyWaist(const FaultyWaist&) = delete;
  FaultyWaist& operator=(const FaultyWaist&) = delete;

  /// What a home is to be made with instead of the plugin's own table.
  const bulkhead_plugin& table() const { return table_; }

  /// From now on calls are counted from 1, and number `call` fails so (borrowed until disarm());
  /// null: none does.
  void arm(std::size_t call = 0, const CallFault* fault = nullptr);
  void disarm();

  /// The names of the calls since arm(), in their order: "db_write".
  std::vector<std::string> calls() const;
  /// The name of the call that failed; empty while none has.
  std::string failed() const;
  bool isDead() const;

  /// For the functions of the tables.
  struct Doors;

 private:
  const CallFault* begin(const char* name);
  /// The refusal of everything that a dead home does.
  std::optional<Error> death() const;
  void die();
  /// What has to end the transaction that the closure has just left, once.
  std::optional<Error> takeDoom();

  const bulkhead_plugin& real_;
  bulkhead_plugin table_;
  mutable std::mutex mutex_;
  bool armed_ = false;
  bool dead_ = false;
  std::size_t target_ = 0;
  const CallFault* fault_ = nullptr;
  std::vector<std::string> calls_;
  std::string failed_;
  std::optional<Error> doom_;
};

}  // namespace bulkhead::host
