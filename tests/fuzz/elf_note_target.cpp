#include <string>

#include <bulkhead/error.hpp>

#include "fuzz/fuzz_target.hpp"
#include "plugins/elf_image.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/embedded_migrations.hpp"

namespace {

using bulkhead::Error;
using bulkhead::fuzz::require;
using bulkhead::host::ElfImage;

bool isWithin(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void readSymbols(std::string_view bytes) {
  try {
    const auto facts = ElfImage{bytes}.symbolFacts();
    for (const auto& names : {facts.needed, facts.exported, facts.strong}) {
      for (const auto name : names) require(isWithin(name, bytes), "a name lies in the file");
    }
  } catch (const Error& refused) {
    require(!refused.message().empty(), "a refusal has its sentence");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = bulkhead::fuzz::textOf(data, size);
  readSymbols(bytes);
  try {
    const auto notes = bulkhead::host::readPluginNotes({"fuzzed.so", std::string{bytes}, ""});
    require(bytes.find(notes.manifest) != std::string_view::npos, "the manifest lies in the file");
    bulkhead::host::parseMigrations(notes.migrations, "fuzzed.so");
  } catch (const Error& refused) {
    require(refused.message().starts_with("fuzzed.so"), "a refusal names the file");
  }
  return 0;
}
