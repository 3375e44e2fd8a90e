// Runs of jobs in a home: whoever has lost a job has no effect any more.
#include <chrono>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{20};
}

void haveEffect(bulkhead::Transaction& write) {
  write.send("INSERT INTO effect VALUES (1)", values());
}

/// What the handler does between the begin of its run and its effect. The SDK makes the plugin, and
/// gives it nothing of the test's.
std::function<void()> meanwhile;
/// Whether it writes with the job's context.
bool asks_for_its_job = true;

class Worker final : public bulkhead::Plugin {
 public:
  explicit Worker(bulkhead::Registrar& registrar)
      : host_{registrar.host()},
        inside_{registrar.queue("inside", [](const bulkhead::Job&,
                                             bulkhead::Transaction& write) { haveEffect(write); })},
        outside_{registrar.queue("outside", [this](const bulkhead::Job& job) { work(job); })} {}

  void start() override {
    host_.write([this](bulkhead::Transaction& write) {
      write.send("CREATE TABLE effect (one INTEGER)", values());
      outside_.enqueue(write, {});
    });
  }

 private:
  void work(const bulkhead::Job& job) const {
    const auto act = meanwhile;  // which may be another one by its end
    act();
    if (asks_for_its_job) return host_.write(job.context(), haveEffect);
    // a thread of the plugin's own has no call, and so no job
    std::thread{[this] { host_.write(haveEffect); }}.join();
  }

  const bulkhead::Host host_;
  const bulkhead::JobQueue inside_;
  const bulkhead::JobQueue outside_;
};

class JobRunsTest : public ::testing::Test {
 protected:
  JobRunsTest() {
    HomeOptions options;
    options.plugin = "worker";
    home_ =
        std::make_unique<PluginHome>(bulkhead::detail::Door<Worker>::table(), std::move(options),
                                     HomeServices{clock_, log_, metrics_, store_.get()});
    home_->create();
    home_->start();
  }
  ~JobRunsTest() override { home_->stop(); }

  const RegisteredRoute& entry(EntryKind kind, std::string_view name = {}) const {
    for (const auto& route : home_->routes()) {
      if (route->kind == kind && route->call == name) return *route;
    }
    throw std::runtime_error{"there is no such entry"};
  }
  Json enter(const RegisteredRoute& route, const Fields& parameters, const std::string& body) {
    HttpRequest request;
    request.method = "JOB";
    request.path = request.target = route.path;
    request.headers = {{"content-type", "application/json"}};
    request.path_parameters = parameters;
    request.body = body;
    const HttpResponse response = home_->handle(route, request, soon());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body);
  }
  std::string run(const std::string& owner) {
    return enter(entry(EntryKind::Job, "outside"), {{"seq", "1"}, {"owner", owner}}, "{}")
        .at("outcome");
  }
  /// As the host does it for a home that it takes for dead.
  void takeBack(const std::string& owner) {
    enter(entry(EntryKind::JobDesk), {},
          Json{{"verb", "lost"}, {"owner", owner}, {"blamed", false}}.dump());
  }
  std::int64_t effects() {
    std::int64_t count = 0;
    store_->read(
        [&](data::Transaction& transaction) {
          transaction.read("SELECT count(*) FROM effect", nullptr, 0,
                           [&](const bulkhead_value* columns, std::size_t) {
                             count = columns->integer;
                             return 0;
                           });
        },
        soon());
    return count;
  }
  /// A run that was taken for dead and was not, and another one that does the job meanwhile.
  std::string runLate() {
    meanwhile = [this] {
      takeBack("early");
      meanwhile = [] {};
      EXPECT_EQ(run("late"), "completed");
    };
    return run("early");
  }

  SystemClock clock_;
  SilentLog log_;
  SilentMetrics metrics_;
  std::unique_ptr<data::SqliteStore> store_ = data::openSqliteStore({});
  std::unique_ptr<PluginHome> home_;
};

TEST_F(JobRunsTest, ARunThatLostItsJobHasNoEffect) {
  asks_for_its_job = true;
  EXPECT_EQ(runLate(), "lost");
  EXPECT_EQ(effects(), 1);
}

TEST_F(JobRunsTest, NegativeControl_WithoutTheTokenTheEffectIsThereTwice) {
  asks_for_its_job = false;
  EXPECT_EQ(runLate(), "lost");
  EXPECT_EQ(effects(), 2);
}

TEST_F(JobRunsTest, AHomeThatEndsGivesItsJobBackAsIfItHadNotBeenBegun) {
  asks_for_its_job = true;
  meanwhile = [this] {
    home_->endJobs();
    throw bulkhead::Error::app("STOPPED", "It was told to end.");
  };
  EXPECT_EQ(run("one"), "released");
  const Json jobs = enter(entry(EntryKind::JobDesk), {}, R"({"verb":"list"})").at("jobs");
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].at("state"), "available");
  EXPECT_EQ(jobs[0].at("attempts"), 0);
  EXPECT_EQ(jobs[0].at("stalls"), 0);
  EXPECT_EQ(run("two"), "gone") << "and it begins no other";
}

TEST_F(JobRunsTest, OneThatDoesNotEndIsReleasedAndItsEffectRefused) {
  asks_for_its_job = true;
  meanwhile = [this] { home_->releaseJobs(); };
  EXPECT_EQ(run("one"), "lost");
  EXPECT_EQ(effects(), 0);
  meanwhile = [] {};
  EXPECT_EQ(run("two"), "completed");
  EXPECT_EQ(effects(), 1);
}

TEST_F(JobRunsTest, OneJobIsRunByOne) {
  asks_for_its_job = true;
  meanwhile = [this] { EXPECT_EQ(run("other"), "gone"); };
  EXPECT_EQ(run("one"), "completed");
  EXPECT_EQ(effects(), 1);
}

}  // namespace
}  // namespace bulkhead::host
