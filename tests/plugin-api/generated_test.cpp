#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "plugins/elf_note.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/manifest.hpp"
#include "settings.hpp"

namespace bulkhead::host {
namespace {

const std::filesystem::path kPlugin = BULKHEAD_BUILD_DIR "/test-plugins/generated-code.so";

std::string contentOf(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(GeneratedNotes, CarryEveryMigrationByteForByte) {
  const auto notes = readPluginNotes(readPluginFile(kPlugin));
  const auto migrations = parseMigrations(notes.migrations, "generated-code.so");
  ASSERT_EQ(migrations.size(), 3U);
  for (const auto& migration : migrations) {
    const auto file = fmt::format("{}/{}/{:04}_{}.sql", GENERATED_MIGRATIONS, migration.engine,
                                  migration.number, migration.name);
    EXPECT_EQ(migration.sql, contentOf(file)) << file;
  }
  // The control: the file has what CMake would have mangled.
  EXPECT_NE(migrations[1].sql.find("'x;[y]\"\\n ${HOME} $ENV{HOME} \\; ]]"), std::string::npos);
  EXPECT_NE(migrations[1].sql.find('\r'), std::string::npos);
  EXPECT_NE(migrations[1].sql.find('\x1b'), std::string::npos);
}

TEST(GeneratedNotes, CarryTheManifestThatTheHostAccepts) {
  const auto notes = readPluginNotes(readPluginFile(kPlugin));
  EXPECT_EQ(notes.manifest,
            contentOf(BULKHEAD_SOURCE_DIR "/tests/plugin-api/generated/plugin.json"));
  const Manifest manifest = Manifest::parse(notes.manifest, "generated-code.so");
  EXPECT_EQ(manifest.settings.size(), 10U);
  EXPECT_TRUE(manifest.store);
}

TEST(GeneratedSettings, HaveTheManifestsDefaults) {
  const generated_code::Settings settings;
  EXPECT_EQ(settings.endpoint, "https://example.org/a;b?c=[d]");
  EXPECT_EQ(settings.greeting, "say \"hi\";\n[ü] \\ ${x}");
  EXPECT_EQ(settings.key, "");
  EXPECT_EQ(settings.large, 9007199254740993);
  EXPECT_EQ(settings.mode, "safe");
  EXPECT_FALSE(settings.off);
  EXPECT_TRUE(settings.on);
  EXPECT_DOUBLE_EQ(settings.rate, 0.1);
  EXPECT_EQ(settings.unset, 0);
  EXPECT_EQ(settings.wait, std::chrono::milliseconds{1500});
}

}  // namespace
}  // namespace bulkhead::host
