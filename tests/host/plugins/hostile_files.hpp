#pragma once

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "host/plugins/built_files.hpp"
#include "host/plugins/elf_builder.hpp"

namespace bulkhead::host::test {

/// A file that somebody might install as a plugin, and what the host says of it.
struct HostileFile {
  std::string id;
  std::string state;   ///< "refused", "missing", "failed"
  std::string reason;  ///< part of the sentence that operators read
  /// Puts it at the path that is given; by default that of the build's folder `hostile`.
  std::function<void(const std::filesystem::path&)> make = {};
  bool needs_limits = false;  ///< what a build with sanitizers does without
};

inline void PrintTo(const HostileFile& file, std::ostream* out) {
  *out << file.id;
}

inline void makeHostile(const HostileFile& file, const std::filesystem::path& where) {
  if (file.make)
    file.make(where);
  else
    std::filesystem::copy_file(hostile(file.id), where);
}

inline void writeBytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary} << bytes;
}

inline std::function<void(const std::filesystem::path&)> withManifest(std::string manifest) {
  return [manifest = std::move(manifest)](const std::filesystem::path& file) {
    writeBytes(file, smallLibrary({{"Bulkhead", 1, manifest}}));
  };
}

inline std::string manifestWith(const std::string& id, const std::string& more) {
  return fmt::format(R"({{"id":"{}","version":"1.0.0","api":"1","summary":"Misbehaves."{}}})", id,
                     more);
}

inline std::string truncatedPlugin() {
  std::ifstream file{greeter(), std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  bytes.resize(bytes.size() / 2);
  return bytes;
}

inline std::string manyTexts(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}\"v{}\"", i == 0 ? "" : ",", i);
  return list;
}

