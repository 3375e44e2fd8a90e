#include "app/serve_command.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <future>
#include <memory>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "app/build_version.hpp"
#include "app/command.hpp"
#include "app/data_folder.hpp"
#include "app/installation_checks.hpp"
#include "app/installed_stores.hpp"
#include "app/passed_sockets.hpp"
#include "app/serving_host.hpp"
#include "app/store_options.hpp"
#include "app/takeover_claim.hpp"
#include "app/uncaught_failures.hpp"
#include "config/configuration_problem.hpp"
#include "config/host_declarations.hpp"
#include "config/variables.hpp"
#include "data/restore.hpp"
#include "logging/crash_recorder.hpp"
#include "logging/crash_records.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

/// The signals that a serving process waits for, blocked in every thread made from here on.
sigset_t blockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // what they tell is an error of the call as well
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
  return signals;
}

/// Waits for the signal that ends the process; the others reopen the log, and SIGHUP reloads.
void awaitEnd(const sigset_t& signals, LogSystem& logging, ServingHost& host) {
  for (;;) {
    int received = 0;
    sigwait(&signals, &received);
    if (received == SIGTERM || received == SIGINT) return;
    logging.reopen();
    if (received == SIGHUP) host.reloadOnSignal();
  }
}

LogOptions logOptions(const HostSettings& settings) {
  LogOptions options;
  options.level = findLevel(settings.logging.level).value_or(Level::Info);
  options.service = settings.server.service_name;
  options.version =
      settings.server.version.empty() ? std::string{kBuildVersion} : settings.server.version;
  options.environment = settings.isProduction() ? "production" : "development";
  options.file = settings.logging.file;
  return options;
}

void registerSecrets(LogSystem& logging, const HostSettings& settings) {
  for (const Secret* secret : {&settings.security.api_key, &settings.security.jwt_secret,
                               &settings.security.session_secret, &settings.redis.password}) {
    if (!secret->empty()) logging.addSecret(secret->reveal());
  }
}

/// What was read once is nobody else's: plugins, children and /proc see no secret of the host.
void eraseSecrets() {
  for (const HostSetting& setting : hostDeclarations()) {
    if (setting.declaration.type != SettingType::Secret) continue;
    for (const auto& name : setting.allVariables()) eraseVariable(name);
  }
}

/// The plugins' start, on a thread of its own; a failure of it ends the process.
class Boot {
 public:
  explicit Boot(ServingHost& host) {
    std::thread{[&host, state = state_] {
      state->code = run(host);
      state->ended.set_value();
      if (state->code != kExitOk && !state->stopping) kill(getpid(), SIGTERM);
    }}.detach();
  }

  /// From now on a failure does not ask for the end that has begun.
  void stop() noexcept { state_->stopping = true; }
  /// False when it still runs after `patience`.
  bool hasEnded(std::chrono::milliseconds patience) const {
    return ended_.wait_for(patience) == std::future_status::ready;
  }
  int code() const { return state_->code; }

 private:
  struct State {
    std::promise<void> ended;
    std::atomic<int> code{kExitOk};
    std::atomic<bool> stopping{false};
  };

  static int run(ServingHost& host) {
    try {
      host.boot();
      return kExitOk;
    } catch (const std::exception& error) {
      log(Level::Fatal, "host", "Starting the plugins failed", {{"reason", error.what()}});
      return kExitConfiguration;
    }
  }

  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const std::future<void> ended_ = state_->ended.get_future();
};

void obeySecondSignal(const sigset_t& signals, LogSystem& logging, ServingHost& host) {
  std::thread{[&signals, &logging, &host] {
    awaitEnd(signals, logging, host);
    log(Level::Warn, "host", "A second signal: ending at once");
    logging.flush(std::chrono::milliseconds{500});
    std::_Exit(kExitInternal);
  }}.detach();
}

/// A failure that ends the process, as a sentence in the log and for whoever started it by hand.
int failed(std::string_view code, std::string_view message, int exit_code) {
  log(Level::Fatal, "host", message, {{"code", code}});
  fmt::print(stderr, "bulkhead serve: {}\n", message);
  return exit_code;
}

int codeOf(const Error& error) {
  if (error.code() == "PORT_IN_USE" || error.code() == "STORE_LEASE_HELD" ||
      error.code() == "TAKEOVER_REFUSED")
    return kExitTemporary;
  return error.kind() == ErrorKind::Configuration ? kExitConfiguration : kExitInternal;
}

bool endIsAsked() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/// Serves in the place of the running host, once the plugins are started. Throws Error
/// TAKEOVER_REFUSED when that one goes on, and this one has to end.
void takePlace(ServingHost& host, TakeoverClaim& claim, const Boot& boot) {
  while (!boot.hasEnded(std::chrono::milliseconds{50})) {
    if (endIsAsked()) return;
  }
  if (boot.code() != kExitOk) return;
  claim.serving(host.openDoors());
  host.succeed();
  std::thread{[&host, &claim] {
    claim.awaitEnd();
    host.becomeAlone();
  }}.detach();
}

