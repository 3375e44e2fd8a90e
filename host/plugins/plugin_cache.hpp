#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/plugin_file.hpp"

namespace bulkhead::host {

/// Private read-only copies of plugin files, at `<root>/<id>/<sha256>.so`. The host loads these and
/// never the operator's file: overwriting a mapped file changes or kills the code that runs, and a
/// path that is loaded already gives the old code. Safe to share among processes.
class PluginCache {
 public:
  explicit PluginCache(std::filesystem::path root) : root_{std::move(root)} {}

  /// The path of a copy that holds these bytes. When a copy of them is loaded in this process, the
  /// answer is another one (`<sha256>-2.so`), so that two generations never share their statics.
  /// Throws PluginRefusal (Refused) when the copy cannot be written.
  std::filesystem::path copyOf(const PluginFile& file, std::string_view id) const;

  /// The copy of a plugin that was handed out last; nothing without any. Never throws.
  std::optional<std::filesystem::path> lastCopyOf(std::string_view id) const;

  /// Removes copies that were not handed out for `age`, except those in `keep`. Mapped copies stay
  /// usable without their names. Returns how many were removed; never throws.
  std::size_t prune(std::chrono::seconds age, const std::vector<std::filesystem::path>& keep) const;

 private:
  std::filesystem::path root_;
};

}  // namespace bulkhead::host
