// bench/run faults: one plugin of two is attacked while both are asked without a pause, each attack
// on a host of its own; then a thousand restarts. Prints the table of docs/reliability.md.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "assault.hpp"
#include "holding.hpp"

namespace bulkhead::integration {
namespace {

using std::chrono::milliseconds;

/// What an attack came to.
struct Outcome {
  std::size_t other_failed = 0;       ///< requests to the plugin beside it
  std::size_t repeatable_failed = 0;  ///< reading requests to the attacked one
  std::size_t lost = 0;               ///< requests that did the deed, which nobody may repeat
  milliseconds longest_gap{0};        ///< between two answers of the attacked one
  milliseconds others_gap{0};         ///< of the plugin beside it: what the machine had to do
  std::size_t orphans = 0;            ///< workers that outlived the host
};

struct Attack {
  std::string name;
  std::string settings;
  std::function<std::size_t(Assault&)> act;  ///< what it lost
  bool in_host = false;                      ///< it makes sense there, too
  std::size_t disk_bytes = 0;
};

std::size_t lostBy(const Assault& assault, const std::string& deed) {
  return assault.post("/deeds/" + deed).status == 200 ? 0 : 1;
}

Attack deed(std::string name, const std::string& what, std::string settings = {}) {
  return {std::move(name), std::move(settings),
          [what](Assault& assault) { return lostBy(assault, what); }};
}

using Spoil = std::function<void(const Assault&, const std::filesystem::path&)>;

/// A reload that has to fail; nothing is lost when it does.
Attack badReload(std::string name, Spoil spoil) {
  return {std::move(name),
          {},
          [spoil = std::move(spoil)](Assault& assault) -> std::size_t {
            assault.replaceFile([&](const auto& file) { spoil(assault, file); });
            return assault.reload().status == 422 ? 0 : 1;
          },
          true};
}

/// A call that never ends: in a worker it is ended, in the host it keeps its thread.
Attack hang(std::string name, const std::string& what) {
  return {std::move(name), "limits.deadline_ms = 1000\nlimits.stuck_ms = 500\n",
          [what](Assault& assault) {
            const std::size_t lost = lostBy(assault, what);
            if (assault.plugin().value("isolation", "") == "worker") assault.awaitGeneration(2);
            return lost;
          },
          true};
}

std::size_t crashOften(Assault& assault) {
  std::size_t lost = 0;
  for (std::uint64_t death = 1; death <= 24; ++death) {
    lost += lostBy(assault, "segfault");
    assault.awaitGeneration(death + 1);
  }
  return lost;
}

std::size_t reloadOften(Assault& assault) {
  std::size_t refused = 0;
  for (int round = 0; round < 50; ++round) refused += assault.reload().status == 200 ? 0U : 1U;
  return refused;
}

std::size_t reloadOnAFullDisk(Assault& assault) {
  assault.replaceFile([](const auto& file) {
    std::ofstream{file, std::ios::app | std::ios::binary} << '\n';
  });
  assault.disk()->fill();
  const std::size_t wrong = assault.reload().status == 422 ? 0 : 1;
  assault.disk()->makeRoom();
  return wrong;
}

std::size_t growUntilReplaced(Assault& assault) {
  std::size_t lost = 0;
  for (int growth = 0; growth < 3; ++growth) lost += lostBy(assault, "grow");
  assault.awaitGeneration(2);
  return lost;
}

std::vector<Attack> attacks() {
  std::vector<Attack> all{
      {"SIGSEGV x 24", "limits.restart_window_ms = 1000\nlimits.failures = 0\n", crashOften},
      deed("SIGKILL", "kill"),
      deed("abort()", "abort"),
      deed("exit()", "exit"),
      hang("endless loop", "spin"),
      hang("deadlock; a call that is never answered", "deadlock"),
      deed("memory leak, to the hard limit", "leak-memory", "limits.memory_mb = 100\n"),
      {"memory leak, to the soft limit", "limits.memory_soft_mb = 100\n", growUntilReplaced},
      deed("descriptor leak", "leak-descriptors", "limits.descriptors = 64\n"),
      deed("thread storm", "storm-threads", "limits.own_threads = 64\n"),
      deed("stack overflow", "overflow"),
      deed("destructor that throws", "throw-in-destructor"),
      deed("bytes that are no frame", "corrupt-link"),
      deed("an answer to nobody", "answer-nobody"),
      badReload("half of a new .so",
                [](const Assault&, const auto& file) {
                  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
                }),
      badReload("reload to a broken version",
                [](const Assault& assault, const auto& file) {
                  std::filesystem::copy_file(assault.folder().plugin("greeter"), file,
                                             std::filesystem::copy_options::overwrite_existing);
                }),
      {"reload x 50", {}, reloadOften, true},
      {"disk full during a reload", {}, reloadOnAFullDisk, true, std::size_t{24} << 20U}};
  Attack exception = deed("exception", "throw");
  exception.in_host = true;
  all.push_back(std::move(exception));
  return all;
}

std::size_t countAlive(const std::vector<pid_t>& processes) {
  const auto alive = [](pid_t process) { return kill(process, 0) == 0; };
  await([&] { return std::none_of(processes.begin(), processes.end(), alive); },
        std::chrono::seconds{5});
  return static_cast<std::size_t>(std::count_if(processes.begin(), processes.end(), alive));
}

Outcome carryOut(const Attack& attack, const std::string& life) {
  Assault assault{attack.settings, life, attack.disk_bytes};
  if (!assault.isReady()) throw std::runtime_error{attack.name + ": the host does not start"};
  Outcome outcome;
  {
    SteadyClient other{assault.host().keyed("salon"), "/api/greeter/v1/hello/Ada"};
    SteadyClient attacked{assault.host().keyed("salon"), "/api/assailant/v1/deeds/none"};
    other.awaitMore(50);
    attacked.awaitMore(50);
    outcome.lost = attack.act(assault);
    attacked.awaitMore(50);
    other.awaitMore(50);
    attacked.end();
    other.end();
    outcome.other_failed = other.failed();
    outcome.repeatable_failed = attacked.failed();
    outcome.longest_gap = attacked.longestGap();
    outcome.others_gap = other.longestGap();
    if (attacked.failed() > 0) fmt::print(stderr, "{}: {}\n", attack.name, attacked.firstFailure());
  }
  const auto workers = assault.workers();
  assault.host().stop(std::chrono::seconds{30});
  outcome.orphans = countAlive(workers);
  return outcome;
}

/// kill -9: nobody is answered until a host is there again.
Outcome killTheHost(const std::string& life) {
  Assault assault{"", life};
  if (!assault.isReady()) throw std::runtime_error{"the host does not start"};
  const auto workers = assault.workers();
  assault.host().killHard();
  const auto begin = std::chrono::steady_clock::now();
  Outcome outcome;
  outcome.orphans = countAlive(workers);
  const HostProcess next{assault.folder()};
  next.awaitReady();
  outcome.longest_gap =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  return outcome;
}

class Table {
 public:
  Table() {
    fmt::print(
        "| Fault | Life | Failed: the other plugin | Failed: repeatable requests of the attacked "
        "one | Lost: requests that nobody may repeat | Longest time without an answer of it | "
        "The same of the other | Orphans |\n|---|---|---|---|---|---|---|---|\n");
  }
  void add(const std::string& fault, const std::string& life, const Outcome& outcome) {
    fmt::print("| {} | {} | {} | {} | {} | {} ms | {} ms | {} |\n", fault, life,
               outcome.other_failed, outcome.repeatable_failed, outcome.lost,
               outcome.longest_gap.count(), outcome.others_gap.count(), outcome.orphans);
    std::fflush(stdout);
    other_failed_ += outcome.other_failed;
    orphans_ += outcome.orphans;
    if (life == "worker") repeatable_failed_ += outcome.repeatable_failed;
  }
  void sum() const {
    fmt::print("RESULT faults.other_plugin_failed {} requests 0 lower\n", other_failed_);
    fmt::print("RESULT faults.repeatable_failed {} requests 0 lower\n", repeatable_failed_);
    fmt::print("RESULT faults.orphans {} processes 0 lower\n", orphans_);
  }

