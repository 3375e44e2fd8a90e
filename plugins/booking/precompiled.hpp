#pragma once
// Headers that nearly every source of the plugin includes; each source still includes what it uses.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/plugin.hpp>
