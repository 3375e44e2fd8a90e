#pragma once

#include <string>
#include <string_view>

#include "keyed_hash.hpp"
#include "list_order.hpp"

namespace booking {

/// A position as text that nobody can read a meaning into, change, or use for another list: signed
/// over itself and `list`, which names tenant, path, filters and order.
std::string sealCursor(const KeyedHash& key, std::string_view list, const ListPosition& position);

/// Throws 400 CURSOR_INVALID for what sealCursor() did not make for this `list`.
ListPosition openCursor(const KeyedHash& key, std::string_view list, std::string_view cursor);

}  // namespace booking
