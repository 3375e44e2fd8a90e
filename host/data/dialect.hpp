#pragma once

#include <string>
#include <string_view>

#include "data/store.hpp"

namespace bulkhead::host::data {

/// A text of ours that makes tables, written for SQLite, in the words of `engine`: numbers that the
/// database gives, and bytes.
std::string inDialect(Engine engine, std::string_view sql);

}  // namespace bulkhead::host::data
