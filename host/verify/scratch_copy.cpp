#include "verify/scratch_copy.hpp"

#include <cstdlib>
#include <system_error>

#include <bulkhead/error.hpp>

#include "plugins/plugin_cache.hpp"

namespace bulkhead::host {
namespace {

std::filesystem::path newFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "bulkhead-verify-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw Error::app("NO_FOLDER", "There is no folder for temporary files: set TMPDIR.");
  return pattern;
}

}  // namespace

ScratchCopy::ScratchCopy(const PluginFile& file, const std::string& id)
    : folder_{newFolder()}, path_{PluginCache{folder_}.copyOf(file, id)} {}

ScratchCopy::~ScratchCopy() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace bulkhead::host
