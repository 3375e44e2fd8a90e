// What clients and health see while booking's store fails, and what is left afterwards.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "booking_business.hpp"
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

  /// Overwrites the second half of the file, where rows are and the schema is not.
  void damage() const {
    std::fstream file{store(), std::ios::in | std::ios::out | std::ios::binary};
    const auto size = static_cast<std::streamoff>(fs::file_size(store()));
    const std::streamoff half = size / 8192 * 4096;
    file.seekp(half);
    file << std::string(static_cast<std::size_t>(size - half), 'x');
  }

  void expectRefusedAndTheOthersGoOn(const HttpAnswer& refused) const {
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_EQ(refused.errorCode(), "DATABASE_UNAVAILABLE");
    EXPECT_EQ(refused.json().at("error").value("message", ""), kAway);
    EXPECT_TRUE(refused.has("retry-after"));
    EXPECT_TRUE(await([&] { return isAwayInHealth(); })) << statusOf("database.booking");
    EXPECT_EQ(host_->client().get("/health/liveness").status, 200);
    EXPECT_EQ(host_->keyed("salon").get("/api/greeter/v1/hello/Ada").status, 200);
  }
  void expectRecoveryAndNothingLost() {
    EXPECT_TRUE(await([&] { return book().status == 201; })) << "without a restart";
    EXPECT_TRUE(await([&] { return isWellInHealth(); })) << statusOf("database.booking");
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
  const rlimit none{4096, RLIM_INFINITY};
  rlimit before{};
  ASSERT_EQ(::prlimit(host_->id(), RLIMIT_FSIZE, &none, &before), 0);
  expectRefusedAndTheOthersGoOn(bookUntilRefused());
  ASSERT_EQ(::prlimit(host_->id(), RLIMIT_FSIZE, &before, nullptr), 0);
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
  const fs::path good = folder_.path() / "good.db";
  fs::copy_file(store(), good);
  damage();
  host_ = std::make_unique<HostProcess>(
      folder_, Environment{{"DATABASE_URL", "sqlite:" + stores().string()}});
  ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  salon_ = nullptr;
  const HttpAnswer refused = host_->keyed("salon").get("/api/booking/v1/appointments");
  expectRefusedAndTheOthersGoOn(refused);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(store().string() + suffix);
  fs::rename(good, store());
  ASSERT_TRUE(await(
      [&] { return host_->keyed("salon").get("/api/booking/v1/appointments").status == 200; }));
  salon_ = std::make_unique<BookingBusiness>(*host_);
  expectRecoveryAndNothingLost();
}

// Nobody can connect meanwhile; what had connected is served, and nothing ends.
TEST_F(StorageFault, S95_WithoutDescriptorsNothingEndsAndNothingIsLost) {
  start();
  bookSome(5);
  const rlimit few{8, RLIM_INFINITY};
  rlimit before{};
  ASSERT_EQ(::prlimit(host_->id(), RLIMIT_NOFILE, &few, &before), 0);
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        if (host_->client().get("/health/liveness").status == 200) ++answered;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{300});  // allowed: they are not answered
    EXPECT_TRUE(host_->isRunning());
    ASSERT_EQ(::prlimit(host_->id(), RLIMIT_NOFILE, &before, nullptr), 0);
  }
  EXPECT_EQ(answered, 4) << "they waited, and were answered when there were descriptors again";
  expectRecoveryAndNothingLost();
}

}  // namespace
}  // namespace bulkhead::faults
