#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

#include "plugins/elf_image.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/library.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/preflight.hpp"
#include "plugins/preflight_protocol.hpp"
#include "plugins/preflight_sandbox.hpp"
#include "plugins/process_state.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// Where the report goes and what the child is at, for a signal handler.
int report_descriptor = STDOUT_FILENO;
const char* current_phase = "";

/// A line of text that grows without allocating.
class SignalLine {
 public:
  SignalLine& operator<<(const char* text) {
    const std::size_t count = std::min(std::strlen(text), sizeof text_ - size_);
    std::memcpy(text_ + size_, text, count);
    size_ += count;
    return *this;
  }
  void writeTo(int descriptor) const {
    [[maybe_unused]] const ssize_t ignored = write(descriptor, text_, size_);
  }

 private:
  char text_[512] = {};
  std::size_t size_ = 0;
};

/// Runs in a signal handler.
void refuseCall(const char* system_call) {
  SignalLine line;
  line << R"({"refused":"asked the system for )" << system_call << "() while " << current_phase
       << "; until start() a plugin starts no process, opens no socket, changes no file and leaves "
          "other processes alone\"}\n";
  line.writeTo(report_descriptor);
  _exit(1);
}

/// Names that linkers of old give to every library.
bool isLinkersOwn(std::string_view name) {
  return name == "_init" || name == "_fini" || name == "_edata" || name == "_end" ||
         name == "__bss_start";
}

/// Refuses a library whose names would be mistaken for those of the process: its own calls would
/// reach the others' code.
void checkExports(const PluginFile& file) {
  for (const auto name : ElfImage{file.bytes}.symbolFacts().strong) {
    if (isLinkersOwn(name) || dlsym(RTLD_DEFAULT, std::string{name}.c_str()) == nullptr) continue;
    throw Error::configuration(
        "INTERPOSITION",
        fmt::format("it exports {}, which the process has already; make it static, or build it "
                    "with bulkhead_add_plugin(), which exports the door alone",
                    name));
  }
}

class SilentLog final : public LogSink {
 public:
  void write(std::string_view, int, std::string_view, std::string_view, const LogTrace&) override {}
};

class CountingMetrics final : public MetricSink {
 public:
  std::uint32_t declare(std::string_view, const MetricDescription& description) override {
    if (!names_.insert(description.name).second) {
      throw Error::configuration("DUPLICATE_METRIC",
                                 fmt::format("registers metric {} twice", description.name));
    }
    return static_cast<std::uint32_t>(names_.size());
  }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}

 private:
  std::set<std::string> names_;
};

class Child {
 public:
  explicit Child(const std::filesystem::path& copy) : copy_{copy} {
    if (fcntl(kPreflightReportDescriptor, F_GETFD) >= 0)
      report_descriptor = kPreflightReportDescriptor;
  }

  int run() {
    try {
      examine();
      say({{"passed", true},
           {"token", token_},
           {"routes", routes_},
           {"contributors", contributors_},
           {"pinned", pinned_}});
      return 0;
    } catch (const PluginRefusal& refusal) {
      return refused(withoutFile(refusal.reason()));
    } catch (const Error& error) {
      return refused(fmt::format("refused while {}: {} ({}){}", current_phase, error.message(),
                                 error.code(), meaningOf(error.message())));
    } catch (const std::exception& escaped) {
      return refused(fmt::format("let an exception escape while {}: {}{}", current_phase,
                                 escaped.what(), meaningOf(escaped.what())));
    } catch (...) {
      return refused(
          fmt::format("let something escape that is no exception while {}", current_phase));
    }
  }

 private:
  void examine() {
    enter("reading its manifest");
    const PluginFile file = readPluginFile(copy_);
    const Manifest manifest = Manifest::parse(readPluginNotes(file).manifest, copy_.string());
    HomeSettings settings = readSettings(manifest);
    enter("looking at its symbols");
    checkExports(file);
    confinePreflight(refuseCall);
    before_ = ProcessState::now();
    enter("loading the library");
    PluginLibrary library = PluginLibrary::load(copy_);
    requireUnchanged();
    createAndDestroy(manifest, std::move(settings), library.table());
    enter("unloading the library");
    pinned_ = !library.unload();
  }

  /// A library leaves the process that it is loaded into as it was: the host's is shared by all.
  /// What has threads or handlers in it is not unloaded any more.
  void requireUnchanged() const {
    const std::string changed = before_.changeTo(ProcessState::now());
    if (changed.empty()) return;
    _exit(refused(fmt::format("{}, while {}; a plugin leaves the process as it found it", changed,
                              current_phase)));
  }

  void createAndDestroy(const Manifest& manifest, HomeSettings settings,
                        const bulkhead_plugin& table) {
    enter("creating the plugin");
    HomeOptions options;
    options.plugin = manifest.id;
    options.version = manifest.version;
    options.replaces = manifest.replaces;
    options.capabilities = manifest.capabilities();
    options.settings = std::move(settings);
    options.has_store = manifest.store;
    PluginHome home{table, std::move(options), {clock_, log_, metrics_, nullptr}};
    home.create();
    requireUnchanged();
    collect(home);
    enter("destroying the plugin");
    home.stop();
    requireUnchanged();
  }

  void collect(const PluginHome& home) {
    std::set<std::string> seen;
    for (const auto& route : home.routes()) {
      if (route->kind != EntryKind::Route) continue;
      routes_.push_back(fmt::format("{} {}", route->contract.method(), route->path));
      if (!seen.insert(routes_.back()).second) {
        throw Error::configuration("DUPLICATE_ROUTE",
                                   fmt::format("it registers {} twice", routes_.back()));
      }
    }
    for (const auto& contributor : home.contributors()) contributors_.push_back(contributor.name);
  }

  /// What the host sent on standard input, over the manifest's defaults. Then there is nothing to
  /// read there any more.
  HomeSettings readSettings(const Manifest& manifest) {
    HomeSettings settings = homeSettings(manifest.settings, {});
    std::string text;
    char buffer[4096];
    for (ssize_t count; (count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    close(nothing);
    if (!text.empty() && text.front() != '{') {
      const auto end = std::min(text.find('\n'), text.size());
      token_ = text.substr(0, end);
      text.erase(0, end + 1);
    }
    if (text.empty()) return settings;
    for (auto& [name, value] : homeSettingsFrom(text)) settings[name] = std::move(value);
    return settings;
  }

  void enter(const char* phase) {
    current_phase = phase;
    say({{"phase", phase}});
  }

  int refused(const std::string& reason) const {
    say({{"refused", reason}});
    return 1;
  }

  static std::string meaningOf(std::string_view message) {
    if (message.find("bad_alloc") == std::string_view::npos) return {};
    return fmt::format("; until it was destroyed again it may use {} MiB of memory",
                       kPreflightMemoryBytes >> 20U);
  }

  std::string withoutFile(const std::string& reason) const {
    const std::string file = copy_.string() + " ";
    return reason.starts_with(file) ? reason.substr(file.size()) : reason;
  }

  void say(const json& message) const {
    const std::string line = message.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t count = write(report_descriptor, rest.data(), rest.size());
      if (count < 0 && errno != EINTR) _exit(kPreflightReportLost);
      if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  const std::filesystem::path copy_;
  std::string token_;
  ProcessState before_;
  SystemClock clock_;
  SilentLog log_;
  CountingMetrics metrics_;
  std::vector<std::string> routes_;
  std::vector<std::string> contributors_;
  bool pinned_ = false;
};

}  // namespace

int runPreflightChild(const std::filesystem::path& copy) {
  dieWithParent();
  return Child{copy}.run();
}

}  // namespace bulkhead::host
