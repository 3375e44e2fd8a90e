#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// Work that was enqueued, on its way to its handler. Valid during the call.
class Job {
 public:
  using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

  Job(const bulkhead_host& host, bulkhead_home& home, const Request& request)
      : host_{host}, home_{home}, request_{request} {}

  /// Equal in every attempt, and no other job's: the idempotency key for an outside service.
  std::string_view id() const { return request_.param("id"); }
  std::string_view queue() const { return request_.param("queue"); }
  std::string_view key() const { return request_.param("key"); }
  std::string_view tenant() const { return request_.tenant(); }
  std::string_view payload() const { return request_.body(); }
  /// From 1. What the host ended in good order does not count.
  std::uint32_t attempt() const { return static_cast<std::uint32_t>(number("attempt").count()); }
  WallTime enqueued() const { return WallTime{number("enqueued_us")}; }
  /// The time of the schedule that enqueued it; nothing for a job of the plugin's own.
  std::optional<WallTime> fireTime() const {
    const auto at = number("fire_us");
    return at.count() == 0 ? std::nullopt : std::optional{WallTime{at}};
  }
  /// Its deadline, and the trace of what enqueued it. Writes with this context are kept as long as
  /// the job is this call's, and throw Error (JOB_LOST) when it is not.
  Context context() const { return request_.context(); }

  /// Shows operators how far it is. Not within a transaction. Throws Error (JOB_LOST).
  void tell(std::string_view progress) const { shows(progress); }
  /// True when the handler had better end, by throwing: the job was cancelled, or the host stops,
  /// and then the job comes again as if it had not been begun. Not within a transaction. Throws
  /// Error (JOB_LOST).
  bool shouldStop() const { return shows({}); }

 private:
  bool shows(std::string_view progress) const {
    std::int32_t stop = 0;
    waist::ErrorCatcher caught;
    caught.check(host_.job_progress(&home_, request_.context().handle(), waist::bytes(progress),
                                    &stop, caught.sink()));
    return stop != 0;
  }
  std::chrono::microseconds number(std::string_view name) const {
    std::int64_t value = 0;
    const std::string_view text = request_.param(name);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::chrono::microseconds{value};
  }

  const bulkhead_host& host_;
  bulkhead_home& home_;
  const Request& request_;
};

/// How the jobs of a queue are tried.
struct QueueOptions {
  /// After so many runs that failed a job is dead: shown to operators, and run again when they say
  /// so. Between two of them there are up to 5 s, twice as much each time, up to a day.
  std::uint32_t attempts = 20;
  std::uint32_t at_once = 2;                  ///< in one home
  std::chrono::milliseconds timeout{60'000};  ///< none takes longer
};

/// A job to be enqueued. Borrows its texts.
struct NewJob {
  std::string_view payload = {};  ///< UTF-8, by habit JSON; at most 256 KiB
  std::string_view key = {};      ///< a queue has one job for one key that is not finished
  std::string_view tenant = {};
  std::int32_t priority = 0;  ///< from -100 to 100; of those that are due the highest is first
  Job::WallTime run_at = {};  ///< not before; at once unless said
};

/// A job that is there now, or was already, by its key.
struct EnqueuedJob {
  std::string id;
  bool is_new = false;
};

/// A queue of the plugin's own. Cheap to copy; for any thread that the host called in on.
class JobQueue {
 public:
  JobQueue(const bulkhead_host& host, bulkhead_home& home, std::string name)
      : host_{&host}, home_{&home}, name_{std::move(name)} {}

