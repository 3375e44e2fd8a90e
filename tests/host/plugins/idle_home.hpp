#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/home.hpp"

namespace bulkhead::host {

/// A home with routes and nothing else: what a test or a benchmark wants of one, it adds.
class IdleHome : public Home {
 public:
  using RegisteredRoutes = std::vector<std::shared_ptr<const RegisteredRoute>>;

  explicit IdleHome(RegisteredRoutes routes) : routes_{std::move(routes)} {}

  void create() override {}
  void start() override {}
  bool drain(Time) override { return true; }
  void stop() noexcept override {}
  bool abandon() noexcept override { return true; }
  bool submit(const std::shared_ptr<HomeCall>&) override { return false; }
  std::string checkHealth(const RegisteredContributor&, Time) override { return "{}"; }
  void setLimits(const HomeLimits&) override {}
  HomeLoad load() const override { return {}; }
  const RegisteredRoutes& routes() const override { return routes_; }
  const std::vector<RegisteredContributor>& contributors() const override { return contributors_; }
  bool hasStore() const override { return false; }
  bool pingStore(Time) override { return false; }
  void shareLease(bool, Time) override {}
  std::vector<TableRows> countRows(Time) override { return {}; }

 protected:
  RegisteredRoutes routes_;

 private:
  const std::vector<RegisteredContributor> contributors_;
};

}  // namespace bulkhead::host
