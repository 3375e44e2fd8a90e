#include <exception>

#include <bulkhead/plugin.hpp>

namespace careless {

constexpr std::string_view kAnswer =
    R"({"type":"object","required":["kept"],"properties":{"kept":{"type":"boolean"}}})";
constexpr std::string_view kInsertNote = "INSERT INTO notes (text) VALUES ($1)";
constexpr std::string_view kInsertLine = "INSERT INTO journal (text) VALUES ($1)";

/// Keeps a note and a line of its journal, in two ways: in one keyed transaction, and without any
/// of that. Charges a card in two ways, too: by the service's idempotency key, and without.
class Careless final : public bulkhead::Plugin {
 public:
  explicit Careless(bulkhead::Registrar& host) : host_{host.host()} {
    host.route({.method = "POST",
                .path = "/careful",
                .scope = "careless:write",
                .summary = "Keeps a note",
                .response = kAnswer,
                .success = 201,
                .idempotency = bulkhead::Idempotency::Required},
               [](const bulkhead::Request&, bulkhead::Transaction& transaction) {
                 transaction.send(kInsertNote, bulkhead::values("note"));
                 transaction.send(kInsertLine, bulkhead::values("line"));
                 return kept();
               });
    host.route({.method = "POST",
                .path = "/careless",
                .scope = "careless:write",
                .summary = "Keeps a note, perhaps",
                .response = kAnswer,
                .success = 201},
               [this](const bulkhead::Request& request) { return keepCarelessly(request); });
    host.route({.method = "POST",
                .path = "/charge-by-token",
                .scope = "careless:write",
                .summary = "Charges a card",
                .response = kAnswer,
                .success = 201,
                .idempotency = bulkhead::Idempotency::Required,
                .recovery_points = {"charged", "noted"}},
               [this](const bulkhead::Request& request, bulkhead::Recovery& recovery) {
                 return charge(request, recovery, recovery.token("charged"));
               });
    host.route({.method = "POST",
                .path = "/charge-blindly",
                .scope = "careless:write",
                .summary = "Charges a card, perhaps twice",
                .response = kAnswer,
                .success = 201,
                .idempotency = bulkhead::Idempotency::Required,
                .recovery_points = {"charged", "noted"}},
               [this](const bulkhead::Request& request, bulkhead::Recovery& recovery) {
                 return charge(request, recovery, host_.newId());
               });
  }

 private:
  bulkhead::Response charge(const bulkhead::Request& request, bulkhead::Recovery& recovery,
                            const std::string& token) const {
    recovery.call("charged", [&] {
      bulkhead::OutboundRequest charge;
      charge.method = "POST";
      charge.url = "https://bank.test/charges";
      charge.headers = {{"Idempotency-Key", token}};
      charge.operation = "charges.create";
      charge.repeatable = true;
      const auto answer = host_.send(request.context(), charge);
      if (!answer.isOk())
        throw bulkhead::Error::externalService("BANK_UNAVAILABLE", "The bank does not answer.");
      return answer.body;
    });
    recovery.commit("noted", [](bulkhead::Transaction& transaction) {
      transaction.send(kInsertNote, bulkhead::values("charged"));
      return std::string{};
    });
    return kept();
  }

  static bulkhead::Response kept() {
    return bulkhead::Response::json(201,
                                    [](bulkhead::JsonWriter& out) { out.object("kept", true); });
  }

  /// Two effects that may part, no key, and a failure that nobody hears of.
  bulkhead::Response keepCarelessly(const bulkhead::Request& request) const {
    write(request, kInsertNote);
    try {
      write(request, kInsertLine);
    } catch (const std::exception&) {
      host_.warn("the journal lacks a line");
    }
    return kept();
  }

  void write(const bulkhead::Request& request, std::string_view sql) const {
    host_.write(request.context(), [&](bulkhead::Transaction& transaction) {
      transaction.send(sql, bulkhead::values("text"));
    });
  }

  bulkhead::Host host_;
};

}  // namespace careless

BULKHEAD_PLUGIN(careless::Careless)
