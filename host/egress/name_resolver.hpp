#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::host::egress {

/// Addresses as text, in the order in which they should be tried; none for a name that has none.
using Addresses = std::vector<std::string>;

/// Looks names up beside whoever waits, because getaddrinfo has no deadline: a name whose servers
/// do not answer costs one thread, however many ask for it, and nobody else's time. Thread-safe.
class NameResolver {
 public:
  using Lookup = std::function<Addresses(const std::string& name)>;
  using Done = std::function<void(const Addresses& addresses)>;

  struct Options {
    Lookup lookup = systemLookup;   ///< on any of its threads; may block
    std::size_t threads_max = 32;   ///< made when they are needed
    std::chrono::seconds keep{30};  ///< how long what was found counts
    std::size_t kept_max = 1024;    ///< names
    std::size_t queued_max = 256;   ///< names that wait for a thread, and who waits for one name
  };

  explicit NameResolver(Options options);
  /// Look-ups that hang are left behind; `done` of none is called any more when this has returned.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// Calls `done` once, on this thread when the answer is known already or too many wait for one
  /// (nothing is found then), else on one of its own.
  void resolve(const std::string& name, const Done& done);

  /// The system's: /etc/hosts, DNS.
  static Addresses systemLookup(const std::string& name);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bulkhead::host::egress
