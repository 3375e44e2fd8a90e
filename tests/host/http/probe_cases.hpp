#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bulkhead::host::test {

/// A case of Http11Probe: the bytes that a client sends, and what a server shall do.
struct ProbeCase {
  std::string id;
  bool scored;
  std::string expected;
  std::string request;
};

/// The cases of the reference data's http11probe.tsv.
std::vector<ProbeCase> readProbeCases(const std::filesystem::path& file);

}  // namespace bulkhead::host::test
