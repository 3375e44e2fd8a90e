#include "host_process.hpp"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <thread>

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::chrono::milliseconds kPause{10};

const fs::path kBuild{BULKHEAD_BUILD_DIR};

void write(const fs::path& file, std::string_view text) {
  std::ofstream{file, std::ios::binary} << text;
}

}  // namespace

bool await(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

std::size_t processesNaming(std::string_view argument) {
  std::size_t count = 0;
  for (const auto& process : fs::directory_iterator{"/proc"}) {
    std::istringstream words{readText(process.path() / "cmdline")};
    for (std::string word; std::getline(words, word, '\0');) {
      if (!word.starts_with(argument)) continue;
      ++count;
      break;
    }
  }
  return count;
}

HostFolder::HostFolder() {
  std::string name = (fs::temp_directory_path() / "bulkhead-host-XXXXXX").string();
  path_ = mkdtemp(name.data());
  for (const char* folder : {"data", "plugins", "plugins.d"}) fs::create_directory(path_ / folder);
}

HostFolder::~HostFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void HostFolder::install(std::string_view id, std::string_view settings) const {
  fs::copy_file(kBuild / "plugins" / fmt::format("{}.so", id), plugin(id),
                fs::copy_options::overwrite_existing);
  configure(id, settings);
}

fs::path HostFolder::builtHostile(std::string_view name) {
  return kBuild / "hostile" / fmt::format("{}.so", name);
}

void HostFolder::installHostile(std::string_view id, std::string_view settings) const {
  fs::copy_file(builtHostile(id), plugin(id), fs::copy_options::overwrite_existing);
  configure(id, settings);
}

void HostFolder::configure(std::string_view id, std::string_view settings) const {
  write(this->settings(id), settings);
}

void HostFolder::writeConfiguration(std::string_view text) const {
  write(configuration(), text);
}

fs::path HostFolder::plugin(std::string_view id) const {
  return path_ / "plugins" / fmt::format("{}.so", id);
}

fs::path HostFolder::settings(std::string_view id) const {
  return path_ / "plugins.d" / fmt::format("{}.properties", id);
}

/// Where plugins live whose own settings do not say: each program of tests runs once for each life.
std::string isolation() {
  const char* const wanted = std::getenv("BULKHEAD_TEST_ISOLATION");
  return wanted != nullptr ? wanted : "";
}

Environment HostFolder::environment() const {
  Environment environment{{"PATH", "/usr/bin:/bin"},
                          {"BIND_ADDRESS", "127.0.0.1"},
                          {"PORT", "0"},
                          {"DATA_DIR", data().string()},
                          {"PLUGIN_DIR", (path_ / "plugins").string()},
                          {"PLUGIN_CONF_DIR", (path_ / "plugins.d").string()},
                          {"API_KEY", std::string{kApiKey}},
                          // a test may ask as often as it likes
                          {"RATE_LIMIT_PER_MINUTE", "0"},
                          {"RATE_LIMIT_PER_HOUR", "0"},
                          {"RATE_LIMIT_ADDRESS_PER_MINUTE", "0"},
                          {"RATE_LIMIT_ADDRESS_PER_HOUR", "0"},
                          {"RATE_LIMIT_REFUSED_PER_MINUTE", "0"},
                          {"DRAIN_TIMEOUT", "3s"}};
  if (!isolation().empty()) environment["PLUGIN_ISOLATION"] = isolation();
  return environment;
}

CommandEnd HostFolder::run(const std::vector<std::string>& words, const Environment& more) const {
  Environment environment = more;
  environment.merge(this->environment());
  return runToEnd(kBuild / "bin" / "bulkhead", words, environment, kCommandPatience);
}

CommandEnd HostFolder::runProgram(const fs::path& program, const std::vector<std::string>& words,
                                  std::chrono::milliseconds patience) const {
  return runToEnd(program, words, {{"PATH", "/usr/bin:/bin"}}, patience);
}

CommandEnd HostFolder::runToEnd(const fs::path& file, const std::vector<std::string>& words,
                                const Environment& environment,
                                std::chrono::milliseconds patience) const {
  static std::atomic<int> count{0};
  const int number = ++count;
  const ChildProgram::Start start{file,
                                  words,
                                  environment,
                                  path_,
                                  path_ / fmt::format("command-{}.out", number),
                                  path_ / fmt::format("command-{}.err", number)};
  ChildProgram program{start};
  const int code = program.awaitEnd(patience);
  return {code, readText(start.output), readText(start.errors)};
}

HostStart HostStart::withSockets(std::vector<int> sockets, Environment more) {
  HostStart start;
  start.sockets = std::move(sockets);
  start.more = std::move(more);
  return start;
}

HostStart HostStart::takingOver(std::string log, Environment more) {
  HostStart start;
  start.words = {"--takeover"};
  start.log = std::move(log);
  start.more = std::move(more);
  return start;
}

HostProcess::HostProcess(const HostFolder& folder, const HostStart& how)
    : log_{folder.path() / how.log}, errors_{folder.path() / (how.log + ".err")} {
  ChildProgram::Start start{
      kBuild / "bin" / "bulkhead", {"serve"}, how.more, folder.path(), log_, errors_};
  start.arguments.insert(start.arguments.end(), how.words.begin(), how.words.end());
  if (fs::exists(folder.configuration()))
    start.arguments.insert(start.arguments.end(), {"--config", folder.configuration().string()});
  start.environment.merge(folder.environment());
  if (!how.sockets.empty()) {
    // the shell knows its process id, which is the host's in its place
    start.arguments.insert(start.arguments.begin(),
                           {"-c", R"(LISTEN_PID=$$ exec "$0" "$@")", start.program.string()});
    start.program = "/bin/sh";
    start.environment.emplace("LISTEN_FDS", std::to_string(how.sockets.size()));
    start.descriptors = how.sockets;
  }
  write(log_, "");
  program_ = std::make_unique<ChildProgram>(start);
  awaitListening();
}

void HostProcess::awaitListening() {
  await([this] {
    for (const auto& line : logLines()) {
      if (port_ == 0 && line.is_object() && line.value("message", "") == "Listening")
        port_ = line.value("port", std::uint16_t{0});
    }
    return port_ != 0 || !program_->isRunning();
  });
}

std::uint16_t HostProcess::portFor(std::string_view service) const {
  for (const auto& line : logLines()) {
    if (line.is_object() && line.value("message", "") == "Listening" &&
        line.value("for", "") == service)
      return line.value("port", std::uint16_t{0});
  }
  return 0;
}

bool HostProcess::awaitReady(std::chrono::milliseconds patience) const {
  return await([this] { return client().get("/health/readiness").status == 200; }, patience);
}

HttpClient HostProcess::keyed(std::string_view tenant) const {
  Fields headers{{"X-API-Key", std::string{kApiKey}}};
  if (!tenant.empty()) headers.emplace_back("X-Tenant-Id", std::string{tenant});
  return HttpClient{port_, std::move(headers)};
}

int HostProcess::stop(std::chrono::milliseconds patience) {
  program_->signal(SIGTERM);
  return program_->awaitEnd(patience);
}

void HostProcess::killHard() {
  program_->signal(SIGKILL);
  program_->awaitEnd(std::chrono::seconds{5});
}

std::uint64_t HostProcess::peakKilobytes() const {
  std::ifstream status{fmt::format("/proc/{}/status", program_->id())};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

std::string HostProcess::logText() const {
  return readText(log_);
}

std::string HostProcess::errorText() const {
  return readText(errors_);
}

std::vector<json> HostProcess::logLines() const {
  std::vector<json> lines;
  std::istringstream text{logText()};
  for (std::string line; std::getline(text, line) && !text.eof();)
    lines.push_back(json::parse(line, nullptr, false));
  return lines;
}

json HostProcess::awaitLogLine(const std::function<bool(const json&)>& fits) const {
  json found;
  await([&] {
    for (const auto& line : logLines()) {
      if (!line.is_object() || !fits(line)) continue;
      found = line;
      return true;
    }
    return false;
  });
  return found;
}

json HostProcess::plugin(std::string_view id) const {
  return keyed().get(fmt::format("/api/admin/plugins/{}", id)).json();
}

}  // namespace bulkhead::integration
