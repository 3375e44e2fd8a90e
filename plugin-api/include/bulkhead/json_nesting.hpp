#pragma once

#include <cstddef>
#include <string_view>

namespace bulkhead {

/// Levels of arrays and objects that a JSON body may have. The host refuses more before it parses,
/// in every body but a raw one.
inline constexpr std::size_t kJsonLevelsMax = 64;

/// True when arrays and objects of JSON text are nested deeper than `levels`. Reads it once and
/// allocates nothing: for before a parser whose tree is walked by recursion (nlohmann::json's copy,
/// comparison and dump) and would end the process with its stack. Text that is no JSON gets an
/// answer that is as good as any.
inline bool nestsDeeperThan(std::size_t levels, std::string_view json) noexcept {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > levels) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace bulkhead
