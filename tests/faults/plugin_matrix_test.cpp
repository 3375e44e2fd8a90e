// Each plugin, missing, refused, unconfigured, failing, hung and crashed, at its start and while it
// runs: the others answer as fast as before, health says what is lost, and it mends.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::microseconds;
using testing::AnyOf;
using testing::Contains;

/// What the matrix knows of a plugin; one row each.
struct Row {
  const char* id;
  const char* path;         ///< that it answers
  int status;               ///< so
  const char* capability;   ///< that is lost with it; empty when it provides none
  const char* webhook;      ///< that is 503 without its credentials; empty when it wants none
  const char* credentials;  ///< as settings
};

constexpr Row kRows[] = {
    {"booking", "/api/booking/v1/services", 200, "", "", ""},
    {"stripe", "/api/stripe/v1/events", 200, "", "/api/stripe/v1/webhooks",
     "webhook_secret = whsec_0123456789abcdef\n"},
};
/// Beside them, so that a row has a neighbour that nothing is done to.
constexpr Row kGreeter{"greeter", "/api/greeter/v1/hello/Ann", 200, "", "", ""};

enum class Fault { Missing, Refused, Unconfigured, Failing, Hung, Crashed };
constexpr const char* kFaultNames[] = {"Missing", "Refused", "Unconfigured",
                                       "Failing", "Hung",    "Crashed"};

struct Cell {
  Row row;
  Fault fault;
  bool running;  ///< else at its start
};

std::string nameOf(const Cell& cell) {
  return fmt::format("{}_{}_{}", cell.row.id, kFaultNames[static_cast<int>(cell.fault)],
                     cell.running ? "Running" : "AtStart");
}

bool isWhole() {
  return std::getenv("BULKHEAD_WHOLE_MATRIX") != nullptr;
}

/// All of them, or a few that take no time.
std::vector<Cell> cells() {
  std::vector<Cell> cells;
  for (const Row& row : kRows) {
    for (int fault = 0; fault < 6; ++fault) {
      for (const bool running : {false, true}) {
        const Cell cell{row, static_cast<Fault>(fault), running};
        static const std::set<std::string> kDiagonal{"booking_Missing_AtStart",
                                                     "stripe_Crashed_Running"};
        const bool means_nothing = cell.fault == Fault::Unconfigured && *row.webhook == '\0';
        if (!means_nothing && (isWhole() || kDiagonal.contains(nameOf(cell))))
          cells.push_back(cell);
      }
    }
  }
  return cells;
}

fs::path sabotaged(const Cell& cell) {
  const char* const deed = cell.fault == Fault::Failing ? "fails"
                           : cell.fault == Fault::Hung  ? "hangs"
                                                        : "crashes";
  return fs::path{BULKHEAD_BUILD_DIR} / "saboteurs" / fmt::format("{}-{}.so", cell.row.id, deed);
}

/// As an operator does it: aside, then in its place.
void putInPlace(const fs::path& file, const fs::path& place) {
  const fs::path aside = place.string() + ".new";
  fs::copy_file(file, aside, fs::copy_options::overwrite_existing);
  fs::rename(aside, place);
}

/// A host with every plugin of the matrix, and its tenant.
class Installation {
 public:
  Installation() {
    for (const Row& row : kRows) folder_.install(row.id, settingsOf(row));
    folder_.install(kGreeter.id);
  }
  void start() {
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady(std::chrono::seconds{30})) << host_->logText();
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  const HostFolder& folder() const { return folder_; }
  HostProcess& host() { return *host_; }
  HttpAnswer ask(const Row& row) const { return host_->keyed("salon").get(row.path); }
  std::string stateOf(const Row& row) const { return host_->plugin(row.id).value("state", ""); }
  json healthOf(const Row& row) const {
    const json health = host_->keyed().get("/health?details=true").json();
    for (const json& plugin : health.value("plugins", json::array())) {
      if (plugin.value("id", "") == row.id) return plugin;
    }
    return json::object();
  }
  /// The worker that has the plugin's file in its memory.
  pid_t workerOf(const Row& row) const {
    for (const auto& task : fs::directory_iterator{fmt::format("/proc/{}/task", host_->id())}) {
      std::ifstream children{task.path() / "children"};
      for (pid_t child = 0; children >> child;) {
        std::ifstream file{fmt::format("/proc/{}/maps", child)};
        const std::string maps{std::istreambuf_iterator<char>{file}, {}};
        if (maps.find(fmt::format("/{}/", row.id)) != std::string::npos) return child;
      }
    }
    return 0;
  }
  bool change(const Row& row, std::string_view verb) const {
    const auto answer = host_->keyed().post(
        fmt::format("/api/admin/plugins/{}/{}?wait_ms=20000", row.id, verb), "");
    return answer.status == 200;
  }

