#pragma once

#include <filesystem>
#include <string>

#include "plugins/plugin_file.hpp"

namespace bulkhead::host {

/// A private copy of a plugin's file, for as long as it is looked at.
class ScratchCopy {
 public:
  /// Throws Error (NO_FOLDER), or PluginRefusal.
  ScratchCopy(const PluginFile& file, const std::string& id);
  ~ScratchCopy();
  ScratchCopy(const ScratchCopy&) = delete;
  ScratchCopy& operator=(const ScratchCopy&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

}  // namespace bulkhead::host
