#include "assault.hpp"

#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>

namespace bulkhead::integration {

Assault::Assault(std::string_view settings, std::string_view isolation, std::size_t disk_bytes) {
  if (disk_bytes > 0) disk_.emplace(folder_.data(), disk_bytes);
  const bool counted = settings.find("limits.restarts") != std::string_view::npos;
  folder_.installHostile(
      "assailant", fmt::format("isolation = {}\ntoken = a-canary-of-the-plugin\n{}{}", isolation,
                               counted ? "" : "limits.restarts = 1000\n", settings));
  folder_.install("greeter", "isolation = worker\n");
  host_ = std::make_unique<HostProcess>(folder_);
  ready_ = host_->awaitReady() &&
           host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status == 201;
}

Assault::~Assault() {
  stopLoad();
}

HttpAnswer Assault::get(std::string_view path) const {
  return host_->keyed("salon").get(fmt::format("/api/assailant/v1{}", path));
}

HttpAnswer Assault::post(std::string_view path, std::string_view key) const {
  Fields headers;
  if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
  return host_->keyed("salon").post(fmt::format("/api/assailant/v1{}", path), "{}", headers);
}

bool Assault::awaitGeneration(std::uint64_t number) const {
  return await([&] {
    const auto shown = plugin();
    return shown.value("generation", std::uint64_t{0}) >= number &&
           shown.value("state", "") == "running";
  });
}

pid_t Assault::worker() const {
  return get("/deeds/none").json().value("process", 0);
}

std::string Assault::record() const {
  return folder_.run({"crash", "show"}).output;
}

void Assault::beginLoad(std::string_view path) {
  const std::string target = path.empty() ? std::string{"/api/greeter/v1/hello/Ada"}
                                          : fmt::format("/api/assailant/v1{}", path);
  clients_.push_back(std::make_unique<SteadyClient>(host_->keyed("salon"), target));
}

std::size_t Assault::stopLoad() {
  std::size_t failed = 0;
  for (const auto& client : clients_) {
    client->end();
    failed += client->failed();
  }
  return failed;
}

std::size_t Assault::loadAnswered() const {
  std::size_t answered = 0;
  for (const auto& client : clients_) answered += client->answered();
  return answered;
}

std::string Assault::firstFailure() const {
  for (const auto& client : clients_) {
    if (client->failed() > 0) return client->firstFailure();
  }
  return {};
}

void Assault::replaceFile(const std::function<void(const std::filesystem::path&)>& change) const {
  const auto aside = folder_.path() / "assailant.new";
  std::filesystem::copy_file(HostFolder::builtHostile("assailant"), aside,
                             std::filesystem::copy_options::overwrite_existing);
  change(aside);
  std::filesystem::rename(aside, folder_.plugin("assailant"));
}

HttpAnswer Assault::reload() const {
  return host_->keyed().post("/api/admin/plugins/assailant/reload", "");
}

bool Assault::restart() const {
  const auto before = plugin().value("generation", std::uint64_t{0});
  const pid_t process = worker();
  if (process <= 0 || kill(process, SIGKILL) != 0) return false;
  return await([&] {
    const auto now = plugin();
    const bool again =
        now.value("generation", std::uint64_t{0}) > before && now.value("state", "") == "running";
    if (!again) host_->keyed().post("/api/admin/plugins/assailant/release", "");
    return again;
  });
}

std::vector<pid_t> Assault::workers() const {
  std::vector<pid_t> found;
  for (const auto& task :
       std::filesystem::directory_iterator{fmt::format("/proc/{}/task", host_->id())}) {
    std::istringstream children{readText(task.path() / "children")};
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace bulkhead::integration
