#include "plugins/plugin_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/plugins/plugin_files.hpp"
#include "plugins/library.hpp"

namespace bulkhead::host {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

TEST(PluginCache, CopiesReadOnlyToAPathOfTheContent) {
  const TemporaryFolder folder;
  const PluginFile file = readPluginFile(test::greeter());
  const PluginCache cache{folder.path()};
  const fs::path copy = cache.copyOf(file, "greeter");
  EXPECT_THAT(copy.string(), EndsWith("/greeter/" + file.sha256 + ".so"));
  EXPECT_EQ(readPluginFile(copy).bytes, file.bytes);
  struct stat status {};
  ASSERT_EQ(stat(copy.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0444U);
  EXPECT_EQ(cache.copyOf(file, "greeter"), copy);
}

TEST(PluginCache, ReplacesACopyThatIsNoLongerItself) {
  const TemporaryFolder folder;
  const PluginFile file = readPluginFile(test::greeter());
  const PluginCache cache{folder.path()};
  const fs::path copy = cache.copyOf(file, "greeter");
  fs::permissions(copy, fs::perms::owner_all);
  std::string damaged = file.bytes;
  damaged[damaged.size() / 2] ^= 1;
  std::ofstream{copy, std::ios::binary} << damaged;
  ASSERT_NE(readPluginFile(copy).sha256, file.sha256);
  EXPECT_EQ(readPluginFile(cache.copyOf(file, "greeter")).sha256, file.sha256);
}

TEST(PluginCache, GivesTwoGenerationsOfOneFileCodeOfTheirOwn) {
  const TemporaryFolder folder;
  const PluginFile file = readPluginFile(test::greeter());
  const PluginCache cache{folder.path()};
  const PluginLibrary first = PluginLibrary::load(cache.copyOf(file, "greeter"));
  const PluginLibrary second = PluginLibrary::load(cache.copyOf(file, "greeter"));
  EXPECT_NE(first.path(), second.path());
  EXPECT_NE(&first.table(), &second.table());
  // The control: one path twice is one library.
  const PluginLibrary same = PluginLibrary::load(first.path());
  EXPECT_EQ(&first.table(), &same.table());
}

TEST(PluginCache, KnowsWhichCopyWasHandedOutLast) {
  const TemporaryFolder folder;
  const PluginCache cache{folder.path()};
  EXPECT_EQ(cache.lastCopyOf("greeter"), std::nullopt);
  PluginFile file = readPluginFile(test::greeter());
  const fs::path older = cache.copyOf(file, "greeter");
  EXPECT_EQ(cache.lastCopyOf("greeter"), older);
  file.bytes += "x";
  file.sha256.front() = file.sha256.front() == '0' ? '1' : '0';
  const fs::path newer = cache.copyOf(file, "greeter");
  fs::last_write_time(older, fs::last_write_time(newer) - std::chrono::seconds{1});
  EXPECT_EQ(cache.lastCopyOf("greeter"), newer);
  fs::last_write_time(older, fs::last_write_time(newer) + std::chrono::seconds{1});
  EXPECT_EQ(cache.lastCopyOf("greeter"), older);
  EXPECT_EQ(cache.lastCopyOf("other"), std::nullopt);
}

TEST(PluginCache, OverwritingTheOperatorsFileLeavesTheCopy) {
  const TemporaryFolder folder;
  const fs::path original = folder.write("shop.so", readPluginFile(test::greeter()).bytes);
  const fs::path copy =
      PluginCache{folder.path() / "cache"}.copyOf(readPluginFile(original), "shop");
  const PluginLibrary library = PluginLibrary::load(copy);
  folder.write("shop.so", "gone");
  EXPECT_NE(library.table().create, nullptr);
  EXPECT_EQ(library.table().abi_major, BULKHEAD_ABI_MAJOR);
}

TEST(PluginCache, PrunesWhatIsOldAndNotKept) {
  const TemporaryFolder folder;
  const PluginCache cache{folder.path()};
  const PluginFile one{"one.so", "one", sha256Of("one")};
  const PluginFile two{"two.so", "two", sha256Of("two")};
  const fs::path old = cache.copyOf(one, "x");
  const fs::path kept = cache.copyOf(two, "x");
  EXPECT_EQ(cache.prune(std::chrono::hours{1}, {}), 0U);
  for (const auto& copy : {old, kept}) {
    fs::last_write_time(copy, fs::file_time_type::clock::now() - std::chrono::hours{2});
  }
  EXPECT_EQ(cache.prune(std::chrono::hours{1}, {kept}), 1U);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(kept));
}

TEST(PluginCache, SaysWhyItCannotCopy) {
  const TemporaryFolder folder;
  const PluginCache cache{folder.write("file", "in the way")};
  const PluginFile file{"one.so", "one", sha256Of("one")};
  EXPECT_THAT(test::refusalOf([&] { cache.copyOf(file, "x"); }), HasSubstr("cannot be made"));
}

TEST(PluginFile, HasTheDigestOfFips180) {
  EXPECT_EQ(sha256Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace bulkhead::host
