#pragma once

#include <string>

#include "plugins/plugin_file.hpp"

namespace bulkhead::host {

/// What a plugin's file says of itself, readable without running it (the notes of abi.h).
struct PluginNotes {
  std::string manifest;    ///< JSON text of plugin.json
  std::string migrations;  ///< JSON text of an array; empty when the plugin has none
  std::string contracts;   ///< of capabilities: JSON text of an array; likewise
};

/// Largest note that is read.
inline constexpr std::size_t kNoteBytesMax = 1024U * 1024;

/// Reads the notes of owner "Bulkhead". Throws PluginRefusal (Refused) when the file is not a
/// 64-bit shared library of this machine, is damaged, has no manifest or more than one, or a note
/// is larger than kNoteBytesMax. Notes of types that it does not know are left alone.
PluginNotes readPluginNotes(const PluginFile& file);

}  // namespace bulkhead::host
