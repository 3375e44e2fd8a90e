#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include <bulkhead/abi.h>

namespace bulkhead::host {

/// A loaded plugin library. Every symbol is bound when it is loaded, and none is shared with other
/// libraries. Load only a private copy (PluginCache) that survived preflight: loading runs the
/// file's global constructors, in this process, under the loader's lock. Shared libraries that it
/// brings along stay in memory when it goes: few are made to be unloaded, and each load would leave
/// behind what such a library never frees.
class PluginLibrary {
 public:
  /// Throws PluginRefusal (Refused): an unresolved symbol, no door (BULKHEAD_PLUGIN_SYMBOL), a
  /// table of another ABI.
  static PluginLibrary load(const std::filesystem::path& copy);

  PluginLibrary(PluginLibrary&& other) noexcept;
  PluginLibrary& operator=(PluginLibrary&&) = delete;
  /// Unloads. Nothing of the plugin may be called any more.
  ~PluginLibrary();

  /// Valid until unload.
  const bulkhead_plugin& table() const noexcept { return *table_; }
  const std::filesystem::path& path() const noexcept { return path_; }

  /// Unloads and says whether the library really left memory. A GNU_UNIQUE symbol or a living
  /// thread_local object pins it: its memory is then spent until the process ends, and a new
  /// generation still gets code of its own.
  bool unload() noexcept;
  /// True after an unload that left the library in memory.
  bool pinned() const noexcept { return pinned_; }

  /// Whether a file is mapped into this process, whoever mapped it. `path` is canonical.
  static bool isMapped(const std::filesystem::path& path);
  /// The same, over the text of /proc/self/maps.
  static bool isMapped(std::string_view maps, std::string_view path);

 private:
  struct Handle;
  explicit PluginLibrary(std::filesystem::path path);

  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
  const bulkhead_plugin* table_ = nullptr;
  bool pinned_ = false;
};

/// Checks a plugin's table against this host's waist: its size, the ABI it was built for, the
/// functions that must be there. Throws PluginRefusal (Refused) that names both sides and how to
/// mend it.
void checkPluginTable(const bulkhead_plugin* table, const std::filesystem::path& file);

}  // namespace bulkhead::host
