#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap two
/// neighbours), without regard to the case of ASCII letters.
std::size_t editDistance(std::string_view a, std::string_view b);

/// The candidate that a person most likely meant by `name`, or "" when none is near: at most one
/// edit for each three characters. The first of equally near ones.
std::string nearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace bulkhead::host
