#include "chores.hpp"

#include <chrono>
#include <string>

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::Job;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

void note(Transaction& write, const Job& job) {
  const bool in_time = job.context().remaining() > std::chrono::microseconds{0};
  const bool has_facts = in_time && !job.id().empty() && !job.fireTime() &&
                         job.enqueued().time_since_epoch().count() > 0;
  write.send("INSERT INTO handled VALUES ($1, 'job', $2, '', $3, $4, NULL, $5, $6)",
             values(job.queue(), job.key(), job.tenant(), job.payload(), has_facts, job.attempt()));
}

Response showDone(const Request&, ReadTransaction& read) {
  const auto rows = read.list(
      "SELECT source || ' ' || id || ' ' || body || ' ' || has_time || ' ' || attempt FROM handled "
      "WHERE type = 'job' ORDER BY source",
      values(), [](const Row& row) { return row.string(0); });
  return Response::json([&](JsonWriter& out) {
    out.object("done", [&](JsonWriter& list) {
      list.array(rows, [](JsonWriter& item, const std::string& row) { item.value(row); });
    });
  });
}

}  // namespace

Chores::Chores(bulkhead::Registrar& host)
    : host_{host.host()},
      sums_{host.queue("sums", [](const Job& job, Transaction& write) { note(write, job); })},
      errands_{host.queue("errands",
                          [here = host.host()](const Job& job) {
                            job.tell("half");
                            if (job.shouldStop())
                              throw bulkhead::Error::app("STOPPED", "It was told to end.");
                            here.write(job.context(),
                                       [&](Transaction& write) { note(write, job); });
                          },
                          {.attempts = 3, .at_once = 1, .timeout = std::chrono::seconds{20}})} {
  host.schedule("yearly", sums_, {.cron = "0 0 1 1 *", .zone = "Europe/Berlin"});
  host.schedule("seldom", sums_, {.every = std::chrono::hours{8000}});
  host.route(
      {.method = "POST",
       .path = "/chores",
       .scope = "sdk-conformance:use",
       .summary = "Enqueues a job of each queue.",
       .request = R"({"type":"object"})",
       .response = R"({"type":"object"})",
       .example = "{}"},
      [this](const Request& request, Transaction& write) { return enqueue(request, write); });
  host.route({.method = "GET",
              .path = "/chores",
              .summary = "What was done.",
              .access = Access::Public,
              .response = R"({"type":"object"})"},
             showDone);
}

Response Chores::enqueue(const Request& request, Transaction& write) const {
  const std::string tenant{request.tenant()};
  const auto add = [&](const bulkhead::JobQueue& queue) {
    return queue.enqueue(write, {.payload = R"({"a":1})",
                                 .key = "k",
                                 .tenant = tenant,
                                 .priority = 1,
                                 .run_at = host_.now()});
  };
  const bulkhead::EnqueuedJob first[] = {add(sums_), add(errands_)};
  const bulkhead::EnqueuedJob second[] = {add(sums_), add(errands_)};
  return Response::json([&](JsonWriter& out) {
    out.object("new", first[0].is_new && first[1].is_new, "again",
               second[0].is_new || second[1].is_new, "same",
               first[0].id == second[0].id && first[1].id == second[1].id, "names",
               sums_.name() + " " + errands_.name());
  });
}

}  // namespace sdk_conformance