  static std::string settingsOf(const Row& row) { return std::string{kSettings} + row.credentials; }
  static constexpr std::string_view kSettings = "enabled = true\nisolation = worker\n";

 private:
  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

/// The slowest percent of an installation's answers for everybody but one plugin, asked by turns
/// with those of another installation, so that a busy machine is busy for both.
struct SideBySide {
  microseconds calm{0};
  microseconds struck{0};
  std::string wrong;
};

SideBySide askByTurns(const Installation& calm, const Installation& struck, const Row& but) {
  constexpr int kTimes = 60;
  std::vector<microseconds> times[2];
  SideBySide told;
  const auto askOnce = [&](const Installation& one, const Row& row,
                           std::vector<microseconds>& into) {
    const auto begin = std::chrono::steady_clock::now();
    const HttpAnswer answer = one.ask(row);
    into.push_back(
        std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin));
    if (answer.status != row.status)
      told.wrong = fmt::format("{}: {} {}{}", row.path, answer.status, answer.body, answer.fault);
  };
  for (int i = 0; i < kTimes; ++i) {
    for (const Row& row : kRows) {
      if (std::string_view{row.id} == but.id) continue;
      askOnce(calm, row, times[0]);
      askOnce(struck, row, times[1]);
    }
    askOnce(calm, kGreeter, times[0]);
    askOnce(struck, kGreeter, times[1]);
  }
  for (auto& all : times) std::sort(all.begin(), all.end());
  told.calm = times[0][times[0].size() * 99 / 100];
  told.struck = times[1][times[1].size() * 99 / 100];
  return told;
}

class PluginMatrix : public testing::TestWithParam<Cell> {
 protected:
  static void SetUpTestSuite() {
    calm_ = std::make_unique<Installation>();
    calm_->start();
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(calm_->host().stop(), 0);
    calm_.reset();
  }

  const Cell& cell() const { return GetParam(); }
  const Row& row() const { return GetParam().row; }

  void breakBeforeStart() {
    const HostFolder& folder = struck_.folder();
    switch (cell().fault) {
      case Fault::Missing:
        fs::remove(folder.plugin(row().id));
        break;
      case Fault::Refused:
        folder.configure(row().id, "enabled = true\nno_such_setting = 1\n");
        break;
      case Fault::Unconfigured:
        folder.configure(row().id, Installation::kSettings);
        break;
      default:
        folder.configure(row().id, "enabled = true\nlimits.restarts = 1\n");
        putInPlace(sabotaged(cell()), folder.plugin(row().id));
    }
  }

  void breakWhileItRuns() {
    const HostFolder& folder = struck_.folder();
    switch (cell().fault) {
      case Fault::Missing:
        fs::remove(folder.plugin(row().id));
        EXPECT_FALSE(struck_.change(row(), "reload")) << "there is nothing to load";
        break;
      case Fault::Refused:
        std::ofstream{folder.settings(row().id)} << "no_such_setting = 1\n";
        EXPECT_FALSE(struck_.change(row(), "reload")) << "it would be refused";
        break;
      case Fault::Failing:
        putInPlace(sabotaged(cell()), folder.plugin(row().id));
        EXPECT_FALSE(struck_.change(row(), "reload")) << "it does not start";
        break;
      case Fault::Hung:
        ASSERT_EQ(kill(struck_.workerOf(row()), SIGSTOP), 0);
        break;
      case Fault::Crashed:
        ASSERT_EQ(kill(struck_.workerOf(row()), SIGSEGV), 0);
        break;
      case Fault::Unconfigured:
        folder.configure(row().id, Installation::kSettings);
        EXPECT_TRUE(struck_.change(row(), "reload")) << struck_.host().plugin(row().id);
        break;
    }
  }

