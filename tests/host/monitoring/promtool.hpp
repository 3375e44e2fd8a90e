#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host::monitoring {

struct PromtoolResult {
  int exit_code = 0;  ///< 0 clean, 3 lint problems, 1 parse error
  std::string output;
};

/// `promtool check metrics` on `text`; empty when promtool is not installed.
std::optional<PromtoolResult> promtoolCheck(std::string_view text);

}  // namespace bulkhead::host::monitoring
