#include "plugins/inspect.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/abi.h>

#include "plugins/elf_image.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::ordered_json;

}  // namespace

std::vector<std::string> symbolWarnings(const ElfSymbolFacts& facts) {
  std::vector<std::string> warnings;
  const auto& exported = facts.exported;
  if (std::find(exported.begin(), exported.end(), BULKHEAD_PLUGIN_SYMBOL) == exported.end()) {
    warnings.push_back("no symbol " BULKHEAD_PLUGIN_SYMBOL
                       " is exported: the host will refuse the file");
  }
  if (facts.unique > 0) {
    warnings.push_back(
        fmt::format("{} GNU_UNIQUE symbols keep it in memory after unloading: build it with "
                    "-fno-gnu-unique",
                    facts.unique));
  }
  if (!facts.binds_now) {
    warnings.emplace_back("symbols are bound lazily: link it with -Wl,-z,now -Wl,-z,defs");
  }
  if (exported.size() > 1) {
    warnings.push_back(fmt::format("{} symbols are exported where one is enough", exported.size()));
  }
  return warnings;
}

namespace {

ordered_json migrationsJson(const std::vector<EmbeddedMigration>& migrations) {
  ordered_json list = ordered_json::array();
  for (const auto& migration : migrations) {
    list.push_back({{"engine", migration.engine},
                    {"number", migration.number},
                    {"name", migration.name},
                    {"bytes", migration.sql.size()}});
  }
  return list;
}

ElfSymbolFacts factsOf(const PluginFile& file) {
  try {
    return ElfImage{file.bytes}.symbolFacts();
  } catch (const Error& error) {
    throw PluginRefusal{PluginState::Refused,
                        fmt::format("{} {}", file.path.string(), error.message())};
  }
}

ordered_json describe(const PluginFile& file) {
  const PluginNotes notes = readPluginNotes(file);
  const Manifest checked = Manifest::parse(notes.manifest, file.path.string());
  const auto migrations = parseMigrations(notes.migrations, file.path.string());
  const ElfSymbolFacts facts = factsOf(file);
  return {{"file", file.path.string()},
          {"bytes", file.bytes.size()},
          {"sha256", file.sha256},
          {"api",
           {{"plugin", checked.api},
            {"host", fmt::format("{}.{}", BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR)}}},
          {"manifest", ordered_json::parse(notes.manifest)},
          {"migrations", migrationsJson(migrations)},
          {"needed", facts.needed},
          {"exported_symbols", facts.exported.size()},
          {"undefined_symbols", facts.undefined},
          {"unique_symbols", facts.unique},
          {"thread_local_storage", facts.thread_local_storage},
          {"binds_now", facts.binds_now},
          {"warnings", symbolWarnings(facts)}};
}

std::string settingLine(const std::string& name, const ordered_json& setting) {
  std::string line = fmt::format("  {} ({})", name, setting["type"].get<std::string>());
  for (const char* fact : {"default", "min", "max", "values"}) {
    if (setting.contains(fact)) line += fmt::format(", {} {}", fact, setting[fact].dump());
  }
  return fmt::format("{}: {}\n", line, setting["help"].get<std::string>());
}

std::string manifestText(const ordered_json& manifest) {
  std::string text =
      fmt::format("{} {}: {}\n", manifest["id"].get<std::string>(),
                  manifest["version"].get<std::string>(), manifest["summary"].get<std::string>());
  for (const char* member :
       {"provides", "wants", "queues", "limits", "store", "schema", "service"}) {
    if (manifest.contains(member)) {
      text += fmt::format("{:<12}{}\n", std::string{member} + ":", manifest[member].dump());
    }
  }
  if (manifest.contains("settings") && !manifest["settings"].empty()) {
    text += "settings:\n";
    for (const auto& [name, setting] : manifest["settings"].items()) {
      text += settingLine(name, setting);
    }
  }
  return text;
}

std::string asText(const ordered_json& facts) {
  std::string text = manifestText(facts["manifest"]);
  for (const auto& migration : facts["migrations"]) {
    text +=
        fmt::format("migration:  {} {:04} {} ({} bytes)\n", migration["engine"].get<std::string>(),
                    migration["number"].get<int>(), migration["name"].get<std::string>(),
                    migration["bytes"].get<std::size_t>());
  }
  text += fmt::format("plugin-api: {} (this host: {})\n", facts["api"]["plugin"].get<std::string>(),
                      facts["api"]["host"].get<std::string>());
  text +=
      fmt::format("file:       {}, {} bytes\nsha256:     {}\n", facts["file"].get<std::string>(),
                  facts["bytes"].get<std::size_t>(), facts["sha256"].get<std::string>());
  text += fmt::format("needs:      {}\n",
                      fmt::join(facts["needed"].get<std::vector<std::string>>(), ", "));
  text += fmt::format(
      "symbols:    {} exported, {} undefined, {} unique; thread-local storage: {}\n",
      facts["exported_symbols"].get<std::size_t>(), facts["undefined_symbols"].get<std::size_t>(),
      facts["unique_symbols"].get<std::size_t>(),
      facts["thread_local_storage"].get<bool>() ? "yes" : "no");
  for (const auto& warning : facts["warnings"]) {
    text += fmt::format("warning:    {}\n", warning.get<std::string>());
  }
  return text;
}

}  // namespace

std::string inspectPlugin(const std::filesystem::path& file, InspectFormat format) {
  const ordered_json facts = describe(readPluginFile(file));
  if (format == InspectFormat::Text) return asText(facts);
  return facts.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::host
