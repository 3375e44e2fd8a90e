// Durable bookings with an overlap check: the store, and beside it what a careful service does
// without one, a SQLite connection per client with BEGIN IMMEDIATE. Both sync every commit.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "data/sqlite_store.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using bulkhead::host::data::SqliteStore;
using bulkhead::host::data::Transaction;

constexpr int kRounds = 5;
constexpr auto kSample = std::chrono::milliseconds{1000};
constexpr double kSyncWorthGroupingUs = 50;
constexpr double kSyncSlowUs = 1000;  // from here on a latency is the disk's own

constexpr const char* kSchema[] = {
    "CREATE TABLE appointment_resource (appointment INTEGER NOT NULL, tenant TEXT NOT NULL, "
    "resource INTEGER NOT NULL, block_start INTEGER NOT NULL, block_end INTEGER NOT NULL, "
    "live INTEGER NOT NULL, CHECK (block_end - block_start BETWEEN 1 AND 86400))",
    "CREATE INDEX ix_live ON appointment_resource (tenant, resource, block_start) WHERE live = 1",
    "CREATE TRIGGER no_overlap_i BEFORE INSERT ON appointment_resource WHEN new.live = 1 BEGIN "
    "SELECT raise(abort, 'APPT_OVERLAP') WHERE EXISTS (SELECT 1 FROM appointment_resource "
    "WHERE tenant = new.tenant AND resource = new.resource AND live = 1 "
    "AND block_start < new.block_end AND block_end > new.block_start "
    "AND block_start > new.block_start - 86400); END"};
constexpr char kInsert[] = "INSERT INTO appointment_resource VALUES ($1, 'clinic', $2, $3, $4, 1)";

struct Booking {
  std::int64_t id, resource, start, end;
};

// Distinct slots on a hundred resources.
Booking bookingOf(std::int64_t number) {
  const std::int64_t start = number / 100 * 1800;
  return {number, number % 100, start, start + 1800};
}

struct Sample {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::current_path() / "bench-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder for the database"};
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

double syncMicroseconds(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    if (::pwrite(file, page.data(), page.size(), i * 4096) < 0) throw std::runtime_error{"pwrite"};
    const auto begun = Clock::now();
    ::fdatasync(file);
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
  }
  ::close(file);
  return median(times);
}

using Book = std::function<void(const Booking&)>;

// One client's bookings until `end`; returns the latencies in milliseconds.
std::vector<double> client(const Book& book, std::atomic<std::int64_t>& next,
                           Clock::time_point end) {
  std::vector<double> latencies;
  for (auto begun = Clock::now(); begun < end;) {
    book(bookingOf(next++));
    const auto now = Clock::now();
    latencies.push_back(std::chrono::duration<double, std::milli>(now - begun).count());
    begun = now;
  }
  return latencies;
}

Sample measure(int clients, const std::function<Book()>& connect) {
  static std::atomic<std::int64_t> next{0};
  std::vector<Book> books;
  for (int i = 0; i < clients; ++i) books.push_back(connect());
  std::vector<std::vector<double>> latencies(books.size());
  std::vector<std::thread> threads;
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < books.size(); ++i) {
    threads.emplace_back([&, i] { latencies[i] = client(books[i], next, begun + kSample); });
  }
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::vector<double> all;
  for (const auto& part : latencies) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  return {static_cast<double>(all.size()) / seconds, all[all.size() / 2],
          all[all.size() * 99 / 100]};
}

// ---- the store

std::unique_ptr<SqliteStore> makeStore(const std::filesystem::path& path) {
  auto store = bulkhead::host::data::openSqliteStore({.path = path});
  store->write(
      [](Transaction& transaction) {
        for (const char* sql : kSchema) transaction.send(sql, nullptr, 0);
      },
      Clock::now() + std::chrono::seconds{10});
  return store;
}

bulkhead_value integer(std::int64_t value) {
  bulkhead_value result{};
  result.type = BULKHEAD_INTEGER;
  result.integer = value;
  return result;
}

Book storeClient(SqliteStore& store) {
  return [&store](const Booking& booking) {
    const bulkhead_value values[] = {integer(booking.id), integer(booking.resource),
                                     integer(booking.start), integer(booking.end)};
    store.write([&](Transaction& transaction) { transaction.send(kInsert, values, 4); },
                Clock::now() + std::chrono::seconds{30});
  };
}

// ---- a connection per client

