#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// Where a text ends in memory, and whether all of it is there.
struct JsonTextEnd {
  char* end;
  bool whole;
};

/// Writes the inside of a JSON string to [at, limit): control characters (C1 too) as \uXXXX, so
/// that no value can begin a line or move a terminal; what is not UTF-8 as U+FFFD. What finds no
/// room is left out, from a character's start on.
JsonTextEnd writeJsonText(char* at, char* limit, std::string_view text);

/// The same at the end of `out`, which does not grow beyond `size_max`; false when something was
/// left out.
bool appendJsonText(std::string& out, std::string_view text, std::size_t size_max);

}  // namespace bulkhead::host
