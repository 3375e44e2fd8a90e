#pragma once

namespace bulkhead::host {

/// Where a preflight child reports, apart from what the plugin prints: one JSON object a line,
/// {"phase":"..."} before each step, then {"passed":true,...} or {"refused":"..."}.
inline constexpr int kPreflightReportDescriptor = 3;

}  // namespace bulkhead::host