 private:
  std::size_t other_failed_ = 0;
  std::size_t repeatable_failed_ = 0;
  std::size_t orphans_ = 0;
};

void restartOften(int times) {
  Assault assault;
  if (!assault.isReady()) throw std::runtime_error{"the host does not start"};
  for (int first = 0; first < 20; ++first) assault.restart();
  const Holding before = Holding::of(assault.host().id());
  int done = 0;
  const auto begin = std::chrono::steady_clock::now();
  while (done < times && assault.restart()) ++done;
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  std::vector<std::string> left;
  await([&] {
    left = Holding::of(assault.host().id()).leftSince(before);
    return left.empty();
  });
  for (const auto& kind : left) fmt::print(stderr, "left behind: {}\n", kind);
  const Holding after = Holding::of(assault.host().id());
  const auto more_kb =
      static_cast<std::int64_t>(after.memory_kb) - static_cast<std::int64_t>(before.memory_kb);
  fmt::print("RESULT faults.restarts {} restarts {} higher\n", done, times);
  fmt::print("RESULT faults.restart_mean {} ms - lower\n", took.count() / std::max(done, 1));
  fmt::print("RESULT faults.restarts_left_behind {} kinds 0 lower\n", left.size());
  fmt::print("RESULT faults.restarts_memory {} KiB 8192 lower\n", more_kb);
}

void run(int restarts, std::string_view only) {
  Table table;
  for (const Attack& attack : attacks()) {
    if (!std::string_view{attack.name}.starts_with(only)) continue;
    table.add(attack.name, "worker", carryOut(attack, "worker"));
    if (attack.in_host) table.add(attack.name, "host", carryOut(attack, "inprocess"));
  }
  if (!only.empty()) return;
  for (const char* life : {"worker", "inprocess"})
    table.add("kill -9 of the host, and another one",
              life == std::string{"worker"} ? "worker" : "host", killTheHost(life));
  table.sum();
  restartOften(restarts);
}

}  // namespace
}  // namespace bulkhead::integration

/// bench_faults [RESTARTS [FAULT]]: all, or those whose names begin so and nothing else.
int main(int count, char** arguments) {
  try {
    bulkhead::integration::run(count > 1 ? std::atoi(arguments[1]) : 1000,
                               count > 2 ? arguments[2] : "");
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_faults: {}\n", error.what());
    return 1;
  }
  return 0;
}
