// Copies and restores of an installation that is in use, by the commands.
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "booking_business.hpp"

namespace bulkhead::faults {
namespace {

namespace fs = std::filesystem;
using integration::await;
using integration::BookingBusiness;
using integration::CommandEnd;
using integration::HostFolder;
using integration::HostProcess;
using integration::HttpAnswer;
using nlohmann::json;
using testing::HasSubstr;

/// One client that books one time after another, and keeps the ids that it was told.
class SteadyClient {
 public:
  SteadyClient(const BookingBusiness& salon, std::vector<std::string> starts)
      : starts_{std::move(starts)}, thread_{[this, &salon] {
          for (std::size_t i = 0; i < starts_.size() && !done_; ++i) {
            const HttpAnswer answer = salon.book(starts_[i], keyOf(i));
            if (answer.status != 201) return;
            ids_.push_back(answer.json().at("id"));
            acknowledged_ = ids_.size();
          }
        }} {}

  static std::string keyOf(std::size_t number) { return fmt::format("steady-{}", number); }
  std::size_t acknowledged() const { return acknowledged_; }
  bool awaitMore(std::size_t count) const {
    const std::size_t wanted = acknowledged_ + count;
    return await([&] { return acknowledged_ >= wanted; });
  }
  /// The ids in their order, after the client has ended.
  const std::vector<std::string>& end() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return ids_;
  }
  const std::vector<std::string>& starts() const { return starts_; }

 private:
  const std::vector<std::string> starts_;
  std::vector<std::string> ids_;
  std::atomic<std::size_t> acknowledged_{0};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

TEST(Backup, UnderSteadyBookingsItHoldsExactlyWhatWasAcknowledgedBeforeItsMoment) {
  const HostFolder folder;
  folder.install("booking");
  const std::string copy = (folder.path() / "copy").string();
  std::size_t before = 0;
  std::size_t after = 0;
  std::vector<std::string> ids;
  std::vector<std::string> starts;
  {
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    const BookingBusiness salon{host};
    SteadyClient client{salon, salon.starts(1500)};
    ASSERT_TRUE(client.awaitMore(20));
    before = client.acknowledged();
    const CommandEnd backup = folder.run({"backup", "copy"});
    after = client.acknowledged();
    ASSERT_EQ(backup.code, 0) << backup.errors;
    EXPECT_THAT(backup.output, HasSubstr("holds 2 stores"));
    ASSERT_TRUE(client.awaitMore(20)) << "it goes on";
    const CommandEnd refused = folder.run({"restore", "copy", "--force"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.errors, HasSubstr("A host runs"));
    host.killHard();
    ids = client.end();
    starts = client.starts();
  }
  EXPECT_EQ(folder.run({"backup", "verify", copy}).code, 0);
  const CommandEnd refused = folder.run({"restore", copy});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("--force"));
  const CommandEnd restored = folder.run({"restore", copy, "--force", "--json"});
  ASSERT_EQ(restored.code, 0) << restored.errors;
  const json report = json::parse(restored.output);
  EXPECT_EQ(report.at("restored").size(), 2U);
  EXPECT_TRUE(fs::exists(report.at("aside").get<std::string>() + "/booking.db"));

  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const BookingBusiness salon{host};
  std::size_t held = 0;
  while (held < ids.size() && salon.get("/appointments/" + ids[held]).status == 200) ++held;
  for (std::size_t i = held; i < ids.size(); ++i)
    EXPECT_EQ(salon.get("/appointments/" + ids[i]).status, 404) << "a hole before " << i;
  EXPECT_GE(held, before);
  EXPECT_LE(held, after + 1);
  EXPECT_LT(held, ids.size());
  fmt::print("{} bookings when it began, {} when it ended, {} in it, {} at the kill\n", before,
             after, held, ids.size());
  const HttpAnswer repeat = salon.book(starts[0], SteadyClient::keyOf(0));
  EXPECT_EQ(repeat.json().value("id", ""), ids[0]);
  EXPECT_EQ(repeat.header("idempotent-replayed"), "true");
  EXPECT_EQ(salon.book(starts[held + 1], SteadyClient::keyOf(held + 1)).status, 201)
      << "what came later is free, and its key unknown";
  EXPECT_EQ(host.stop(), 0);
}

/// The files that a process has open.
std::vector<std::string> filesOf(pid_t process) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/fd", process)}) {
    std::error_code gone;
    files.push_back(fs::read_symlink(entry, gone).string());
  }
  return files;
}

std::string childrenOf(pid_t process) {
  std::string children;
  for (const auto& thread : fs::directory_iterator{fmt::format("/proc/{}/task", process)})
    children += integration::readText(thread.path() / "children");
  return children;
}

