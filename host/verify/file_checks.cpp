#include "verify/file_checks.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

#include "capabilities/capability_contract.hpp"
#include "plugins/elf_image.hpp"
#include "plugins/embedded_migrations.hpp"

namespace bulkhead::host {
namespace {

using Verdict = VerifyFinding::Verdict;

VerifyFinding found(Verdict verdict, std::string text, std::string instead = {},
                    std::string where = {}) {
  return {verdict, {}, std::move(where), std::move(text), std::move(instead)};
}

constexpr const char* kHide =
    "build it with bulkhead_add_plugin(), or with -fvisibility=hidden and static functions";

/// Of the names that are seen from outside, those that are not the door.
std::vector<VerifyFinding> exportFindings(const ElfSymbolFacts& facts) {
  std::vector<VerifyFinding> findings;
  std::string others;
  for (const auto name : facts.exported) {
    if (name == BULKHEAD_PLUGIN_SYMBOL) continue;
    const bool is_strong =
        std::find(facts.strong.begin(), facts.strong.end(), name) != facts.strong.end();
    const std::string text{name};
    if (is_strong && !name.starts_with('_') && dlsym(RTLD_DEFAULT, text.c_str()) != nullptr)
      findings.push_back(found(Verdict::Failed,
                               "is a name that the host has as well: its own calls would reach the "
                               "host's code",
                               "make it static, or hide it: -fvisibility=hidden", text));
    else
      others += (others.empty() ? "" : ", ") + text;
  }
  if (!others.empty())
    findings.push_back(
        found(Verdict::Warning,
              fmt::format("{} symbols are exported where one is enough", facts.exported.size()),
              kHide, others.substr(0, 200)));
  return findings;
}

/// The calls of a contract that anybody has, by "payments/1". Throws Error.
std::map<std::string, std::vector<std::string>> contractsOf(const PluginNotes& notes) {
  std::map<std::string, std::vector<std::string>> contracts;
  const auto add = [&](const CapabilityContract& contract) {
    auto& calls = contracts[contract.capability()];
    for (const auto& [name, call] : contract.calls()) calls.push_back(name);
  };
  for (const auto& contract : builtInContracts()) add(contract);
  if (notes.contracts.empty()) return contracts;
  for (const auto& document : nlohmann::json::parse(notes.contracts))
    add(CapabilityContract::parse(document.dump(), "a contract that it brings"));
  return contracts;
}

}  // namespace

std::vector<VerifyFinding> symbolFindings(const PluginFile& file) {
  const ElfSymbolFacts facts = ElfImage{file.bytes}.symbolFacts();
  std::vector<VerifyFinding> findings = exportFindings(facts);
  const auto& exported = facts.exported;
  if (std::find(exported.begin(), exported.end(), BULKHEAD_PLUGIN_SYMBOL) == exported.end())
    findings.push_back(found(Verdict::Failed, "is not exported: there is no door",
                             "end its main source with BULKHEAD_PLUGIN(Type), or export the "
                             "function of abi.h",
                             BULKHEAD_PLUGIN_SYMBOL));
  if (facts.unique > 0)
    findings.push_back(
        found(Verdict::Warning,
              fmt::format("{} GNU_UNIQUE symbols keep it in memory after unloading", facts.unique),
              "build it with -fno-gnu-unique", std::string{facts.pinning}));
  if (!facts.binds_now)
    findings.push_back(found(Verdict::Warning,
                             "symbols are bound lazily: one that is missing ends the process at "
                             "its first call",
                             "link it with -Wl,-z,now -Wl,-z,defs"));
  if (findings.empty())
    findings.push_back(found(Verdict::Passed, "only the door is seen from outside"));
  return findings;
}

std::vector<VerifyFinding> storeFindings(const Manifest& manifest, const PluginNotes& notes,
                                         const std::string& file) {
  std::map<std::string, std::size_t> by_engine;
  for (const auto& one : parseMigrations(notes.migrations, file)) ++by_engine[one.engine];
  if (!manifest.store && by_engine.empty()) return {found(Verdict::Passed, "it keeps no data")};
  if (!manifest.store)
    return {found(Verdict::Warning, "it has migrations, and keeps no data",
                  R"(say "store": true in plugin.json)")};
  std::vector<VerifyFinding> findings;
  for (const char* engine : {"sqlite", "postgresql"}) {
    const std::size_t count = by_engine[engine];
    findings.push_back(
        count > 0 ? found(Verdict::Passed, fmt::format("{} migrations for {}", count, engine))
                  : found(Verdict::Warning, fmt::format("no migrations for {}", engine),
                          fmt::format("put them into migrations/{}/, or it has no tables there",
                                      engine)));
  }
  return findings;
}

std::vector<VerifyFinding> capabilityFindings(const Manifest& manifest, const PluginNotes& notes) {
  std::vector<VerifyFinding> findings;
  std::map<std::string, std::vector<std::string>> contracts;
  try {
    contracts = contractsOf(notes);
  } catch (const std::exception& refusal) {
    return {found(Verdict::Failed, refusal.what(), "mend capabilities/<name>.json")};
  }
  for (const auto& capability : manifest.provides) {
    const std::string name = capability.text();
    if (contracts.contains(name))
      findings.push_back(found(Verdict::Passed, "provides " + name));
    else
      findings.push_back(found(Verdict::Failed, "is provided, and nobody has its contract",
                               "bring it as capabilities/" + capability.name + ".json", name));
  }
  for (const auto& wanted : manifest.wants) {
    const std::string name = wanted.capability.text();
    findings.push_back(found(
        Verdict::Passed, fmt::format("wants {}{}", name, wanted.required ? " (required)" : "")));
    if (!contracts.contains(name))
      findings.back() =
          found(Verdict::Warning, "is wanted, and the host has no contract of it",
                "its provider has to bring it; look at the name and the major version", name);
  }
  return findings;
}

std::vector<VerifyFinding> unansweredCalls(const Manifest& manifest, const PluginNotes& notes,
                                           const std::vector<std::string>& answers) {
  std::vector<VerifyFinding> findings;
  const auto contracts = contractsOf(notes);
  for (const auto& capability : manifest.provides) {
    const auto contract = contracts.find(capability.text());
    if (contract == contracts.end()) continue;
    for (const auto& call : contract->second) {
      const std::string path = capability.text() + "/" + call;
      if (std::find(answers.begin(), answers.end(), path) != answers.end()) continue;
      findings.push_back(found(Verdict::Warning,
                               "is not answered: who calls it is told so, as unavailable",
                               "register it with provide(), if it has any meaning here", path));
    }
  }
  return findings;
}

}  // namespace bulkhead::host
