#include "app/serve_command.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <future>
#include <memory>
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
#include "app/serving_host.hpp"
#include "config/configuration_problem.hpp"
#include "config/host_declarations.hpp"
#include "config/variables.hpp"
#include "data/restore.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

constexpr int kProbeTimeoutSeconds = 2;
constexpr std::chrono::milliseconds kBootPatience{30'000};  // each step of a plugin has its own

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

/// Waits for the signal that ends the process; reopens the log on the others.
int awaitEnd(const sigset_t& signals, LogSystem& logging) {
  for (;;) {
    int received = 0;
    sigwait(&signals, &received);
    if (received == SIGTERM || received == SIGINT) return received;
    logging.reopen();
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

void obeySecondSignal(const sigset_t& signals, LogSystem& logging) {
  std::thread{[&signals, &logging] {
    awaitEnd(signals, logging);
    log(Level::Warn, "host", "A second signal: ending at once");
    logging.flush(std::chrono::milliseconds{500});
    std::_Exit(kExitInternal);
  }}.detach();
}

/// Serves until a signal; the exit code. May leave threads behind that are inside the host.
int serve(ServingHost& host, LogSystem& logging, const sigset_t& signals) {
  host.listen();
  Boot boot{host};
  awaitEnd(signals, logging);
  boot.stop();
  obeySecondSignal(signals, logging);
  host.stopBooting();
  if (!boot.hasEnded(kBootPatience)) {
    log(Level::Error, "host", "Starting the plugins did not end; it is left behind");
    return kExitInternal;
  }
  const bool clean = host.drain();
  if (boot.code() != kExitOk) return boot.code();
  return clean ? kExitOk : kExitInternal;
}

/// A failure that ends the process, as a sentence in the log and for whoever started it by hand.
int failed(std::string_view code, std::string_view message, int exit_code) {
  log(Level::Fatal, "host", message, {{"code", code}});
  fmt::print(stderr, "bulkhead serve: {}\n", message);
  return exit_code;
}

int codeOf(const Error& error) {
  if (error.code() == "PORT_IN_USE" || error.code() == "STORE_LEASE_HELD") return kExitTemporary;
  return error.kind() == ErrorKind::Configuration ? kExitConfiguration : kExitInternal;
}

/// The same as `config check` says, and the data folder.
void checkMachine(const Configuration& configuration) {
  const InstallationFindings findings = checkInstallation(configuration);
  for (const auto& notice : findings.notices) log(Level::Warn, "config", notice);
  if (!findings.problems.empty()) {
    throw Error::configuration("CONFIGURATION_ERROR",
                               fmt::format("{}", fmt::join(findings.problems, " ")));
  }
  prepareDataFolder(configuration.settings().paths.data_dir);
  if (data::finishRestore(storeFolder(configuration.settings())))
    log(Level::Warn, "host", "A restore that was interrupted has been finished");
}

/// Never throws. What has been made is not taken down when it fails: threads may stand on it.
int serveGuarded(const Configuration& configuration, LogSystem& logging, const sigset_t& signals) {
  try {
    checkMachine(configuration);
    // allowed: outlives every thread on purpose
    auto* host = new ServingHost{configuration};
    return serve(*host, logging, signals);
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
  const Configuration configuration = loadConfiguration(line);
  eraseSecrets();
  LogSystem logging{logOptions(configuration.settings())};
  registerSecrets(logging, configuration.settings());
  for (const auto& notice : configuration.notices()) log(Level::Warn, "config", notice);
  const int code = serveGuarded(configuration, logging, signals);
  logging.flush(std::chrono::milliseconds{3000});
  // Threads may still be inside a plugin, and one waits for a second signal: nothing below them is
  // taken away.
  std::_Exit(code);
}

int runProbe(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const std::string what = line.arguments() == 0 ? "live" : line.argument(0, "live|ready|health");
  std::string path;
  if (what == "live") path = "/health/liveness";
  if (what == "ready") path = "/health/readiness";
  if (what == "health") path = "/health";
  if (path.empty())
    throw Error::validation(
        "USAGE", fmt::format("there is no probe '{}'; there are live, ready and health", what));
  try {
    const auto& server = configuration.settings().server;
    const bool any = server.bind_address == "0.0.0.0" || server.bind_address == "::";
    Poco::Net::HTTPClientSession session{any ? "127.0.0.1" : server.bind_address, server.port};
    session.setTimeout(Poco::Timespan{kProbeTimeoutSeconds, 0});
    Poco::Net::HTTPRequest request{"GET", path, Poco::Net::HTTPMessage::HTTP_1_1};
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    session.receiveResponse(response);
    fmt::print("{}\n", static_cast<int>(response.getStatus()));
    return response.getStatus() == Poco::Net::HTTPResponse::HTTP_OK ? kExitOk : kExitFailed;
  } catch (const Poco::Exception& error) {
    fmt::print(stderr, "{}\n", error.displayText());
    return kExitFailed;
  }
}

}  // namespace bulkhead::host
