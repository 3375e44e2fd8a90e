#pragma once

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

namespace bulkhead::host::test {

struct Note {
  std::string owner;
  std::uint32_t type;
  std::string description;
};

template <class Value>
void append(std::string& bytes, const Value& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline std::string notesOf(const std::vector<Note>& notes) {
  std::string bytes;
  for (const auto& note : notes) {
    const Elf64_Nhdr header{static_cast<Elf64_Word>(note.owner.size() + 1),
                            static_cast<Elf64_Word>(note.description.size()), note.type};
    append(bytes, header);
    bytes += note.owner + '\0';
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes += note.description;
    bytes.resize((bytes.size() + 3) / 4 * 4);
  }
  return bytes;
}

/// The smallest shared library that has notes.
inline std::string smallLibrary(const std::vector<Note>& notes) {
  const std::string content = notesOf(notes);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = content.size();
  segment.p_align = 4;
  std::string bytes;
  append(bytes, header);
  append(bytes, segment);
  return bytes + content;
}

/// The head of a 32-bit shared library.
inline std::string smallLibraryOf32Bits() {
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_386;
  std::string bytes;
  append(bytes, header);
  return bytes;
}

}  // namespace bulkhead::host::test
