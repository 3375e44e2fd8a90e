#include "replacement.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace bulkhead::integration {

Replacement::Replacement(std::string isolation) : isolation_{std::move(isolation)} {
  install("one");
  folder_.install("greeter");
  host_ = std::make_unique<HostProcess>(folder_);
  ready_ = host_->awaitReady() &&
           host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status == 201;
}

HttpAnswer Replacement::get(std::string_view path) const {
  return host_->keyed("salon").get(fmt::format("/api/changeling/v1{}", path));
}

HttpAnswer Replacement::post(std::string_view path) const {
  return host_->keyed("salon").post(fmt::format("/api/changeling/v1{}", path), "{}");
}

/// As an operator should: what is loaded is a copy, and the name never leads to half a file.
void Replacement::install(std::string_view version, std::string_view settings) const {
  const auto built = folder_.builtHostile(fmt::format("changeling-{}", version));
  const auto aside = folder_.path() / "changeling.new";
  std::filesystem::copy_file(built, aside, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::rename(aside, folder_.plugin("changeling"));
  configure(settings);
}

void Replacement::configure(std::string_view settings) const {
  folder_.configure("changeling", fmt::format("isolation = {}\n{}", isolation_, settings));
}

HttpAnswer Replacement::change(std::string_view verb) const {
  return host_->keyed().post(fmt::format("/api/admin/plugins/changeling/{}", verb), "");
}

SteadyLoad::SteadyLoad(const Replacement& place, std::vector<std::string> paths) : place_{place} {
  for (auto& path : paths) clients_.emplace_back([this, path = std::move(path)] { ask(path); });
}

SteadyLoad::~SteadyLoad() {
  end();
}

void SteadyLoad::ask(const std::string& path) {
  while (!ended_) {
    const bool writes = path == "/notes";
    const HttpAnswer answer = writes ? place_.post(path) : place_.get(path);
    ++answered_;
    if (writes && answer.status == 200) ++written_;
    if (answer.status == 200) continue;
    const std::lock_guard lock{mutex_};
    failures_.push_back(fmt::format("{} {}{}", answer.status, answer.body, answer.fault));
  }
}

bool SteadyLoad::awaitMore(std::size_t answers) const {
  const std::size_t before = answered_;
  return await([&] { return answered_ >= before + answers; });
}

std::vector<std::string> SteadyLoad::end() {
  ended_ = true;
  for (auto& client : clients_) {
    if (client.joinable()) client.join();
  }
  const std::lock_guard lock{mutex_};
  return failures_;
}

}  // namespace bulkhead::integration
