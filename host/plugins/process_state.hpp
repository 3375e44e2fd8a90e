#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bulkhead::host {

/// What all code of one process shares, and what a library therefore must leave as it found it:
/// descriptors, threads, children, signal handlers and mask, locale, umask, working directory,
/// environment, floating-point mode, C++'s own handlers, and whether stacks are executable.
class ProcessState {
 public:
  /// As it is now. Call it from the thread whose mask and floating-point mode are meant.
  static ProcessState now();

  /// What is another in `later`: clauses that complete the sentence "FILE ...", joined by "and";
  /// empty when all is as it was. A few descriptors more are no change.
  std::string changeTo(const ProcessState& later) const;

 private:
  struct Fact {
    std::string clause;  ///< "changes the umask"
    std::string value;
  };

  std::vector<Fact> facts_;
  std::vector<std::pair<int, std::string>> descriptors_;  ///< and what they lead to
};

}  // namespace bulkhead::host
