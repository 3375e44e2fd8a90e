#include "plugins/elf_image.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "64-bit ARM";
#else
#error "name this machine's ELF number here"
#endif

constexpr std::uint64_t kEntriesMax = 65'535;

[[noreturn]] void refuse(std::string_view what) {
  throw Error::configuration("NOT_A_PLUGIN", what);
}

std::string machineText(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "32-bit x86";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "32-bit ARM";
    case EM_AARCH64:
      return "64-bit ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "64-bit PowerPC";
    case EM_S390:
      return "S/390";
    default:
      return fmt::format("machine number {}", machine);
  }
}

std::string typeText(std::uint16_t type) {
  switch (type) {
    case ET_REL:
      return "an object file; link it with -shared";
    case ET_EXEC:
      return "a program";
    case ET_CORE:
      return "a core dump";
    default:
      return fmt::format("an ELF file of type {}", type);
  }
}

std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

/// The zero-terminated string at `offset`; empty when there is none.
std::string_view stringAt(std::string_view strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const std::string_view rest = strings.substr(offset);
  const auto end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

/// Appends the notes of one segment or section (gABI, "Note Section"). `alignment` is 4 but for
/// the GNU properties of 64-bit files.
void appendNotes(std::string_view bytes, std::uint64_t alignment, std::vector<ElfNote>& notes) {
  std::uint64_t position = 0;
  while (bytes.size() - position >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, bytes.data() + position, sizeof header);
    const std::uint64_t owner = position + sizeof header;
    const std::uint64_t description = padded(owner + header.n_namesz, alignment);
    const std::uint64_t end = description + header.n_descsz;
    if (end > bytes.size()) refuse("is damaged: a note reaches beyond its section");
    std::string_view name = bytes.substr(owner, header.n_namesz);
    if (name.ends_with('\0')) name.remove_suffix(1);
    notes.push_back({name, header.n_type, bytes.substr(description, header.n_descsz)});
    position = std::min<std::uint64_t>(padded(end, alignment), bytes.size());
  }
}

template <class Entry>
Entry entryOf(std::string_view bytes, std::size_t index) {
  Entry entry{};
  std::memcpy(&entry, bytes.data() + index * sizeof entry, sizeof entry);
  return entry;
}

void addSymbols(std::string_view bytes, std::string_view strings, ElfSymbolFacts& facts) {
  for (std::size_t i = 1; i < bytes.size() / sizeof(Elf64_Sym); ++i) {
    const auto symbol = entryOf<Elf64_Sym>(bytes, i);
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF) {
      if (binding != STB_WEAK) ++facts.undefined;
      continue;
    }
    if (binding == STB_GNU_UNIQUE && ++facts.unique == 1)
      facts.pinning = stringAt(strings, symbol.st_name);
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    if (binding == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
    facts.exported.push_back(stringAt(strings, symbol.st_name));
    if (binding == STB_GLOBAL) facts.strong.push_back(facts.exported.back());
  }
}

void addDynamic(std::string_view bytes, std::string_view strings, ElfSymbolFacts& facts) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(Elf64_Dyn); ++i) {
    const auto entry = entryOf<Elf64_Dyn>(bytes, i);
    if (entry.d_tag == DT_NULL) return;
    if (entry.d_tag == DT_NEEDED) facts.needed.push_back(stringAt(strings, entry.d_un.d_val));
    if (entry.d_tag == DT_BIND_NOW || (entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & DF_1_NOW) ||
        (entry.d_tag == DT_FLAGS && entry.d_un.d_val & DF_BIND_NOW)) {
      facts.binds_now = true;
    }
  }
}

std::uint64_t noteAlignment(std::uint64_t alignment) {
  return alignment == 8 ? 8 : 4;
}

}  // namespace

ElfImage::ElfImage(std::string_view bytes) : bytes_{bytes} {
  checkIdentity();
  readTables();
  checkIsLibrary();
}

std::string_view ElfImage::range(std::uint64_t offset, std::uint64_t size, const char* what) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) {
    refuse(fmt::format("is truncated or damaged: its {} would end at byte {}, but the file has {}",
                       what, offset + std::min(size, UINT64_MAX - offset), bytes_.size()));
  }
  return bytes_.substr(offset, size);
}

template <class Entry>
Entry ElfImage::at(std::uint64_t offset, const char* what) const {
  Entry entry{};
  std::memcpy(&entry, range(offset, sizeof entry, what).data(), sizeof entry);
  return entry;
}

