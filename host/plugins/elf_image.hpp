#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// One note of an ELF file. Views into the image.
struct ElfNote {
  std::string_view owner;
  std::uint32_t type = 0;
  std::string_view description;
};

/// What the dynamic loader would find in a file.
struct ElfSymbolFacts {
  std::vector<std::string_view> needed;    ///< libraries it asks for (DT_NEEDED)
  std::vector<std::string_view> exported;  ///< functions and objects that others can see
  std::vector<std::string_view> strong;    ///< those of them that are not weak
  std::size_t undefined = 0;               ///< symbols that others must give, weak ones left out
  std::size_t unique = 0;    ///< STB_GNU_UNIQUE symbols: each pins the library in memory for good
  std::string_view pinning;  ///< the first of them
  bool thread_local_storage = false;
  bool binds_now = false;
};

/// A bounds-checked reader of a 64-bit little-endian ELF file (System V gABI, chapter 4). Reads
/// bytes and never executes any; a damaged file gives an Error (code NOT_A_PLUGIN) that completes
/// the sentence "FILE ...", never a crash. Borrows the bytes.
class ElfImage {
 public:
  explicit ElfImage(std::string_view bytes);

  /// Every note, of the segments that are loaded and of sections that are not.
  std::vector<ElfNote> notes() const;
  /// Needs section headers; a stripped-to-the-bone file has none and gives no symbols.
  ElfSymbolFacts symbolFacts() const;

 private:
  struct Table {
    std::uint64_t offset = 0;
    std::uint64_t entry_size = 0;
    std::uint64_t count = 0;
  };

  template <class Entry>
  Entry at(std::uint64_t offset, const char* what) const;
  template <class Entry>
  std::vector<Entry> entries(const Table& table, const char* what) const;
  std::string_view range(std::uint64_t offset, std::uint64_t size, const char* what) const;
  void checkIdentity() const;
  void checkIsLibrary() const;
  void readTables();

  std::string_view bytes_;
  Table segments_;
  Table sections_;
};

}  // namespace bulkhead::host
