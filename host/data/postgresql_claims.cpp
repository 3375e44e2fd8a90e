#include "data/postgresql_claims.hpp"

#include <fmt/format.h>
#include <utility>

#include "data/postgresql_session.hpp"

namespace bulkhead::host::data {
namespace {

constexpr std::chrono::seconds kPatience{5};

}  // namespace

class PostgresqlClaims::Hold final : public StoreHold {
 public:
  Hold(PostgresqlClaims& claims, std::uint64_t number) : claims_{claims}, number_{number} {}
  ~Hold() override { claims_.release(number_); }

 private:
  PostgresqlClaims& claims_;
  const std::uint64_t number_;
};

PostgresqlClaims::PostgresqlClaims(std::string schema, Connect connect)
    : schema_{std::move(schema)}, connect_{std::move(connect)} {}

std::unique_ptr<StoreHold> PostgresqlClaims::hold(std::uint64_t number) {
  const std::lock_guard guard{mutex_};
  if (held_.contains(number) || !lock(number)) return nullptr;
  held_.insert(number);
  return std::make_unique<Hold>(*this, number);
}

bool PostgresqlClaims::lock(std::uint64_t number) {
  PostgresqlConnection& session = this->session();
  session.limitTo(PostgresqlConnection::Deadline::clock::now() + kPatience);
  session.queueControl(fmt::format("SELECT pg_try_advisory_lock({})", lockOf(number)));
  const PostgresqlResult answer = session.finish();
  return *PQgetvalue(answer.get(), 0, 0) == 't';
}

PostgresqlConnection& PostgresqlClaims::session() {
  if (session_ && (session_->broken() || session_->wasLeft())) session_.reset();
  if (session_) return *session_;
  session_ = connect_();
  if (settled_) stay();
  for (const std::uint64_t number : held_) lock(number);
  return *session_;
}

void PostgresqlClaims::settle() {
  const std::lock_guard guard{mutex_};
  session();
  if (settled_) return;
  stay();
  settled_ = true;
}

void PostgresqlClaims::stay() {
  session_->limitTo(PostgresqlConnection::Deadline::clock::now() + kPatience);
  session_->queueControl(fmt::format("SELECT pg_try_advisory_lock_shared({})", lockOfAll()));
  session_->finish();
}

// One that has just ended is still known to the server for a moment.
bool PostgresqlClaims::isAlone() {
  const std::lock_guard guard{mutex_};
  PostgresqlConnection& session = this->session();
  session.limitTo(PostgresqlConnection::Deadline::clock::now() + kPatience);
  try {
    session.queueControl("SET lock_timeout = 2000");
    session.queueControl(fmt::format("SELECT pg_advisory_lock({})", lockOfAll()));
    session.finish();
  } catch (const Error&) {
    if (session.broken()) throw;
    return false;
  }
  session.queueControl(fmt::format("SELECT pg_advisory_unlock({})", lockOfAll()));
  session.queueControl("RESET lock_timeout");
  session.finish();
  return true;
}

void PostgresqlClaims::keep() {
  const std::lock_guard guard{mutex_};
  if (settled_ || !held_.empty()) session();
}

void PostgresqlClaims::release(std::uint64_t number) noexcept {
  const std::lock_guard guard{mutex_};
  held_.erase(number);
  if (!session_) return;
  try {
    session_->limitTo(PostgresqlConnection::Deadline::clock::now() + kPatience);
    session_->queueControl(fmt::format("SELECT pg_advisory_unlock({})", lockOf(number)));
    session_->finish();
  } catch (const std::exception&) {
    session_.reset();  // with its session it has gone, too
  }
}

std::int64_t PostgresqlClaims::lockOfAll() const {
  return lockNumber("work on " + schema_);
}

std::int64_t PostgresqlClaims::lockOf(std::uint64_t number) const {
  return lockNumber(fmt::format("claim {} {}", schema_, number));
}

}  // namespace bulkhead::host::data
