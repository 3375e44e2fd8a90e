#pragma once
// Library headers that nearly every source of the plugin includes; each source still includes what
// it uses. None of ours: a compiler cache that serves several trees would mix them.
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
