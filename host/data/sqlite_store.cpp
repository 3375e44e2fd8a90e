#include "data/sqlite_store.hpp"

#include <Poco/Data/RecordSet.h>
#include <Poco/Logger.h>
#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "data/checkpointer.hpp"
#include "data/connection_pool.hpp"
#include "data/database_error.hpp"
#include "data/group_commit.hpp"
#include "data/running_claims.hpp"
#include "data/sqlite_connection.hpp"
#include "data/sqlite_session.hpp"
#include "data/sqlite_transaction.hpp"
#include "data/transaction_scope.hpp"
#include "data/write_lease.hpp"
#include "data/write_queue.hpp"

namespace bulkhead::host::data {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using Role = SqliteConnection::Role;
using Verb = TransactionScope::Verb;

constexpr std::chrono::milliseconds kLeasePoll{20};
constexpr std::chrono::milliseconds kSharedLeasePoll{1};
/// Who has just had a turn leaves the lease alone for so long: twice what the other one looks in.
constexpr std::chrono::milliseconds kTurnPause{2};
constexpr std::chrono::milliseconds kFencePatience{2'000};
/// Longest wait of a ping for its turn among the writers.
constexpr std::chrono::milliseconds kProofPatience{500};

// Lets one attempt a second through to a database that is away; refuses the others at once.
class OpenGate {
 public:
  explicit OpenGate(std::chrono::milliseconds interval) : interval_{interval} {}

  template <typename Attempt>
  auto pass(const Attempt& attempt) {
    admit();
    try {
      auto result = attempt();
      note(false);
      return result;
    } catch (...) {
      note(true);
      throw;
    }
  }

 private:
  void admit() {
    const std::lock_guard lock{mutex_};
    if (!away_) return;
    if (Clock::now() < next_attempt_) throw databaseUnavailable();
    next_attempt_ = Clock::now() + interval_;
  }

  void note(bool away) {
    const std::lock_guard lock{mutex_};
    if (away && !away_) next_attempt_ = Clock::now() + interval_;
    away_ = away;
  }

  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  bool away_ = false;
  Deadline next_attempt_;
};

void readOn(SqliteConnection& connection, const TransactionClosure& closure, Deadline deadline) {
  using Control = SqliteConnection::Control;
  connection.control(Control::Begin);
  connection.limitTo(deadline, deadlineExceeded);
  try {
    SqliteTransaction transaction{connection, false, false};
    closure(transaction);
    transaction.check();
    connection.unlimited();
    connection.control(Control::Commit);
  } catch (...) {
    connection.unlimited();
    if (connection.inTransaction()) connection.control(Control::Rollback);
    throw;
  }
}

class Sqlite final : public SqliteStore {
 public:
  explicit Sqlite(SqliteOptions options)
      : options_{std::move(options)},
        gate_{options_.retry_interval},
        shared_{options_.lease_shared},
        claims_{options_.path},
        readers_{options_.readers_max, [this] { return open(Role::Reader); }} {
    if (memory()) writer_ = std::make_unique<SqliteConnection>(options_, Role::Memory);
  }

  void read(const TransactionClosure& closure, Deadline deadline) override {
    if (fenced_) throw databaseUnavailable();
    const TransactionScope scope{*this, Verb::Read};
    counted([&] {
      if (memory()) {
        alone([&] { readOn(*writer_, closure, deadline); }, deadline);
      } else {
        readFromPool(closure, deadline);
      }
    });
    ++counters_.reads;
  }

  void write(const TransactionClosure& closure, Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    counted([&] {
      WriteTicket ticket{closure};
      queue_.run(ticket, deadline);
    });
  }

  void maintain(const SessionWork& work, Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    alone(
        [&] {
          if (!memory()) holdLease(deadline);
          const auto own = memory() ? nullptr : open(Role::Maintenance);
          lend(own ? *own : *writer_, work);
        },
        deadline);
  }

  std::unique_ptr<StoreHold> hold(std::uint64_t number) override {
    if (fenced_) throw databaseUnavailable();
    return claims_.hold(number);
  }

  bool ping() noexcept override {
    try {
      return memory() || (answers() && isSound() && takesWrites());
    } catch (...) {
      return false;
    }
  }

  StoreStatistics statistics() const override {
    StoreStatistics result;
    result.reads = counters_.reads;
    result.writes = counters_.writes;
    result.commits = counters_.commits;
    result.failures = counters_.failures;
    result.interrupted = counters_.interrupted;
    result.waiting = queue_.waiting();
    result.size_bytes = sizeOf(options_.path) + sizeOf(options_.path.string() + "-wal");
    return result;
  }

  Engine engine() const override { return Engine::Sqlite; }

  void checkpoint(Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    alone([&] { writer(deadline).checkpoint(SqliteConnection::Checkpoint::Truncate); }, deadline);
  }

  void handOver(Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    alone(
        [&] {
          if (memory()) return;
          checkpointer_.release();
          writer_.reset();
          lease_.reset();
        },
        deadline);
  }

  void fence() noexcept override {
    fenced_ = true;
    try {
      handOver(Clock::now() + kFencePatience);
    } catch (const std::exception&) {  // whoever writes gives it back at the end of its group
      shared_ = true;
    }
  }

  bool isFenced() const noexcept override { return fenced_; }

  void shareLease(bool shared, Deadline deadline) override {
    shared_ = shared;
    if (!shared || memory()) return;
    const TransactionScope scope{*this, Verb::Write};
    alone([] {}, deadline);  // behind it the lease is given back
  }

 private:
  bool memory() const { return options_.path.empty(); }

  template <typename Work>
  void counted(const Work& work) {
    try {
      work();
    } catch (...) {
      ++counters_.failures;
      throw;
    }
  }

  void lend(SqliteConnection& connection, const SessionWork& work) const {
    try {
      connection.lend(work);
    } catch (const Poco::Exception& exception) {
      Poco::Logger::get("data").error(
          fmt::format("{}: {}", options_.owner, exception.displayText()));
      throw statementFailed();
    }
  }

  void alone(const std::function<void()>& work, Deadline deadline) {
    WriteTicket ticket{work};
    queue_.run(ticket, deadline);
  }

  void readFromPool(const TransactionClosure& closure, Deadline deadline) {
    const auto connection =
        readers_.lend(std::min(deadline, Clock::now() + options_.checkout_timeout));
    try {
      readOn(*connection, closure, deadline);
    } catch (...) {
      if (connection->damaged()) damage_seen_ = true;
      if (connection->broken() || connection->inTransaction()) readers_.dropAll();
      throw;
    }
  }

  void lead(WriteQueue::Group& group) noexcept {
    // The queue's own thread has none yet.
    std::optional<TransactionScope> scope;
    if (!TransactionScope::inside()) scope.emplace(*this, Verb::Write);
    try {
      if (const auto* work = group.members.front()->alone(); work != nullptr) {
        (*work)();
      } else {
        GroupCommit{writer(group.deadline), options_, counters_, groups_with_savepoints_}.run(
            group);
        if (!memory()) checkpointer_.afterCommit(*writer_);
      }
    } catch (const Error& error) {
      if (error.code() == "DATABASE_UNAVAILABLE") writes_fail_ = true;
      refuseAll(group, [&] { return std::make_exception_ptr(error); });
    } catch (...) {
      refuseAll(group, [] { return std::current_exception(); });
    }
    if (writer_ && writer_->broken() && !memory()) {
      if (writer_->damaged()) damage_seen_ = true;
      if (writer_->readOnly()) dropPing();
      writes_fail_ = true;
      dropAll();
    }
    if (shared_ && lease_) {
      lease_.reset();
      turn_ended_ = Clock::now();
    }
  }

  // An Error of its own for each: their threads must not share one.
  template <typename MakeError>
  static void refuseAll(WriteQueue::Group& group, const MakeError& make_error) {
    for (WriteTicket* member : group.members) {
      if (!member->expelled) member->error = make_error();
    }
  }

  // The members below are the leader's: one thread at a time.

  SqliteConnection& writer(Deadline deadline) {
    if (memory()) return *writer_;
    holdLease(deadline);
    if (writer_ && writer_->moved()) dropAll();
    if (!writer_) {
      requireWritable(options_.path);
      writer_ = open(Role::Writer);
    }
    return *writer_;
  }

  void holdLease(Deadline deadline) {
    if (fenced_) throw databaseUnavailable();
    if (!lease_ && shared_) std::this_thread::sleep_until(turn_ended_ + kTurnPause);
    while (!lease_) {
      const auto poll = shared_ ? kSharedLeasePoll : kLeasePoll;
      makeFolder();
      try {
        lease_.emplace(WriteLease::acquire(options_.path));
      } catch (const Error& error) {
        if (error.code() != "STORE_LEASE_HELD" || Clock::now() + poll > deadline) throw;
        std::this_thread::sleep_for(poll);
      }
    }
  }

  // Connections that were opened while nothing might be written share what keeps it so.
  void dropPing() {
    const std::lock_guard lock{ping_mutex_};
    ping_.reset();
  }

  void dropAll() {
    checkpointer_.release();
    writer_.reset();
    readers_.dropAll();
  }

  // Any thread.

  std::unique_ptr<SqliteConnection> open(Role role) {
    return gate_.pass([&] {
      if (opened_ && !std::filesystem::exists(options_.path)) throw databaseUnavailable();
      makeFolder();
      auto connection = std::make_unique<SqliteConnection>(options_, role);
      opened_ = true;
      return connection;
    });
  }

  void makeFolder() const {
    const std::filesystem::path folder = options_.path.parent_path();
    std::error_code error;
    if (folder.empty() || std::filesystem::exists(folder, error)) return;
    if (std::filesystem::create_directories(folder, error)) {
      std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
  }

  bool answers() {
    const std::lock_guard lock{ping_mutex_};
    if (ping_ && ping_->moved()) {
      ping_.reset();
      readers_.dropAll();
    }
    try {
      if (!ping_) ping_ = open(Role::Maintenance);
      ping_->lend([](Poco::Data::Session& session) {
        Poco::Data::Statement select{session};
        select << "SELECT count(*) FROM sqlite_master", Poco::Data::Keywords::now;
      });
      return true;
    } catch (...) {
      ping_.reset();
      return false;
    }
  }

  // Most of a damaged file still answers: after damage was met the whole of it has to be sound.
  bool isSound() {
    if (!damage_seen_) return true;
    const std::lock_guard lock{ping_mutex_};
    if (!ping_ || Clock::now() < next_inspection_) return false;
    std::string found;
    ping_->lend([&](Poco::Data::Session& session) {
      session << "PRAGMA quick_check(1)", Poco::Data::Keywords::into(found),
          Poco::Data::Keywords::now;
    });
    next_inspection_ = Clock::now() + options_.inspection_interval;
    if (found == "ok") damage_seen_ = false;
    return !damage_seen_;
  }

  // A full disk still reads: after a write that failed only one that succeeds is an answer.
  bool takesWrites() {
    if (!writes_fail_) return true;
    const Deadline deadline = Clock::now() + kProofPatience;
    alone(
        [&] {
          writer(deadline).proveWritable();
          writes_fail_ = false;
        },
        deadline);
    return !writes_fail_;
  }

  static std::int64_t sizeOf(const std::filesystem::path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
  }

  const SqliteOptions options_;
  OpenGate gate_;
  std::atomic<bool> shared_;
  std::atomic<bool> fenced_{false};
  std::atomic<bool> opened_{false};
  std::atomic<bool> writes_fail_{false};  ///< since a write failed; written by leaders
  std::atomic<bool> damage_seen_{false};  ///< since a statement met damage; written by anybody
  RunningClaims claims_;
  ConnectionPool<SqliteConnection> readers_;
  WriteQueue queue_{[this](WriteQueue::Group& group) { lead(group); }};
  StoreCounters counters_;
  std::optional<WriteLease> lease_;
  Deadline turn_ended_{};  ///< the leader's
  std::unique_ptr<SqliteConnection> writer_;
  int groups_with_savepoints_ = 0;  ///< the leader's
  std::mutex ping_mutex_;
  std::unique_ptr<SqliteConnection> ping_;
  Deadline next_inspection_{};  ///< guarded by ping_mutex_
  Checkpointer checkpointer_{[this] { return open(Role::Maintenance); }};
};

}  // namespace

std::unique_ptr<SqliteStore> openSqliteStore(SqliteOptions options) {
  if (!options.path.empty()) options.path = std::filesystem::absolute(options.path);
  return std::make_unique<Sqlite>(std::move(options));
}

}  // namespace bulkhead::host::data
