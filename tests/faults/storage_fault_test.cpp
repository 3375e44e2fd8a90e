// What clients and health see while booking's store fails, and what is left afterwards.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <sstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "booking_business.hpp"
#include "process_limit.hpp"
#include "small_disk.hpp"

namespace bulkhead::faults {
namespace {

namespace fs = std::filesystem;
using integration::await;
using integration::BookingBusiness;
using integration::Environment;
using integration::HostFolder;
using integration::HostProcess;
using integration::HttpAnswer;
using nlohmann::json;

/// A check tells of a fault after its second failure, and looks each five seconds.
constexpr std::chrono::seconds kHealthPatience{25};
constexpr std::string_view kAway = "Database unavailable. Server running in degraded mode.";

/// A host with booking, whose store is in a folder of its own, and another plugin.
class StorageFault : public testing::Test {
 protected:
  void start() {
    folder_.install("booking");
    folder_.install("greeter");
    host_ = std::make_unique<HostProcess>(
        folder_, Environment{{"DATABASE_URL", "sqlite:" + stores().string()}});
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
    starts_ = salon_->starts(400);
  }
  StorageFault() { fs::create_directory(stores()); }

  /// The process that writes the store: a worker, or the host itself.
  pid_t homeOfBooking() const {
    for (const auto& thread : fs::directory_iterator{fmt::format("/proc/{}/task", host_->id())}) {
      std::istringstream children{integration::readText(thread.path() / "children")};
      for (pid_t child = 0; children >> child;) {
        const std::string words = integration::readText(fmt::format("/proc/{}/cmdline", child));
        if (words.find(std::string_view{"\0booking\0", 9}) != std::string::npos) return child;
      }
    }
    return host_->id();
  }

  fs::path stores() const { return folder_.path() / "stores"; }
  fs::path store() const { return stores() / "booking.db"; }

  HttpAnswer book() {
    const std::size_t number = next_++;
    const HttpAnswer answer = salon_->book(starts_.at(number), fmt::format("key-{}", number));
    if (answer.status == 201)
      acknowledged_.emplace_back(number, answer.json().at("id").get<std::string>());
    return answer;
  }
  void bookSome(int count) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(book().status, 201);
  }
  /// Books until one is refused, which a log with room in it puts off.
  HttpAnswer bookUntilRefused() {
    HttpAnswer answer;
    await([&] {
      answer = book();
      return answer.status != 201;
    });
    return answer;
  }
  bool isAwayInHealth() const { return statusOf("database.booking") == "critical"; }
  bool isWellInHealth() const { return statusOf("database.booking") == "healthy"; }
  std::string statusOf(const std::string& check) const {
    const json health = host_->keyed().get("/health?details=true").json();
    for (const auto& one : health.value("checks", json::array())) {
      if (one.value("name", "") == check) return one.value("status", "");
    }
    return health.dump();
  }

