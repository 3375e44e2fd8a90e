#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bulkhead::host::test {

inline std::filesystem::path hostile(std::string_view name) {
  return std::filesystem::path{BULKHEAD_BUILD_DIR} / "hostile" / (std::string{name} + ".so");
}

inline std::filesystem::path greeter() {
  return std::filesystem::path{BULKHEAD_BUILD_DIR} / "plugins" / "greeter.so";
}

}  // namespace bulkhead::host::test
