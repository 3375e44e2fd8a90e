#pragma once

#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/sqlite_store.hpp"
#include "runtime/job_desk.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/job_schema.hpp"

namespace bulkhead::host {

inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kDay = 86'400 * kSecond;
/// 2027-01-15T08:00:00Z.
inline constexpr std::int64_t kNow = 1'800'000'000 * kSecond;

/// What the engine means to do for each statement.
using Plans = std::map<std::string, std::string>;

/// Asks for the plan of what goes through it.
class PlanReader final : public data::Transaction {
 public:
  PlanReader(data::Transaction& inner, Plans& plans) : inner_{inner}, plans_{plans} {}

  void read(std::string_view sql, const bulkhead_value* values, std::size_t count,
            const std::function<int(const bulkhead_value*, std::size_t)>& receive) override {
    explain(sql, values, count);
    inner_.read(sql, values, count, receive);
  }
  std::int64_t send(std::string_view sql, const bulkhead_value* values,
                    std::size_t count) override {
    explain(sql, values, count);
    return inner_.send(sql, values, count);
  }
  void nested(const std::function<void()>& closure) override { inner_.nested(closure); }
  bool writable() const override { return inner_.writable(); }
  data::Engine engine() const override { return inner_.engine(); }

 private:
  void explain(std::string_view sql, const bulkhead_value* values, std::size_t count) {
    std::string& plan = plans_[std::string{sql}];
    if (!plan.empty()) return;
    inner_.read(fmt::format("EXPLAIN QUERY PLAN {}", sql), values, count,
                [&](const bulkhead_value* columns, std::size_t n) {
                  plan += fmt::format("{}; ", Row{columns, n}.text(3));
                  return 0;
                });
  }

  data::Transaction& inner_;
  Plans& plans_;
};

/// A desk on a store in memory, at whatever time it is told.
class JobDeskTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  JobDeskTest() { migrateJobs(*store_, "desk", soon()); }

  Json ask(const Json& request) {
    const auto watched = [this](const data::TransactionClosure& work) {
      return [this, &work](data::Transaction& transaction) {
        PlanReader reader{transaction, plans_};
        work(reader);
      };
    };
    const DeskStore desk{
        [&](const data::TransactionClosure& work) { store_->read(watched(work), soon()); },
        [&](const data::TransactionClosure& work) { store_->write(watched(work), soon()); },
        now_us_, now_us_};
    const JobDeskHome home{schedules_, [this] { return newId(); },
                           [this](std::int64_t seq) { return held_.contains(seq); }, 0};
    return Json::parse(answerJobDesk(request.dump(), desk, home));
  }
  static std::chrono::steady_clock::time_point soon() {
    return std::chrono::steady_clock::now() + std::chrono::seconds{20};
  }
  Json tend() {
    return ask({{"verb", "tend"}, {"limits", {{"sums", 10}, {"errands", 10}, {"ticks", 10}}}});
  }
  std::string newId() { return fmt::format("job-{}", ++ids_); }

  template <class Work>
  auto write(const Work& work) {
    std::optional<std::invoke_result_t<const Work&, data::Transaction&>> result;
    store_->write([&](data::Transaction& transaction) { result = work(transaction); }, soon());
    return *result;
  }
  jobs::Enqueued enqueue(jobs::NewJob job) {
    const std::string id = newId();
    return write([&](data::Transaction& transaction) {
      return jobs::enqueue(transaction, job, id, now_us_);
    });
  }
  std::optional<jobs::Claimed> claim(std::int64_t seq, std::string_view owner = "me") {
    return write([&](data::Transaction& transaction) {
      return jobs::claim(transaction, seq, owner, now_us_);
    });
  }
  std::string_view fail(const jobs::Run& run, std::uint32_t attempts_max = 3) {
    return write([&](data::Transaction& transaction) {
      return jobs::fail(transaction, run, {"NO: it cannot.", attempts_max, now_us_, 0});
    });
  }
  bool complete(const jobs::Run& run) {
    return write(
        [&](data::Transaction& transaction) { return jobs::complete(transaction, run, now_us_); });
  }
  /// The first that is due, claimed.
  jobs::Claimed next(std::string_view owner = "me") {
    const Json due = tend().at("due");
    if (due.empty()) throw std::runtime_error{"nothing is due"};
    return claim(due.front().at("seq").get<std::int64_t>(), owner).value();
  }
  std::string retry(const std::string& id) {
    return ask({{"verb", "retry"}, {"id", id}}).at("outcome");
  }
  std::string stateOf(const std::string& id) {
    const Json job = ask({{"verb", "inspect"}, {"id", id}}).at("job");
    return job.is_null() ? "none" : job.at("state").get<std::string>();
  }
  void schedule(const Json& options) { schedules_ = {scheduleFrom("tick", options.dump())}; }

  std::unique_ptr<data::Store> store_ = data::openSqliteStore({});
  std::vector<RegisteredSchedule> schedules_;
  std::set<std::int64_t> held_;
  std::int64_t now_us_ = kNow;
  int ids_ = 0;
  Plans plans_;
};

}  // namespace bulkhead::host
