#include <dlfcn.h>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <bulkhead/abi.h>
#include <bulkhead/waist.hpp>

#include "plugins/booking/booking_fixture.hpp"

struct bulkhead_home {
  std::map<std::string, nlohmann::json> contracts;  // by "POST /services"
};

namespace booking {
namespace {

using bulkhead::waist::view;

bulkhead_status noteRoute(bulkhead_home* home, std::uint32_t, bulkhead_bytes method,
                          bulkhead_bytes path, bulkhead_bytes contract,
                          const bulkhead_error_sink*) {
  home->contracts[std::string{view(method)} + ' ' + std::string{view(path)}] =
      json::parse(view(contract));
  return BULKHEAD_OK;
}

bulkhead_status giveSetting(bulkhead_home*, bulkhead_bytes, bulkhead_row_fn receive, void* self,
                            const bulkhead_error_sink*) {
  const bulkhead_value any{BULKHEAD_INTEGER, 0, 1, 0.0, {nullptr, 0}};
  receive(self, &any, 1);
  return BULKHEAD_OK;
}

/// What the plugin registers, asked of the file itself.
std::map<std::string, json> contractsOfBooking() {
  const std::unique_ptr<void, int (*)(void*)> library{
      dlopen(BULKHEAD_BUILD_DIR "/plugins/booking.so", RTLD_NOW | RTLD_LOCAL), dlclose};
  if (!library) throw std::runtime_error{dlerror()};
  const auto entry =
      reinterpret_cast<bulkhead_plugin_fn>(dlsym(library.get(), BULKHEAD_PLUGIN_SYMBOL));
  bulkhead_host host{};
  host.size = sizeof host;
  host.abi_major = BULKHEAD_ABI_MAJOR;
  host.register_route = noteRoute;
  host.register_health = [](bulkhead_home*, std::uint32_t, bulkhead_bytes, bulkhead_bytes,
                            const bulkhead_error_sink*) -> bulkhead_status { return BULKHEAD_OK; };
  host.register_metric = [](bulkhead_home*, bulkhead_bytes, bulkhead_bytes, bulkhead_bytes,
                            const bulkhead_bytes*, std::size_t, std::uint32_t*,
                            const bulkhead_error_sink*) -> bulkhead_status { return BULKHEAD_OK; };
  host.register_inbox = [](bulkhead_home*, std::uint32_t, bulkhead_bytes, bulkhead_bytes,
                           const bulkhead_error_sink*) -> bulkhead_status { return BULKHEAD_OK; };
  host.register_queue = [](bulkhead_home*, std::uint32_t, bulkhead_bytes, bulkhead_bytes,
                           const bulkhead_error_sink*) -> bulkhead_status { return BULKHEAD_OK; };
  host.register_schedule = [](bulkhead_home*, bulkhead_bytes, bulkhead_bytes,
                              const bulkhead_error_sink*) -> bulkhead_status {
    return BULKHEAD_OK;
  };
  host.read_setting = giveSetting;
  bulkhead_home home;
  void* plugin = nullptr;
  bulkhead::waist::ErrorCatcher caught;
  caught.check(entry()->create(&host, &home, &plugin, caught.sink()));
  entry()->destroy(plugin);
  return home.contracts;
}

/// A member of an answer that its schema does not speak of; empty when there is none.
std::string undeclared(const json& value, const json& schema, const std::string& where = "") {
  if (value.is_array() && schema.contains("items")) {
    for (const auto& item : value) {
      if (auto found = undeclared(item, schema["items"], where + "[]"); !found.empty())
        return found;
    }
  }
  if (!value.is_object() || !schema.contains("properties")) return {};
  for (const auto& [name, member] : value.items()) {
    if (!schema["properties"].contains(name)) return where + '.' + name;
    auto found = undeclared(member, schema["properties"][name], where + '.' + name);
    if (!found.empty()) return found;
  }
  return {};
}

/// A business in which the examples of the contracts mean something.
class ContractExamples : public testing::Test {
 protected:
  struct Business {
    TestHost host{"booking"};

