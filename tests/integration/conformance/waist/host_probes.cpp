// The table that the host gives: all but the store and the streams.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "probe.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;

void tellSetting(const Call& call, Told& told, std::string_view name) {
  std::string text;
  const auto receive = [](void* self, const bulkhead_value* columns, std::size_t count) {
    JsonWriter out{*static_cast<std::string*>(self)};
    out.beginArray();
    for (std::size_t i = 0; i < count; ++i) writeValue(out, columns[i]);
    out.endArray();
    return std::int32_t{1};
  };
  Caught caught;
  const bulkhead_status status =
      call.host.read_setting(call.home, bytes(name), receive, &text, caught.sink());
  told.tell(name, [&](JsonWriter& out) {
    if (status == BULKHEAD_OK)
      out.value(bulkhead::RawJson{text});
    else
      caught.write(out, status);
  });
}

void record(const Call& call, std::uint32_t metric, double value,
            std::initializer_list<std::string_view> labels) {
  bulkhead_bytes values[128] = {};
  std::size_t count = 0;
  for (const auto label : labels) values[count++] = bytes(label);
  call.host.record_metric(call.home, metric, values, count, value);
}

bool isNear(std::int64_t left, std::int64_t right) {
  constexpr std::int64_t kMostUs = 5'000'000;
  return std::abs(left - right) < kMostUs;
}

}  // namespace

void probeTable(const Call& call, Told& told) {
  told.tell("size", call.host.size);
  told.tell("abi_major", call.host.abi_major);
  told.tell("abi_minor", call.host.abi_minor);
}

/// Once create() has returned nothing is registered any more.
void probeRegistration(const Call& call, Told& told) {
  told.tell("created", bulkhead::RawJson{call.plugin.created});
  told.ends("register_route", [&](const bulkhead_error_sink* error) {
    return call.host.register_route(call.home, 99, bytes("GET"), bytes("/late"),
                                    bytes(R"({"summary":"Late.","access":"public"})"), error);
  });
  told.ends("register_health", [&](const bulkhead_error_sink* error) {
    return call.host.register_health(call.home, 99, bytes("late"), {}, error);
  });
  told.ends("register_metric", [&](const bulkhead_error_sink* error) {
    std::uint32_t metric = 0;
    return call.host.register_metric(call.home, bytes("gauge"), bytes("late"), bytes("Late."),
                                     nullptr, 0, &metric, error);
  });
  told.ends("register_call", [&](const bulkhead_error_sink* error) {
    return call.host.register_call(call.home, 99, bytes("mirror/1"), bytes("unanswered"), {},
                                   error);
  });
  told.ends("register_events", [&](const bulkhead_error_sink* error) {
    return call.host.register_events(call.home, bytes("mirror/1"), error);
  });
  told.ends("register_listener", [&](const bulkhead_error_sink* error) {
    return call.host.register_listener(call.home, 99, bytes("mirror/1"), bytes("seen"), {}, error);
  });
  told.ends("register_inbox", [&](const bulkhead_error_sink* error) {
    return call.host.register_inbox(call.home, 99, bytes("late"), {}, error);
  });
  told.ends("register_answer", [&](const bulkhead_error_sink* error) {
    return call.host.register_answer(call.home, 99, bytes("mirror/1"), bytes("glance"), {}, error);
  });
  told.ends("register_queue", [&](const bulkhead_error_sink* error) {
    return call.host.register_queue(call.home, 99, bytes("late"), {}, error);
  });
  told.ends("register_schedule", [&](const bulkhead_error_sink* error) {
    return call.host.register_schedule(call.home, bytes("late"),
                                       bytes(R"({"queue":"chits","every_s":60})"), error);
  });
  told.tell("without_sink", call.host.register_health(call.home, 99, bytes("late"), {}, nullptr));
}

void probeSettings(const Call& call, Told& told) {
  for (const std::string_view name : {"text",          "given_text",    "unset_text",
                                      "integer",       "given_integer", "unset_integer",
                                      "number",        "given_number",  "boolean",
                                      "given_boolean", "duration",      "address",
                                      "choice",        "secret",        "unset_secret",
                                      "mistake",       "undeclared",    "",
                                      "enabled",       "isolation"})
    tellSetting(call, told, name);
}

