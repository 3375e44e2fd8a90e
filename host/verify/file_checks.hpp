#pragma once

#include <string>
#include <vector>

#include "plugins/elf_note.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_file.hpp"
#include "verify/verify.hpp"

namespace bulkhead::host {

// What can be said of a plugin's file without running any of it. Findings come without `check`.

/// The door, what is seen beside it and would be mistaken for names of the host, what pins the
/// library in memory, and when its symbols are bound.
std::vector<VerifyFinding> symbolFindings(const PluginFile& file);

/// Its store and the migrations that are there for it. Throws PluginRefusal.
std::vector<VerifyFinding> storeFindings(const Manifest& manifest, const PluginNotes& notes,
                                         const std::string& file);

/// The contracts that it brings, and those of what it provides and wants.
std::vector<VerifyFinding> capabilityFindings(const Manifest& manifest, const PluginNotes& notes);

/// The calls of what it provides that it does not answer; `answers`: "payments/1/refund".
std::vector<VerifyFinding> unansweredCalls(const Manifest& manifest, const PluginNotes& notes,
                                           const std::vector<std::string>& answers);

}  // namespace bulkhead::host
