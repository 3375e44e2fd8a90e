#include "app/serve_command.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <cstdlib>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "app/build_version.hpp"
#include "app/command.hpp"
#include "app/serving_host.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

constexpr int kProbeTimeoutSeconds = 2;

/// The signals that a serving process waits for, blocked in every thread made from here on.
sigset_t blockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
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

int serve(const Configuration& configuration, LogSystem& logging, const sigset_t& signals) {
  ServingHost host{configuration};
  host.listen();
  std::thread boot{[&] { host.boot(); }};
  awaitEnd(signals, logging);
  std::thread impatience{[&] {
    awaitEnd(signals, logging);
    log(Level::Warn, "host", "A second signal: ending at once");
    logging.flush(std::chrono::milliseconds{500});
    std::_Exit(kExitInternal);
  }};
  impatience.detach();
  host.stopBooting();
  boot.join();
  const bool clean = host.drain();
  logging.flush(std::chrono::milliseconds{3000});
  // Threads may still be inside a plugin, and one waits for a second signal: nothing below them is
  // taken away.
  std::_Exit(clean ? kExitOk : kExitInternal);
}

}  // namespace

int runServe(const CommandLine& line) {
  const sigset_t signals = blockSignals();
  const Configuration configuration = loadConfiguration(line);
  LogSystem logging{logOptions(configuration.settings())};
  registerSecrets(logging, configuration.settings());
  for (const auto& notice : configuration.notices()) log(Level::Warn, "config", notice);
  try {
    return serve(configuration, logging, signals);
  } catch (const Error& error) {
    log(Level::Fatal, "host", error.message(), {{"code", error.code()}});
    logging.flush(std::chrono::milliseconds{1000});
    if (error.code() == "PORT_IN_USE") return kExitTemporary;
    return error.kind() == ErrorKind::Configuration ? kExitConfiguration : kExitInternal;
  }
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
