#include <bulkhead/plugin.hpp>

#include "settings.hpp"  // generated from plugin.json

namespace greeter {

constexpr std::string_view kGreeting =
    R"({"type":"object","required":["hello"],"properties":{"hello":{"type":"string"}}})";

/// Greets by name. The smallest plugin that is still honest: one setting, one route, one rule that
/// a caller can break.
class Greeter final : public bulkhead::Plugin {
 public:
  explicit Greeter(bulkhead::Registrar& host) : settings_{host.settings<Settings>()} {
    host.route({.method = "GET",
                .path = "/hello/{name}",
                .scope = "greeter:read",
                .summary = "Greets one person",
                .response = kGreeting,
                .errors = {"NAME_TOO_LONG"}},
               [this](const bulkhead::Request& request) { return hello(request); });
  }

 private:
  bulkhead::Response hello(const bulkhead::Request& request) const {
    const std::string_view name = request.param("name");
    if (std::ssize(name) > settings_.max_length) {
      throw bulkhead::Error::businessLogic("NAME_TOO_LONG", "The name is longer than max_length.");
    }
    return bulkhead::Response::json([&](bulkhead::JsonWriter& out) { out.object("hello", name); });
  }

  const Settings settings_;
};

}  // namespace greeter

BULKHEAD_PLUGIN(greeter::Greeter)
