#include "data/postgresql_connection.hpp"

#include <Poco/Logger.h>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <poll.h>
#include <utility>

#include "data/database_error.hpp"
#include "data/postgresql_session.hpp"
#include "data/sql_words.hpp"

namespace bulkhead::host::data {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kPreparedMax = 256;
constexpr std::size_t kQueuedMax = 128;
constexpr Oid kTextType = 25;
/// Within which a server that ends a statement at its time says so.
constexpr milliseconds kGrace{2'000};
constexpr milliseconds kLongest{std::chrono::hours{24}};
constexpr std::string_view kBegin = "BEGIN";
constexpr std::string_view kReadOnly = "25006";
constexpr std::string_view kExcluded = "23P01";

milliseconds left(Clock::time_point deadline) {
  if (deadline - Clock::now() > kLongest) return kLongest;
  return std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(deadline - Clock::now()));
}

/// The same text for other types is another statement.
std::string keyOf(std::string_view sql, const bulkhead_value* values, std::size_t count) {
  std::string key;
  key.reserve(sql.size() + count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Oid type = typeOf(values[i]);
    key += static_cast<char>('0' + static_cast<int>(type % 64));
  }
  key += '\n';
  key += sql;
  return key;
}

}  // namespace

// The first failure among the answers of one round trip; those after it were not even tried.
class PostgresqlConnection::Outcome {
 public:
  void add(PostgresqlResult result) { last_ = std::move(result); }
  void fail(PostgresqlError error) {
    if (!failure_) failure_.emplace(std::move(error));
  }
  const std::optional<PostgresqlError>& failure() const { return failure_; }
  PostgresqlResult takeLast() { return std::move(last_); }

 private:
  PostgresqlResult last_;
  std::optional<PostgresqlError> failure_;
};

PostgresqlConnection::PostgresqlConnection(const PostgresqlOptions& options)
    : owner_{options.owner},
      on_statement_{options.on_statement},
      session_{openSession(options)},
      handle_{handleOf(session_)} {}

PostgresqlConnection::~PostgresqlConnection() = default;

bool PostgresqlConnection::broken() const {
  return broken_ || PQstatus(handle_) != CONNECTION_OK;
}

// A server says nothing to who asked nothing, but that it goes.
bool PostgresqlConnection::wasLeft() {
  pollfd socket{PQsocket(handle_), POLLIN, 0};
  if (::poll(&socket, 1, 0) != 0) broken_ = true;
  return broken();
}

void PostgresqlConnection::openPipeline() {
  if (PQpipelineStatus(handle_) != PQ_PIPELINE_OFF) return;
  PQsetnonblocking(handle_, 1);
  if (PQenterPipelineMode(handle_) != 1) lost("no pipeline");
}

void PostgresqlConnection::begin(Mode mode, Deadline deadline, bool first) {
  failure_ = PostgresqlFailure::None;
  commit_sent_ = false;
  deadline_ = deadline;
  mode_ = mode;
  first_ = first;
  queueControl(mode == Mode::Read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                  : "BEGIN ISOLATION LEVEL SERIALIZABLE");
  limit_ = kLongest * 2;
  limitStatements();
  // Who scans a table has read all of it, and loses against whoever writes any of it.
  if (mode == Mode::Write) queueControl("SET LOCAL enable_seqscan = off");
}

// The server counts for each statement anew: told again when half of the time is gone, none is
// given more than twice of what is left.
void PostgresqlConnection::limitStatements() {
  const milliseconds now = left(deadline_);
  if (now * 2 > limit_) return;
  limit_ = now;
  queueControl(fmt::format("SET LOCAL statement_timeout = {}", limit_.count()));
}

void PostgresqlConnection::commit() {
  commit_sent_ = true;
  queueControl("COMMIT");
  const PostgresqlResult answer = finish();
  if (std::string_view{PQcmdStatus(answer.get())} == "COMMIT") return;
  Poco::Logger::get("data").error(fmt::format("{}: a commit became a rollback", owner_));
  throw statementFailed();
}

void PostgresqlConnection::rollback() noexcept {
  drain();
  if (broken()) return;
  try {
    const PostgresqlFailure failure = failure_;
    deadline_ = Clock::now();  // the grace is enough for it
    queueControl("ROLLBACK");
    finish();
    failure_ = failure;
  } catch (...) {
    broken_ = true;
  }
}

// What is behind a failed statement would not be done either.
std::exception_ptr PostgresqlConnection::drain() noexcept {
  if (sent_.empty() || broken()) return nullptr;
  const PostgresqlFailure failure = failure_;
  try {
    finish();
    return nullptr;
  } catch (...) {
    if (failure != PostgresqlFailure::None) failure_ = failure;
    return std::current_exception();
  }
}

const std::string& PostgresqlConnection::nameFor(std::string_view sql, const bulkhead_value* values,
                                                 std::size_t count) {
  std::string key = keyOf(sql, values, count);
  if (const auto known = prepared_.find(key); known != prepared_.end()) return known->second;
  if (prepared_.size() >= kPreparedMax) {
    queueControl("DEALLOCATE ALL");
    prepared_.clear();
  }
  std::vector<Oid> types;
  for (std::size_t i = 0; i < count; ++i) {
    const Oid type = typeOf(values[i]);
    types.push_back(type == 0 && asksForNullFirst(sql, i + 1) ? kTextType : type);
  }
  const std::string text{sql};
  const auto added = prepared_.emplace(std::move(key), fmt::format("b{}", ++prepared_ever_)).first;
  require(PQsendPrepare(handle_, added->second.c_str(), text.c_str(), static_cast<int>(count),
                        types.data()));
  sent_.push_back({Sent::Kind::Prepare, text, added->first});
  return added->second;
}

