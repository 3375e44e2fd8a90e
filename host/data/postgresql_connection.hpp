#pragma once

#include <Poco/Data/Session.h>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <libpq-fe.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/postgresql_options.hpp"
#include "data/postgresql_result.hpp"

namespace bulkhead::host::data {

/// One session of a PostgreSQL store, for one thread at a time. Statements are queued and go out
/// together, when somebody needs an answer: a transaction that only writes is one round trip.
///
/// After a failure the transaction is over (or its savepoint); what it means for the session and
/// for whoever may try again is told by `failure()`.
class PostgresqlConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  enum class Mode { Read, Write };

  /// Connects. Throws DATABASE_UNAVAILABLE.
  explicit PostgresqlConnection(const PostgresqlOptions& options);
  ~PostgresqlConnection();
  PostgresqlConnection(const PostgresqlConnection&) = delete;
  PostgresqlConnection& operator=(const PostgresqlConnection&) = delete;

  /// Begins a transaction whose statements the server ends at `deadline`. Sends nothing yet. In a
  /// `first` attempt a row that an exclusion constraint refuses is a conflict: the other one may
  /// have come meanwhile, and who runs again sees it.
  void begin(Mode mode, Deadline deadline, bool first);
  /// Throws what a delayed check or a conflict makes of it; then nothing was written, unless the
  /// session broke: then nobody knows.
  void commit();
  /// Of what is open; the session is broken when it cannot be.
  void rollback() noexcept;

  /// A statement of a closure.
  void queue(std::string_view sql, const bulkhead_value* values, std::size_t count);
  /// One of ours, without values.
  void queueControl(std::string_view sql);
  /// Sends what is queued and waits for all of it. The answer of the last one. Throws the first
  /// failure.
  PostgresqlResult finish();
  /// The same for who wants no answer: the failure that this met, if any. failure() stays what it
  /// was, where there was one.
  std::exception_ptr drain() noexcept;
  /// Outside a transaction: how long finish() waits.
  void limitTo(Deadline deadline) { deadline_ = deadline; }

  /// Never to be used again.
  bool broken() const;
  /// True when the server has ended it while nobody used it: then it is broken.
  bool wasLeft();
  /// True when nothing has been heard from the server since this was lent: it may have gone long
  /// before.
  bool silent() const { return silent_; }
  void markLent() { silent_ = true; }
  /// What the last failure was, until begin().
  PostgresqlFailure failure() const { return failure_; }
  /// Whether COMMIT was sent since begin().
  bool commitSent() const { return commit_sent_; }
  /// Lends the session to Poco::Data statements.
  void lend(const SessionWork& work) { work(session_); }

 private:
  /// What was sent, in the order of the answers.
  struct Sent {
    enum class Kind { Prepare, Control, Statement };
    Kind kind;
    std::string sql;
    std::string prepared_as;  ///< of a Prepare: its key in prepared_
  };
  class Outcome;

  const std::string& nameFor(std::string_view sql, const bulkhead_value* values, std::size_t count);
  void require(int sent);
  void openPipeline();
  void sync();
  void take(const Sent& sent, Outcome& outcome);
  PostgresqlError failureOf(const Sent& sent, const PGresult* answer) const;
  PostgresqlResult next();
  void wait(short events);
  void limitStatements();
  void observe(const Sent& sent, bool failed);
  [[noreturn]] void lost(std::string_view why);

  const std::string owner_;
  const StatementObserver on_statement_;
  Poco::Data::Session session_;
  PGconn* const handle_;
  std::unordered_map<std::string, std::string> prepared_;  ///< name by text and types
  std::uint64_t prepared_ever_ = 0;
  std::deque<Sent> sent_;
  Deadline deadline_ = Deadline::max();
  std::chrono::milliseconds limit_{};  ///< of a statement, as the server knows it
  Deadline give_up_{};                 ///< on the round trip that is under way
  Deadline last_answer_{};
  Mode mode_ = Mode::Read;
  bool first_ = false;
  PostgresqlFailure failure_ = PostgresqlFailure::None;
  bool commit_sent_ = false;
  bool silent_ = false;
  bool broken_ = false;
};

}  // namespace bulkhead::host::data
