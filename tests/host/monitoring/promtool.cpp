#include "host/monitoring/promtool.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::host::monitoring {

std::optional<PromtoolResult> promtoolCheck(std::string_view text) {
  if (::access("/usr/bin/promtool", X_OK) != 0) return {};
  std::string file = (std::filesystem::temp_directory_path() / "bulkhead-metrics-XXXXXX").string();
  const int descriptor = ::mkstemp(file.data());
  if (descriptor < 0) return {};
  ::close(descriptor);
  std::ofstream{file} << text;
  const std::string command = "/usr/bin/promtool check metrics < " + file + " 2>&1";
  PromtoolResult result;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    result.output.append(buffer.data(), size);
  result.exit_code = WEXITSTATUS(::pclose(pipe));
  std::filesystem::remove(file);
  return result;
}

}  // namespace bulkhead::host::monitoring
