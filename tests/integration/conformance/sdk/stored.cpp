#include "stored.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::Blob;
using bulkhead::Error;
using bulkhead::Idempotency;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

constexpr std::string_view kObject = R"({"type":"object"})";
constexpr std::string_view kInsert = "INSERT INTO note VALUES ($1, $2, $3, $4, $5)";

Response list(const Request&, ReadTransaction& read) {
  std::int64_t sum = 0;
  read.each("SELECT amount FROM note ORDER BY name", values(),
            [&](const Row& row) { sum += row.integer(0); });
  const auto names =
      read.list("SELECT name, remark FROM note ORDER BY name", values(), [](const Row& row) {
        return row.string(0) + ":" + row.optionalString(1).value_or("nothing");
      });
  const auto whole =
      read.first("SELECT amount, share, bytes, remark, amount > 1 FROM note WHERE name = $1",
                 values("whole"), [](const Row& row) {
                   return bulkhead::toJson([&](JsonWriter& out) {
                     out.object("amount", row.optionalInteger(0), "share", row.real(1), "bytes",
                                row.text(2).size(), "remark_is_null", row.isNull(3), "more",
                                row.boolean(4), "columns", row.size());
                   });
                 });
  return Response::json([&](JsonWriter& out) {
           out.object("sum", sum, "names", [&](JsonWriter& all) {
             all.array(names, [](JsonWriter& item, const std::string& name) { item.value(name); });
           });
         })
      .withHeader("X-Whole", whole.value_or("none"));
}

Response keep(const Request& request, Transaction& write) {
  const std::string name{request.param("name")};
  write.send(kInsert,
             values(name, 2, 0.5, Blob{std::string_view{"a\0b", 3}}, std::optional<std::string>{}));
  write.sendExpecting(1, Error::conflict("NOT_THERE", "It is not there.").withDetails(R"({"a":1})"),
                      "UPDATE note SET amount = amount + 1 WHERE name = $1",
                      values(name == "lost" ? "somebody else" : name));
  return Response::json(201, [&](JsonWriter& out) { out.object("kept", name); });
}

Response recover(const Request& request, Recovery& recovery) {
  static std::atomic<int> calls{0};
  const std::string called = recovery.call("called", [&] {
    ++calls;
    return "result with a token of " + std::to_string(recovery.token("called").size());
  });
  const std::string again = recovery.call("called", [] { return std::string{"never"}; });
  const std::string kept = recovery.commit("kept", [&](Transaction& write) {
    write.send("INSERT INTO note VALUES ($1, 1, NULL, NULL, NULL)", values(called));
    return std::string{"kept"};
  });
  static std::atomic<bool> failed{false};
  if (!failed.exchange(true)) throw Error::externalService("VENDOR_AWAY", "The vendor is away.");
  const bool equal = recovery.token("called") == recovery.token("called") &&
                     recovery.token("called") != recovery.token("kept");
  return Response::json([&](JsonWriter& out) {
    out.object("same", called == again, "kept", kept, "calls", calls.load(), "tokens", equal,
               "body", request.body());
  });
}

}  // namespace

Stored::Stored(bulkhead::Registrar& host) : host_{host.host()} {
  registerRoutes(host);
  host.route({.method = "POST",
              .path = "/closures",
              .scope = "sdk-conformance:use",
              .summary = "Reads and writes by closures",
              .request = kObject,
              .response = kObject},
             [this](const Request& request) { return closures(request); });
}

void Stored::registerRoutes(bulkhead::Registrar& host) const {
  host.route({.method = "GET",
              .path = "/notes",
              .summary = "Lists notes",
              .access = Access::Public,
              .response = kObject},
             list);
  host.route({.method = "POST",
              .path = "/notes/{name}",
              .scope = "sdk-conformance:use",
              .summary = "Keeps a note",
              .request = kObject,
              .response = kObject,
              .success = 201,
              .errors = {"NOT_THERE"},
              .idempotency = Idempotency::Optional},
             keep);
  host.route({.method = "POST",
              .path = "/recoveries",
              .scope = "sdk-conformance:use",
              .summary = "Recovers",
              .request = kObject,
              .response = kObject,
              .errors = {"VENDOR_AWAY"},
              .idempotency = Idempotency::Required,
              .recovery_points = {"called", "kept"}},
             recover);
}

/// What a closure gives comes out, and what it throws does, with nothing of it left.
Response Stored::closures(const Request& request) const {
  const auto count = [](ReadTransaction& read) {
    return read
        .first("SELECT count(*) FROM note WHERE name LIKE 'closure%'", values(),
               [](const Row& row) { return row.integer(0); })
        .value_or(-1);
  };
  const auto insert = [](Transaction& write, std::string_view name) {
    write.send("INSERT INTO note VALUES ($1, 1, NULL, NULL, NULL)", values(name));
  };
  host_.write(request.context(), [&](Transaction& write) { insert(write, "closure one"); });
  std::string refused;
  try {
    host_.write(request.context(), [&](Transaction& write) {
      insert(write, "closure two");
      throw Error::businessLogic("NOT_TODAY", "It is not done today.").withRetryAfter(17);
    });
  } catch (const Error& error) {
    refused = error.code() + " " + std::to_string(error.retryAfterSeconds());
  }
  std::string column;
  try {
    host_.read([](ReadTransaction& read) {
      read.each("SELECT 1", values(), [](const Row& row) { row.integer(1); });
    });
  } catch (const Error& error) {
    column = error.code();
  }
  const auto inside = host_.write([&](Transaction& write) {
    insert(write, "closure three");
    return count(write);
  });
  const auto after = host_.read(request.context(), count);
  return Response::json([&](JsonWriter& out) {
    out.object("refused", refused, "column", column, "inside", inside, "after", after);
  });
}

}  // namespace sdk_conformance
