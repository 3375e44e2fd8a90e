#include "app/probe_command.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include <bulkhead/error.hpp>

#include "app/command.hpp"
#include "app/data_folder.hpp"
#include "config/typed_value.hpp"

namespace bulkhead::host {
namespace {

using Clock = std::chrono::steady_clock;
using Poco::Net::SocketAddress;

constexpr std::size_t kAnswerBytesMax = 1024 * 1024;
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kProbes{
    {{"live", "/health/liveness"},
     {"ready", "/health/readiness"},
     {"startup", "/health/startup"},
     {"health", "/health"}}};

struct Answer {
  int status = 0;
  std::string body;
};

[[noreturn]] void usage(const std::string& text) {
  throw Error::validation("USAGE", text);
}

std::string pathOf(const CommandLine& line) {
  const std::string what = line.arguments() == 0 ? "live" : line.argument(0, "PROBE");
  for (const auto& [name, path] : kProbes) {
    if (name == what) return std::string{path};
  }
  usage(fmt::format("there is no probe '{}'; there are live, ready, startup and health", what));
}

std::chrono::milliseconds timeoutOf(const CommandLine& line) {
  SettingDeclaration timeout{.name = "timeout", .type = SettingType::DurationMs};
  timeout.bare_unit_ms = 1000;
  timeout.min = 1;
  timeout.max = 60'000;
  const auto value = parseValue(timeout, line.find("timeout").value_or("2s"));
  if (!value) usage(fmt::format("--timeout takes {}", expectation(timeout)));
  return std::chrono::milliseconds{value->integer()};
}

/// Where to reach what listens on `address`: of every address the loopback one.
SocketAddress reachable(const std::string& address, std::uint16_t port) {
  if (address == "0.0.0.0" || address == "localhost") return SocketAddress{"127.0.0.1", port};
  return SocketAddress{address == "::" ? "::1" : address, port};
}

SocketAddress targetOf(const CommandLine& line, const HostSettings& settings) {
  const auto& server = settings.server;
  const bool is_plain = !settings.tls.isOn() && !server.proxy_protocol;
  const std::string via =
      line.find("via").value_or(server.port == 0 || !is_plain ? "socket" : "port");
  if (via == "port") {
    if (!is_plain) usage("the port speaks TLS or wants a PROXY header; ask --via socket");
    return reachable(server.bind_addresses.front(), server.port);
  }
  if (via == "management") {
    if (server.management_port == 0) usage("there is no management port; MANAGEMENT_PORT sets it");
    return reachable(server.management_address, server.management_port);
  }
  if (via != "socket") usage("--via is port, management or socket");
  return SocketAddress{SocketAddress::UNIX_LOCAL,
                       (settings.paths.data_dir / kAdminSocket).string()};
}

Poco::Timespan leftUntil(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end - Clock::now());
  if (left.count() <= 0) throw Poco::TimeoutException{"no answer in time"};
  return Poco::Timespan{static_cast<Poco::Timespan::TimeDiff>(left.count())};
}

/// One request on a connection of its own, all of it before `end`, however slowly it comes.
Answer ask(const SocketAddress& target, const std::string& path, Clock::time_point end) {
  Poco::Net::StreamSocket socket;
  socket.connect(target, leftUntil(end));
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: probe\r\nUser-Agent: bulkhead-probe\r\nConnection: close\r\n\r\n",
      path);
  socket.setSendTimeout(leftUntil(end));
  for (std::size_t sent = 0; sent < request.size();)
    sent += static_cast<std::size_t>(
        socket.sendBytes(request.data() + sent, static_cast<int>(request.size() - sent)));
  std::string text;
  std::array<char, 4096> part{};
  while (text.size() < kAnswerBytesMax) {
    socket.setReceiveTimeout(leftUntil(end));
    const int count = socket.receiveBytes(part.data(), static_cast<int>(part.size()));
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  constexpr std::string_view kVersion{"HTTP/1.1 "};
  const auto body = text.find("\r\n\r\n");
  if (!text.starts_with(kVersion) || body == std::string::npos)
    throw Poco::Net::NetException{"what answers there is no host"};
  return {std::atoi(text.c_str() + kVersion.size()), text.substr(body + 4)};
}

void print(const Answer& answer, bool as_json) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  const std::string word = body.is_object() ? body.value("status", "") : "";
  if (as_json)
    fmt::print("{}\n", nlohmann::json{{"code", answer.status}, {"body", body}}.dump());
  else
    fmt::print("{} {}\n", answer.status, word);
}

}  // namespace

int runProbe(const CommandLine& line) {
  const std::string path = pathOf(line);
  const auto end = Clock::now() + timeoutOf(line);
  const ConfigurationReading reading = Configuration::read(configurationSources(line));
  try {
    const SocketAddress target = targetOf(line, reading.configuration.settings());
    const Answer answer = ask(target, path, end);
    print(answer, line.has("json"));
    return answer.status == 200 ? kExitOk : kExitFailed;
  } catch (const Poco::Exception& error) {
    fmt::print(stderr, "bulkhead probe: {}\n", error.displayText());
    return kExitFailed;
  }
}

}  // namespace bulkhead::host
