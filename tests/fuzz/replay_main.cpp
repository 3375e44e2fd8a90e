#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz_target.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> filesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

/// The bytes end where the allocation does, so that a reader that goes beyond them is seen.
void replay(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>{stream}, {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

/// Hands every file of the folder that is named to the target. Exits with 1 when an exception
/// escapes, or when there is nothing to replay.
int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: {} FOLDER\n", arguments[0]);
    return 2;
  }
  const auto files = filesIn(arguments[1]);
  for (const auto& file : files) {
    try {
      replay(file);
    } catch (const std::exception& escaped) {
      fmt::print(stderr, "{}: {}\n", file.string(), escaped.what());
      return 1;
    }
  }
  fmt::print("{} inputs of {}\n", files.size(), arguments[1]);
  return files.empty() ? 1 : 0;
}
