#include "verify/route_checks.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "http/router.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/manifest.hpp"
#include "plugins/preflight.hpp"
#include "verify/scratch_copy.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using Verdict = VerifyFinding::Verdict;
using Routes = std::vector<RouteTable<int>::Route>;

void append(Routes& into, const std::string& owner, const std::vector<std::string>& routes) {
  for (const auto& route : routes) {
    const auto space = route.find(' ');
    into.push_back({route.substr(0, space), route.substr(space + 1), owner, 0});
  }
}

/// The sentence of the first clash; empty when there is none.
std::string clashOf(const Routes& routes) {
  try {
    const RouteTable<int> table{routes};
    return {};
  } catch (const Error& clash) {
    return clash.message();
  }
}

/// A neighbour that the host would refuse has no routes to clash with.
void appendNeighbour(Routes& into, const std::string& id, const fs::path& path) {
  try {
    const PluginFile file = readPluginFile(path);
    const Manifest manifest = Manifest::parse(readPluginNotes(file).manifest, path.string());
    if (manifest.id == id) return;
    const ScratchCopy copy{file, manifest.id};
    append(into, manifest.id, preflight(copy.path(), homeSettings(manifest.settings, {})).routes);
  } catch (const Error&) {
    return;
  }
}

}  // namespace

std::vector<VerifyFinding> routeFindings(const std::string& id,
                                         const std::vector<std::string>& routes,
                                         const std::optional<fs::path>& beside) {
  std::vector<VerifyFinding> findings;
  findings.reserve(routes.size());
  for (const auto& route : routes) findings.push_back({Verdict::Passed, {}, {}, route, {}});
  if (routes.empty())
    findings.push_back(
        {Verdict::Warning, {}, {}, "it has none: no client can ask it anything", {}});
  Routes all;
  append(all, id, routes);
  if (std::string clash = clashOf(all); !clash.empty()) {
    findings.push_back(
        {Verdict::Failed, {}, {}, std::move(clash), "give one of them another path or method"});
    return findings;
  }
  if (!beside) return findings;
  for (const auto& entry : fs::directory_iterator{*beside}) {
    Routes both = all;
    if (entry.path().extension() == ".so") appendNeighbour(both, id, entry.path());
    if (std::string clash = clashOf(both); !clash.empty())
      findings.push_back({Verdict::Failed,
                          {},
                          entry.path().string(),
                          std::move(clash),
                          "the host refuses whichever of the two starts later"});
  }
  return findings;
}

}  // namespace bulkhead::host
