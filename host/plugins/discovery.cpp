#include "plugins/discovery.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "plugins/elf_note.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

void close(PluginCandidate& candidate, PluginState state, std::string reason) {
  candidate.state = state;
  candidate.reason = std::move(reason);
}

/// Schema versions that the code runs on, where the manifest leaves them to the migrations.
void completeSchema(Manifest& manifest, const std::vector<EmbeddedMigration>& migrations) {
  if (!manifest.store || manifest.schema || migrations.empty()) return;
  int last = 0;
  for (const auto& migration : migrations) last = std::max(last, migration.number);
  manifest.schema = SchemaVersions{last, last};
}

void readManifest(PluginCandidate& candidate) {
  const PluginFile file = readPluginFile(candidate.library);
  const std::string name = candidate.library.string();
  const PluginNotes notes = readPluginNotes(file);
  Manifest manifest = Manifest::parse(notes.manifest, name);
  if (manifest.id != candidate.id) {
    throw PluginRefusal{PluginState::Refused,
                        fmt::format("{} is plugin \"{}\", but conf/plugins.d/{}.properties names "
                                    "it; rename that file, or mend its `library`",
                                    name, manifest.id, candidate.id)};
  }
  candidate.migrations = parseMigrations(notes.migrations, name);
  if (!candidate.migrations.empty() && !manifest.store) {
    throw PluginRefusal{
        PluginState::Refused,
        fmt::format("{}: it has migrations, but its manifest does not say \"store\": true", name)};
  }
  completeSchema(manifest, candidate.migrations);
  candidate.contracts = notes.contracts;
  candidate.sha256 = file.sha256;
  candidate.manifest = std::move(manifest);
}

PluginCandidate examine(const PluginEntry& entry, const fs::path& plugin_folder) {
  PluginCandidate candidate;
  candidate.id = entry.id;
  candidate.required = entry.required;
  candidate.library = entry.library.empty() ? plugin_folder / (entry.id + ".so") : entry.library;
  if (!entry.enabled) {
    close(candidate, PluginState::Disabled,
          fmt::format("conf/plugins.d/{}.properties says enabled = false", entry.id));
  } else if (!entry.problem.empty()) {
    close(candidate, PluginState::Refused, entry.problem);
  } else {
    try {
      readManifest(candidate);
    } catch (const PluginRefusal& refusal) {
      close(candidate, refusal.state(), refusal.reason());
    }
  }
  return candidate;
}

/// Files of the folder that nobody configured.
void addUnlisted(const fs::path& folder, std::map<std::string, PluginCandidate>& candidates) {
  std::error_code error;
  for (fs::directory_iterator file{folder, error}, end; !error && file != end;
       file.increment(error)) {
    if (file->path().extension() != ".so") continue;
    const std::string id = file->path().stem().string();
    const bool named = std::any_of(candidates.begin(), candidates.end(), [&](const auto& entry) {
      return entry.second.library.lexically_normal() == file->path().lexically_normal();
    });
    if (named || candidates.contains(id)) continue;
    PluginCandidate candidate;
    candidate.id = id;
    candidate.library = file->path();
    close(candidate, PluginState::Disabled,
          fmt::format("there is no conf/plugins.d/{0}.properties; write one with `enabled = true`",
                      id));
    candidates.emplace(id, std::move(candidate));
  }
}

}  // namespace

std::vector<PluginCandidate> discoverPlugins(const std::vector<PluginEntry>& entries,
                                             const fs::path& plugin_folder) {
  std::map<std::string, PluginCandidate> candidates;
  for (const auto& entry : entries) {
    const auto [found, added] = candidates.try_emplace(entry.id);
    if (added) {
      found->second = examine(entry, plugin_folder);
    } else {
      close(found->second, PluginState::Refused,
            fmt::format("plugin {} is configured twice; keep one of them", entry.id));
    }
  }
  addUnlisted(plugin_folder, candidates);
  std::vector<PluginCandidate> ordered;
  ordered.reserve(candidates.size());
  for (auto& [id, candidate] : candidates) ordered.push_back(std::move(candidate));
  return ordered;
}

std::optional<LastKnown> lastKnown(const PluginCache& cache, std::string_view id) {
  const auto copy = cache.lastCopyOf(id);
  if (!copy) return {};
  try {
    const PluginNotes notes = readPluginNotes(readPluginFile(*copy));
    const Manifest manifest = Manifest::parse(notes.manifest, copy->string());
    LastKnown known{manifest.service, manifest.capabilities()};
    known.capabilities.contracts = notes.contracts;
    return known;
  } catch (const PluginRefusal&) {
    return {};
  }
}

void verify(PluginCandidate& candidate, const PluginCache& cache, const HomeSettings& settings,
            const PreflightOptions& options) {
  if (candidate.state != PluginState::Discovered) return;
  const std::string name = candidate.library.string();
  try {
    const PluginFile file = readPluginFile(candidate.library);
    if (file.sha256 != candidate.sha256) {
      throw PluginRefusal{PluginState::Refused,
                          fmt::format("{} changed while it was examined; try again", name)};
    }
    const fs::path copy = cache.copyOf(file, candidate.id);
    candidate.preflight = preflight(copy, settings, options);
    if (candidate.preflight.passed) {
      candidate.copy = copy;
      candidate.state = PluginState::Verified;
    } else {
      close(candidate, PluginState::Refused,
            fmt::format("{} {}", name, candidate.preflight.reason));
    }
  } catch (const PluginRefusal& refusal) {
    close(candidate, refusal.state(), refusal.reason());
  } catch (const Error& error) {
    close(candidate, PluginState::Refused,
          fmt::format("{} could not be proven: {}", name, error.message()));
  }
}

}  // namespace bulkhead::host
