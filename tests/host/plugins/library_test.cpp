#include "plugins/library.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/plugins/plugin_files.hpp"
#include "plugins/plugin_cache.hpp"

namespace bulkhead::host {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(std::string_view name) {
  return test::refusalOf([&] { PluginLibrary::load(test::hostile(name)); });
}

TEST(PluginLibrary, LoadsAndReallyUnloads) {
  const TemporaryFolder folder;
  const auto copy = PluginCache{folder.path()}.copyOf(readPluginFile(test::greeter()), "greeter");
  ASSERT_FALSE(PluginLibrary::isMapped(copy));
  PluginLibrary library = PluginLibrary::load(copy);
  EXPECT_EQ(library.table().abi_major, BULKHEAD_ABI_MAJOR);
  EXPECT_TRUE(PluginLibrary::isMapped(copy));
  EXPECT_TRUE(library.unload());
  EXPECT_FALSE(library.pinned());
  EXPECT_FALSE(PluginLibrary::isMapped(copy));
}

TEST(PluginLibrary, SaysWhenALibraryStaysInMemory) {
  const TemporaryFolder folder;
  const auto copy =
      PluginCache{folder.path()}.copyOf(readPluginFile(test::hostile("pinned")), "pinned");
  PluginLibrary library = PluginLibrary::load(copy);
  EXPECT_FALSE(library.pinned());
  EXPECT_FALSE(library.unload());
  EXPECT_TRUE(library.pinned());
}

TEST(PluginLibrary, LeavesTheLibrariesInMemoryThatAPluginBroughtAlong) {
  const auto brought = test::hostile("needed/libbrought");
  // The control: opened and closed by itself, it goes.
  void* alone = dlopen(brought.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(alone, nullptr) << dlerror();
  ASSERT_TRUE(PluginLibrary::isMapped(brought));
  dlclose(alone);
  ASSERT_FALSE(PluginLibrary::isMapped(brought));

  const auto plugin = test::hostile("brings-library");
  PluginLibrary library = PluginLibrary::load(plugin);
  EXPECT_TRUE(PluginLibrary::isMapped(brought));
  EXPECT_TRUE(library.unload());
  EXPECT_FALSE(PluginLibrary::isMapped(plugin));
  EXPECT_TRUE(PluginLibrary::isMapped(brought));
}

TEST(PluginLibrary, RefusesAnUnresolvedSymbolWhenItIsLoaded) {
  EXPECT_THAT(refusal("unresolved"),
              AllOf(HasSubstr("undefined symbol: nobody_defines_this"), HasSubstr("-Wl,-z,defs")));
  // The control: bound lazily, the same file loads, and would end the process at its first call.
  void* lazy = dlopen(test::hostile("unresolved").c_str(), RTLD_LAZY | RTLD_LOCAL);
  EXPECT_NE(lazy, nullptr);
  if (lazy != nullptr) dlclose(lazy);
}

TEST(PluginLibrary, RefusesATableOfAnotherAbiNamingBothSides) {
  EXPECT_THAT(refusal("other-abi"),
              AllOf(HasSubstr("was built for plugin-api 2.0; this host speaks 1." +
                              std::to_string(BULKHEAD_ABI_MINOR)),
                    HasSubstr("build it against plugin-api 1")));
  EXPECT_THAT(refusal("newer-abi"),
              AllOf(HasSubstr("was built for plugin-api 1.7"), HasSubstr("update the host")));
  EXPECT_THAT(refusal("short-table"), HasSubstr("gives a table of 16 bytes"));
  EXPECT_THAT(refusal("no-handle"), HasSubstr("without create, handle or destroy"));
  EXPECT_THAT(refusal("no-table"), HasSubstr("returned NULL"));
}

TEST(PluginLibrary, RefusesWhatTheLoaderRefuses) {
  EXPECT_THAT(refusal("not-elf"), HasSubstr("cannot be loaded"));
  EXPECT_THAT(refusal("empty"), HasSubstr("cannot be loaded"));
  EXPECT_THAT(refusal("no-such-file"), HasSubstr("cannot be loaded"));
}

TEST(PluginLibrary, FindsAPathAmongMappingsOnlyWhenItIsWhole) {
  constexpr const char* kMaps =
      "7f00-7f01 r-xp 00000000 08:01 77    /var/cache/a b.so\n"
      "7f02-7f03 r-xp 00000000 08:01 78    /var/cache/gone.so (deleted)\n";
  EXPECT_TRUE(PluginLibrary::isMapped(kMaps, "/var/cache/a b.so"));
  EXPECT_TRUE(PluginLibrary::isMapped(kMaps, "/var/cache/gone.so"));
  EXPECT_FALSE(PluginLibrary::isMapped(kMaps, "/var/cache/a b"));
  EXPECT_FALSE(PluginLibrary::isMapped(kMaps, "/cache/a b.so"));
}

}  // namespace
}  // namespace bulkhead::host
