#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/plugin.hpp>

namespace teller {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using bulkhead::values;

/// Publishes `count` deposits from number `from` on, each in its own right, in one transaction.
class Teller final : public bulkhead::Plugin {
 public:
  explicit Teller(bulkhead::Registrar& registrar)
      : host_{registrar.host()}, events_{registrar.events("bank/1")} {
    registrar.provide("bank/1", "count", [this](const Request& request) {
      const auto count = host_.read(request.context(), [](bulkhead::ReadTransaction& read) {
        return read.first("SELECT count(*) FROM deposit", values(),
                          [](const bulkhead::Row& row) { return row.integer(0); });
      });
      return bulkhead::toJson([&](JsonWriter& out) { out.object("count", *count); });
    });
    registrar.route(
        {.method = "POST",
         .path = "/deposits",
         .scope = "teller:use",
         .summary = "Pays in.",
         .request = R"({"type":"object"})",
         .response = R"({"type":"object"})",
         .example = "{}"},
        [this](const Request& request, Transaction& write) { return deposit(request, write); });
  }

  void start() override {
    host_.write([](Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS deposit (number BIGINT PRIMARY KEY)", values());
    });
  }

 private:
  Response deposit(const Request& request, Transaction& write) const {
    const auto wish = nlohmann::json::parse(request.body());
    const auto from = wish.value("from", std::int64_t{0});
    const auto count = wish.value("count", std::int64_t{1});
    for (std::int64_t number = from; number < from + count; ++number) {
      write.send("INSERT OR IGNORE INTO deposit (number) VALUES ($1)", values(number));
      const std::string payload = bulkhead::toJson([&](JsonWriter& out) {
        out.object("amount", number + 1, "then", wish.value("then", std::string{}));
      });
      const std::string event = wish.value("event", std::string{"deposited"});
      events_.publish(write, event, payload,
                      {.tenant = request.tenant(),
                       .subject = wish.value("subject", std::string{}),
                       .key = std::to_string(number)});
    }
    return Response::json([&](JsonWriter& out) { out.object("published", count); });
  }

  const bulkhead::Host host_;
  const bulkhead::EventSource events_;
};

}  // namespace
}  // namespace teller

BULKHEAD_PLUGIN(teller::Teller)