  /// Open, and it says which setting is missing; then it has it.
  void expectUnconfigured() {
    const auto deliver = [&] { return struck_.host().client().post(row().webhook, "{}"); };
    const HttpAnswer answer = deliver();
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(answer.errorCode(), "NOT_CONFIGURED");
    EXPECT_FALSE(struck_.healthOf(row()).value("configured", false));
    struck_.folder().configure(row().id, Installation::settingsOf(row()));
    EXPECT_TRUE(struck_.change(row(), "reload")) << struck_.host().plugin(row().id);
    EXPECT_NE(deliver().errorCode(), "NOT_CONFIGURED");
  }

  void expectOthersAsBefore() {
    const SideBySide told = askByTurns(*calm_, struck_, row());
    EXPECT_EQ(told.wrong, "") << nameOf(cell());
    EXPECT_LE(told.struck, 4 * told.calm + std::chrono::milliseconds{30})
        << "where nothing is broken it is " << told.calm.count() << " us";
  }

  /// A plugin that is closed is told with its reason and what is lost with it; its clients get 503.
  void expectClosed(const std::set<std::string>& states) {
    EXPECT_TRUE(
        await([&] { return states.contains(struck_.stateOf(row())); }, std::chrono::seconds{30}))
        << struck_.host().plugin(row().id);
    const json health = struck_.healthOf(row());
    EXPECT_NE(health.value("reason", ""), "") << health;
    if (*row().capability != '\0') {
      EXPECT_THAT(health.value("capabilitiesLost", std::vector<std::string>{}),
                  Contains(row().capability));
    }
    EXPECT_EQ(struck_.host().client().get("/health").json().value("status", ""), "degraded");
    const HttpAnswer answer = struck_.ask(row());
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_NE(answer.header("retry-after"), "");
  }

  void mend() {
    const HostFolder& folder = struck_.folder();
    folder.install(row().id, Installation::settingsOf(row()));
    const bool again = struck_.change(row(), "enable") || struck_.change(row(), "release") ||
                       struck_.change(row(), "reload");
    EXPECT_TRUE(again) << struck_.host().plugin(row().id);
    EXPECT_TRUE(await([&] { return struck_.ask(row()).status == row().status; }))
        << struck_.host().plugin(row().id);
  }

  void expectWellAlone(std::chrono::seconds patience) {
    EXPECT_TRUE(await([&] { return struck_.ask(row()).status == row().status; }, patience))
        << struck_.host().plugin(row().id) << struck_.ask(row()).body;
  }

  Installation struck_;

 private:
  inline static std::unique_ptr<Installation> calm_;
};

INSTANTIATE_TEST_SUITE_P(Each, PluginMatrix, testing::ValuesIn(cells()),
                         [](const auto& cell) { return nameOf(cell.param); });

TEST_P(PluginMatrix, S83_S85_CostsTheOthersNothingIsToldAndMends) {
  if (!cell().running) breakBeforeStart();
  struck_.start();
  if (cell().running) {
    EXPECT_EQ(struck_.ask(row()).status, row().status);
    breakWhileItRuns();
  }
  expectOthersAsBefore();
  if (cell().fault == Fault::Unconfigured) {
    expectUnconfigured();
  } else if (!cell().running) {
    expectClosed({"missing", "refused", "failed", "hung", "crashed", "quarantined"});
    mend();
  } else {
    expectWellAlone(std::chrono::seconds{40});
  }
  EXPECT_EQ(struck_.host().stop(), 0) << struck_.host().logText();
}

// The control: what a stopped neighbour's own clients see is seen by this judge.
TEST(PluginMatrixJudge, SeesAPluginThatDoesNotAnswer) {
  Installation calm;
  Installation struck;
  fs::remove(struck.folder().plugin("stripe"));
  calm.start();
  struck.start();
  EXPECT_NE(askByTurns(calm, struck, kRows[0]).wrong, "");
}

}  // namespace
}  // namespace bulkhead::integration
