#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/variables.hpp"
#include "verify/trial.hpp"

namespace bulkhead::host {

/// One thing that was looked at, and what came of it.
struct VerifyFinding {
  enum class Verdict { Passed, Warning, Failed };
  Verdict verdict = Verdict::Passed;
  std::string check;    ///< "manifest", "symbols" ...
  std::string where;    ///< a symbol, a route, a call to the host; may be empty
  std::string text;     ///< what was found, or what is wrong
  std::string instead;  ///< how to mend it, where `text` does not say so
};

struct VerifyReport {
  std::vector<VerifyFinding> findings;
  /// Nothing failed. Warnings do not count.
  bool passed() const;
  /// The host would start it, whatever becomes of it under faults.
  bool startable() const;
};

struct VerifyOptions {
  std::optional<std::filesystem::path> conf{};    ///< the plugin's own file; else the defaults
  Variables variables{};                          ///< that the file may name
  std::optional<std::filesystem::path> beside{};  ///< a folder of plugins that it will live with
  TrialOptions trial{};
};

/// Proves a plugin's file as the host does before it loads it, and further: reads file, notes,
/// manifest, capabilities and symbols without running anything, then its settings, then loads,
/// creates and destroys a private copy in a throw-away child, and puts it to the trial in another
/// one: its migrations on an empty store, its start, and with `trial.faults` every call to the host
/// failing in every way. Stops where the host would. Each finding says what to mend. Throws Error
/// when no child can be started.
VerifyReport verifyPlugin(const std::filesystem::path& file, const VerifyOptions& options = {});

/// A line for each finding, and one below it with what to do instead.
std::string asText(const VerifyReport& report);
/// {"passed":true,"startable":true,"findings":[{"verdict":"passed","check":"manifest","where":"",
/// "text":"...","instead":""}]}
std::string asJson(const VerifyReport& report);

}  // namespace bulkhead::host