/// What is wrong with the file itself: the host says so without running any of it.
inline std::vector<HostileFile> filesThatAreNoPlugins() {
  namespace fs = std::filesystem;
  constexpr std::size_t kTenMegabytes = std::size_t{10} << 20U;
  return {
      {"not-there", "missing", "build it, or mend `library`", [](const fs::path&) {}},
      {"not-elf", "refused", "is not an ELF file"},
      {"empty", "refused", "is empty; was its copying interrupted?"},
      {"truncated", "refused", "is truncated or damaged",
       [](const fs::path& file) { writeBytes(file, truncatedPlugin()); }},
      {"of-32-bits", "refused", "is a 32-bit ELF file; the host loads 64-bit plugins only",
       [](const fs::path& file) { writeBytes(file, smallLibraryOf32Bits()); }},
      {"directory", "refused", "is a directory; a plugin is one shared library",
       [](const fs::path& file) { fs::create_directory(file); }},
      {"link-loop", "refused", "is a symbolic link that leads back to itself",
       [](const fs::path& file) { fs::create_symlink(file.filename(), file); }},
      {"executable", "refused", "is a program; a plugin is a shared library",
       [](const fs::path& file) { fs::copy_file("/bin/true", file); }},
      {"no-manifest", "refused", "has no manifest"},
      {"wrong-types", "refused", "/version is 1, expected a semantic version",
       withManifest(R"({"id":["wrong-types"],"version":1,"api":{},"summary":false,"settings":[],)"
                    R"("provides":{},"wants":[],"limits":7,"store":"yes"})")},
      {"not-json", "refused", "is not JSON", withManifest("{\"id\":")},
      {"ten-megabytes", "refused", "at most 1048576 are read",
       withManifest(manifestWith("ten-megabytes",
                                 ",\"settings\":{\"text\":{\"type\":\"string\","
                                 "\"help\":\"Long.\",\"default\":\"" +
                                     std::string(kTenMegabytes, 'x') + "\"}}"))},
      {"many-values", "refused", "at most 256",
       withManifest(manifestWith("many-values",
                                 ",\"settings\":{\"one\":{\"type\":\"enum\",\"help\":\"Many.\","
                                 "\"values\":[" +
                                     manyTexts(100'000) + "]}}"))},
      {"circle-one", "refused", "circle of requirements: circle-one -> circle-two -> circle-one"},
      {"circle-two", "refused", "circle of requirements: circle-two -> circle-one -> circle-two"},
  };
}

/// What is a plugin, and ends, hangs or breaks the rules of the waist until it is destroyed again.
inline std::vector<HostileFile> pluginsThatFail() {
  return {
      {"other-abi", "refused", "was built for plugin-api 2."},
      {"short-table", "refused", "gives a table of 16 bytes"},
      {"unresolved", "refused", "undefined symbol: nobody_defines_this"},
      {"interposer", "refused", "it exports malloc, which the process has already; make it static"},
      {"constructor-throws", "refused", "thrown on purpose"},
      {"constructor-aborts", "refused", "signal 6 (SIGABRT) while loading the library"},
      {"constructor-segfaults", "refused", "signal 11 (SIGSEGV) while loading the library"},
      {"constructor-exits", "refused", "with exit code 0 while loading the library"},
      {"constructor-hangs", "refused", "did not finish loading the library within"},
      {"create-throws", "refused", "refused while creating the plugin: thrown on purpose"},
      {"create-throws-int", "refused", "refused while creating the plugin"},
      {"create-aborts", "refused", "was killed by signal 6 (SIGABRT) while creating the plugin"},
      {"create-segfaults", "refused", "was killed by signal 11 (SIGSEGV) while creating"},
      {"create-exits", "refused", "exit code 0 while creating the plugin; a plugin never exits"},
      {"create-hangs", "refused", "did not finish creating the plugin within"},
      {"destroy-throws", "refused", "signal 6 (SIGABRT) while destroying the plugin"},
      {"destroy-aborts", "refused", "signal 6 (SIGABRT) while destroying the plugin"},
      {"destroy-exits", "refused", "exit code 0 while destroying the plugin"},
      {"destroy-hangs", "refused", "did not finish destroying the plugin within"},
      {"gives-no-object", "refused", "create() succeeded and gave no plugin"},
      {"fails-without-reason", "refused", "failed and gave no reason"},
      {"route-twice", "refused", "registers GET /api/route-twice/v1/fault twice"},
      {"registers-twice", "refused", "registers GET /api/registers-twice/v1/fault twice"},
      {"registers-a-million", "refused", "at most 1000 routes"},
      {"metric-twice", "refused", "registers metric metric_twice_rude_total twice"},
  };
}

/// What is a plugin, and asks for what it may not, or leaves its process another.
inline std::vector<HostileFile> pluginsThatIntrude() {
  constexpr const char* kUntilStart = "() while creating the plugin; until start() a plugin starts";
  const std::string asked = "asked the system for ";
  const auto call = [&](const char* name) { return asked + name + kUntilStart; };
  return {
      {"create-forks", "refused", call("clone"), {}, true},
      {"create-forks-away", "refused", call("clone"), {}, true},
      {"create-executes", "refused", "(SIGSYS) while creating the plugin; it", {}, true},
      {"create-kills-host", "refused", call("kill"), {}, true},
      {"create-kills-everybody", "refused", call("kill"), {}, true},
      {"create-opens-socket", "refused", call("socket"), {}, true},
      {"create-removes-file", "refused", call("unlink"), {}, true},
      {"create-empties-file", "refused", call("openat"), {}, true},
      {"create-raises-limits", "refused", call("prlimit64"), {}, true},
      {"create-starts-thread", "refused", "starts threads, which only start() may, while creating"},
      {"create-closes-descriptors", "refused", "closes descriptors that are not its own"},
      {"create-opens-files", "refused", "no descriptor is left", {}, true},
      {"create-leaves-files-open", "refused", "leaves 20 descriptors open"},
      {"create-handles-signals", "refused", "changes how SIGTERM is handled"},
      {"create-blocks-signals", "refused", "changes which signals are blocked"},
      {"create-sets-locale", "refused", "changes the locale"},
      {"create-sets-umask", "refused", "changes the umask"},
      {"create-changes-directory", "refused", "changes the working directory"},
      {"create-sets-environment", "refused", "changes the environment's variables"},
      {"create-sets-terminate", "refused", "replaces C++'s terminate handler"},
      {"create-eats-memory", "refused", "it may use 1024 MiB of memory", {}, true},
      {"create-spins", "refused", "it used up its 3 s of processor time", {}, true},
      {"create-writes-file", "refused",
       "(SIGXFSZ) while creating the plugin; a plugin writes to no"},
      {"create-floods-output", "refused", ""},
      {"create-floods-report", "refused", "wrote to the descriptor that the host listens on"},
      {"create-forges-verdict", "refused", "ended its process with exit code 0 while creating"},
      {"create-goes-global", "refused", "shows its symbols to the whole process"},
      {"fast-math", "refused", "was it linked with -ffast-math?"},
      {"executable-stack", "refused",
       "makes the stack executable; link it with -Wl,-z,noexecstack"},
  };
}

/// All that does not survive preflight.
inline std::vector<HostileFile> pluginsThatFailPreflight() {
  std::vector<HostileFile> all = pluginsThatFail();
  for (auto& file : pluginsThatIntrude()) {
#ifdef BULKHEAD_SANITIZED
    if (file.needs_limits) continue;
#endif
    all.push_back(std::move(file));
  }
  return all;
}

}  // namespace bulkhead::host::test
