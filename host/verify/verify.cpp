#include "verify/verify.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "config/plugin_conf.hpp"
#include "plugins/home_options.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/preflight.hpp"
#include "verify/file_checks.hpp"
#include "verify/route_checks.hpp"
#include "verify/scratch_copy.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using Verdict = VerifyFinding::Verdict;

/// A value for a secret or an address that nobody gave, so that what needs it can be tried.
PluginSetting sampleSetting(const SettingDeclaration& declared) {
  if (declared.type == SettingType::Url) return std::string{"https://service.test"};
  std::string text = "on-trial-0123456789abcdef0123456789abcdef";
  if (declared.min && text.size() < static_cast<std::size_t>(*declared.min))
    text.resize(static_cast<std::size_t>(*declared.min), 'x');
  if (declared.max && text.size() > static_cast<std::size_t>(*declared.max))
    text.resize(static_cast<std::size_t>(*declared.max));
  return text;
}

class Verification {
 public:
  Verification(const fs::path& path, const VerifyOptions& options)
      : path_{path}, options_{options} {}

  VerifyReport run() {
    const std::pair<const char*, void (Verification::*)()> steps[] = {
        {"file", &Verification::readFile},
        {"manifest", &Verification::readManifest},
        {"symbols", &Verification::lookAtSymbols},
        {"store", &Verification::lookAtStore},
        {"capabilities", &Verification::lookAtCapabilities},
        {"settings", &Verification::readSettings},
        {"creation", &Verification::create},
        {"trial", &Verification::putToTrial}};
    for (const auto& [name, step] : steps) {
      check_ = name;
      try {
        (this->*step)();
      } catch (const PluginRefusal& refusal) {
        add(Verdict::Failed, refusal.reason());
      }
      if (!report_.startable()) break;
    }
    return std::move(report_);
  }

 private:
  void add(Verdict verdict, std::string text, std::string instead = {}, std::string where = {}) {
    report_.findings.push_back(
        {verdict, check_, std::move(where), std::move(text), std::move(instead)});
  }
  void addAll(std::vector<VerifyFinding> findings) {
    for (auto& one : findings) {
      one.check = check_;
      report_.findings.push_back(std::move(one));
    }
  }

  void readFile() {
    file_ = readPluginFile(path_);
    notes_ = readPluginNotes(file_);
    add(Verdict::Passed, fmt::format("{}, {} bytes", path_.string(), file_.bytes.size()));
  }

  void readManifest() {
    manifest_ = Manifest::parse(notes_.manifest, path_.string());
    add(Verdict::Passed,
        fmt::format("{} {}, plugin API {}", manifest_.id, manifest_.version, manifest_.api));
    if (path_.stem() != manifest_.id)
      add(Verdict::Warning, fmt::format("the file's name is not {}.so", manifest_.id),
          fmt::format("say library = {} in conf/plugins.d/{}.properties, or name it so",
                      path_.filename().string(), manifest_.id));
  }

  void lookAtSymbols() { addAll(symbolFindings(file_)); }
  void lookAtStore() { addAll(storeFindings(manifest_, notes_, path_.string())); }
  void lookAtCapabilities() { addAll(capabilityFindings(manifest_, notes_)); }

  void readSettings() {
    if (options_.conf) {
      const PluginConf conf = readPluginConf(*options_.conf, options_.variables);
      if (!conf.problems.empty())
        throw PluginRefusal{PluginState::Refused, conf.problems.front().sentence()};
      settings_ = readHomeSettings(manifest_, conf.file, options_.variables);
      return add(Verdict::Passed, fmt::format("as {} has them", options_.conf->string()));
    }
    settings_ = homeSettings(manifest_.settings, {});
    std::string required;
    for (const auto& setting : manifest_.settings) {
      if (setting.required) required += (required.empty() ? "" : ", ") + setting.name;
    }
    if (required.empty())
      add(Verdict::Passed, "every one has a default, or may be missing");
    else
      add(Verdict::Warning, fmt::format("{} must be given", required),
          "--conf FILE tries it with them");
  }

  void create() {
    copy_.emplace(file_, manifest_.id);
    const PreflightReport found = preflight(copy_->path(), settings_);
    if (!found.passed) {
      add(Verdict::Failed, fmt::format("{} {}", path_.string(), found.reason));
      if (!found.output.empty()) add(Verdict::Failed, "it wrote: " + found.output);
      return;
    }
    add(Verdict::Passed, fmt::format("created and destroyed in {} ms", found.took.count()));
    if (found.pinned)
      add(Verdict::Warning,
          "its code stays in memory after it: reloaded in the host it is there twice",
          "build it with -fno-gnu-unique and without -z nodelete, as bulkhead_add_plugin() does");
    check_ = "routes";
    addAll(routeFindings(manifest_.id, found.routes, options_.beside));
    check_ = "health";
    for (const auto& contributor : found.contributors) add(Verdict::Passed, contributor);
    if (found.contributors.empty() && !manifest_.service.empty())
      add(Verdict::Warning, "it is a service of /health, and no contributor says how it is",
          "register a health contributor");
  }

