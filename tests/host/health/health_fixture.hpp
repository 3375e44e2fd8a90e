#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "health/health_endpoints.hpp"
#include "host/health/wait_for.hpp"

namespace bulkhead::host::health {

/// A host without plugins, ready, whose memory figures are fixed; tests add checks and sources.
class HealthFixture : public ::testing::Test {
 protected:
  HealthFixture() { state.markReady(); }

  static ResourceOptions fixedResources() {
    ResourceOptions options;
    options.memory_limit_mb = 100;
    options.allocator = [] { return AllocatorBytes{80U << 20U, 90U << 20U}; };
    return options;
  }

  HealthSources sources() {
    HealthSources made{registry, state, resources, {"1.0.0", "test", "accubooks"}};
    made.plugins = [this] { return plugins; };
    return made;
  }

  /// Registers a check with a fixed result and waits until it has run.
  void addChecked(CheckSpec spec, CheckResult result) {
    spec.check = [result](std::chrono::milliseconds) { return result; };
    const std::string name = spec.name;
    registry.add(std::move(spec));
    ASSERT_TRUE(waitFor([&] {
      const auto snapshot = registry.snapshot();
      const CheckReport* report = snapshot->find(name);
      return report != nullptr && report->isKnown();
    }));
  }
  void addDatabase(Status status) {
    CheckSpec spec;
    spec.owner = "host";
    spec.name = "database";
    spec.kind = CheckKind::Database;
    spec.weights = {Weight::Critical, Weight::Degrading};
    addChecked(std::move(spec), {status, "unavailable", "away", {}, {}, {}});
  }

  static HttpRequest request(std::string_view path, bool inside = true) {
    HttpRequest made;
    made.method = "GET";
    made.path = path;
    made.peer.inside = inside;
    return made;
  }
  static HttpRequest withDetails(std::string_view path, std::string_view value,
                                 bool inside = true) {
    HttpRequest made = request(path, inside);
    made.query.emplace_back("details", value);
    return made;
  }
  static nlohmann::json bodyOf(const HttpResponse& response) {
    return nlohmann::json::parse(response.body);
  }
  static std::string headerOf(const HttpResponse& response, std::string_view name) {
    std::string_view lines = response.fixed_headers.text();
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      lines.remove_prefix(line.size() + 2);
      const std::size_t colon = line.find(": ");
      if (line.substr(0, colon) == name) return std::string{line.substr(colon + 2)};
    }
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  ResourceSampler resources{fixedResources()};
  HealthState state;
  HealthRegistry registry;
  std::vector<PluginHealth> plugins;
};

}  // namespace bulkhead::host::health
