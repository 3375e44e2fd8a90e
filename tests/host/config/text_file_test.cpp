#include "config/text_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/configuration_problem.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

std::string problemOf(const std::filesystem::path& file) {
  try {
    readTextFile(file);
  } catch (const ConfigurationProblems& problems) {
    return problems.report();
  }
  return "";
}

TEST(PlainUtf8, AcceptsWellFormedTextOnly) {
  EXPECT_TRUE(isPlainUtf8(""));
  EXPECT_TRUE(isPlainUtf8("plain\n"));
  EXPECT_TRUE(isPlainUtf8("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\xA2"));
  EXPECT_FALSE(isPlainUtf8("\xE9"));              // Latin-1
  EXPECT_FALSE(isPlainUtf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(isPlainUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(isPlainUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(isPlainUtf8("\xE2\x82"));          // cut
  EXPECT_FALSE(isPlainUtf8("\x80"));              // continuation alone
  EXPECT_FALSE(isPlainUtf8(std::string_view{"a\0b", 3}));
}

TEST(TextFile, DropsTheByteOrderMark) {
  const TemporaryFolder folder;
  EXPECT_EQ(readTextFile(folder.write("a", "\xEF\xBB\xBFkey=1")), "key=1");
}

TEST(TextFile, AcceptsOneMebibyteAndRefusesMore) {
  const TemporaryFolder folder;
  EXPECT_EQ(problemOf(folder.write("a", std::string(kTextFileBytesMax, 'x'))), "");
  EXPECT_NE(problemOf(folder.write("b", std::string(kTextFileBytesMax + 1, 'x'))), "");
}

TEST(TextFile, NamesTheLineThatIsNotUtf8) {
  const TemporaryFolder folder;
  const auto file = folder.write("a", "one\ntwo\nthr\xE9\x65\n");
  EXPECT_EQ(problemOf(file), file.string() + ":3: expected UTF-8 text without NUL.\n");
}

TEST(TextFile, RefusesWhatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_NE(problemOf(folder.path() / "absent").find("No such file"), std::string::npos);
  EXPECT_NE(problemOf(folder.path()).find("folder"), std::string::npos);
}

TEST(TextFile, NeverWaitsForWhoeverMayWriteIntoAPipe) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe.properties";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(problemOf(pipe).find("this is a pipe"), std::string::npos);
  EXPECT_EQ(readTextFile("/dev/null"), "");
}

}  // namespace
}  // namespace bulkhead::host