    Business() {
      put("/services/haircut", R"({"name":"Haircut","duration_min":30})");
      put("/schedules/weekdays", R"({"name":"Weekdays","time_zone":"America/New_York","rules":[
        {"weekdays":["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"}]})");
      put("/locations/main", R"({"name":"Main street","time_zone":"America/New_York"})");
      for (const char* id : {"anna", "ben"}) {
        put(fmt::format("/resources/{}", id),
            R"({"name":"Someone","schedule":"weekdays","services":["haircut"]})");
      }
    }
    static std::string path(std::string_view target) {
      return "/api/booking/v1" + std::string{target};
    }
    json put(std::string_view target, std::string_view body) {
      return parsed(target, host.put(path(target), body));
    }
    json post(std::string_view target, std::string_view body, const Headers& headers = {}) {
      return parsed(target, host.post(path(target), body, headers));
    }
    json book() {
      return put("/appointments/visit", R"({"service":"haircut","start":"2026-01-06T14:00:00Z",
        "lead":{"phone":"+12025550123"}})");
    }
    json act(const json& seen, std::string_view action) {
      return post(fmt::format("/appointments/visit/{}", action), "",
                  {{"If-Match", fmt::format("\"v{}\"", seen.at("version").get<int>())}});
    }
    static json parsed(std::string_view target, const TestResponse& response) {
      EXPECT_LT(response.status, 300) << target << ' ' << response.body;
      return json::parse(response.body, nullptr, false);
    }
  };

  /// Makes what the route acts upon: its path and the ETag to send.
  struct Target {
    std::string path;
    std::string etag;
  };
  using Prepare = std::function<Target(Business&, const std::map<std::string, json>&)>;

  static Target seen(std::string path, const json& record) {
    return {std::move(path), fmt::format("\"v{}\"", record.at("version").get<int>())};
  }
  static Prepare visitAfter(const std::string& action, std::vector<std::string> before = {},
                            std::string now = "", bool to_be_confirmed = false) {
    return [=](Business& business, const auto&) {
      if (to_be_confirmed) {
        business.host.patch(Business::path("/services/haircut"),
                            R"({"requires_confirmation":true})", {{"If-Match", "\"v1\""}});
      }
      json visit = business.book();
      if (!now.empty()) business.host.setTime(now);
      for (const auto& one : before) visit = business.act(visit, one);
      return seen("/appointments/visit" + (action.empty() ? "" : "/" + action), visit);
    };
  }
  static Prepare schedulePart(const std::string& path) {
    return [=](Business& business, const auto&) {
      const json schedule =
          json::parse(business.host.get(Business::path("/schedules/weekdays")).body);
      return seen("/schedules/weekdays" + path, schedule);
    };
  }
  /// A record of the catalogue, made from its own POST's example.
  static Prepare record(const std::string& kind) {
    return [=](Business& business, const std::map<std::string, json>& contracts) {
      const std::string one = kind + "/example";
      return seen(one, business.put(one, contracts.at("POST " + kind).at("example").dump()));
    };
  }