/// What becomes of the lines the host's log shows.
void probeLog(const Call& call, Told& told) {
  const auto log = [&](bulkhead_context* context, std::int32_t level, std::string_view message,
                       std::string_view fields = {}) {
    call.host.log(call.home, context, level, bytes(message), bytes(fields));
  };
  for (std::int32_t level = BULKHEAD_LOG_DEBUG - 1; level <= BULKHEAD_LOG_FATAL + 1; ++level)
    log(call.context, level, "probe: level " + std::to_string(level));
  log(nullptr, BULKHEAD_LOG_INFO, "probe: of no request");
  log(call.context, BULKHEAD_LOG_INFO, "probe: fields",
      R"({"text":"a\"b","number":1.5,"list":[1,{"deep":true}],"nothing":null})");
  log(call.context, BULKHEAD_LOG_INFO, "probe: fields that are no object", "[1,2");
  log(call.context, BULKHEAD_LOG_INFO, "probe: names of secrets",
      R"({"password":"hunter2","authorization":"Bearer abcdefghijkl","card":"4242 4242 4242 4242"})");
  log(call.context, BULKHEAD_LOG_INFO, "probe: the secret the-operators-own-secret in a message",
      R"({"value":"the-operators-own-secret"})");
  log(call.context, BULKHEAD_LOG_INFO,
      "probe: bytes \x01 \xff \n {\"level\":\"FATAL\"} \xe2\x82\xac");
  log(call.context, BULKHEAD_LOG_INFO, "probe: long message " + std::string(300'000, 'm'));
  log(call.context, BULKHEAD_LOG_INFO, "probe: long fields",
      R"({"much":")" + std::string(300'000, 'f') + "\"}");
  log(call.context, BULKHEAD_LOG_INFO, "");
  std::thread{[&] { log(call.context, BULKHEAD_LOG_INFO, "probe: from another thread"); }}.join();
  log(call.context, BULKHEAD_LOG_INFO, "probe: last line");
  told.tell("lines", 18);
}

/// What becomes of the figures the host's metrics show.
void probeMetrics(const Call& call, Told& told) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Plugin& plugin = call.plugin;
  for (const double value : {1.0, 0.5, 0.0, -3.0, kNone, kInfinite})
    record(call, plugin.counter, value, {"a", "b"});
  record(call, plugin.counter, 7, {"other", ""});
  record(call, plugin.counter, 1, {"bytes", "\xff\n\"\\"});
  record(call, plugin.counter, 1, {"long", std::string(1000, 'l')});
  record(call, plugin.counter, 1, {"too few"});
  record(call, plugin.counter, 1, {"too", "many", "labels"});
  bulkhead_bytes many[100];
  std::fill(std::begin(many), std::end(many), bytes("x"));
  call.host.record_metric(call.home, plugin.counter, many, std::size(many), 1);
  for (const double value : {5.0, -2.25, kNone, kInfinite}) record(call, plugin.gauge, value, {});
  for (const double value : {0.001, 0.2, 3.0, 1e9, -1.0, kNone, kInfinite})
    record(call, plugin.histogram, value, {"h"});
  record(call, 4711, 1, {"no", "metric"});
  told.tell("recorded", true);
}

void probeTime(const Call& call, Told& told) {
  using namespace std::chrono;
  const std::int64_t now = call.host.now_us(call.home);
  const auto system = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  told.tell("now_is_the_machines", isNear(now, system));
  const std::int64_t before = call.host.monotonic_us(call.home);
  const std::int64_t left_before = call.host.remaining_us(call.context);
  std::this_thread::sleep_for(milliseconds{5});  // allowed: time has to pass
  const std::int64_t passed = call.host.monotonic_us(call.home) - before;
  told.tell("monotonic_goes_on", passed >= 5'000 && passed < 5'000'000);
  const std::int64_t left = call.host.remaining_us(call.context);
  told.tell("deadline_comes_nearer", left_before - left >= 5'000);
  told.tell("deadline_is_the_routes", left > 10'000'000 && left <= 20'000'000);
  told.tell("without_context", call.host.remaining_us(nullptr));
}

void probeRandomness(const Call& call, Told& told) {
  std::string one(1'000'000, '\0');
  std::string other(one.size(), '\0');
  const auto fill = [&](std::string& out, std::size_t size) {
    return [&out, size, &call](const bulkhead_error_sink* error) {
      return call.host.random_bytes(call.home, out.data(), size, error);
    };
  };
  told.ends("nothing", fill(one, 0));
  told.tell("untouched", one == other);
  told.ends("much", fill(one, one.size()));
  told.ends("much_again", fill(other, other.size()));
  told.tell("differs", one != other);
  const auto zeros = std::count(one.begin(), one.end(), '\0');
  told.tell("looks_random", zeros > 3'000 && zeros < 5'000);
}

/// What the plugin saw in the calls that this one is not.
void probeLife(const Call& call, Told& told) {
  told.tell("created", bulkhead::RawJson{call.plugin.created});
  told.tell("started", bulkhead::RawJson{call.plugin.started});
}

}  // namespace conformance
