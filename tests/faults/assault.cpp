#include "assault.hpp"

#include <fmt/format.h>

namespace bulkhead::integration {

Assault::Assault(std::string_view settings, std::string_view isolation) {
  const bool counted = settings.find("limits.restarts") != std::string_view::npos;
  folder_.installHostile("assailant",
                         fmt::format("isolation = {}\ntoken = a-canary-of-the-plugin\n{}{}", isolation,
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
  loading_ = true;
  const std::string target = path.empty() ? std::string{"/api/greeter/v1/hello/Ada"}
                                          : fmt::format("/api/assailant/v1{}", path);
  loads_.emplace_back([this, target] {
    const HttpClient client = host_->keyed("salon");
    while (loading_) {
      const HttpAnswer answer = client.get(target);
      ++(answer.status == 200 ? answered_ : failed_);
      if (answer.status == 200) continue;
      const std::lock_guard lock{mutex_};
      if (first_failure_.empty())
        first_failure_ = fmt::format("{} {}{}", answer.status, answer.body, answer.fault);
    }
  });
}

std::size_t Assault::stopLoad() {
  loading_ = false;
  for (auto& load : loads_) load.join();
  loads_.clear();
  return failed_;
}

std::string Assault::firstFailure() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

}  // namespace bulkhead::integration
