#pragma once

#include <cstdint>

namespace bulkhead::host {

/// Where a preflight child reports, apart from what the plugin prints: one JSON object a line,
/// {"phase":"..."} before each step, then {"passed":true,"token":"...",...} or {"refused":"..."}.
/// The token is the first line of the child's standard input, and its settings follow: what the
/// plugin itself writes here is no verdict.
inline constexpr int kPreflightReportDescriptor = 3;

/// The child's exit code when the plugin took its report descriptor away, so that it cannot say so.
inline constexpr int kPreflightReportLost = 4;

/// What a plugin may use from its loading until it is destroyed again; it needs next to nothing.
inline constexpr std::uint64_t kPreflightMemoryBytes = std::uint64_t{1} << 30U;  ///< address space
inline constexpr std::uint64_t kPreflightDescriptors = 64;
inline constexpr std::uint64_t kPreflightCpuSeconds = 3;

}  // namespace bulkhead::host
