#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::monitoring {

/// What is wrong with a Prometheus 0.0.4 text by ops §5.1, one sentence each; empty when nothing
/// is. Finds what promtool lets pass: duplicate series, families in pieces, buckets that fall or
/// lack +Inf, and a +Inf that is not the count.
std::vector<std::string> exposureFaults(std::string_view text);

}  // namespace bulkhead::host::monitoring
