#include "plugins/elf_note.hpp"

#include <fmt/format.h>

#include <bulkhead/abi.h>

#include "plugins/elf_image.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void refuse(const PluginFile& file, std::string_view what) {
  throw PluginRefusal{PluginState::Refused, fmt::format("{} {}", file.path.string(), what)};
}

struct FoundNotes {
  std::vector<std::string_view> manifests;
  std::vector<std::string_view> migrations;
  std::vector<std::string_view> contracts;
};

FoundNotes findNotes(const PluginFile& file) {
  FoundNotes found;
  for (const ElfNote& note : ElfImage{file.bytes}.notes()) {
    if (note.owner != BULKHEAD_NOTE_OWNER) continue;
    if (note.description.size() > kNoteBytesMax) {
      refuse(file, fmt::format("has a note of {} bytes; at most {} are read",
                               note.description.size(), kNoteBytesMax));
    }
    if (note.type == BULKHEAD_NOTE_MANIFEST) found.manifests.push_back(note.description);
    if (note.type == BULKHEAD_NOTE_MIGRATIONS) found.migrations.push_back(note.description);
    if (note.type == BULKHEAD_NOTE_CAPABILITIES) found.contracts.push_back(note.description);
  }
  return found;
}

}  // namespace

PluginNotes readPluginNotes(const PluginFile& file) {
  try {
    const FoundNotes found = findNotes(file);
    if (found.manifests.empty()) {
      refuse(file,
             "has no manifest: it is a shared library, but no plugin; build it with "
             "bulkhead_add_plugin(), which embeds plugin.json");
    }
    if (found.manifests.size() > 1 || found.migrations.size() > 1 || found.contracts.size() > 1) {
      refuse(file,
             fmt::format("has {} manifests, {} lists of migrations and {} of contracts, expected "
                         "one of each; are two plugins linked into one file?",
                         found.manifests.size(), found.migrations.size(), found.contracts.size()));
    }
    const auto firstOf = [](const std::vector<std::string_view>& notes) {
      return notes.empty() ? std::string{} : std::string{notes.front()};
    };
    return {std::string{found.manifests.front()}, firstOf(found.migrations),
            firstOf(found.contracts)};
  } catch (const PluginRefusal&) {
    throw;
  } catch (const Error& error) {
    refuse(file, error.message());
  }
}

}  // namespace bulkhead::host
