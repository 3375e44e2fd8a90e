#include <bulkhead/error.hpp>

#include "config/plugin_conf.hpp"
#include "fuzz/fuzz_target.hpp"
#include "plugins/manifest.hpp"
#include "plugins/start_order.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::Manifest;

constexpr std::size_t kReasonBytesMax = 64U * 1024;

void check(const Manifest& manifest) {
  require(bulkhead::host::isPluginId(manifest.id), "an id is one");
  require(!bulkhead::host::isReservedPluginId(manifest.id), "an id is none of the host's own");
  for (const auto& setting : manifest.settings) {
    const bool empty_text = setting.default_text && setting.default_text->empty();
    if (!setting.default_text || empty_text) continue;
    require(parseValue(setting, *setting.default_text).has_value(), "a default fits its setting");
  }
  const auto order = bulkhead::host::startOrder({manifest});
  require(order.steps.size() + order.blocked.size() == 1, "it starts or is blocked");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(Manifest::parse(bulkhead::fuzz::textOf(data, size), "fuzzed.so"));
  } catch (const bulkhead::Error& refused) {
    require(refused.message().starts_with("fuzzed.so"), "a refusal names the file");
    require(refused.message().size() <= kReasonBytesMax, "a refusal is a sentence, not a flood");
  }
  return 0;
}
