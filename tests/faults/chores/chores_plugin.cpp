#include <chrono>
#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include <bulkhead/plugin.hpp>

#include "settings.hpp"

namespace chores {
namespace {

using bulkhead::Job;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using bulkhead::values;

/// Has one effect for each job: `sums` in the job's own transaction, `errands` in one that it asks
/// for, after it was let go, `ticks` for each time of a schedule.
class Chores final : public bulkhead::Plugin {
 public:
  explicit Chores(bulkhead::Registrar& registrar)
      : host_{registrar.host()},
        sums_{registrar.queue("sums", [](const Job& job, Transaction& write) { sum(job, write); },
                              {.attempts = 3})},
        errands_{
            registrar.queue("errands", [this](const Job& job) { run(job); },
                            {.attempts = 3, .at_once = 1, .timeout = std::chrono::seconds{60}})},
        ticks_{registrar.queue("ticks", [](const Job& job, Transaction& write) {
          write.send("INSERT INTO effect (job, fire_us) VALUES ($1, $2)",
                     values(job.id(), job.fireTime()->time_since_epoch().count()));
        })} {
    const auto settings = registrar.settings<Settings>();
    bulkhead::Schedule tick{.cron = settings.cron,
                            .zone = "Europe/Berlin",
                            .every = std::chrono::seconds{settings.tick_s}};
    tick.misfire = static_cast<bulkhead::Misfire>(settings.misfire);
    tick.catch_up_max = 3;
    registrar.schedule("tick", ticks_, tick);
    addRoutes(registrar);
  }

  void start() override {
    host_.write([](Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS effect (job TEXT NOT NULL, fire_us BIGINT NOT NULL)",
                 values());
      write.send("CREATE TABLE IF NOT EXISTS begun (job TEXT PRIMARY KEY)", values());
      write.send("CREATE TABLE IF NOT EXISTS leave (word TEXT NOT NULL)", values());
    });
  }

 private:
  void addRoutes(bulkhead::Registrar& registrar) {
    bulkhead::Route route{.method = "POST",
                          .path = "/work",
                          .scope = "chores:use",
                          .summary = "Enqueues.",
                          .request = R"({"type":"object"})",
                          .response = R"({"type":"object"})",
                          .example = "{}",
                          .idempotency = bulkhead::Idempotency::Optional};
    registrar.route(route, [this](const Request& request, Transaction& write) {
      return enqueue(request, write);
    });
    route.path = "/leave";
    route.summary = "Lets those go that linger.";
    registrar.route(route, [](const Request&, Transaction& write) {
      write.send("INSERT INTO leave (word) VALUES ('go')", values());
      return Response::json([](JsonWriter& out) { out.object("left", true); });
    });
    registrar.route({.method = "GET",
                     .path = "/effects",
                     .scope = "chores:use",
                     .summary = "What was done.",
                     .response = R"({"type":"object"})",
                     .example = "{}"},
                    [](const Request&, ReadTransaction& read) { return list(read); });
  }

  Response enqueue(const Request& request, Transaction& write) const {
    const auto wish = nlohmann::json::parse(request.body());
    const auto& queue = wish.value("queue", "sums") == "sums" ? sums_ : errands_;
    const auto key = wish.value("key", std::string{});
    const std::string payload = wish.dump();
    bulkhead::NewJob job{.payload = payload, .key = key, .tenant = request.tenant()};
    job.priority = wish.value("priority", 0);
    if (wish.contains("in_s"))
      job.run_at = host_.now() + std::chrono::seconds{wish["in_s"].get<std::int64_t>()};
    bulkhead::EnqueuedJob last;
    for (int i = 0; i < wish.value("count", 1); ++i) last = queue.enqueue(write, job);
    return Response::json([&](JsonWriter& out) { out.object("id", last.id, "new", last.is_new); });
  }

  static void note(Transaction& write, const Job& job) {
    write.send("INSERT INTO effect (job, fire_us) VALUES ($1, 0)", values(job.id()));
  }

  static void sum(const Job& job, Transaction& write) {
    note(write, job);
    if (job.payload().find("\"die\"") != std::string_view::npos) raise(SIGKILL);
    if (job.payload().find("\"fail\"") != std::string_view::npos)
      throw bulkhead::Error::businessLogic("NO_ROOM", "The book is full.");
  }

  /// Writes down that it has begun, and has its effect when it may.
  void run(const Job& job) const {
    host_.write(job.context(), [&](Transaction& write) {
      write.send("INSERT OR IGNORE INTO begun (job) VALUES ($1)", values(job.id()));
    });
    job.tell("begun");
    if (job.payload().find("\"die\"") != std::string_view::npos) raise(SIGKILL);
    const auto may = [](ReadTransaction& read) {
      return read.first("SELECT count(*) FROM leave", values(),
                        [](const bulkhead::Row& row) { return row.integer(0); });
    };
    while (host_.read(job.context(), may).value_or(0) == 0) {
      if (job.shouldStop()) throw bulkhead::Error::app("STOPPED", "It was told to end.");
      // allowed: between two looks
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    host_.write(job.context(), [&](Transaction& write) {  // a second run of it is known by its id
      write.send(
          "INSERT INTO effect (job, fire_us) SELECT $1, 0 WHERE NOT EXISTS "
          "(SELECT 1 FROM effect WHERE job = $1)",
          values(job.id()));
    });
  }

  /// Effects, and jobs that have one: where they differ something is there twice.
  static Response list(ReadTransaction& read) {
    std::int64_t effects = 0;
    std::int64_t jobs = 0;
    std::int64_t begun = 0;
    read.each("SELECT count(*), count(DISTINCT job) FROM effect", values(),
              [&](const bulkhead::Row& row) {
                effects = row.integer(0);
                jobs = row.integer(1);
              });
    read.each("SELECT count(*) FROM begun", values(),
              [&](const bulkhead::Row& row) { begun = row.integer(0); });
    std::vector<std::int64_t> fires;
    read.each("SELECT fire_us FROM effect WHERE fire_us > 0 ORDER BY fire_us", values(),
              [&](const bulkhead::Row& row) { fires.push_back(row.integer(0) / 1'000'000); });
    return Response::json([&](JsonWriter& out) {
      out.object("effects", effects, "jobs", jobs, "begun", begun, "fires", [&](JsonWriter& list) {
        list.array(fires, [](JsonWriter& item, std::int64_t at) { item.value(at); });
      });
    });
  }

  const bulkhead::Host host_;
  const bulkhead::JobQueue sums_;
  const bulkhead::JobQueue errands_;
  const bulkhead::JobQueue ticks_;
};

}  // namespace
}  // namespace chores

BULKHEAD_PLUGIN(chores::Chores)