// Goal: the host copies the store of a plugin whose code is away, and its process never opens that.
// Method: a plugin that lives in workers is switched off; then a backup is made, and looked into.
TEST(Backup, OfAPluginThatIsClosedAWorkerReadsTheStore) {
  const HostFolder folder;
  folder.install("booking", "isolation = worker\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const BookingBusiness salon{host};
  ASSERT_EQ(salon.book(salon.starts(1).front(), "one").status, 201);
  fs::remove(folder.plugin("booking"));
  ASSERT_EQ(host.keyed().post("/api/admin/plugins/booking/disable", "").status, 200);
  const std::string store = fs::canonical(folder.data() / "booking.db").string();
  std::atomic<bool> done{false};
  std::vector<std::string> opened;
  std::thread watcher{[&] {
    while (!done) {
      for (auto& file : filesOf(host.process())) {
        if (file.starts_with(store)) opened.push_back(std::move(file));
      }
    }
  }};
  const CommandEnd backup = folder.run({"backup", "copy"});
  done = true;
  watcher.join();
  ASSERT_EQ(backup.code, 0) << backup.errors;
  EXPECT_THAT(backup.output, HasSubstr("holds 2 stores"));
  EXPECT_THAT(opened, testing::IsEmpty());
  EXPECT_TRUE(await([&] { return childrenOf(host.process()).empty(); })) << "they end with it";
  EXPECT_EQ(folder.run({"backup", "verify", "copy"}).code, 0);
  EXPECT_EQ(host.stop(), 0);
}

TEST(Backup, WithoutAHostTheCommandCopiesByItself) {
  const HostFolder folder;
  ASSERT_EQ(folder.run({"tenant", "create", "salon"}).code, 0);
  const CommandEnd backup = folder.run({"backup", "copy", "--json"});
  ASSERT_EQ(backup.code, 0) << backup.errors;
  EXPECT_EQ(json::parse(backup.output).at("stores").at(0).at("owner"), "host");
  EXPECT_EQ(json::parse(folder.run({"backup", "verify", "copy", "--json"}).output).at("format"), 1);
  const CommandEnd again = folder.run({"backup", "copy"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.errors, HasSubstr("exists"));

  const HostFolder other;
  const std::string copy = (folder.path() / "copy").string();
  ASSERT_EQ(other.run({"restore", copy}).code, 0) << "into an empty installation";
  EXPECT_THAT(other.run({"tenant", "list"}).output, HasSubstr("salon"));
}

TEST(Backup, ItHasNoSecretsThatWereNotThere) {
  const HostFolder folder;
  ASSERT_EQ(folder.run({"tenant", "create", "salon"}).code, 0);
  const CommandEnd key =
      folder.run({"key", "create", "door", "--tenant", "salon", "--scope", "x:y"});
  ASSERT_EQ(key.code, 0);
  ASSERT_EQ(folder.run({"backup", "copy"}).code, 0);
  const std::string secret = key.output.substr(0, key.output.find('\n'));
  ASSERT_GT(secret.size(), 20U);
  for (const auto& file : fs::directory_iterator{folder.path() / "copy"}) {
    const std::string bytes = integration::readText(file.path());
    EXPECT_EQ(bytes.find(secret), std::string::npos) << file.path();
    EXPECT_EQ(bytes.find(integration::kApiKey), std::string::npos) << file.path();
  }
}

TEST(Backup, ADamagedOneIsRefusedByNameAndNothingIsTouched) {
  const HostFolder folder;
  ASSERT_EQ(folder.run({"tenant", "create", "salon"}).code, 0);
  ASSERT_EQ(folder.run({"backup", "copy"}).code, 0);
  {
    std::fstream file{folder.path() / "copy/host.db",
                      std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(5000);
    file << "x";
  }
  for (const auto& words :
       {std::vector<std::string>{"backup", "verify", "copy"}, {"restore", "copy", "--force"}}) {
    const CommandEnd refused = folder.run(words);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.errors, HasSubstr("host.db was changed"));
  }
  EXPECT_THAT(folder.run({"tenant", "list"}).output, HasSubstr("salon"));
}

TEST(Backup, AStartFinishesARestoreThatWasInterrupted) {
  const HostFolder folder;
  fs::create_directory(folder.data() / "restore.staging");
  std::ofstream{folder.data() / "restore.staging/host.db"} << "half a copy";
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_THAT(host.logText(), HasSubstr("A restore that was interrupted has been finished"));
  EXPECT_FALSE(fs::exists(folder.data() / "restore.staging"));
  EXPECT_EQ(host.stop(), 0);
}

TEST(Backup, TheCommandsExplainThemselves) {
  const HostFolder folder;
  EXPECT_THAT(folder.run({"backup", "--help"}).output, HasSubstr("usage: bulkhead backup DIR"));
  EXPECT_THAT(folder.run({"backup", "verify", "--help"}).output, HasSubstr("--json"));
  EXPECT_THAT(folder.run({"restore", "--help"}).output, HasSubstr("--force"));
  EXPECT_EQ(folder.run({"backup"}).code, 64);
  EXPECT_THAT(folder.run({"restore", "nowhere"}).errors, HasSubstr("is no backup"));
}

}  // namespace
}  // namespace bulkhead::faults