/// Serves until a signal; the exit code. May leave threads behind that are inside the host.
int serve(ServingHost& host, LogSystem& logging, const sigset_t& signals,
          std::vector<InheritedListener> inherited, TakeoverClaim* claim) {
  host.listen(std::move(inherited));
  Boot boot{host};
  std::optional<int> refused;
  try {
    if (claim != nullptr) takePlace(host, *claim, boot);
    awaitEnd(signals, logging, host);
  } catch (const Error& error) {
    refused = failed(error.code(), error.message(), codeOf(error));
  }
  boot.stop();
  obeySecondSignal(signals, logging, host);
  host.stopBooting();
  const bool clean = host.drain([&](auto patience) { return boot.hasEnded(patience); });
  if (refused) return *refused;
  if (boot.code() != kExitOk) return boot.code();
  return clean && !endsByUncaughtFailure() ? kExitOk : kExitInternal;
}

/// Says everything that keeps the host from starting, in the log and to whoever started it by hand.
int refused(const std::vector<std::string>& problems) {
  for (const auto& problem : problems) {
    log(Level::Fatal, "config", problem, {{"code", "CONFIGURATION_ERROR"}});
    fmt::print(stderr, "bulkhead serve: {}\n", problem);
  }
  return kExitConfiguration;
}

/// Tells of crashes since the last start, and is ready for the next one. Null when the operator
/// wants no records.
std::unique_ptr<CrashRecorder> recordCrashes(const HostSettings& settings,
                                             const std::string& version) {
  const auto kept = static_cast<std::size_t>(settings.server.crash_records);
  if (kept == 0) return nullptr;
  const auto folder = settings.paths.data_dir / kCrashFolder;
  for (const auto& crash : collectCrashRecords(folder, kept)) {
    log(Level::Error, "host", "An earlier run has crashed",
        {{"signal", crash.fact("signal")},
         {"crashedPlugin", crash.fact("plugin")},
         {"step", crash.fact("step")},
         {"route", crash.fact("route")},
         {"time", crash.fact("time")},
         {"crashedVersion", crash.fact("version")},
         {"record", crash.file.string()}});
  }
  try {
    return std::make_unique<CrashRecorder>(
        CrashRecorderOptions{folder, version, std::string{kBuildRevision}});
  } catch (const std::system_error& error) {
    log(Level::Warn, "host", "Crashes are not recorded: the folder cannot be used",
        {{"folder", folder.string()}, {"reason", error.what()}});
    return nullptr;
  }
}

/// The claim to the running host's place, with its listeners in `inherited`; null when none runs.
/// Never destroyed: a thread waits on it for that host's end.
TakeoverClaim* claimPlace(const HostSettings& settings, std::vector<InheritedListener>& inherited) {
  auto claim = TakeoverClaim::make(settings.paths.data_dir / kTakeoverSocket);
  if (!claim) {
    log(Level::Info, "host", "No host runs whose place could be taken; starting as usual");
    return nullptr;
  }
  if (!inherited.empty()) {
    throw Error::configuration("TAKEOVER_REFUSED",
                               "The service manager passed sockets, and a host runs that has its "
                               "own: use one way to restart, not both.");
  }
  inherited = claim->takeListeners();
  return new TakeoverClaim{std::move(*claim)};  // allowed: outlives every thread on purpose
}

/// Never throws. What has been made is not taken down when it fails: threads may stand on it.
int serveGuarded(const ConfigurationSources& sources, const Configuration& configuration,
                 LogSystem& logging, const sigset_t& signals,
                 std::vector<InheritedListener> inherited, bool take_over) {
  try {
    const HostSettings& settings = configuration.settings();
    prepareDataFolder(settings.paths.data_dir);
    auto* const claim = take_over ? claimPlace(settings, inherited) : nullptr;
    if (data::engineOf(storeOptions(settings, "host")) == data::Engine::Sqlite &&
        data::finishRestore(storeFolder(settings)))
      log(Level::Warn, "host", "A restore that was interrupted has been finished");
    const auto crashes = recordCrashes(settings, logOptions(settings).version);
    watchUncaughtFailures({settings.isProduction(), settings.paths.data_dir / kPluginCopies});
    setExitOnUnhandled(settings.server.exit_on_unhandled);
    // allowed: outlives every thread on purpose
    auto* host = new ServingHost{
        sources, configuration,
        claim == nullptr ? ServingHost::Start::Alone : ServingHost::Start::BesideAnother};
    return serve(*host, logging, signals, std::move(inherited), claim);
  } catch (const ConfigurationProblems& problems) {
    return failed(problems.code(), problems.report(), kExitConfiguration);
  } catch (const Error& error) {
    return failed(error.code(), error.message(), codeOf(error));
  } catch (const std::exception& error) {
    return failed("INTERNAL_ERROR", error.what(), kExitInternal);
  }
}

}  // namespace

int runServe(const CommandLine& line) {
  const sigset_t signals = blockSignals();
  std::vector<InheritedListener> inherited = takePassedSockets();
  const ConfigurationSources sources = configurationSources(line);
  const ConfigurationReading reading = Configuration::read(sources);
  const Configuration& configuration = reading.configuration;
  eraseSecrets();
  LogSystem logging{logOptions(configuration.settings())};
  registerSecrets(logging, configuration.settings());
  const InstallationFindings findings = checkInstallation(reading);
  if (!findings.problems.empty()) return refused(findings.problems);
  for (const auto& notice : configuration.notices()) log(Level::Warn, "config", notice);
  for (const auto& notice : findings.notices) log(Level::Warn, "config", notice);
  const int code = serveGuarded(sources, configuration, logging, signals, std::move(inherited),
                                line.has("takeover"));
  logging.flush(std::chrono::milliseconds{3000});
  // Threads may still be inside a plugin, and one waits for a second signal: nothing below them is
  // taken away.
  std::_Exit(code);
}

}  // namespace bulkhead::host