  void putToTrial() {
    TrialReport trial = tryPlugin(copy_->path(), trialSettings(), options_.trial);
    const bool begins_alone = !trial.findings.empty() && trial.findings.front().where == kBeginning;
    if (begins_alone && !options_.conf)  // it knows the samples of settings for what they are
      trial = tryPlugin(copy_->path(), settings_, options_.trial);
    bool began = true;
    for (const TrialFinding& found : trial.findings) {
      const bool at_its_beginning =
          found.where == kBeginning || found.where == kMigrating || found.where == kLoading;
      check_ = at_its_beginning ? "trial" : "faults";
      began = began && !at_its_beginning;
      add(Verdict::Failed, found.what, found.instead, found.where);
    }
    if (!began) return;
    check_ = "waist";
    add(Verdict::Passed,
        fmt::format("plugin-api {} (this host: {}.{}), a table of {} bytes", trial.waist,
                    BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR, trial.table_bytes));
    check_ = "capabilities";
    addAll(unansweredCalls(manifest_, notes_, trial.answers));
    check_ = "trial";
    add(Verdict::Passed, manifest_.store
                             ? "migrated on an empty store, created, started, stopped, destroyed"
                             : "created, started, stopped, destroyed");
    check_ = "faults";
    if (options_.trial.faults && trial.findings.empty())
      add(Verdict::Passed,
          fmt::format(
              "{} routes, calls, handlers and contributors with {} calls to the host: none of {} "
              "trials broke it",
              trial.counts.targets, trial.counts.calls, trial.steps));
    if (options_.trial.faults && trial.counts.answered < trial.counts.targets)
      add(Verdict::Warning,
          fmt::format("{} of {} were refused with nothing failing, so that what comes behind the "
                      "refusal was not tried",
                      trial.counts.targets - trial.counts.answered, trial.counts.targets),
          "give their contracts an \"example\" that is answered well; the plugin's own tests try "
          "the rest with failEachCall");
  }

  HomeSettings trialSettings() const {
    HomeSettings settings = settings_;
    if (options_.conf) return settings;
    for (const auto& declared : manifest_.settings) {
      const bool is_text = declared.type == SettingType::Secret ||
                           declared.type == SettingType::Url ||
                           declared.type == SettingType::String;
      if (is_text && std::holds_alternative<std::monostate>(settings[declared.name]))
        settings[declared.name] = sampleSetting(declared);
    }
    return settings;
  }

  const fs::path path_;
  const VerifyOptions& options_;
  std::string check_;
  PluginFile file_;
  PluginNotes notes_;
  Manifest manifest_;
  HomeSettings settings_;
  std::optional<ScratchCopy> copy_;
  VerifyReport report_;
};

std::string_view nameOf(Verdict verdict) {
  constexpr std::string_view kNames[] = {"passed", "warning", "failed"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view verdictOf(const VerifyReport& report) {
  if (!report.startable()) return "The host would refuse it.\n";
  if (!report.passed()) return "The host would start it; it does not stand its faults.\n";
  return "The host would start it.\n";
}

}  // namespace

bool VerifyReport::passed() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const auto& one) { return one.verdict == Verdict::Failed; });
}

bool VerifyReport::startable() const {
  return std::none_of(findings.begin(), findings.end(), [](const auto& one) {
    return one.verdict == Verdict::Failed && one.check != "faults";
  });
}

VerifyReport verifyPlugin(const fs::path& file, const VerifyOptions& options) {
  return Verification{file, options}.run();
}

std::string asText(const VerifyReport& report) {
  std::string text;
  for (const auto& one : report.findings) {
    text += fmt::format("{:<8} {:<9} {}{}{}\n", nameOf(one.verdict), one.check, one.where,
                        one.where.empty() ? "" : ": ", one.text);
    if (!one.instead.empty()) text += fmt::format("{:<18} instead: {}\n", "", one.instead);
  }
  return text.append(verdictOf(report));
}

std::string asJson(const VerifyReport& report) {
  std::string text;
  const auto findings = [&](JsonWriter& list) {
    list.array(report.findings, [](JsonWriter& out, const VerifyFinding& one) {
      out.object("verdict", nameOf(one.verdict), "check", one.check, "where", one.where, "text",
                 one.text, "instead", one.instead);
    });
  };
  JsonWriter{text}.object("passed", report.passed(), "startable", report.startable(), "findings",
                          findings);
  return text + "\n";
}

}  // namespace bulkhead::host