  /// Enqueues with the transaction: when that commits, the job is run, at least once, and its
  /// effects in the store are there once; when it does not, there is no job. Throws Error
  /// (JOB_REFUSED).
  EnqueuedJob enqueue(Transaction& transaction, const NewJob& job) const {
    const bulkhead_job crossing{sizeof(bulkhead_job),
                                job.priority,
                                waist::bytes(name_),
                                waist::bytes(job.key),
                                waist::bytes(job.tenant),
                                waist::bytes(job.payload),
                                job.run_at.time_since_epoch().count()};
    EnqueuedJob enqueued;
    const bulkhead_sink id{&enqueued.id, [](void* self, const char* data, std::size_t size) {
                             static_cast<std::string*>(self)->append(data, size);
                           }};
    std::int32_t is_new = 0;
    waist::ErrorCatcher caught;
    caught.check(
        host_->enqueue_job(home_, transaction.handle(), &crossing, &id, &is_new, caught.sink()));
    enqueued.is_new = is_new != 0;
    return enqueued;
  }

  const std::string& name() const noexcept { return name_; }

 private:
  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::string name_;
};

/// What becomes of the times of a schedule at which nobody was there to enqueue.
enum class Misfire { Skip, FireOnce, CatchUp };

/// When jobs are enqueued: at a cron line's local times, or at intervals.
struct Schedule {
  /// "minute hour day-of-month month day-of-week", as cron(8) reads them: *, lists, ranges, steps,
  /// names of months and days. A local time that a change of the clocks leaves out fires at the
  /// next one that there is; one that comes twice fires once.
  std::string_view cron = {};
  std::string_view zone = "UTC";  ///< IANA name, of `cron`
  std::chrono::seconds every{0};  ///< instead of `cron`: whole multiples since 1970
  Misfire misfire = Misfire::FireOnce;
  std::uint32_t catch_up_max = 1;  ///< of the latest missed times, with Misfire::CatchUp
  std::string_view payload = {};
};

/// What stands behind Registrar::queue() and Registrar::schedule().
namespace detail {

template <class Handler>
inline constexpr bool kWorksInTransaction =
    std::is_invocable_v<const Handler&, const Job&, Transaction&>;

template <class Handler>
std::string queueOptions(const QueueOptions& options) {
  return toJson([&](JsonWriter& out) {
    out.object("transaction", kWorksInTransaction<Handler> ? "write" : "none", "attempts",
               options.attempts, "at_once", options.at_once, "timeout_ms", options.timeout.count());
  });
}

inline std::string scheduleOptions(const Schedule& schedule, std::string_view queue) {
  constexpr std::string_view kWords[] = {"skip", "fire_once", "catch_up"};
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("queue", queue);
    if (schedule.every.count() > 0) {
      out.member("every_s", schedule.every.count());
    } else {
      out.member("cron", schedule.cron);
      out.member("zone", schedule.zone);
    }
    out.member("misfire", kWords[static_cast<std::size_t>(schedule.misfire)]);
    out.member("catch_up_max", schedule.catch_up_max);
    out.member("payload", schedule.payload);
    out.endObject();
  });
}

inline JobQueue registered(const bulkhead_host& host, bulkhead_home& home, std::uint32_t number,
                           std::string_view queue, const std::string& options) {
  waist::ErrorCatcher error;
  error.check(
      host.register_queue(&home, number, waist::bytes(queue), waist::bytes(options), error.sink()));
  return JobQueue{host, home, std::string{queue}};
}

inline void registerSchedule(const bulkhead_host& host, bulkhead_home& home, std::string_view name,
                             const std::string& options) {
  waist::ErrorCatcher error;
  error.check(
      host.register_schedule(&home, waist::bytes(name), waist::bytes(options), error.sink()));
}

/// The handler as those of routes are called.
template <class Handler>
auto working(const bulkhead_host& host, bulkhead_home& home, Handler handler) {
  static_assert(kWorksInTransaction<Handler> || std::is_invocable_v<const Handler&, const Job&>,
                "a queue's handler is void(const Job&), alone or with Transaction&");
  return [&host, &home, handler = std::move(handler)](
             const Request& request, bulkhead_transaction* transaction, const bulkhead_response&) {
    const Job job{host, home, request};
    if constexpr (kWorksInTransaction<Handler>) {
      Transaction write{host, *transaction};
      handler(job, write);
    } else {
      static_cast<void>(transaction);
      handler(job);
    }
  };
}

}  // namespace detail
}  // namespace bulkhead
