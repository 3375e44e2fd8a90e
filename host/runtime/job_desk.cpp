#include "runtime/job_desk.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "runtime/job_rows.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using data::Transaction;

/// Transactions of one kind that one request has at most.
constexpr int kRoundsMax = 8;

Json jsonOf(const jobs::Listed& row) {
  return {{"seq", row.seq},
          {"id", row.id},
          {"queue", row.queue},
          {"key", row.key},
          {"tenant", row.tenant},
          {"state", row.state},
          {"schedule", row.schedule},
          {"error", row.error},
          {"progress", row.progress},
          {"priority", row.priority},
          {"attempts", row.attempts},
          {"stalls", row.stalls},
          {"cancel_wanted", row.cancel_wanted},
          {"run_at_us", row.run_at_us},
          {"created_us", row.created_us},
          {"started_us", row.started_us},
          {"finished_us", row.finished_us},
          {"fire_us", row.fire_us},
          {"payload_bytes", row.payload_bytes}};
}

class JobDesk {
 public:
  JobDesk(const Json& request, const DeskStore& store, const JobDeskHome& home)
      : request_{request}, store_{store}, home_{home} {}

  Json answer() const {
    using Verb = Json (JobDesk::*)() const;
    static const std::map<std::string, Verb, std::less<>> kVerbs{
        {"tend", &JobDesk::tend},
        {"lost", &JobDesk::lost},
        {"overrun", &JobDesk::overrun},
        {"sweep", &JobDesk::sweep},
        {"figures", &JobDesk::figures},
        {"list", &JobDesk::list},
        {"inspect", &JobDesk::inspect},
        {"retry", &JobDesk::retry},
        {"replay", &JobDesk::replay},
        {"cancel", &JobDesk::cancel},
        {"pause", &JobDesk::pause},
        {"resume", &JobDesk::resume},
        {"schedules", &JobDesk::listSchedules}};
    const auto verb = kVerbs.find(text("verb"));
    if (verb != kVerbs.end()) return (this->*verb->second)();
    throw Error::app("INTERNAL_ERROR", "Nothing is asked of jobs like that.");
  }

