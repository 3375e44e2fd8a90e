// A job whose home is killed at each of its steps: it is not lost, and has its effect once.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/plugin_home.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using Time = std::chrono::steady_clock::time_point;

Time soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{20};
}

/// Ends its process before or after one of its writes.
class MortalStore final : public data::Store {
 public:
  explicit MortalStore(data::Store& inner) : inner_{inner} {}

  /// The `step`th of what comes now: before the first write, behind it, before the second, ...
  void dieAt(int step) { steps_left_ = step; }

  void read(const data::TransactionClosure& closure, Time deadline) override {
    inner_.read(closure, deadline);
  }
  void write(const data::TransactionClosure& closure, Time deadline) override {
    step();
    inner_.write(closure, deadline);
    step();
  }
  void maintain(const data::SessionWork& work, Time deadline) override {
    inner_.maintain(work, deadline);
  }
  std::unique_ptr<data::StoreHold> hold(std::uint64_t number) override {
    return inner_.hold(number);
  }
  data::Engine engine() const override { return inner_.engine(); }
  bool ping() noexcept override { return inner_.ping(); }
  data::StoreStatistics statistics() const override { return inner_.statistics(); }

 private:
  void step() {
    if (steps_left_ > 0 && --steps_left_ == 0) ::raise(SIGKILL);
  }

  data::Store& inner_;
  int steps_left_ = 0;
};

/// When the leases of those that were killed are over.
class LaterClock final : public Clock {
 public:
  std::int64_t nowUs() const override { return system_.nowUs() + 2 * jobs::kLeaseUs; }
  std::int64_t monotonicUs() const override { return system_.monotonicUs(); }

 private:
  SystemClock system_;
};

/// Does its jobs in the three ways that there are; the last of them is careless.
class Doer final : public bulkhead::Plugin {
 public:
  explicit Doer(bulkhead::Registrar& registrar) : host_{registrar.host()} {
    registrar.queue("inside", [](const bulkhead::Job& job, bulkhead::Transaction& write) {
      write.send("INSERT INTO effect VALUES ($1)", values(job.id()));
    });
    registrar.queue("keyed", [this](const bulkhead::Job& job) {
      host_.write(job.context(), [&](bulkhead::Transaction& write) {
        write.send(
            "INSERT INTO effect SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM effect WHERE job = $1)",
            values(job.id()));
      });
    });
    registrar.queue("careless", [this](const bulkhead::Job& job) {
      host_.write(job.context(), [&](bulkhead::Transaction& write) {
        write.send("INSERT INTO effect VALUES ($1)", values(job.id()));
      });
    });
  }
  void start() override {
    host_.write([](bulkhead::Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS effect (job TEXT)", values());
    });
  }

 private:
  const bulkhead::Host host_;
};

/// The plugin's home in this process, on that file.
class Life {
 public:
  Life(const std::filesystem::path& file, Clock& clock)
      : store_{data::openSqliteStore({.path = file})} {
    HomeOptions options;
    options.plugin = "doer";
    home_ = std::make_unique<PluginHome>(bulkhead::detail::Door<Doer>::table(), std::move(options),
                                         HomeServices{clock, log_, metrics_, &mortal_});
    home_->create();
    home_->start();
  }
  ~Life() { home_->stop(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void dieAt(int step) { mortal_.dieAt(step); }
  void enqueue(const std::string& queue) {
    store_->write(
        [&](data::Transaction& transaction) {
          jobs::NewJob job;
          job.queue = queue;
          jobs::enqueue(transaction, job, "job-1", SystemClock{}.nowUs());
        },
        soon());
  }
  void run(const std::string& queue) {
    enter(EntryKind::Job, queue, {{"seq", "1"}, {"owner", "one"}}, "{}");
  }
  /// Does what is due, as the host has it done.
  void finish(const std::string& queue) {
    ask({{"verb", "tend"}, {"limits", {{queue, 1}}}});
    run(queue);
  }
  Json job() { return ask({{"verb", "inspect"}, {"id", "job-1"}}).at("job"); }
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

 private:
  Json ask(const Json& request) { return enter(EntryKind::JobDesk, {}, {}, request.dump()); }
  Json enter(EntryKind kind, const std::string& name, const Fields& parameters,
             const std::string& body) {
    for (const auto& route : home_->routes()) {
      if (route->kind != kind || route->call != name) continue;
      HttpRequest request;
      request.method = "JOB";
      request.path = request.target = route->path;
      request.headers = {{"content-type", "application/json"}};
      request.path_parameters = parameters;
      request.body = body;
      return Json::parse(home_->handle(*route, request, soon()).body);
    }
    throw std::runtime_error{"there is no such entry"};
  }

  SilentLog log_;
  SilentMetrics metrics_;
  std::unique_ptr<data::SqliteStore> store_;
  MortalStore mortal_{*store_};
  std::unique_ptr<PluginHome> home_;
};

/// Of one job whose home was killed at that step.
struct Outcome {
  bool was_killed = false;
  std::string state;
  std::int64_t effects = 0;
};

Outcome outcomeOf(const std::string& queue, int step) {
  const TemporaryFolder folder;
  const auto file = folder / "doer.db";
  {
    SystemClock clock;
    Life{file, clock}.enqueue(queue);
  }
  const pid_t victim = ::fork();
  if (victim == 0) {
    SystemClock clock;
    Life life{file, clock};
    life.dieAt(step);
    life.run(queue);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(victim, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  LaterClock clock;
  Life next{file, clock};
  next.finish(queue);
  return {WIFSIGNALED(status), next.job().value("state", ""), next.effects()};
}

/// How often the effect was there, over all steps; each of them has to end well.
std::set<std::int64_t> effectsOf(const std::string& queue, int steps) {
  std::set<std::int64_t> effects;
  for (int step = 1; step <= steps; ++step) {
    const Outcome outcome = outcomeOf(queue, step);
    EXPECT_TRUE(outcome.was_killed) << queue << " has no step " << step;
    EXPECT_EQ(outcome.state, "completed") << queue << " killed at step " << step;
    effects.insert(outcome.effects);
  }
  EXPECT_FALSE(outcomeOf(queue, steps + 1).was_killed) << queue << " has another step";
  return effects;
}

constexpr int kInTwoWrites = 4;    ///< it is claimed; it is done, with its effect
constexpr int kInThreeWrites = 6;  ///< it is claimed; has its effect; is done

TEST(JobDeaths, AJobInItsTransactionHasItsEffectOnceWhereverItsHomeIsKilled) {
  EXPECT_EQ(effectsOf("inside", kInTwoWrites), std::set<std::int64_t>{1});
}

TEST(JobDeaths, AJobThatWritesByItsKeyHasItsEffectOnceWhereverItsHomeIsKilled) {
  EXPECT_EQ(effectsOf("keyed", kInThreeWrites), std::set<std::int64_t>{1});
}

TEST(JobDeaths, NegativeControl_WithoutTheKeyOneStepHasTheEffectTwice) {
  EXPECT_EQ(effectsOf("careless", kInThreeWrites), (std::set<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace bulkhead::host
