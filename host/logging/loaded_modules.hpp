#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::host {

/// A file that is mapped as code.
struct LoadedModule {
  std::uintptr_t begin = 0;  ///< of its code
  std::uintptr_t end = 0;
  std::uintptr_t base = 0;  ///< what its own addresses are relative to
  std::array<char, 256> path{};
  std::array<char, 41> build_id{};  ///< hexadecimal; empty when it has none

  std::string_view pathText() const noexcept { return path.data(); }
  std::string_view buildId() const noexcept { return build_id.data(); }
};

/// Remembers which files are loaded, since the loader must not be asked in a signal handler. Call
/// after each load.
void rememberLoadedModules() noexcept;

/// The module that an address belongs to, as of the last call of the above; nullptr for none. No
/// lock, no allocation.
const LoadedModule* findModule(std::uintptr_t address) noexcept;
/// The program itself; nullptr before the first rememberLoadedModules().
const LoadedModule* programModule() noexcept;

}  // namespace bulkhead::host
