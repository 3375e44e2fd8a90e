#include <array>
#include <chrono>
#include <thread>

#include <bulkhead/plugin.hpp>

namespace load {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;

constexpr std::string_view kAnything = R"({"type":"object"})";
constexpr int kItems = 10;
constexpr std::chrono::milliseconds kSlow{20};

Response items(const Request&) {
  return Response::json([](JsonWriter& out) {
    out.beginObject();
    out.key("items");
    out.beginArray();
    for (int i = 0; i < kItems; ++i) {
      out.object("id", i, "name", "An item of the list", "price_minor", 1999 + i, "currency", "EUR",
                 "active", i % 2 == 0, "ratio", 0.1 * i);
    }
    out.endArray();
    out.member("total", kItems);
    out.endObject();
  });
}

Response echo(const Request& request) {
  return Response::text(200, request.body(), "application/json");
}

Response slow(const Request&) {
  std::this_thread::sleep_for(kSlow);
  return Response::json([](JsonWriter& out) { out.object("slept_ms", kSlow.count()); });
}

}  // namespace

/// One route of 1 KB of JSON that is built for each request, one that answers with what it was
/// sent, and one that blocks its thread.
class Load final : public bulkhead::Plugin {
 public:
  explicit Load(bulkhead::Registrar& host) {
    host.route({.method = "GET",
                .path = "/items",
                .summary = "A list of ten",
                .access = bulkhead::Access::Public,
                .response = kAnything},
               items);
    host.route({.method = "POST",
                .path = "/echo",
                .summary = "What was sent",
                .access = bulkhead::Access::Public,
                .response = kAnything,
                .raw_body = true},
               echo);
    host.route({.method = "GET",
                .path = "/slow",
                .summary = "Blocks for 20 ms",
                .access = bulkhead::Access::Public,
                .response = kAnything},
               slow);
  }
};

}  // namespace load

BULKHEAD_PLUGIN(load::Load)
