#include "data/postgresql_store.hpp"

#include <Poco/Logger.h>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "data/connection_pool.hpp"
#include "data/database_error.hpp"
#include "data/group_commit.hpp"
#include "data/postgresql_claims.hpp"
#include "data/postgresql_connection.hpp"
#include "data/postgresql_session.hpp"
#include "data/postgresql_transaction.hpp"
#include "data/reconnection.hpp"
#include "data/retry_gate.hpp"
#include "data/transaction_scope.hpp"

namespace bulkhead::host::data {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using Mode = PostgresqlConnection::Mode;
using Verb = TransactionScope::Verb;
using Pool = ConnectionPool<PostgresqlConnection>;

constexpr std::chrono::milliseconds kGatePatience{1'000};
constexpr std::chrono::milliseconds kPingPatience{2'000};
/// A server that refuses a session has said so within that.
constexpr std::chrono::milliseconds kRefusal{1'000};
/// At most, before who lost though it was alone here runs again: two processes that want the same
/// are not to go on in step.
constexpr std::chrono::milliseconds kPause{2};
constexpr std::chrono::milliseconds kPauseLongest{100};

/// It looks at each table for its size: one that a migration keeps is not waited for.
constexpr const char* kPingLocks = "SET lock_timeout = 100";
constexpr std::string_view kPing =
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
    "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'm')";

class Postgresql final : public Store {
 public:
  explicit Postgresql(PostgresqlOptions options) : options_{std::move(options)} {}

  void read(const TransactionClosure& closure, Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Read};
    counted([&] { repeated({Mode::Read, closure, deadline}); });
    ++counters_.reads;
  }

  void write(const TransactionClosure& closure, Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    counted([&] { repeated({Mode::Write, closure, deadline}); });
    ++counters_.writes;
    ++counters_.commits;
  }

  void maintain(const SessionWork& work, Deadline deadline) override {
    const TransactionScope scope{*this, Verb::Write};
    const auto own = connect();
    own->lend([&](Poco::Data::Session& session) {
      try {
        waitForTurn(session, deadline);
        work(session);
      } catch (const Poco::Exception& exception) {
        Poco::Logger::get("data").error(
            fmt::format("{}: {}", options_.owner, exception.displayText()));
        throw isThere(session) ? statementFailed() : databaseUnavailable();
      }
    });
  }

  std::unique_ptr<StoreHold> hold(std::uint64_t number) override {
    requireThere();
    return claims_.hold(number);
  }

  void settle() override { claims_.settle(); }
  bool isAlone() override { return claims_.isAlone(); }

  bool ping() noexcept override {
    try {
      pool_.trim();
      if (fenced_ || !reconnection_.ask() || !answers()) return false;
      claims_.keep();
      return true;
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
    result.waiting = waiting_;
    result.size_bytes = size_bytes_;
    return result;
  }

  Engine engine() const override { return Engine::Postgresql; }
  void fence() noexcept override { fenced_ = true; }
  bool isFenced() const noexcept override { return fenced_; }

 private:
  struct Work {
    Mode mode{};
    const TransactionClosure& closure;
    Deadline deadline;
  };
  struct Attempt {
    int number = 1;
    bool alone = false;  ///< it lost before
    bool last = false;
  };

  template <typename Body>
  void counted(const Body& body) {
    try {
      body();
    } catch (...) {
      ++counters_.failures;
      throw;
    }
  }

  void requireThere() const {
    if (fenced_ || reconnection_.isAway()) throw databaseUnavailable();
  }

  // Whoever lost runs again; whoever met a session that had ended gets another one.
  void repeated(const Work& work) {
    Attempt attempt;
    for (;; ++attempt.number) {
      requireThere();
      attempt.last = attempt.number >= options_.attempts_max || Clock::now() >= work.deadline;
      const PostgresqlFailure failure =
          work.mode == Mode::Read ? once(work, attempt) : passed(work, attempt);
      if (failure == PostgresqlFailure::None) return;
      attempt.alone = attempt.alone || failure == PostgresqlFailure::Conflict;
    }
  }

  PostgresqlFailure passed(const Work& work, const Attempt& attempt) {
    std::optional<Waiting> waiting{std::in_place, waiting_};
    if (attempt.number > 2) pause(attempt.number - 2, work.deadline);
    const RetryGate::Pass pass = gate_.enter(attempt.alone, work.deadline);
    waiting.reset();
    return once(work, attempt);
  }

  static void pause(int attempt, Deadline deadline) {
    static thread_local std::minstd_rand chance{std::random_device{}()};
    const auto most = std::min(kPauseLongest, kPause * (1 << std::min(attempt, 10)));
    const auto length = std::uniform_int_distribution<std::int64_t>{0, most.count()}(chance);
    std::this_thread::sleep_until(
        std::min(deadline, Clock::now() + std::chrono::milliseconds{length}));
  }

  // Why it has to run again, if it has.
  PostgresqlFailure once(const Work& work, const Attempt& attempt) {
    auto connection = lend(work.deadline);
    if (connection->wasLeft() && !attempt.last) {
      connection.dropAll();
      return PostgresqlFailure::Stale;
    }
    connection->markLent();
    try {
      if (options_.rehearse_writes && work.mode == Mode::Write)
        rehearse(*connection, work, attempt);
      runOn(*connection, work, attempt);
      return PostgresqlFailure::None;
    } catch (...) {
      const PostgresqlFailure failure = connection->failure();
      const bool again = mayRunAgain(failure) && !attempt.last;
      if (connection->broken()) connection.dropAll();
      if (!again) throw;
      return failure;
    }
  }

  Pool::Loan lend(Deadline deadline) {
    const Waiting waiting{waiting_};
    return pool_.lend(std::min(deadline, Clock::now() + options_.checkout_timeout));
  }

  static bool mayRunAgain(PostgresqlFailure failure) {
    return failure == PostgresqlFailure::Conflict || failure == PostgresqlFailure::Stale;
  }

  void runOn(PostgresqlConnection& connection, const Work& work, const Attempt& attempt) const {
    connection.begin(work.mode, work.deadline, attempt.number == 1);
    try {
      PostgresqlTransaction transaction{connection, work.mode == Mode::Write};
      work.closure(transaction);
      transaction.check();
      if (fenced_) throw databaseUnavailable();
      connection.commit();
    } catch (...) {
      connection.rollback();
      throw;
    }
  }

  static void rehearse(PostgresqlConnection& connection, const Work& work, const Attempt& attempt) {
    connection.begin(work.mode, work.deadline, attempt.number == 1);
    try {
      PostgresqlTransaction transaction{connection, true};
      work.closure(transaction);
    } catch (...) {
      connection.rollback();
      throw;
    }
    connection.rollback();
  }

  // A server that takes no more sessions is not away for those that it has taken.
  std::unique_ptr<PostgresqlConnection> connect() {
    requireThere();
    const auto begun = Clock::now();
    try {
      auto connection = std::make_unique<PostgresqlConnection>(options_);
      if (!schema_made_) {
        connection->lend([&](Poco::Data::Session& session) { prepare(session); });
        schema_made_ = true;
      }
      reconnection_.noteThere();
      return connection;
    } catch (const Poco::Exception& exception) {
      Poco::Logger::get("data").error(fmt::format("{}: the schema {} cannot be made: {}",
                                                  options_.owner, options_.schema,
                                                  exception.displayText()));
      throw statementFailed();
    } catch (const Error&) {
      if (pool_.isAlive() && Clock::now() - begun < kRefusal)
        throw databaseBusy("The database takes no more sessions.");
      reconnection_.noteAway();
      throw;
    }
  }

  void prepare(Poco::Data::Session& session) const {
    try {
      makeSchema(session, options_);
    } catch (const Poco::Exception&) {
      if (!isThere(session)) throw databaseUnavailable();
      throw;
    }
  }

  void waitForTurn(Poco::Data::Session& session, Deadline deadline) const {
    const auto patience = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count());
    try {
      runScript(
          session,
          fmt::format("SET lock_timeout = {}; SELECT pg_advisory_lock({}); RESET lock_timeout",
                      patience, lockNumber("maintain " + options_.schema)));
    } catch (const Poco::Exception&) {
      if (!isThere(session)) throw databaseUnavailable();
      throw databaseBusy("Another process changes the schema of this store.");
    }
  }

  // A refusal is an answer, too: of a session, while others are there, or of a size, while a table
  // is locked.
  bool answers() {
    const std::lock_guard lock{ping_mutex_};
    try {
      if (ping_ && ping_->wasLeft()) ping_.reset();
      if (!ping_) ping_ = connect();
      ping_->limitTo(Clock::now() + kPingPatience);
      ping_->queueControl(kPingLocks);
      ping_->queueControl(kPing);
      const PostgresqlResult answer = ping_->finish();
      size_bytes_ = std::strtoll(PQgetvalue(answer.get(), 0, 0), nullptr, 10);
      return true;
    } catch (const Error& error) {
      if (!ping_) return error.code() == "DATABASE_BUSY";
      if (!ping_->broken()) return true;
      ping_.reset();
      return false;
    }
  }

  struct Waiting {
    explicit Waiting(std::atomic<std::uint64_t>& number) : count{number} { ++count; }
    ~Waiting() { --count; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::atomic<std::uint64_t>& count;
  };

  const PostgresqlOptions options_;
  std::atomic<bool> fenced_{false};
  std::atomic<bool> schema_made_{false};
  std::atomic<std::uint64_t> waiting_{0};
  std::atomic<std::int64_t> size_bytes_{0};
  StoreCounters counters_;
  RetryGate gate_{kGatePatience};
  Pool pool_{{options_.sessions_max, options_.sessions_min, options_.idle_timeout},
             [this] { return connect(); }};
  PostgresqlClaims claims_{options_.schema, [this] { return connect(); }};
  std::mutex ping_mutex_;
  std::unique_ptr<PostgresqlConnection> ping_;
  /// Last: its thread uses the others.
  Reconnection reconnection_{{options_.retry_first, options_.retry_longest, options_.ping_interval},
                             [this] { static_cast<void>(PostgresqlConnection{options_}); }};
};

}  // namespace

std::unique_ptr<Store> openPostgresqlStore(PostgresqlOptions options) {
  requireReadable(options);
  return std::make_unique<Postgresql>(std::move(options));
}

}  // namespace bulkhead::host::data
