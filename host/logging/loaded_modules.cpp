#include "logging/loaded_modules.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <elf.h>
#include <link.h>
#include <mutex>
#include <unistd.h>

namespace bulkhead::host {
namespace {

constexpr std::size_t kModulesMax = 256;

struct Table {
  std::array<LoadedModule, kModulesMax> modules;
  std::size_t count = 0;
};

/// The active one is read without a lock; the other is filled and then changes places with it.
std::array<Table, 2> tables;
std::atomic<const Table*> active{nullptr};
std::mutex filling;

void copyText(std::array<char, 256>& out, const char* text) {
  const std::size_t size = std::min(std::strlen(text), out.size() - 1);
  std::memcpy(out.data(), text, size);
  out[size] = '\0';
}

void readBuildId(LoadedModule& module, const char* note, std::size_t size) {
  constexpr std::string_view kHex{"0123456789abcdef"};
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, note, sizeof head);
    const std::size_t name_size = (head.n_namesz + 3U) & ~3U;
    const std::size_t whole = sizeof head + name_size + ((head.n_descsz + 3U) & ~3U);
    if (whole > size) return;
    if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
        std::memcmp(note + sizeof head, "GNU", 4) == 0) {
      const std::size_t bytes = std::min<std::size_t>(head.n_descsz, 20);
      for (std::size_t i = 0; i < bytes; ++i) {
        const auto byte = static_cast<unsigned char>(note[sizeof head + name_size + i]);
        module.build_id[2 * i] = kHex[byte >> 4U];
        module.build_id[2 * i + 1] = kHex[byte & 15U];
      }
      return;
    }
    note += whole;
    size -= whole;
  }
}

int addModule(dl_phdr_info* info, std::size_t, void* to) {
  Table& table = *static_cast<Table*>(to);
  if (table.count == kModulesMax) return 1;
  LoadedModule& module = table.modules[table.count];
  module = {};
  module.base = info->dlpi_addr;
  module.begin = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) {
      module.begin = std::min(module.begin, begin);
      module.end = std::max(module.end, begin + segment.p_memsz);
    } else if (segment.p_type == PT_NOTE) {
      readBuildId(module, reinterpret_cast<const char*>(begin), segment.p_memsz);
    }
  }
  copyText(module.path, info->dlpi_name);
  if (table.count == 0 && info->dlpi_name[0] == '\0') {
    const ssize_t size = readlink("/proc/self/exe", module.path.data(), module.path.size() - 1);
    module.path[static_cast<std::size_t>(std::max<ssize_t>(size, 0))] = '\0';
  }
  if (module.end != 0) ++table.count;
  return 0;
}

}  // namespace

void rememberLoadedModules() noexcept {
  const std::lock_guard lock{filling};
  Table& next = active == &tables[0] ? tables[1] : tables[0];
  next.count = 0;
  dl_iterate_phdr(addModule, &next);
  active.store(&next, std::memory_order_release);
}

const LoadedModule* findModule(std::uintptr_t address) noexcept {
  const Table* table = active.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  for (std::size_t i = 0; i < table->count; ++i) {
    const LoadedModule& module = table->modules[i];
    if (address >= module.begin && address < module.end) return &module;
  }
  return nullptr;
}

const LoadedModule* programModule() noexcept {
  const Table* table = active.load(std::memory_order_acquire);
  return table == nullptr || table->count == 0 ? nullptr : &table->modules[0];
}

}  // namespace bulkhead::host
