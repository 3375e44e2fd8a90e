#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/elf_note.hpp"
#include "plugins/library.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/preflight.hpp"
#include "plugins/preflight_protocol.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// Longest that a child lives whose host has died.
constexpr unsigned kOrphanSeconds = 60;
constexpr rlim_t kCpuSeconds = 30;
constexpr rlim_t kMemoryBytes = rlim_t{2} * 1024 * 1024 * 1024;
constexpr rlim_t kDescriptors = 64;

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
  void withdraw(std::string_view) override {}

 private:
  std::set<std::string> names_;
};

class Child {
 public:
  explicit Child(const std::filesystem::path& copy) : copy_{copy} {
    if (fcntl(kPreflightReportDescriptor, F_GETFD) >= 0) descriptor_ = kPreflightReportDescriptor;
  }

  int run() {
    try {
      examine();
      say({{"passed", true},
           {"routes", routes_},
           {"contributors", contributors_},
           {"pinned", pinned_}});
      return 0;
    } catch (const PluginRefusal& refusal) {
      return refused(withoutFile(refusal.reason()));
    } catch (const Error& error) {
      return refused(
          fmt::format("refused while {}: {} ({})", phase_, error.message(), error.code()));
    } catch (const std::exception& escaped) {
      return refused(fmt::format("let an exception escape while {}: {}", phase_, escaped.what()));
    } catch (...) {
      return refused(fmt::format("let something escape that is no exception while {}", phase_));
    }
  }

 private:
  void examine() {
    enter("reading its manifest");
    const Manifest manifest =
        Manifest::parse(readPluginNotes(readPluginFile(copy_)).manifest, copy_.string());
    HomeSettings settings = readSettings(manifest);
    limitItself();
    enter("loading the library");
    PluginLibrary library = PluginLibrary::load(copy_);
    createAndDestroy(manifest, std::move(settings), library.table());
    enter("unloading the library");
    pinned_ = !library.unload();
  }

  void createAndDestroy(const Manifest& manifest, HomeSettings settings,
                        const bulkhead_plugin& table) {
    enter("creating the plugin");
    HomeOptions options;
    options.plugin = manifest.id;
    options.replaces = manifest.replaces;
    options.settings = std::move(settings);
    PluginHome home{table, std::move(options), {clock_, log_, metrics_, nullptr}};
    home.create();
    collect(home);
    enter("destroying the plugin");
    home.stop();
  }

  void collect(const PluginHome& home) {
    std::set<std::string> seen;
    for (const auto& route : home.routes()) {
      routes_.push_back(fmt::format("{} {}", route->contract.method(), route->path));
      if (!seen.insert(routes_.back()).second) {
        throw Error::configuration("DUPLICATE_ROUTE",
                                   fmt::format("it registers {} twice", routes_.back()));
      }
    }
    for (const auto& contributor : home.contributors()) contributors_.push_back(contributor.name);
  }

  /// What the host sent on standard input, over the manifest's defaults.
  static HomeSettings readSettings(const Manifest& manifest) {
    HomeSettings settings = homeSettings(manifest.settings, {});
    std::string text;
    char buffer[4096];
    for (ssize_t count; (count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
    }
    if (text.empty()) return settings;
    for (auto& [name, value] : homeSettingsFrom(text)) settings[name] = std::move(value);
    return settings;
  }

  /// After the manifest was read, so that only the plugin's own code meets the limits.
  static void limitItself() {
    const auto limit = [](__rlimit_resource_t resource, rlim_t value) {
      const rlimit both{value, value};
      setrlimit(resource, &both);
    };
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CPU, kCpuSeconds);
    limit(RLIMIT_NOFILE, kDescriptors);
#ifndef BULKHEAD_SANITIZED
    limit(RLIMIT_AS, kMemoryBytes);
#else
    static_cast<void>(kMemoryBytes);
#endif
    alarm(kOrphanSeconds);
  }

  void enter(const char* phase) {
    phase_ = phase;
    say({{"phase", phase}});
  }

  int refused(const std::string& reason) {
    say({{"refused", reason}});
    return 1;
  }

  std::string withoutFile(const std::string& reason) const {
    const std::string file = copy_.string() + " ";
    return reason.starts_with(file) ? reason.substr(file.size()) : reason;
  }

  void say(const json& message) const {
    const std::string line = message.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t count = write(descriptor_, rest.data(), rest.size());
      if (count < 0 && errno != EINTR) return;
      if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  const std::filesystem::path copy_;
  int descriptor_ = STDOUT_FILENO;
  const char* phase_ = "";
  SystemClock clock_;
  SilentLog log_;
  CountingMetrics metrics_;
  std::vector<std::string> routes_;
  std::vector<std::string> contributors_;
  bool pinned_ = false;
};

}  // namespace

int runPreflightChild(const std::filesystem::path& copy) {
  return Child{copy}.run();
}

}  // namespace bulkhead::host
