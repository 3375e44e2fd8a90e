#include "plugins/bare_store.hpp"

#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/kept_copy.hpp"
#include "data/sqlite_store.hpp"
#include "runtime/job_desk.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::seconds kStartPatience{10};
constexpr std::chrono::seconds kJobsPatience{4};

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json objectFrom(std::string_view text) {
  Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) throw LinkError{"what is said of a store cannot be read"};
  return object;
}

/// What SQLite says of a damaged file may be no UTF-8.
std::string textOf(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool hasTable(data::Store& store, std::string_view table,
              std::chrono::steady_clock::time_point until) {
  bool found = false;
  store.read(
      [&](data::Transaction& transaction) {
        found = false;
        const auto wanted = values(table);
        transaction.read("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
                         wanted.data(), wanted.size(), [&](const bulkhead_value*, std::size_t) {
                           found = true;
                           return 1;
                         });
      },
      until);
  return found;
}

/// A moment that a worker keeps.
class WorkerMoment final : public data::StoreMoment {
 public:
  explicit WorkerMoment(std::shared_ptr<WorkerHome> home) : home_{std::move(home)} {
    const Json taken = objectFrom(home_->askStore({AskKind::TakeMoment, 0, {}, {}}));
    number_ = taken.value("moment", std::uint64_t{0});
    schema_version_ = taken.value("schema", 0);
    size_bytes_ = taken.value("bytes", std::uint64_t{0});
  }
  ~WorkerMoment() override {
    try {
      home_->askStore({AskKind::DropMoment, number_, {}, {}});
    } catch (const std::exception&) {  // it goes with its worker
    }
  }

  int schemaVersion() const override { return schema_version_; }
  std::uint64_t sizeBytes() const override { return size_bytes_; }
  data::CopyCondition copyTo(const fs::path& copy, const data::CopyPace& pace) override {
    const Json order{
        {"file", copy.string()}, {"step_pages", pace.step_pages}, {"pause_ms", pace.pause.count()}};
    std::uint64_t told = 0;
    const auto goOn = [&] {
      std::error_code error;
      const std::uint64_t size = fs::file_size(copy, error);
      const std::uint64_t more = error || size < told ? 0 : size - told;
      told += more;
      return !pace.go_on || pace.go_on(more);
    };
    const Json copied =
        objectFrom(home_->askStore({AskKind::CopyMoment, number_, {}, textOf(order)}, goOn));
    goOn();
    return {copied.value("integrity", ""), copied.value("schema", 0)};
  }

 private:
  const std::shared_ptr<WorkerHome> home_;
  std::uint64_t number_ = 0;
  int schema_version_ = 0;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace

LocalBareStore::LocalBareStore(std::string owner, fs::path file)
    : owner_{std::move(owner)}, file_{std::move(file)} {}

std::unique_ptr<data::StoreMoment> LocalBareStore::takeMoment() {
  return std::make_unique<data::StoreSnapshot>(file_);
}

fs::path LocalBareStore::keepCopy(const std::function<bool()>& go_on) {
  data::KeptCopy copy{owner_, file_, go_on};
  copy.take();
  return copy.file();
}

void LocalBareStore::putBack(const fs::path& copy) {
  data::KeptCopy{owner_, file_, {}, copy}.putBack();
}

std::string LocalBareStore::answerJobs(const std::string& request) {
  const auto none = Error::notFound("NOT_FOUND", fmt::format("'{}' has no jobs.", owner_));
  if (!fs::exists(file_)) throw Error{none};
  data::SqliteOptions options;
  options.path = file_;
  options.owner = owner_;
  const auto store = data::openSqliteStore(std::move(options));
  const auto until = std::chrono::steady_clock::now() + kJobsPatience;
  const bool has_jobs = hasTable(*store, "bulkhead_jobs", until);
  if (!has_jobs) throw Error{none};
  const SystemClock clock;
  const DeskStore desk{
      [&](const data::TransactionClosure& closure) { store->read(closure, until); },
      [&](const data::TransactionClosure& closure) { store->write(closure, until); }, clock.nowUs(),
      clock.nowUs()};
  return answerJobDesk(request, desk, {});
}

WorkerBareStore::WorkerBareStore(WorkerOrder order, WorkerServices services)
    : home_{std::make_shared<WorkerHome>(std::move(order), std::move(services))} {
  home_->createUntil(std::chrono::steady_clock::now() + kStartPatience);
}

std::unique_ptr<data::StoreMoment> WorkerBareStore::takeMoment() {
  return std::make_unique<WorkerMoment>(home_);
}

fs::path WorkerBareStore::keepCopy(const std::function<bool()>& go_on) {
  return home_->askStore({AskKind::KeepCopy, 0, {}, {}}, go_on);
}

void WorkerBareStore::putBack(const fs::path& copy) {
  home_->askStore({AskKind::PutBack, 0, {}, copy.string()});
}

std::string WorkerBareStore::answerJobs(const std::string& request) {
  return home_->askStore({AskKind::AnswerJobs, 0, {}, request});
}

std::string BareStoreAnswers::answer(const Ask& ask) {
  switch (ask.kind) {
    case AskKind::TakeMoment: {
      auto moment = store_.takeMoment();
      const Json taken{
          {"moment", ++last_}, {"schema", moment->schemaVersion()}, {"bytes", moment->sizeBytes()}};
      moments_.emplace(last_, std::move(moment));
      return textOf(taken);
    }
    case AskKind::CopyMoment: {
      const auto moment = moments_.find(ask.number);
      if (moment == moments_.end()) throw LinkError{"a moment is copied that was never taken"};
      const Json order = objectFrom(ask.text);
      data::CopyPace pace;
      pace.step_pages = order.value("step_pages", pace.step_pages);
      pace.pause = std::chrono::milliseconds{order.value("pause_ms", pace.pause.count())};
      const auto copied = moment->second->copyTo(order.value("file", ""), pace);
      return textOf({{"integrity", copied.integrity}, {"schema", copied.schema_version}});
    }
    case AskKind::DropMoment:
      moments_.erase(ask.number);
      return {};
    case AskKind::KeepCopy:
      return store_.keepCopy({}).string();
    case AskKind::PutBack:
      store_.putBack(ask.text);
      return {};
    case AskKind::AnswerJobs:
      return store_.answerJobs(ask.text);
    default:
      throw LinkError{"a store is asked what only a plugin can answer"};
  }
}

}  // namespace bulkhead::host
