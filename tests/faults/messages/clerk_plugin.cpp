#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include <bulkhead/plugin.hpp>

namespace clerk {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Message;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using bulkhead::values;

/// Writes down each deposit, and dies of some.
class Clerk final : public bulkhead::Plugin {
 public:
  explicit Clerk(bulkhead::Registrar& registrar) : host_{registrar.host()} {
    registrar.onEvent("bank/1", "deposited",
                      [](const Message& event, Transaction& write) { take(event, write); },
                      {.attempts = 2});
    registrar.onEvent("bank/1", "closed", [this](const Message& event) { linger(event); });
    registrar.route({.method = "POST",
                     .path = "/leave",
                     .scope = "clerk:use",
                     .summary = "Lets those go that linger.",
                     .request = R"({"type":"object"})",
                     .response = R"({"type":"object"})",
                     .example = "{}"},
                    [](const Request&, Transaction& write) {
                      write.send("INSERT INTO leave (word) VALUES ('go')", values());
                      return Response::json([](JsonWriter& out) { out.object("left", true); });
                    });
    registrar.route({.method = "GET",
                     .path = "/entries",
                     .scope = "clerk:use",
                     .summary = "What was written down.",
                     .response = R"({"type":"object"})",
                     .example = "{}"},
                    [](const Request&, bulkhead::ReadTransaction& read) { return list(read); });
  }

  void start() override {
    host_.write([](Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS entry (event TEXT NOT NULL)", values());
      write.send("CREATE TABLE IF NOT EXISTS leave (word TEXT NOT NULL)", values());
    });
  }

 private:
  static void take(const Message& event, Transaction& write) {
    write.send("INSERT INTO entry (event) VALUES ($1)", values(event.id()));
    const std::string_view body = event.body();
    if (body.find("\"die\"") != std::string_view::npos) raise(SIGKILL);
    if (body.find("\"fail\"") != std::string_view::npos)
      throw bulkhead::Error::businessLogic("NO_ROOM", "The book is full.");
  }

  /// Writes down that it has begun, and ends when it may.
  void linger(const Message& event) const {
    host_.write([&](Transaction& write) {
      write.send("INSERT INTO entry (event) VALUES ($1)", values(event.id()));
    });
    const auto may = [](bulkhead::ReadTransaction& read) {
      return read.first("SELECT count(*) FROM leave", values(),
                        [](const bulkhead::Row& row) { return row.integer(0); });
    };
    while (host_.read(may).value_or(0) == 0) {
      // allowed: between two looks
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }

  /// Effects, and events that have one: where they differ something is there twice.
  static Response list(bulkhead::ReadTransaction& read) {
    std::int64_t effects = 0;
    std::int64_t events = 0;
    read.each("SELECT count(*), count(DISTINCT event) FROM entry", values(),
              [&](const bulkhead::Row& row) {
                effects = row.integer(0);
                events = row.integer(1);
              });
    return Response::json(
        [&](JsonWriter& out) { out.object("effects", effects, "events", events); });
  }

  const bulkhead::Host host_;
};

}  // namespace
}  // namespace clerk

BULKHEAD_PLUGIN(clerk::Clerk)