void PostgresqlConnection::queue(std::string_view sql, const bulkhead_value* values,
                                 std::size_t count) {
  if (controlsTransaction(sql)) {
    Poco::Logger::get("data").error(fmt::format("{}: not in a closure: {}", owner_, sql));
    throw statementFailed();
  }
  const PostgresqlValues given{values, count};
  if (sent_.size() >= kQueuedMax) finish();
  limitStatements();
  const std::string& name = nameFor(sql, values, count);
  require(PQsendQueryPrepared(handle_, name.c_str(), given.size(), given.pointers(),
                              given.lengths(), given.formats(), 0));
  sent_.push_back({Sent::Kind::Statement, std::string{sql}, {}});
}

void PostgresqlConnection::queueControl(std::string_view sql) {
  openPipeline();
  std::string text{sql};
  require(PQsendQueryParams(handle_, text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
  sent_.push_back({Sent::Kind::Control, std::move(text), {}});
}

void PostgresqlConnection::require(int sent) {
  if (sent != 1) lost(PQerrorMessage(handle_));
}

PostgresqlResult PostgresqlConnection::finish() {
  give_up_ = Clock::now() + left(deadline_) + kGrace;
  sync();
  Outcome outcome;
  const auto sent = std::exchange(sent_, {});
  last_answer_ = Clock::now();
  for (const Sent& one : sent) take(one, outcome);
  const PostgresqlResult end = next();
  if (PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) lost("an answer too many");
  if (!outcome.failure()) return outcome.takeLast();
  failure_ = outcome.failure()->failure;
  if (failure_ == PostgresqlFailure::Lost || failure_ == PostgresqlFailure::Stale) broken_ = true;
  throw Error{outcome.failure()->error};
}

void PostgresqlConnection::sync() {
  require(PQpipelineSync(handle_));
  for (int unsent = PQflush(handle_); unsent != 0; unsent = PQflush(handle_)) {
    if (unsent < 0) lost(PQerrorMessage(handle_));
    wait(POLLIN | POLLOUT);
    if (PQconsumeInput(handle_) != 1) lost(PQerrorMessage(handle_));
  }
}

void PostgresqlConnection::take(const Sent& sent, Outcome& outcome) {
  PostgresqlResult answer = next();
  const ExecStatusType status = PQresultStatus(answer.get());
  const bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (!well && sent.kind == Sent::Kind::Prepare) prepared_.erase(sent.prepared_as);
  if (status == PGRES_FATAL_ERROR)
    outcome.fail(failureOf(sent, answer.get()));
  else if (!well && !outcome.failure())
    outcome.fail({PostgresqlFailure::Statement, statementFailed()});
  if (status != PGRES_PIPELINE_ABORTED) observe(sent, !well);
  outcome.add(std::move(answer));
  if (next() != nullptr) lost("an answer too many");
}

// A server that begins no transaction is none to stay with, and nothing has been done; nor is one
// that does not write any more.
PostgresqlError PostgresqlConnection::failureOf(const Sent& sent, const PGresult* answer) const {
  const PostgresqlError error = errorOf(answer, owner_, sent.sql);
  if (sent.kind == Sent::Kind::Control && sent.sql.starts_with(kBegin))
    return {PostgresqlFailure::Stale, databaseUnavailable()};
  if (mode_ == Mode::Write && stateOf(answer) == kReadOnly)
    return {PostgresqlFailure::Lost, databaseUnavailable()};
  if (first_ && stateOf(answer) == kExcluded) return {PostgresqlFailure::Conflict, error.error};
  return error;
}

PostgresqlResult PostgresqlConnection::next() {
  while (PQisBusy(handle_) == 1) {
    wait(POLLIN);
    if (PQconsumeInput(handle_) != 1) lost(PQerrorMessage(handle_));
  }
  PostgresqlResult result{PQgetResult(handle_)};
  if (PQstatus(handle_) != CONNECTION_OK) lost(PQerrorMessage(handle_));
  if (result) silent_ = false;
  return result;
}

void PostgresqlConnection::wait(short events) {
  const auto patience =
      std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(give_up_ - Clock::now()));
  pollfd socket{PQsocket(handle_), events, 0};
  if (::poll(&socket, 1, static_cast<int>(patience.count())) != 0 && patience.count() > 0) return;
  broken_ = true;
  failure_ = PostgresqlFailure::Statement;
  throw deadlineExceeded();
}

void PostgresqlConnection::observe(const Sent& sent, bool failed) {
  const auto begun = std::exchange(last_answer_, Clock::now());
  if (!on_statement_ || (sent.kind != Sent::Kind::Statement && sent.sql != "COMMIT")) return;
  on_statement_(sent.sql,
                std::chrono::duration_cast<std::chrono::microseconds>(last_answer_ - begun),
                failed);
}

void PostgresqlConnection::lost(std::string_view why) {
  broken_ = true;
  failure_ = silent_ && !commit_sent_ ? PostgresqlFailure::Stale : PostgresqlFailure::Lost;
  Poco::Logger::get("data").warning(fmt::format("{}: PostgreSQL is away: {}", owner_, why));
  throw databaseUnavailable();
}

}  // namespace bulkhead::host::data