 private:
  std::string text(const char* name) const { return request_.value(name, std::string{}); }
  std::int64_t number(const char* name) const { return request_.value(name, std::int64_t{0}); }
  std::int64_t ago(const char* name) const {
    return std::min(store_.now_us, store_.sure_now_us) - number(name);
  }
  std::int64_t age(std::int64_t at_us) const {
    return at_us == 0 ? 0 : std::max<std::int64_t>(0, store_.now_us - at_us);
  }
  bool inRounds(const std::function<bool(Transaction&)>& round) const {
    for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
      bool more = false;
      store_.write([&](Transaction& transaction) { more = round(transaction); });
      if (!more) return false;
    }
    return true;
  }

  /// Looks before it writes: most often nothing is to be done.
  Json tend() const {
    const Json stalled = takeBack();
    const std::size_t fired = fireSchedules();
    bool due = false;
    store_.read([&](Transaction& transaction) { due = jobs::hasDue(transaction, store_.now_us); });
    const bool more = due && inRounds([&](Transaction& transaction) {
                        return jobs::promote(transaction, store_.now_us);
                      });
    Json told = agenda(more);
    told["stalled"] = stalled;
    told["fired"] = fired;
    return told;
  }

  Json takeBack() const {
    std::vector<jobs::Stale> silent;
    store_.read(
        [&](Transaction& transaction) { silent = jobs::stale(transaction, store_.now_us); });
    std::erase_if(silent, [&](const jobs::Stale& one) { return home_.is_held(one.run.seq); });
    Json taken = Json::array();
    for (const auto& one : silent) {
      std::string_view state;
      store_.write([&](Transaction& transaction) {
        state = jobs::stall(transaction, one.run, store_.now_us);
      });
      if (state != "lost") taken.push_back({{"queue", one.queue}, {"state", state}});
    }
    return taken;
  }

  std::size_t fireSchedules() const {
    std::size_t fired = 0;
    for (const auto& schedule : home_.schedules) {
      std::int64_t next = 0;
      store_.read([&](Transaction& transaction) {
        next = schedules::nextUs(transaction, schedule, store_.now_us);
      });
      if (next == 0 || next > store_.now_us) continue;
      std::size_t jobs = 0;
      store_.write([&](Transaction& transaction) {
        jobs = schedules::tend(transaction, schedule, store_.now_us, home_.new_id);
      });
      fired += jobs;
    }
    return fired;
  }

  Json agenda(bool more) const {
    const Json limits = request_.value("limits", Json::object());
    std::vector<jobs::Due> due;
    std::int64_t next = 0;
    store_.read([&](Transaction& transaction) {
      due.clear();
      for (const auto& [queue, limit] : limits.items()) {
        for (auto& one : jobs::due(transaction, queue, limit.get<std::int64_t>()))
          due.push_back(std::move(one));
      }
      next = jobs::nextAtUs(transaction, store_.now_us);
      for (const auto& schedule : home_.schedules) {
        const std::int64_t at = schedules::nextUs(transaction, schedule, store_.now_us);
        if (at != 0 && (next == 0 || at < next)) next = at;
      }
    });
    Json listed = Json::array();
    for (const auto& one : due)
      listed.push_back(
          {{"seq", one.seq}, {"queue", one.queue}, {"tenant", one.tenant}, {"trace", one.trace}});
    const std::int64_t wait = next == 0 ? -1 : std::max<std::int64_t>(0, next - store_.now_us);
    return {{"due", std::move(listed)}, {"next_in_us", more ? 0 : wait}};
  }

  Json lost() const {
    const bool blamed = request_.value("blamed", true);
    std::string_view state;
    store_.write([&](Transaction& transaction) {
      const auto run = jobs::runOf(transaction, text("owner"));
      if (run && blamed) {
        state = jobs::stall(transaction, *run, store_.now_us);
      } else {
        state = run && jobs::release(transaction, *run, store_.now_us) ? "available" : "lost";
      }
    });
    return {{"state", state}};
  }

  Json overrun() const {
    const std::string error = text("error");
    const jobs::Failure failure{error, request_.at("attempts_max").get<std::uint32_t>(),
                                store_.now_us, home_.chance};
    std::string_view outcome;
    store_.write([&](Transaction& transaction) {
      const auto run = jobs::runOf(transaction, text("owner"));
      outcome = run ? jobs::fail(transaction, *run, failure) : "lost";
    });
    return {{"outcome", outcome}};
  }

  Json sweep() const {
    const bool more_jobs = inRounds([&](Transaction& transaction) {
      return jobs::forget(transaction, ago("finished_us"), ago("dead_us"));
    });
    const bool more_fires = inRounds(
        [&](Transaction& transaction) { return schedules::forget(transaction, ago("dead_us")); });
    return {{"more", more_jobs || more_fires}};
  }

  Json figures() const {
    std::vector<jobs::Figure> all;
    std::vector<std::string> paused;
    store_.read([&](Transaction& transaction) {
      all = jobs::figures(transaction);
      paused = jobs::paused(transaction);
    });
    Json figures = Json::array();
    for (const auto& one : all)
      figures.push_back({{"queue", one.queue},
                         {"state", one.state},
                         {"jobs", one.jobs},
                         {"oldest_us", age(one.oldest_us)}});
    return {{"figures", std::move(figures)}, {"paused", std::move(paused)}};
  }

  Json list() const {
    std::vector<jobs::Listed> rows;
    store_.read([&](Transaction& transaction) {
      rows = jobs::list(transaction, {text("state"), text("queue"), number("before"),
                                      request_.value("limit", std::int64_t{100})});
    });
    Json listed = Json::array();
    for (const auto& row : rows) listed.push_back(jsonOf(row));
    return {{"jobs", std::move(listed)}};
  }

  Json inspect() const {
    std::optional<jobs::Listed> found;
    store_.read([&](Transaction& transaction) { found = jobs::inspect(transaction, text("id")); });
    return {{"job", found ? jsonOf(*found) : Json{}}};
  }

  Json retry() const {
    std::string_view outcome;
    store_.write([&](Transaction& transaction) {
      outcome = jobs::retry(transaction, text("id"), store_.now_us);
    });
    return {{"outcome", outcome}};
  }

  Json replay() const {
    std::int64_t retried = 0;
    jobs::Replayed step{0, number("after"), true};
    for (int rounds = 0; step.more && rounds < kRoundsMax; ++rounds) {
      const std::int64_t after = step.after;
      store_.write([&](Transaction& transaction) {
        step = jobs::retryDead(transaction, text("queue"), after, store_.now_us);
      });
      retried += step.jobs;
    }
    return {{"retried", retried}, {"after", step.after}, {"more", step.more}};
  }

  Json cancel() const {
    std::string_view outcome;
    store_.write([&](Transaction& transaction) {
      outcome = jobs::cancel(transaction, text("id"), store_.now_us);
    });
    return {{"outcome", outcome}};
  }

  Json pause() const {
    store_.write(
        [&](Transaction& transaction) { jobs::pause(transaction, text("queue"), store_.now_us); });
    return Json::object();
  }

  Json resume() const {
    store_.write([&](Transaction& transaction) { jobs::resume(transaction, text("queue")); });
    return Json::object();
  }

  Json listSchedules() const {
    std::vector<schedules::Listed> all;
    store_.read([&](Transaction& transaction) { all = schedules::list(transaction); });
    Json listed = Json::array();
    for (const auto& one : all)
      listed.push_back({{"name", one.name},
                        {"options", one.options},
                        {"next_us", one.next_us},
                        {"last_us", one.last_us}});
    return {{"schedules", std::move(listed)}};
  }

  const Json& request_;
  const DeskStore& store_;
  const JobDeskHome& home_;
};

}  // namespace

std::string answerJobDesk(std::string_view request, const DeskStore& store,
                          const JobDeskHome& home) {
  try {
    const Json document = Json::parse(request);
    return JobDesk{document, store, home}.answer().dump(-1, ' ', false,
                                                        Json::error_handler_t::replace);
  } catch (const Json::exception& error) {
    throw Error::app("INTERNAL_ERROR", error.what());
  }
}

}  // namespace bulkhead::host
