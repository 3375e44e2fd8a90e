#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/testing/test_host.hpp>

namespace bulkhead::testing {

/// How a call to the host can fail.
enum class CallFailure {
  Unavailable,       ///< refused before its effect: the store is away
  DeadlineExceeded,  ///< refused before its effect: there is no time left
  Death  ///< the home dies after its effect, before anybody was told, and is started again
};

/// What clients do with a plugin, to be repeated with every failure. It has to do the same each
/// time: its requests have keys of its own where the plugin wants keys.
struct Scenario {
  std::string plugin;
  std::vector<std::pair<std::string, SettingValue>> settings{};
  std::function<void(TestHost&)> prepare{};  ///< what was there before; nothing fails yet
  /// The requests. One whose answer is 5xx because of the failure is sent once more, as it was, as
  /// a careful client does, and where the answer to that is 5xx with Retry-After, again when the
  /// clock has moved so far; the scenario sees the last answer. Throws what it does not expect.
  std::function<void(TestHost&)> run;
  std::function<void(TestHost&)>
      verify{};  ///< nothing fails any more; throws what is not as it should
};

/// What became of a scenario.
struct FailureReport {
  std::size_t calls = 0;                ///< that it makes to the host when nothing fails
  std::size_t runs = 0;                 ///< with a failure
  std::vector<std::string> problems{};  ///< "call 3 (db_write), dying after its effect: ..."
};

/// Runs the scenario once as it is, then with its first call to the host failing, then its second,
/// each in every way, until a run has no such call. Calls are db_read, db_write (also those that a
/// route's contract asks for), tx_read, tx_send, random_bytes and http_send, whose failures are
/// NotSent, and Ambiguous after the service has got it. In each run every request must in
/// the end have the status, and every table of the plugin's store the number of rows, that they
/// have when nothing fails: nothing that was acknowledged is lost, and nothing is there twice.
/// Throws std::runtime_error when the scenario itself does not work without failures.
FailureReport failEachCall(const Scenario& scenario);

/// Throws std::runtime_error with the answer unless it has that status; gives it back.
TestResponse expectStatus(TestResponse response, int status);

}  // namespace bulkhead::testing