template <class Entry>
std::vector<Entry> ElfImage::entries(const Table& table, const char* what) const {
  if (table.count == 0) return {};
  if (table.entry_size < sizeof(Entry) || table.count > kEntriesMax) {
    refuse(
        fmt::format("is damaged: it has {} {} of {} bytes", table.count, what, table.entry_size));
  }
  range(table.offset, table.count * table.entry_size, what);
  std::vector<Entry> result;
  result.reserve(table.count);
  for (std::uint64_t i = 0; i < table.count; ++i) {
    result.push_back(at<Entry>(table.offset + i * table.entry_size, what));
  }
  return result;
}

void ElfImage::checkIdentity() const {
  constexpr std::string_view kMagic{ELFMAG, SELFMAG};
  if (!bytes_.starts_with(kMagic)) {
    refuse("is not an ELF file; a plugin is a shared library built with bulkhead_add_plugin()");
  }
  const std::string_view identity = range(0, EI_NIDENT, "ELF identity");
  if (identity[EI_CLASS] != ELFCLASS64) {
    refuse("is a 32-bit ELF file; the host loads 64-bit plugins only");
  }
  if (identity[EI_DATA] != ELFDATA2LSB) refuse("is a big-endian ELF file; the host's is little");
  const auto header = at<Elf64_Ehdr>(0, "ELF header");
  if (header.e_machine != kMachine) {
    refuse(fmt::format("was built for {}; this host runs on {}", machineText(header.e_machine),
                       kMachineName));
  }
  if (header.e_type != ET_DYN) {
    refuse(fmt::format("is {}; a plugin is a shared library", typeText(header.e_type)));
  }
}

/// A program that may be loaded anywhere has the type of a library.
void ElfImage::checkIsLibrary() const {
  for (const auto& segment : entries<Elf64_Phdr>(segments_, "program headers")) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const auto bytes = range(segment.p_offset, segment.p_filesz, "dynamic section");
    for (std::size_t i = 0; i < bytes.size() / sizeof(Elf64_Dyn); ++i) {
      const auto entry = entryOf<Elf64_Dyn>(bytes, i);
      if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE) != 0) {
        refuse("is a program; a plugin is a shared library");
      }
    }
  }
}

void ElfImage::readTables() {
  const auto header = at<Elf64_Ehdr>(0, "ELF header");
  segments_ = {header.e_phoff, header.e_phentsize, header.e_phnum};
  if (header.e_shoff != 0) sections_ = {header.e_shoff, header.e_shentsize, header.e_shnum};
}

std::vector<ElfNote> ElfImage::notes() const {
  std::vector<ElfNote> notes;
  for (const auto& segment : entries<Elf64_Phdr>(segments_, "program headers")) {
    if (segment.p_type != PT_NOTE) continue;
    appendNotes(range(segment.p_offset, segment.p_filesz, "notes"), noteAlignment(segment.p_align),
                notes);
  }
  for (const auto& section : entries<Elf64_Shdr>(sections_, "section headers")) {
    if (section.sh_type != SHT_NOTE || (section.sh_flags & SHF_ALLOC) != 0) continue;
    appendNotes(range(section.sh_offset, section.sh_size, "notes"),
                noteAlignment(section.sh_addralign), notes);
  }
  return notes;
}

ElfSymbolFacts ElfImage::symbolFacts() const {
  ElfSymbolFacts facts;
  for (const auto& segment : entries<Elf64_Phdr>(segments_, "program headers")) {
    if (segment.p_type == PT_TLS) facts.thread_local_storage = true;
  }
  const auto sections = entries<Elf64_Shdr>(sections_, "section headers");
  const auto stringsOf = [&](const Elf64_Shdr& section) -> std::string_view {
    if (section.sh_link >= sections.size()) return {};
    const auto& strings = sections[section.sh_link];
    return range(strings.sh_offset, strings.sh_size, "string table");
  };
  for (const auto& section : sections) {
    if (section.sh_type == SHT_DYNSYM) {
      addSymbols(range(section.sh_offset, section.sh_size, "symbols"), stringsOf(section), facts);
    } else if (section.sh_type == SHT_DYNAMIC) {
      addDynamic(range(section.sh_offset, section.sh_size, "dynamic section"), stringsOf(section),
                 facts);
    }
  }
  return facts;
}

}  // namespace bulkhead::host
