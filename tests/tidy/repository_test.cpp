#include "repository.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules.hpp"

namespace bulkhead::tidy {
namespace {

namespace fs = std::filesystem;

const Repository& ours() {
  static const auto kRepository = Repository::read(BULKHEAD_SOURCE_DIR);
  return kRepository;
}

void expectNone(const Findings& findings) {
  EXPECT_TRUE(findings.empty()) << '\n' << toString(findings);
}

TEST(ThisRepository, IsTheOneThatIsRead) {
  EXPECT_TRUE(ours().has("CMakeLists.txt"));
  EXPECT_TRUE(ours().hasFolder("host"));
  EXPECT_FALSE(ours().hasFolder("build"));
}

TEST(ThisRepository, IncludesPointTheRightWay) {
  expectNone(checkIncludes(ours()));
}
TEST(ThisRepository, FilesAndFunctionsAreSmall) {
  expectNone(checkSizes(ours()));
}
TEST(ThisRepository, NamesSayWhatIsInside) {
  expectNone(checkNames(ours()));
}
TEST(ThisRepository, WordsAreTheAgreedOnes) {
  expectNone(checkWords(ours()));
}
TEST(ThisRepository, PluginsAreComplete) {
  expectNone(checkPlugins(ours()));
}
TEST(ThisRepository, DocumentsHold) {
  expectNone(checkDocuments(ours()));
}
TEST(ThisRepository, RequirementsAgreeWithTests) {
  expectNone(checkRequirements(ours()));
}

TEST(ThisRepository, StatementsOfPluginsStandInStores) {
  expectNone(checkSql(ours()));
}

/// A folder that is no git repository and goes with the test.
class Folder {
 public:
  Folder()
      : path_{fs::temp_directory_path() / fs::path{"bulkhead_tidy_" + std::to_string(getpid())}} {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream{path_ / name, std::ios::binary} << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Repository, IsReadWithoutGitAndWithoutBuildFolders) {
  const Folder folder;
  folder.write("host/a.cpp", "int a;\n");
  folder.write("build/release/b.cpp", "int b;\n");
  folder.write("host/image.bin", std::string_view{"a\0b", 3});
  const auto repository = Repository::read(folder.path());
  ASSERT_EQ(repository.files().size(), 2U);
  EXPECT_EQ(repository.files()[0].path, "host/a.cpp");
  EXPECT_EQ(repository.files()[0].text, "int a;\n");
  EXPECT_EQ(repository.files()[1].text, "");
}

TEST(Repository, KnowsItsFolders) {
  const Repository repository{
      {{"plugins/b/x.cpp", ""}, {"plugins/a/y.cpp", ""}, {"plugins/z.txt", ""}}};
  EXPECT_THAT(repository.foldersOf("plugins"), ::testing::ElementsAre("a", "b"));
  EXPECT_TRUE(repository.hasFolder("plugins/a"));
  EXPECT_FALSE(repository.hasFolder("plugin"));
  EXPECT_EQ(repository.find("plugins/c"), nullptr);
}

}  // namespace
}  // namespace bulkhead::tidy
