#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// Appends the inside of a JSON string: control characters (C1 too) as \uXXXX, so that no value can
/// begin a line or move a terminal; what is not UTF-8 as U+FFFD. Stops before `out` grows beyond
/// `size_max`, at a character's end; false when something was left out.
bool appendJsonText(std::string& out, std::string_view text, std::size_t size_max);

}  // namespace bulkhead::host