  /// How to come to each route that a single new path does not do for.
  static Prepare preparationOf(const std::string& route) {
    constexpr const char* kLate = "2026-01-06T14:15:00Z";
    static const std::map<std::string, Prepare> kPrepare{
        {"PATCH /appointments/{id}", visitAfter("")},
        {"POST /appointments/{id}/reschedule", visitAfter("reschedule")},
        {"POST /appointments/{id}/reassign", visitAfter("reassign")},
        {"POST /appointments/{id}/confirm", visitAfter("confirm", {}, "", true)},
        {"POST /appointments/{id}/decline", visitAfter("decline", {}, "", true)},
        {"POST /appointments/{id}/cancel", visitAfter("cancel")},
        {"POST /appointments/{id}/check-in", visitAfter("check-in")},
        {"POST /appointments/{id}/complete", visitAfter("complete", {"check-in"})},
        {"POST /appointments/{id}/no-show", visitAfter("no-show", {}, kLate)},
        {"POST /appointments/{id}/undo-no-show", visitAfter("undo-no-show", {"no-show"}, kLate)},
        {"PATCH /leads/{id}",
         [](Business& business, const auto&) {
           return seen("/leads/ann", business.put("/leads/ann", R"({"phone":"+12025550123"})"));
         }},
        {"PATCH /tenant",
         [](Business& business, const auto&) {
           return seen("/tenant", json::parse(business.host.get(Business::path("/tenant")).body));
         }},
        {"POST /schedules/{id}/preview",
         [](Business&, const auto&) {
           return Target{"/schedules/weekdays/preview?from=2026-01-05&to=2026-01-12", ""};
         }},
        {"POST /schedules/{id}/rules", schedulePart("/rules")},
        {"PUT /schedules/{id}/rules/{rule}", schedulePart("/rules/rule-1")},
        {"POST /schedules/{id}/exceptions", schedulePart("/exceptions")},
        {"PUT /schedules/{id}/exceptions/{exception}",
         [](Business& business, const auto&) {
           const json made = business.post("/schedules/weekdays/exceptions",
                                           R"({"date":"2026-12-25","kind":"closed"})");
           const std::string id = made.at("id");
           return Target{"/schedules/weekdays/exceptions/" + id, "\"v2\""};
         }},
    };
    if (const auto found = kPrepare.find(route); found != kPrepare.end()) return found->second;
    const std::string path = route.substr(route.find(' ') + 1);
    const auto parameter = path.find("/{id}");
    if (parameter != path.npos && route.starts_with("PATCH"))
      return record(path.substr(0, parameter));
    return [=](Business&, const auto&) {
      std::string target = path;
      if (parameter != path.npos) target.replace(parameter, 5, "/example");
      return Target{target, ""};
    };
  }
};

// Goal: whoever copies an example out of the documentation gets the answer that it promises.
// Method: every route that takes a body, through the real runtime, in a business made for it.
TEST_F(ContractExamples, EachIsAnsweredAsItsContractSays) {
  const auto contracts = contractsOfBooking();
  ASSERT_GT(contracts.size(), 40U);
  int sent = 0;
  for (const auto& [route, contract] : contracts) {
    if (!contract.contains("request")) continue;
    ASSERT_TRUE(contract.contains("example")) << route << " has no example";
    Business business;
    const Target target = preparationOf(route)(business, contracts);
    Headers headers{{"Content-Type", "application/json"}, {"Idempotency-Key", "example"}};
    if (!target.etag.empty()) headers.emplace_back("If-Match", target.etag);
    const auto answer =
        business.host.send(route.substr(0, route.find(' ')), Business::path(target.path), headers,
                           contract.at("example").dump());
    const int created = contract.value("success", 200) == 200 && route.starts_with("PUT") ? 201 : 0;
    EXPECT_TRUE(answer.status == contract.value("success", 200) || answer.status == created)
        << route << ' ' << answer.status << ' ' << answer.body;
    EXPECT_EQ(undeclared(json::parse(answer.body, nullptr, false),
                         contract.value("response", json::object())),
              "")
        << route;
    ++sent;
  }
  EXPECT_GT(sent, 25);
}

TEST_F(ContractExamples, NegativeControl_AMemberThatIsNotDeclaredIsFound) {
  const json schema = json::parse(R"({"properties":{"items":{"items":{"properties":{"id":{}}}}}})");
  EXPECT_EQ(undeclared(json::parse(R"({"items":[{"id":1}]})"), schema), "");
  EXPECT_EQ(undeclared(json::parse(R"({"items":[{"id":1},{"ib":2}]})"), schema), ".items[].ib");
}

// A contract without a request schema refuses a body, one with it and optional_body takes none too.
TEST_F(ContractExamples, ActionsTakeNoBody) {
  Business business;
  const json visit = business.book();
  EXPECT_EQ(business.act(visit, "cancel").at("status"), "cancelled");
}

}  // namespace
}  // namespace booking
