#include "egress/name_resolver.hpp"

#include <atomic>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <thread>

namespace bulkhead::host::egress {
namespace {

/// Look-ups that stand still until they are let go.
class StandingServers {
 public:
  NameResolver::Lookup lookup() {
    return [released = released_.get_future().share(), this](const std::string&) {
      ++begun;
      released.wait();
      return Addresses{"192.0.2.1"};
    };
  }
  void letGo() { released_.set_value(); }

  std::atomic<int> begun{0};

 private:
  std::promise<void> released_;
};

// Goal: who asks for names without end takes no memory without end. Method: servers that do not
// answer; what is beyond the bound hears at once that nothing was found.
TEST(NameResolver, TooManyThatWaitAreToldSoAtOnce) {
  StandingServers servers;
  NameResolver resolver{{.lookup = servers.lookup(), .threads_max = 1, .queued_max = 4}};
  std::atomic<int> found{0};
  std::atomic<int> refused{0};
  const auto done = [&](const Addresses& addresses) { ++(addresses.empty() ? refused : found); };
  for (int name = 0; name < 100; ++name) resolver.resolve(fmt::format("{}.example", name), done);
  EXPECT_GE(refused, 95);
  for (int times = 0; times < 10; ++times) resolver.resolve("0.example", done);
  const int told = refused;
  EXPECT_GE(told, 100) << "and those that wait for one name";
  servers.letGo();
  while (found + refused < 110) std::this_thread::yield();
  EXPECT_EQ(refused, told);
  resolver.resolve("new.example", done);
  while (found + refused < 111) std::this_thread::yield();
  EXPECT_EQ(refused, told) << "there is room again";
}

}  // namespace
}  // namespace bulkhead::host::egress
