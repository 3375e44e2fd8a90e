#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "html_judge.hpp"
#include "runtime/sanitizer.hpp"

using bulkhead::fuzz::require;
using bulkhead::host::sanitizedJson;
using bulkhead::host::sanitizedText;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = bulkhead::fuzz::textOf(data, size);
  const std::string once = sanitizedText(text).value_or(std::string{text});
  require(!sanitizedText(once), "sanitizing twice is sanitizing once");
  require(bulkhead::tests::whatActs(once).empty(), "nothing acts afterwards");
  const auto clean = sanitizedJson(text);
  if (!nlohmann::json::accept(text)) return 0;
  require(!clean || nlohmann::json::accept(clean->text), "JSON stays JSON");
  require(!clean || !sanitizedJson(clean->text), "and is sanitized for good");
  return 0;
}
