#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/plugin.hpp>

#include "settings.hpp"  // generated from plugin.json

namespace till {
namespace {

using bulkhead::Access;
using bulkhead::Idempotency;
using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Route;
using bulkhead::Transaction;

/// A service outside that charges once for each token, and keeps its book in a file.
class Outside {
 public:
  explicit Outside(std::string file) : file_{std::move(file)} {}

  std::string charge(std::string_view token) const {
    std::ifstream book{file_};
    for (std::string line; std::getline(book, line);) {
      if (line == token) return line;
    }
    std::ofstream{file_, std::ios::app} << token << '\n';
    return std::string{token};
  }

 private:
  std::string file_;
};

/// Ends the process where the request's body says so, the first time.
class Death {
 public:
  Death(const Request& request, std::string file)
      : place_{request.body()}, file_{std::move(file)} {}

  void at(std::string_view place) const {
    if (place_.find("\"" + std::string{place} + "\"") == std::string::npos) return;
    if (std::ifstream{file_}) return;
    std::ofstream{file_} << place;
    std::raise(SIGKILL);
  }

 private:
  std::string place_;
  std::string file_;
};

Route selling(std::string_view path) {
  return {.method = "POST",
          .path = path,
          .scope = "till:write",
          .summary = "Charges and sells.",
          .request = R"({"type":"object","properties":{"die":{"type":"string","maxLength":20}}})",
          .response = R"({"type":"object","properties":{"charge":{"type":"string"}}})",
          .success = 201,
          .example = "{}",
          .idempotency = Idempotency::Required};
}

void sell(Transaction& write, std::string_view charge) {
  write.send("INSERT INTO sale (charge) VALUES ($1)", bulkhead::values(charge));
}

Response receipt(std::string_view charge) {
  return Response::json(201, [&](bulkhead::JsonWriter& out) { out.object("charge", charge); });
}

class Till final : public bulkhead::Plugin {
 public:
  explicit Till(bulkhead::Registrar& registrar)
      : host_{registrar.host()}, file_{registrar.settings<Settings>().outside} {
    Route steps = selling("/sales");
    steps.recovery_points = {"charged", "sold"};
    registrar.route(steps, [this](const Request& request, Recovery& recovery) {
      const Death death{request, file_ + ".died"};
      death.at("first");
      const std::string charge = recovery.call("charged", [&] {
        std::string made = Outside{file_}.charge(recovery.token("charged"));
        death.at("charged");
        return made;
      });
      death.at("kept");
      recovery.commit("sold", [&](Transaction& write) {
        sell(write, charge);
        death.at("selling");
        return std::string{};
      });
      death.at("sold");
      return receipt(charge);
    });
    registrar.route(selling("/careless"), [this](const Request& request, Transaction& write) {
      const Death death{request, file_ + ".died"};
      const std::string charge =
          Outside{file_}.charge(std::to_string(host_.now().time_since_epoch().count()));
      sell(write, charge);
      death.at("charged");
      return receipt(charge);
    });
  }

 private:
  const bulkhead::Host host_;
  const std::string file_;
};

}  // namespace
}  // namespace till

BULKHEAD_PLUGIN(till::Till)
