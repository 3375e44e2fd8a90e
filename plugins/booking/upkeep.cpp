#include "upkeep.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "appointment_store.hpp"
#include "upkeep_store.hpp"
#include "zone.hpp"
#include "zone_rebase.hpp"

namespace booking {
namespace {

using bulkhead::Job;
using bulkhead::NewJob;
using bulkhead::Transaction;
using nlohmann::json;

/// How many appointments one job touches: bounds the time of its transaction.
constexpr std::int64_t kTouchedMax = 10;
/// How many visits one job looks at for new zone data: nobody is there to take a smaller step.
constexpr std::size_t kPage = 50;
constexpr seconds kMinute{60};
/// Visits that ended longer ago are left as they are: whoever switches it on means what is to come.
constexpr seconds kNoShowWithin{7 * 86400};

Caller callerOf(const Job& job, std::string_view tenant, const bulkhead::Host& host) {
  return {tenant, "upkeep", job.id(), std::chrono::floor<seconds>(host.now())};
}

/// There is more of the same: a job of its own, so that others of the plugin's writers come
/// between.
void goOn(const bulkhead::JobQueue& queue, Transaction& write,
          const std::vector<UpkeepStore::Found>& done) {
  if (done.size() < static_cast<std::size_t>(kTouchedMax)) return;
  const auto& last = done.back();
  const std::string payload =
      json{{"over", last.over}, {"tenant", last.tenant}, {"id", last.appointment}}.dump();
  queue.enqueue(write, {.payload = payload});
}

/// Behind which one it goes on.
UpkeepStore::Found placeOf(const Job& job) {
  if (job.payload().empty()) return {};
  const json at = json::parse(job.payload());
  return {at.at("tenant").get<std::string>(), at.at("id").get<std::string>(),
          at.at("over").get<std::int64_t>()};
}

}  // namespace

Upkeep::Upkeep(bulkhead::Registrar& host, const SlotFinder& finder, AppointmentDesk& desk,
               Terms terms)
    : host_{host.host()},
      finder_{finder},
      desk_{desk},
      terms_{terms},
      holds_{host.queue("hold-expiry",
                        [this](const Job& job, Transaction& write) { expireHolds(job, write); },
                        {.at_once = 1})},
      no_shows_{host.queue("no-show-sweep",
                           [this](const Job& job, Transaction& write) { markNoShows(job, write); },
                           {.at_once = 1})},
      rebases_{host.queue("tz-rebase",
                          [this](const Job& job, Transaction& write) { rebase(job, write); },
                          {.at_once = 1})} {
  const bulkhead::Schedule each_minute{.every = seconds{60}};
  host.schedule("hold-expiry", holds_, each_minute);
  if (terms_.no_show_after_min > 0) host.schedule("no-show-sweep", no_shows_, each_minute);
  host.schedule("tz-rebase", rebases_, {.cron = "17 3 * * *"});
}

void Upkeep::expireHolds(const Job& job, Transaction& write) const {
  const Instant now = callerOf(job, {}, host_).now;
  const auto over = UpkeepStore::overdueHolds(write, now, kTouchedMax);
  for (const auto& one : over) {
    const auto hold = AppointmentStore::find(write, one.tenant, one.appointment);
    if (hold) desk_.act(write, callerOf(job, one.tenant, host_), *hold, Action::Expire, {});
  }
  goOn(holds_, write, over);
}

void Upkeep::markNoShows(const Job& job, Transaction& write) const {
  if (terms_.no_show_after_min == 0) return;
  const Instant now = callerOf(job, {}, host_).now;
  const Interval ended{now - kNoShowWithin, now - terms_.no_show_after_min * kMinute};
  const auto absent = UpkeepStore::unattended(write, ended, placeOf(job), kTouchedMax);
  for (const auto& one : absent) {
    const auto visit = AppointmentStore::find(write, one.tenant, one.appointment);
    if (!visit) continue;
    const auto grace = finder_.rules(write, one.tenant).no_show_grace_min * kMinute;
    if (visit->visit.begin + grace > now) continue;  // a tenant may be more patient
    desk_.act(write, callerOf(job, one.tenant, host_), *visit, Action::NoShow, {});
  }
  goOn(no_shows_, write, absent);
}

void Upkeep::rebase(const Job& job, Transaction& write) const {
  if (job.payload().empty()) {
    beginRebase(job, write);
  } else {
    rebasePage(job, write);
  }
}

/// Once for each version of the zone data: then tenant after tenant, page after page, each a job.
void Upkeep::beginRebase(const Job& job, Transaction& write) const {
  const Caller caller = callerOf(job, {}, host_);
  if (UpkeepStore::beginRebase(write, tzdataVersion(), caller.now)) rebaseNextTenant(write, {});
}

void Upkeep::rebaseNextTenant(Transaction& write, std::string_view after) const {
  const auto tenant = UpkeepStore::tenantAfter(write, after);
  if (!tenant) return;
  const std::string payload = json{{"tenant", *tenant}}.dump();
  rebases_.enqueue(write, {.payload = payload, .tenant = *tenant});
}

void Upkeep::rebasePage(const Job& job, Transaction& write) const {
  const json at = json::parse(job.payload());
  const auto tenant = at.at("tenant").get<std::string>();
  const Caller caller = callerOf(job, tenant, host_);
  std::optional<ListPosition> after;
  if (at.contains("id"))
    after = {at.at("start").get<std::string>(), at.at("id").get<std::string>()};
  const auto examined = upcoming(write, caller, std::move(after), kPage);
  auto moves = movesOf(examined, finder_.rules(write, tenant).keeps_instant);
  applyMoves(write, caller, desk_, moves);
  for (const auto& move : moves) {
    if (move.taken)
      host_.warn("New zone data moves a visit to where another one is; it stays as it was",
                 "tenant", tenant, "appointment", move.before.id);
  }
  if (examined.size() < kPage) return rebaseNextTenant(write, tenant);
  const std::string payload = json{
      {"tenant", tenant},
      {"start", std::to_string(epochSeconds(examined.back().visit.begin))},
      {"id", examined.back().id}}.dump();
  rebases_.enqueue(write, {.payload = payload, .tenant = tenant});
}

}  // namespace booking
