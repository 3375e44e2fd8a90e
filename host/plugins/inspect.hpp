#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/elf_image.hpp"

namespace bulkhead::host {

enum class InspectFormat { Text, Json };

/// What `bulkhead plugin inspect FILE` prints, without loading the file: size, SHA-256, manifest,
/// migrations, and what the dynamic loader will ask for, with warnings (pinned by unique symbols,
/// lazy binding, no door). The JSON form is one object of the same facts. Throws PluginRefusal with
/// the sentence that the host itself would give.
std::string inspectPlugin(const std::filesystem::path& file, InspectFormat format);

/// What a person should mend of a plugin's symbols; empty when nothing.
std::vector<std::string> symbolWarnings(const ElfSymbolFacts& facts);

}  // namespace bulkhead::host
