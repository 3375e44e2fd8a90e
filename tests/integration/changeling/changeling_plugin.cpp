#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <bulkhead/plugin.hpp>

#include "settings.hpp"

namespace changeling {

#ifdef CHANGELING_PINNED
/// One for the whole process, and so its library never leaves it (plugin built with -fgnu-unique).
template <class Of>
struct __attribute__((visibility("default"))) Pinned {
  inline static int starts = 0;
};
#endif

namespace {

using bulkhead::Health;
using bulkhead::HealthStatus;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;

constexpr int kVersion = CHANGELING_VERSION;
constexpr std::string_view kAny = R"({"type":"object"})";

std::chrono::milliseconds timeOf(const Request& request) {
  const std::string_view text = request.query("ms").value_or("0");
  int milliseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  return std::chrono::milliseconds{milliseconds};
}

class Changeling final : public bulkhead::Plugin {
 public:
  explicit Changeling(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        words_{host.counter("words_total", "Words that were said.")} {
    host.health("mood", [this](const bulkhead::Context&) {
      return settings_.mood == "critical" ? Health{HealthStatus::Critical, "In a bad mood."}
                                          : Health{};
    });
    host.route(reading("/word"), [this](const Request& request) {
      std::this_thread::sleep_for(timeOf(request));
      return said();
    });
    host.route(reading(kVersion == 1 ? "/old" : "/new"), [this](const Request&) { return said(); });
    auto changed = reading("/changed");
    changed.summary = kVersion == 1 ? "As it was." : "As it is.";
    host.route(changed, [this](const Request&) { return said(); });
    if (settings_.mood == "greedy")
      host.route(reading("/api/greeter/v1/hello/{name}"),
                 [this](const Request&) { return said(); });
    host.route({.method = "POST",
                .path = "/notes",
                .scope = "changeling:write",
                .summary = "Writes a note down.",
                .request = kAny,
                .response = kAny},
               [](const Request&, bulkhead::Transaction& write) {
                 write.send("INSERT INTO note (word) VALUES ($1)", bulkhead::values("note"));
                 return Response::json([](JsonWriter& out) { out.object("kept", true); });
               });
    host.route({.method = "POST",
                .path = "/slow",
                .scope = "changeling:write",
                .summary = "Takes its time.",
                .query = R"({"type":"object","properties":{"ms":{"type":"integer","minimum":0}}})",
                .request = kAny,
                .response = kAny},
               [this](const Request& request) {
                 std::this_thread::sleep_for(timeOf(request));
                 return said();
               });
    host.route({.method = "POST",
                .path = "/paid",
                .scope = "changeling:write",
                .summary = "Takes its time outside, and writes that down.",
                .query = R"({"type":"object","properties":{"ms":{"type":"integer","minimum":0}}})",
                .request = kAny,
                .response = kAny,
                .idempotency = bulkhead::Idempotency::Required,
                .recovery_points = {"paid", "noted"}},
               [this](const Request& request, bulkhead::Recovery& recovery) {
                 recovery.call("paid", [&] {
                   std::this_thread::sleep_for(timeOf(request));
                   return std::string{"paid"};
                 });
                 recovery.commit("noted", [](bulkhead::Transaction& write) {
                   write.send("INSERT INTO note (word) VALUES ($1)", bulkhead::values("paid"));
                   return std::string{};
                 });
                 return said();
               });
    host.route(reading("/notes"), [](const Request&, bulkhead::ReadTransaction& read) {
      const auto rows = read.first("SELECT count(*) FROM note", bulkhead::values(),
                                   [](const bulkhead::Row& row) { return row.integer(0); });
      return Response::json([&](JsonWriter& out) { out.object("rows", *rows); });
    });
  }

  void start() override {
#ifdef CHANGELING_PINNED
    ++Pinned<int>::starts;
#endif
    if (settings_.mood == "throws") throw std::runtime_error{"the mood is bad"};
    if (settings_.mood == "hangs") std::this_thread::sleep_for(std::chrono::hours{1});
    if (settings_.mood == "dies") _exit(9);
    if (settings_.mood == "aborts") std::abort();
    if (settings_.mood == "slow") std::this_thread::sleep_for(std::chrono::seconds{2});
  }

 private:
  static bulkhead::Route reading(std::string_view path) {
    return {.method = "GET",
            .path = path,
            .scope = "changeling:read",
            .summary = "Says its word.",
            .query = R"({"type":"object","properties":{"ms":{"type":"integer","minimum":0}}})",
            .response = kAny};
  }

  Response said() const {
    words_.record(1);
    return Response::json([&](JsonWriter& out) {
      out.object("word", settings_.word, "version", kVersion, "process",
                 static_cast<std::int64_t>(getpid()));
    });
  }

  const Settings settings_;
  const bulkhead::Metric words_;
};

}  // namespace
}  // namespace changeling

BULKHEAD_PLUGIN(changeling::Changeling)
