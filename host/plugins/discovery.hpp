#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/embedded_migrations.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/preflight.hpp"

namespace bulkhead::host {

/// What the configuration says of one plugin.
struct PluginEntry {
  std::string id;
  bool enabled = true;
  bool required = false;
  std::filesystem::path library;  ///< empty: `<id>.so` in the plugin folder
  std::string problem;            ///< what is wrong with its configuration file; empty when nothing
};

/// A plugin before it runs: everything that is known without loading it into this process.
struct PluginCandidate {
  std::string id;
  PluginState state = PluginState::Discovered;
  std::string reason;  ///< a sentence; empty for Discovered and Verified
  bool required = false;
  std::filesystem::path library;  ///< the operator's file
  std::string sha256;
  std::optional<Manifest> manifest;
  std::vector<EmbeddedMigration> migrations;
  std::string contracts;       ///< of capabilities, which it brings: a JSON array, or empty
  std::filesystem::path copy;  ///< what to load; set when Verified
  PreflightReport preflight;   ///< filled by `verify`

  bool isClosed() const noexcept { return state >= PluginState::Missing; }
};

/// Reads the file of each entry and checks what can be checked without running it: Discovered,
/// Missing, Refused (also when its id is another than the entry's) or
/// Disabled. Files in `plugin_folder` that no entry names are Disabled, with what to write. Never
/// throws for what it finds. In order of id.
std::vector<PluginCandidate> discoverPlugins(const std::vector<PluginEntry>& entries,
                                             const std::filesystem::path& plugin_folder);

/// What is known of a plugin without a manifest, by the private copy that was loaded last: what it
/// provides is lost then, and what it listens to waits for it.
struct LastKnown {
  std::string service;
  PluginCapabilities capabilities;
};

/// Nothing when no copy is left, or none that can be read. Never throws.
std::optional<LastKnown> lastKnown(const PluginCache& cache, std::string_view id);

/// Copies a Discovered candidate's file and proves the copy in a child: it becomes Verified, or
/// Refused with the reason. Others are left alone. What is copied is read again, and is refused
/// when it is no longer the file that was discovered.
void verify(PluginCandidate& candidate, const PluginCache& cache, const HomeSettings& settings,
            const PreflightOptions& options = {});

}  // namespace bulkhead::host
