#include "plugins/elf_note.hpp"

#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

#include "host/plugins/elf_builder.hpp"
#include "host/plugins/plugin_files.hpp"
#include "plugins/elf_image.hpp"

namespace bulkhead::host {
namespace {

using test::Note;
using test::refusalOf;
using test::smallLibrary;
using ::testing::HasSubstr;

PluginFile inMemory(std::string bytes) {
  return {"x.so", std::move(bytes), ""};
}

PluginNotes read(const std::string& bytes) {
  return readPluginNotes(inMemory(bytes));
}

std::string refusal(const std::string& bytes) {
  return refusalOf([&] { read(bytes); });
}

const Note kManifest{"Bulkhead", 1, R"({"id":"x"})"};

TEST(ElfNote, ReadsTheNotesOfARealPlugin) {
  const PluginNotes notes = readPluginNotes(readPluginFile(test::greeter()));
  EXPECT_THAT(notes.manifest, HasSubstr("\"id\": \"greeter\""));
  EXPECT_EQ(notes.migrations, "");
}

TEST(ElfNote, FindsItsOwnAmongOthers) {
  const PluginNotes notes = read(
      smallLibrary({{"GNU", 3, "id"}, kManifest, {"Bulkhead", 9, "?"}, {"Bulkhead", 2, "[]"}}));
  EXPECT_EQ(notes.manifest, kManifest.description);
  EXPECT_EQ(notes.migrations, "[]");
}

TEST(ElfNote, RefusesWhatIsNoPluginWithItsReason) {
  EXPECT_THAT(refusal("hello"), HasSubstr("x.so is not an ELF file"));
  EXPECT_THAT(refusal(smallLibrary({})), HasSubstr("has no manifest"));
  EXPECT_THAT(refusal(smallLibrary({{"Other", 1, "{}"}})), HasSubstr("has no manifest"));
  EXPECT_THAT(refusal(smallLibrary({kManifest, kManifest})), HasSubstr("has 2 manifests"));
  EXPECT_THAT(refusal(smallLibrary({{"Bulkhead", 1, std::string(kNoteBytesMax + 1, ' ')}})),
              HasSubstr("has a note of 1048577 bytes"));
  EXPECT_EQ(refusal(smallLibrary({{"Bulkhead", 1, std::string(kNoteBytesMax, ' ')}})), "");
}

TEST(ElfNote, RefusesOtherMachinesAndKinds) {
  std::string bytes = smallLibrary({kManifest});
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(refusal(bytes), HasSubstr("32-bit"));
  bytes = smallLibrary({kManifest});
  bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  EXPECT_THAT(refusal(bytes), HasSubstr("was built for 32-bit x86"));
  bytes = smallLibrary({kManifest});
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_THAT(refusal(bytes), HasSubstr("is an object file; link it with -shared"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  EXPECT_THAT(refusal(bytes), HasSubstr("is a program"));
}

TEST(ElfNote, RefusesFilesThatAreNone) {
  const TemporaryFolder folder;
  const auto refused = [](const std::filesystem::path& path) {
    return refusalOf([&] { readPluginFile(path); });
  };
  EXPECT_THAT(refused(folder.path()), HasSubstr("is a directory"));
  EXPECT_THAT(refused(folder.path() / "none.so"), HasSubstr("there is no file"));
  EXPECT_THAT(refused(test::hostile("empty")), HasSubstr("is empty"));
  std::filesystem::create_symlink("b.so", folder.path() / "a.so");
  std::filesystem::create_symlink("a.so", folder.path() / "b.so");
  EXPECT_THAT(refused(folder.path() / "a.so"), HasSubstr("leads back to itself"));
  ASSERT_EQ(mkfifo((folder.path() / "pipe.so").c_str(), 0600), 0);
  EXPECT_THAT(refused(folder.path() / "pipe.so"), HasSubstr("is not a regular file"));
  std::filesystem::create_symlink(test::greeter(), folder.path() / "link.so");
  EXPECT_EQ(refused(folder.path() / "link.so"), "");
}

/// Any damage is a refusal or harmless, and never a crash. The descriptions that come through stay
/// within the file; AddressSanitizer watches when it is built in.
TEST(ElfNote, SurvivesEveryFlippedByteAndEveryLength) {
  const std::string whole = smallLibrary({{"GNU", 3, "id"}, kManifest, {"Bulkhead", 2, "[]"}});
  ASSERT_EQ(refusal(whole), "");
  std::size_t refused = 0;
  const auto probe = [&](const std::string& bytes) {
    try {
      read(bytes);
      ElfImage{bytes}.symbolFacts();
    } catch (const Error&) {
      ++refused;
    }
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    probe(whole.substr(0, size));
  }
  EXPECT_GT(refused, whole.size() - 8);  // all but the padding at the end
  refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(value);
      probe(damaged);
    }
  }
  EXPECT_GT(refused, 1000U);
}

/// The same over a real library, with its section headers and symbols: each byte of its headers and
/// its tables' ends.
TEST(ElfNote, SurvivesDamageToARealPlugin) {
  const PluginFile file = readPluginFile(test::hostile("pinned"));
  Elf64_Ehdr header;
  std::memcpy(&header, file.bytes.data(), sizeof header);
  std::string damaged = file.bytes;
  std::size_t refused = 0;
  const auto probe = [&](std::size_t position) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      damaged[position] = static_cast<char>(file.bytes[position] ^ flip);
      try {
        readPluginNotes(inMemory(damaged));
        ElfImage{damaged}.symbolFacts();
      } catch (const Error&) {
        ++refused;
      }
    }
    damaged[position] = file.bytes[position];
  };
  for (std::size_t i = 0; i < 0x400; ++i) probe(i);
  for (std::size_t i = header.e_shoff; i < file.bytes.size(); ++i) probe(i);
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace bulkhead::host
