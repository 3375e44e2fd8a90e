#include "plugins/library.hpp"

#include <boost/dll/shared_library.hpp>
#include <cstddef>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <link.h>

#include "plugins/plugin_state.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view what) {
  throw PluginRefusal{PluginState::Refused, fmt::format("{} {}", file.string(), what)};
}

/// What can be done about a loader's message.
std::string_view cureFor(std::string_view message) {
  if (message.find("undefined symbol") != std::string_view::npos) {
    return "; link it with -Wl,-z,defs, as bulkhead_add_plugin() does, to find this when building";
  }
  if (message.find("cannot open shared object file") != std::string_view::npos) {
    return "; install the library that it needs (`ldd` lists what it asks for)";
  }
  return "";
}

/// Where a dynamic section's pointer points: the loader of glibc has made it absolute, others have
/// not.
const char* pointed(const link_map& map, ElfW(Addr) pointer) {
  const ElfW(Addr) address = pointer < map.l_addr ? map.l_addr + pointer : pointer;
  return reinterpret_cast<const char*>(address);  // NOLINT(performance-no-int-to-ptr)
}

void keepInMemory(const char* library_name) {
  void* library = dlopen(library_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (library != nullptr) dlclose(library);
}

void keepNeededLibraries(void* plugin) {
  const link_map* map = nullptr;
  if (dlinfo(plugin, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return;
  const char* names = nullptr;
  for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_STRTAB) names = pointed(*map, entry->d_un.d_ptr);
  if (names == nullptr) return;
  for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_NEEDED) keepInMemory(names + entry->d_un.d_val);
}

}  // namespace

struct PluginLibrary::Handle {
  boost::dll::shared_library library;
};

PluginLibrary::PluginLibrary(std::filesystem::path path)
    : path_{std::move(path)}, handle_{std::make_unique<Handle>()} {}

PluginLibrary::PluginLibrary(PluginLibrary&& other) noexcept = default;

PluginLibrary::~PluginLibrary() {
  unload();
}

PluginLibrary PluginLibrary::load(const std::filesystem::path& copy) {
  std::error_code error;
  const auto canonical = std::filesystem::canonical(copy, error);
  PluginLibrary loaded{error ? copy : canonical};
  auto& library = loaded.handle_->library;
  try {
    using boost::dll::load_mode::type;
    library.load(loaded.path_.string(), type::rtld_now | type::rtld_local);
  } catch (const std::exception& problem) {
    const std::string_view message = problem.what();
    refuse(copy, fmt::format("cannot be loaded: {}{}", message, cureFor(message)));
  } catch (...) {
    refuse(copy, "cannot be loaded: a global constructor threw something that is no exception");
  }
  keepNeededLibraries(library.native());
  if (!library.has(BULKHEAD_PLUGIN_SYMBOL)) {
    refuse(copy,
           "has no symbol " BULKHEAD_PLUGIN_SYMBOL
           ": end its main source with BULKHEAD_PLUGIN(Type), or export the function of abi.h");
  }
  loaded.table_ = library.get<const bulkhead_plugin*()>(BULKHEAD_PLUGIN_SYMBOL)();
  checkPluginTable(loaded.table_, copy);
  return loaded;
}

bool PluginLibrary::unload() noexcept {
  if (!handle_) return !pinned_;
  table_ = nullptr;
  const bool loaded = handle_->library.is_loaded();
  handle_.reset();
  try {
    pinned_ = loaded && isMapped(path_);
  } catch (...) {
    pinned_ = true;
  }
  return !pinned_;
}

bool PluginLibrary::isMapped(const std::filesystem::path& path) {
  std::ifstream maps{"/proc/self/maps"};
  const std::string text{std::istreambuf_iterator<char>{maps}, {}};
  return isMapped(text, path.string());
}

bool PluginLibrary::isMapped(std::string_view maps, std::string_view path) {
  for (auto found = maps.find(path); found != std::string_view::npos;
       found = maps.find(path, found + 1)) {
    const std::string_view after = maps.substr(found + path.size());
    const bool begins = found > 0 && maps[found - 1] == ' ';
    if (begins && (after.starts_with('\n') || after.starts_with(" (deleted)\n"))) return true;
  }
  return false;
}

void checkPluginTable(const bulkhead_plugin* table, const std::filesystem::path& file) {
  if (table == nullptr) refuse(file, "gives no table: " BULKHEAD_PLUGIN_SYMBOL " returned NULL");
  constexpr std::size_t kHead = offsetof(bulkhead_plugin, create);
  constexpr std::size_t kLeast = offsetof(bulkhead_plugin, destroy) + sizeof(table->destroy);
  const bool same_major = table->size >= kHead && table->abi_major == BULKHEAD_ABI_MAJOR;
  if (table->size >= kHead && !same_major) {
    refuse(file, fmt::format("was built for plugin-api {}.{}; this host speaks {}.{}: build it "
                             "against plugin-api {}",
                             table->abi_major, table->abi_minor, BULKHEAD_ABI_MAJOR,
                             BULKHEAD_ABI_MINOR, BULKHEAD_ABI_MAJOR));
  }
  if (same_major && table->abi_minor > BULKHEAD_ABI_MINOR) {
    refuse(file, fmt::format("was built for plugin-api {}.{}; this host speaks {}.{}: update the "
                             "host, or build the plugin against plugin-api {}.{}",
                             table->abi_major, table->abi_minor, BULKHEAD_ABI_MAJOR,
                             BULKHEAD_ABI_MINOR, BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR));
  }
  if (table->size < kLeast) {
    refuse(file, fmt::format("gives a table of {} bytes; plugin-api {} has at least {}",
                             table->size, BULKHEAD_ABI_MAJOR, kLeast));
  }
  if (table->create == nullptr || table->handle == nullptr || table->destroy == nullptr) {
    refuse(file,
           "gives a table without create, handle or destroy; only start, stop and "
           "check_health may be NULL");
  }
}

}  // namespace bulkhead::host