  /// Overwrites the page that everything about appointments begins with.
  void damage(std::streamoff page) const {
    constexpr std::streamoff kPageBytes = 4096;
    std::fstream file{store(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp((page - 1) * kPageBytes);
    file << std::string(kPageBytes, 'x');
  }
  /// Also moves the log into the file.
  std::streamoff rootPageOf(const std::string& table) const {
    sqlite3* database = nullptr;
    std::streamoff page = 0;
    const auto keep = [](void* kept, int, char** columns, char**) {
      *static_cast<std::streamoff*>(kept) = std::atoi(columns[0]);
      return 0;
    };
    sqlite3_open(store().c_str(), &database);
    sqlite3_exec(database,
                 ("SELECT rootpage FROM sqlite_master WHERE name = '" + table + "'").c_str(), keep,
                 &page, nullptr);
    sqlite3_close(database);
    EXPECT_GT(page, 1);
    return page;
  }

  void expectRefusedAndTheOthersGoOn(const HttpAnswer& refused) const {
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_EQ(refused.errorCode(), "DATABASE_UNAVAILABLE");
    EXPECT_EQ(refused.json().at("error").value("message", ""), kAway);
    EXPECT_TRUE(refused.has("retry-after"));
    EXPECT_TRUE(await([&] { return isAwayInHealth(); }, kHealthPatience))
        << statusOf("database.booking");
    EXPECT_EQ(host_->client().get("/health/liveness").status, 200);
    EXPECT_EQ(host_->keyed("salon").get("/api/greeter/v1/hello/Ada").status, 200);
  }
  void expectRecoveryAndNothingLost() {
    EXPECT_TRUE(await([&] { return book().status == 201; })) << "without a restart";
    EXPECT_TRUE(await([&] { return isWellInHealth(); }, kHealthPatience))
        << statusOf("database.booking");
    expectAllThere();
    EXPECT_EQ(host_->stop(), 0) << host_->logText();
    host_ = std::make_unique<HostProcess>(
        folder_, Environment{{"DATABASE_URL", "sqlite:" + stores().string()}});
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
    expectAllThere();
  }
  void expectAllThere() const {
    for (const auto& [number, id] : acknowledged_) {
      EXPECT_EQ(salon_->get("/appointments/" + id).json().value("start", ""), starts_.at(number));
      EXPECT_EQ(
          salon_->book(starts_.at(number), fmt::format("key-{}", number)).json().value("id", ""),
          id)
          << "its repeat";
    }
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  std::unique_ptr<BookingBusiness> salon_;
  std::vector<std::string> starts_;
  std::size_t next_ = 0;
  std::vector<std::pair<std::size_t, std::string>> acknowledged_;
};

TEST_F(StorageFault, S94_S95_S102_S105_AFullDiskIs503AndEndsWhenThereIsRoom) {
  constexpr std::size_t kSizeBytes = 12U << 20U;
  const SmallDisk disk{stores(), kSizeBytes};
  if (!disk.isMounted()) GTEST_SKIP() << "this process may not mount a file system";
  start();
  bookSome(5);
  disk.fill();
  expectRefusedAndTheOthersGoOn(bookUntilRefused());
  expectAllThere();
  disk.makeRoom();
  expectRecoveryAndNothingLost();
  host_.reset();
}

// The same where nothing can be mounted: no file may grow.
TEST_F(StorageFault, S94_S95_S102_S105_AFileThatMayNotGrowIs503AndEndsWhenItMay) {
  start();
  bookSome(5);
  {
    const ProcessLimit none{homeOfBooking(), RLIMIT_FSIZE, 4096};
    expectRefusedAndTheOthersGoOn(bookUntilRefused());
  }
  expectRecoveryAndNothingLost();
}

TEST_F(StorageFault, S94_S102_S105_AFileThatIsGoneIs503AndNeverReplacedByAnEmptyOne) {
  start();
  bookSome(5);
  const fs::path aside = folder_.path() / "aside.db";
  fs::rename(store(), aside);
  expectRefusedAndTheOthersGoOn(bookUntilRefused());
  EXPECT_FALSE(fs::exists(store()));
  fs::rename(aside, store());
  expectRecoveryAndNothingLost();
}

TEST_F(StorageFault, S94_S102_S105_ADamagedFileIs503UntilItIsMended) {
  start();
  bookSome(20);
  EXPECT_EQ(host_->stop(), 0);
  const std::streamoff page = rootPageOf("appointment");
  const fs::path good = folder_.path() / "good.db";
  fs::copy_file(store(), good);
  damage(page);
  host_ = std::make_unique<HostProcess>(
      folder_, Environment{{"DATABASE_URL", "sqlite:" + stores().string()}});
  ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  salon_ = nullptr;
  const HttpAnswer refused = host_->keyed("salon").get("/api/booking/v1/appointments");
  expectRefusedAndTheOthersGoOn(refused);
  fs::rename(good, store());
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(store().string() + suffix);
  ASSERT_TRUE(await(
      [&] { return host_->keyed("salon").get("/api/booking/v1/appointments").status == 200; }));
  salon_ = std::make_unique<BookingBusiness>(*host_);
  expectRecoveryAndNothingLost();
}

// Nobody can connect meanwhile; what had connected is served, and nothing ends.
TEST_F(StorageFault, S95_WithoutDescriptorsNothingEndsAndNothingIsLost) {
  start();
  bookSome(5);
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    const ProcessLimit few{host_->id(), RLIMIT_NOFILE, 8};
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        if (host_->client().get("/health/liveness").status == 200) ++answered;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{300});  // allowed: they are not answered
    EXPECT_TRUE(host_->isRunning());
    EXPECT_EQ(answered, 0) << "the limit holds";
  }
  EXPECT_EQ(answered, 4) << "they waited, and were answered when there were descriptors again";
  expectRecoveryAndNothingLost();
}

}  // namespace
}  // namespace bulkhead::faults
