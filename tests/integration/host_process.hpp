#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "child_program.hpp"
#include "http_client.hpp"

namespace bulkhead::integration {

/// The bootstrap key of every host here; also the canary that no log line and no body may hold.
constexpr std::string_view kApiKey = "canary-4f1d2c9b8a7e6d5c4b3a2f1e0d9c8b7a";

/// "worker" or "inprocess" when this run of the tests is for that life; empty for the default.
std::string isolation();

/// A place for one installation: data, plugins and their settings, all of it temporary.
class HostFolder {
 public:
  HostFolder();
  ~HostFolder();
  HostFolder(const HostFolder&) = delete;
  HostFolder& operator=(const HostFolder&) = delete;

  /// Copies the built plugin and writes its settings.
  void install(std::string_view id, std::string_view settings = "enabled = true\n") const;
  /// The same with one of the files that misbehave.
  void installHostile(std::string_view id, std::string_view settings = "enabled = true\n") const;
  /// One of the files that misbehave, as it was built.
  static std::filesystem::path builtHostile(std::string_view name);
  /// Writes settings of a plugin that may have no file.
  void configure(std::string_view id, std::string_view settings) const;
  void writeConfiguration(std::string_view text) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path data() const { return path_ / "data"; }
  std::filesystem::path plugin(std::string_view id) const;
  std::filesystem::path settings(std::string_view id) const;
  std::filesystem::path configuration() const { return path_ / "bulkhead.properties"; }

  /// What a host or a command in this folder is started with.
  Environment environment() const;
  /// Runs `bulkhead` with the words to its end.
  CommandEnd run(const std::vector<std::string>& words, const Environment& more = {}) const;
  /// Runs another program of the machine, such as curl, to its end.
  CommandEnd runProgram(const std::filesystem::path& program, const std::vector<std::string>& words,
                        std::chrono::milliseconds patience = kCommandPatience) const;

 private:
  static constexpr std::chrono::seconds kCommandPatience{9};
  CommandEnd runToEnd(const std::filesystem::path& program, const std::vector<std::string>& words,
                      const Environment& environment, std::chrono::milliseconds patience) const;

  std::filesystem::path path_;
};

/// How a host is started beyond what its folder says.
struct HostStart {
  explicit HostStart() = default;  // so that braces are an Environment
  /// With sockets passed as a service manager does (LISTEN_FDS).
  static HostStart withSockets(std::vector<int> sockets, Environment more = {});
  /// In the place of the host that runs in the same folder; `log` is another file than its.
  static HostStart takingOver(std::string log, Environment more = {});

  Environment more;
  std::vector<std::string> words;  ///< behind `serve`
  std::vector<int> sockets;
  std::string log = "host.log";
};

/// `bulkhead serve` in a folder, on a free loopback port.
class HostProcess {
 public:
  /// Starts it and waits until it listens or has ended.
  explicit HostProcess(const HostFolder& folder, const Environment& more = {})
      : HostProcess{folder, HostStart::withSockets({}, more)} {}
  HostProcess(const HostFolder& folder, const HostStart& start);

  /// True when readiness answered 200 in time; plugins that hang at their start take some seconds.
  bool awaitReady(std::chrono::milliseconds patience = std::chrono::seconds{9}) const;
  bool isRunning() { return program_->isRunning(); }
  pid_t id() const { return program_->id(); }
  std::uint16_t port() const { return port_; }
  /// The port that it listens on for "http", "https" or "management"; 0 when it does not.
  std::uint16_t portFor(std::string_view service) const;
  /// A client without credentials.
  HttpClient client() const { return HttpClient{port_}; }
  /// A client with the bootstrap key, for a tenant where one is given.
  HttpClient keyed(std::string_view tenant = {}) const;

  void signal(int number) const { program_->signal(number); }
  pid_t process() const { return program_->id(); }
  /// SIGTERM; the exit code, or -1 when it did not end in time.
  int stop(std::chrono::milliseconds patience = std::chrono::seconds{9});
  int awaitEnd(std::chrono::milliseconds patience) { return program_->awaitEnd(patience); }
  void killHard();

  /// The most memory that it ever held.
  std::uint64_t peakKilobytes() const;
  std::string logText() const;
  std::string errorText() const;
  /// Every line of the log; a line that is no JSON object is a discarded value.
  std::vector<nlohmann::json> logLines() const;
  /// The first line that fits, waited for: lines are written behind the request.
  nlohmann::json awaitLogLine(const std::function<bool(const nlohmann::json&)>& fits) const;
  /// What `GET /api/admin/plugins/{id}` says.
  nlohmann::json plugin(std::string_view id) const;

 private:
  void awaitListening();

  std::filesystem::path log_;
  std::filesystem::path errors_;
  std::unique_ptr<ChildProgram> program_;
  std::uint16_t port_ = 0;
};

/// How many processes have an argument that begins so.
std::size_t processesNaming(std::string_view argument);

/// Asks until it is so; false when it was not within the time.
bool await(const std::function<bool()>& condition,
           std::chrono::milliseconds patience = std::chrono::seconds{9});

}  // namespace bulkhead::integration