class RawConnection {
 public:
  explicit RawConnection(const std::filesystem::path& path) {
    check(sqlite3_open(path.c_str(), &database_));
    sqlite3_busy_timeout(database_, 30000);
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute("PRAGMA foreign_keys=ON");
  }
  ~RawConnection() {
    for (sqlite3_stmt* statement : {begin_, insert_, commit_}) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void execute(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }
  void prepare() {
    check(sqlite3_prepare_v2(database_, "BEGIN IMMEDIATE", -1, &begin_, nullptr));
    check(sqlite3_prepare_v2(database_, kInsert, -1, &insert_, nullptr));
    check(sqlite3_prepare_v2(database_, "COMMIT", -1, &commit_, nullptr));
  }
  void book(const Booking& booking) {
    step(begin_);
    sqlite3_bind_int64(insert_, 1, booking.id);
    sqlite3_bind_int64(insert_, 2, booking.resource);
    sqlite3_bind_int64(insert_, 3, booking.start);
    sqlite3_bind_int64(insert_, 4, booking.end);
    step(insert_);
    step(commit_);
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) throw std::runtime_error{sqlite3_errmsg(database_)};
  }
  void step(sqlite3_stmt* statement) const {
    if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error{sqlite3_errmsg(database_)};
    sqlite3_reset(statement);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

Book rawClient(const std::filesystem::path& path) {
  auto connection = std::make_shared<RawConnection>(path);
  connection->prepare();
  return [connection](const Booking& booking) { connection->book(booking); };
}

// ---- the comparison

struct Comparison {
  double ratio;
  double p99_ms;
};

Comparison compare(int clients) {
  std::vector<double> ratios;
  std::vector<double> p99s;
  for (int round = 0; round < kRounds; ++round) {
    const Folder folder;
    const auto store = makeStore(folder.file("store.db"));
    const auto raw_path = folder.file("raw.db");
    RawConnection raw{raw_path};
    for (const char* sql : kSchema) raw.execute(sql);

    const Sample ours = measure(clients, [&] { return storeClient(*store); });
    const Sample theirs = measure(clients, [&] { return rawClient(raw_path); });
    const auto statistics = store->statistics();
    fmt::print(
        "{:3} clients  store {:8.0f}/s p50 {:7.2f} p99 {:7.2f} ms, {:4.1f} per commit   "
        "connection per client {:8.0f}/s p50 {:7.2f} p99 {:7.2f} ms\n",
        clients, ours.per_second, ours.p50_ms, ours.p99_ms,
        static_cast<double>(statistics.writes) / static_cast<double>(statistics.commits),
        theirs.per_second, theirs.p50_ms, theirs.p99_ms);
    std::fflush(stdout);
    ratios.push_back(ours.per_second / theirs.per_second);
    p99s.push_back(ours.p99_ms);
  }
  return {median(ratios), median(p99s)};
}

int run() {
  const double sync_us = [] {
    const Folder folder;
    return syncMicroseconds(folder.file("sync"));
  }();
  fmt::print(
      "one fdatasync takes {:.0f} us; the bars hold from {:.0f} us on, "
      "the one on latency up to {:.0f} us\n",
      sync_us, kSyncWorthGroupingUs, kSyncSlowUs);
  const Comparison many = compare(32);
  const Comparison one = compare(1);
  const bool judged = sync_us >= kSyncWorthGroupingUs;
  fmt::print("RESULT store_fdatasync {:.0f} us - lower\n", sync_us);
  fmt::print("RESULT store_bookings_32 {:.2f} ratio {} higher\n", many.ratio, judged ? "3.0" : "-");
  fmt::print("RESULT store_bookings_32_p99 {:.2f} ms {} lower\n", many.p99_ms,
             judged && sync_us < kSyncSlowUs ? "20" : "-");
  fmt::print("RESULT store_bookings_1 {:.2f} ratio {} higher\n", one.ratio, judged ? "0.8" : "-");
  return 0;
}

int printRaw(int clients) {
  const Folder folder;
  const auto path = folder.file("raw.db");
  RawConnection raw{path};
  for (const char* sql : kSchema) raw.execute(sql);
  fmt::print("{:.0f}\n", measure(clients, [&] { return rawClient(path); }).per_second);
  return 0;
}

}  // namespace

// `bench_store` compares; `bench_store raw CLIENTS` prints bookings a second with a connection
// each.
int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::string_view{argv[1]} == "raw") return printRaw(std::stoi(argv[2]));
    return run();
  } catch (const std::exception& exception) {
    fmt::print(stderr, "bench_store: {}\n", exception.what());
    return 1;
  }
}
