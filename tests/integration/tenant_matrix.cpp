#include "tenant_matrix.hpp"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

namespace bulkhead::integration {
namespace {

constexpr std::string_view kBooking = "/api/booking/v1";
constexpr std::string_view kAccounting = "/api/accounting/v1";
constexpr const char* kSetup = R"({"country":"GB","template":"services"})";
constexpr const char* kRule = R"({"weekdays":["MO"],"start":"09:00","end":"12:00"})";
constexpr const char* kException = R"({"date":"2031-12-24","kind":"closed"})";

std::string inBooking(std::string_view path) {
  return fmt::format("{}{}", kBooking, path);
}

std::string midnightIn(int days) {
  const auto day = std::chrono::system_clock::now() + std::chrono::hours{24 * days};
  return fmt::format("{:%Y-%m-%d}T00:00:00Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(day)));
}

nlohmann::json done(const HttpAnswer& answer, std::string_view what) {
  if (answer.status == 200 || answer.status == 201) return answer.json();
  throw std::runtime_error{
      fmt::format("{}: {} {} {}", what, answer.status, answer.body, answer.fault)};
}

/// Makes one thing under an id of the client's.
std::string put(const HttpClient& client, std::string_view collection, std::string id,
                std::string_view body) {
  done(client.put(inBooking(fmt::format("/{}/{}", collection, id)), body), collection);
  return id;
}

std::string post(const HttpClient& client, std::string_view path, std::string_view body) {
  static int count = 0;
  const Fields key{{"Idempotency-Key", fmt::format("make-{}", ++count)}};
  return done(client.post(inBooking(path), body, key), path).at("id").get<std::string>();
}

std::string locationBody(std::string_view name) {
  return fmt::format(R"({{"name":"{}","time_zone":"UTC"}})", name);
}
std::string serviceBody(std::string_view name) {
  return fmt::format(R"({{"name":"{}","duration_min":30,"slot_step_min":30}})", name);
}
std::string scheduleBody(std::string_view name) {
  return fmt::format(R"({{"name":"{}","time_zone":"UTC","rules":[{{"weekdays":["MO","TU","WE",)"
                     R"("TH","FR","SA","SU"],"start":"00:00","end":"24:00"}}]}})",
                     name);
}
std::string resourceBody(std::string_view name, const Things& of) {
  return fmt::format(R"({{"name":"{}","kind":"staff","schedule":"{}","services":["{}"]}})", name,
                     of.schedule, of.service);
}
std::string blockedBody(std::string_view reason) {
  return fmt::format(R"({{"start":"2031-12-28","end":"2031-12-31","reason":"{}"}})", reason);
}
std::string timeOffBody(std::string_view reason, const Things& of) {
  return fmt::format(
      R"({{"resource":"{}","start":"2031-12-01T13:00","end":"2031-12-01T15:00","reason":"{}"}})",
      of.resource, reason);
}
std::string leadBody(std::string_view name, std::string_view phone) {
  return fmt::format(R"({{"name":"{}","phone":"{}"}})", name, phone);
}
std::string bookBody(const Things& of, std::string_view start, std::string_view notes) {
  return fmt::format(R"({{"service":"{}","start":"{}","lead_id":"{}","notes":"{}"}})", of.service,
                     start, of.lead, notes);
}
std::string entryBody(std::string_view memo) {
  return fmt::format(R"({{"date":"2026-01-05","memo":"{}","lines":[{{"code":"1010","amount":1}},)"
                     R"({{"code":"4000","amount":-1}}]}})",
                     memo);
}
std::string holdBody(const Things& of, std::string_view start) {
  return fmt::format(R"({{"service":"{}","start":"{}"}})", of.service, start);
}

std::vector<std::string> freeStarts(const HttpClient& client, const std::string& service) {
  const auto answer =
      done(client.get(inBooking(fmt::format("/slots?service={}&from={}&to={}&limit=6", service,
                                            midnightIn(1), midnightIn(30)))),
           "slots");
  std::vector<std::string> starts;
  for (const auto& slot : answer.at("slots")) starts.push_back(slot.at("start"));
  if (starts.size() != 6) throw std::runtime_error{"too few slots"};
  return starts;
}

/// Collects the steps; paths are below /api/booking/v1, and `{}` of a target is the name.
class Steps {
 public:
  void own(std::string method, std::string_view path, std::string_view query = {},
           std::string body = {}) {
    add({std::move(method), inBooking(path), Reach::Own,
         fmt::format("{}{}", inBooking(path), query), std::move(body)});
  }
  /// A route below a thing: `thing` is its target, `rest` what follows in template and target.
  void below(std::string method, std::string_view thing_path, std::string_view thing,
             std::string body = {}, std::string_view rest_path = {}, std::string_view rest = {},
             Reach reach = Reach::Named) {
    add({std::move(method), inBooking(fmt::format("{}{}", thing_path, rest_path)), reach,
         fmt::format("{}{}", inBooking(thing), rest), std::move(body), inBooking(thing)});
  }
  void add(MatrixStep step) { steps_.push_back(std::move(step)); }
  std::vector<MatrixStep> take() { return std::move(steps_); }

 private:
  std::vector<MatrixStep> steps_;
};

struct Collection {
  std::string name;
  std::string id;           ///< of the owner's thing
  std::string owner_body;   ///< names what belongs to the owner
  std::string caller_body;  ///< names what belongs to the caller
  std::string change;
  bool refers = false;  ///< the bodies name other things
};

std::vector<Collection> catalogue(const Things& owner, const Things& caller) {
  return {
      {"locations", owner.location, locationBody("x"), locationBody("x"), R"({"name":"y"})"},
      {"services", owner.service, serviceBody("x"), serviceBody("x"), R"({"name":"y"})"},
      {"schedules", owner.schedule, scheduleBody("x"), scheduleBody("x"), R"({"name":"y"})"},
      {"resources", owner.resource, resourceBody("x", owner), resourceBody("x", caller),
       R"({"name":"y"})", true},
      {"blocked-periods", owner.blocked_period, blockedBody("x"), blockedBody("x"),
       R"({"reason":"y"})"},
      {"time-off", owner.time_off, timeOffBody("x", owner), timeOffBody("x", caller),
       R"({"reason":"y"})", true},
      {"leads", owner.lead, leadBody("x", "+12025550177"), leadBody("x", "+12025550178"),
       R"({"name":"y"})"},
  };
}

void addCollections(Steps& steps, const Things& owner, const Things& caller) {
  for (const Collection& one : catalogue(owner, caller)) {
    const std::string path = "/" + one.name;
    const std::string thing = fmt::format("{}/{}", path, one.id);
    const std::string named = path + "/{id}";
    steps.own("GET", path, "?limit=200");
    steps.below("GET", named, thing);
    steps.add({"POST", inBooking(path), one.refers ? Reach::Named : Reach::Own, inBooking(path),
               one.owner_body});
    steps.below("PATCH", named, thing, one.change);
    steps.below("PUT", named, thing, one.caller_body, {}, {}, Reach::Chosen);
    steps.below("DELETE", named, thing);
  }
}

void addSchedules(Steps& steps, const Things& owner) {
  const std::string thing = "/schedules/" + owner.schedule;
  const std::string path = "/schedules/{id}";
  const std::string rule = "/rules/" + owner.rule;
  const std::string exception = "/exceptions/" + owner.exception;
  steps.below("GET", path, thing, {}, "/rules", "/rules");
  steps.below("GET", path, thing, {}, "/exceptions", "/exceptions");
  steps.below("POST", path, thing, kRule, "/rules", "/rules");
  steps.below("PUT", path, thing, kRule, "/rules/{rule}", rule);
  steps.below("DELETE", path, thing, {}, "/rules/{rule}", rule);
  steps.below("POST", path, thing, R"({"date":"2031-12-25","kind":"closed"})", "/exceptions",
              "/exceptions");
  steps.below("PUT", path, thing, kException, "/exceptions/{exception}", exception);
  steps.below("DELETE", path, thing, {}, "/exceptions/{exception}", exception);
  steps.below("POST", path, thing, "{}", "/preview", "/preview?from=2031-12-01&to=2031-12-03");
}

void addSlotsAndHolds(Steps& steps, const Things& owner) {
  const std::string query = fmt::format("?service={}&resource={}", owner.service, owner.resource);
  const std::string times = fmt::format("&from={}&to={}", midnightIn(1), midnightIn(3));
  steps.add({"GET", inBooking("/slots"), Reach::Named, inBooking("/slots" + query + times)});
  steps.add({"GET", inBooking("/slots/next"), Reach::Named, inBooking("/slots/next" + query)});
  steps.add({"POST", inBooking("/holds"), Reach::Named, inBooking("/holds"),
             holdBody(owner, owner.free_starts.at(2))});
  const std::string hold = "/holds/" + owner.hold;
  steps.below("GET", "/holds/{id}", hold);
  steps.below("PATCH", "/holds/{id}", hold);
  steps.below("DELETE", "/holds/{id}", hold);
}

void addAppointments(Steps& steps, const Things& owner, const Things& caller) {
  const std::string thing = "/appointments/" + owner.appointment;
  const std::string path = "/appointments/{id}";
  steps.own(
      "GET", "/appointments",
      fmt::format("?resource={}&lead={}&service={}", owner.resource, owner.lead, owner.service));
  steps.add({"POST", inBooking("/appointments"), Reach::Named, inBooking("/appointments"),
             bookBody(owner, owner.free_starts.at(3), "x")});
  steps.own("POST", "/appointments/bulk", {},
            fmt::format(R"({{"items":[{}]}})", bookBody(owner, owner.free_starts.at(4), "x")));
  steps.below("GET", path, thing);
  steps.below("GET", path, thing, {}, "/history", "/history");
  steps.below("PATCH", path, thing, R"({"notes":"y"})");
  steps.below("POST", path, thing, fmt::format(R"({{"start":"{}"}})", owner.free_starts.at(5)),
              "/reschedule", "/reschedule");
  steps.below("POST", path, thing, fmt::format(R"({{"resource":"{}"}})", owner.resource),
              "/reassign", "/reassign");
  for (const char* action :
       {"/confirm", "/decline", "/check-in", "/complete", "/no-show", "/undo-no-show", "/cancel"})
    steps.below("POST", path, thing, R"({"reason":"y"})", action, action);
  steps.below("PUT", path, thing, bookBody(caller, caller.free_starts.at(3), "x"), {}, {},
              Reach::Chosen);
}

}  // namespace

Things Things::make(const HttpClient& client, std::string_view prefix, std::string_view marker) {
  const auto id = [&](std::string_view name) { return fmt::format("{}-{}", prefix, name); };
  Things made;
  made.location = put(client, "locations", id("location"), locationBody(marker));
  made.service = put(client, "services", id("service"), serviceBody(marker));
  made.schedule = put(client, "schedules", id("schedule"), scheduleBody(marker));
  made.resource = put(client, "resources", id("resource"), resourceBody(marker, made));
  made.blocked_period = put(client, "blocked-periods", id("blocked"), blockedBody(marker));
  made.time_off = put(client, "time-off", id("off"), timeOffBody(marker, made));
  made.lead = put(client, "leads", id("lead"), leadBody(marker, "+12025550123"));
  const std::string schedule = "/schedules/" + made.schedule;
  made.rule = post(client, schedule + "/rules", kRule);
  made.exception = post(client, schedule + "/exceptions", kException);
  made.free_starts = freeStarts(client, made.service);
  made.appointment = put(client, "appointments", id("appointment"),
                         bookBody(made, made.free_starts.at(0), marker));
  made.hold = post(client, "/holds", holdBody(made, made.free_starts.at(1)));
  return made;
}

void Things::keepBooks(const HttpClient& client, std::string_view marker) {
  const auto make = [&](std::string_view path, std::string_view body) {
    static int count = 0;
    const Fields key{{"Idempotency-Key", fmt::format("books-{}", ++count)}};
    return done(client.post(fmt::format("{}{}", kAccounting, path), body, key), path);
  };
  make("/company/setup", kSetup);
  account =
      make("/accounts", fmt::format(R"({{"code":"9000","name":"{}","type":"asset"}})", marker))
          .at("id");
  entry = make("/journal-entries", entryBody(marker)).at("id");
}

std::vector<std::string> Things::targets() const {
  std::vector<std::string> all{inBooking("/tenant"),
                               inBooking(fmt::format("/schedules/{}/rules", schedule)),
                               inBooking(fmt::format("/schedules/{}/exceptions", schedule)),
                               inBooking(fmt::format("/appointments/{}/history", appointment))};
  for (const auto& [collection, id] :
       std::vector<std::pair<std::string, std::string>>{{"locations", location},
                                                        {"services", service},
                                                        {"schedules", schedule},
                                                        {"resources", resource},
                                                        {"blocked-periods", blocked_period},
                                                        {"time-off", time_off},
                                                        {"leads", lead},
                                                        {"appointments", appointment},
                                                        {"holds", hold}})
    all.push_back(inBooking(fmt::format("/{}/{}", collection, id)));
  if (!account.empty()) all.push_back(fmt::format("{}/accounts/{}", kAccounting, account));
  if (!entry.empty()) all.push_back(fmt::format("{}/journal-entries/{}", kAccounting, entry));
  if (!waiting_payment.empty())
    all.push_back(fmt::format("{}/waiting-payments/{}", kAccounting, waiting_payment));
  return all;
}

namespace {

void addStripe(Steps& steps) {
  steps.add({"POST", "/api/stripe/v1/webhooks", Reach::Public, "/api/stripe/v1/webhooks", "{}"});
  steps.add({"GET", "/api/stripe/v1/events", Reach::Installation, "/api/stripe/v1/events"});
  steps.add({"POST", "/api/stripe/v1/payment-links", Reach::Outward, "/api/stripe/v1/payment-links",
             R"({"amount":1,"currency":"EUR","reference":"acme-1"})"});
}

/// The caller's own books begin with the first of them.
void addAccounting(Steps& steps, const Things& owner) {
  const auto own = [&](std::string method, std::string_view path, std::string body = {}) {
    const std::string target = fmt::format("{}{}", kAccounting, path);
    steps.add({std::move(method), target, Reach::Own, target, std::move(body)});
  };
  own("POST", "/company/setup", kSetup);
  own("GET", "/company");
  own("GET", "/accounts");
  own("POST", "/accounts", R"({"code":"9001","name":"x","type":"asset"})");
  own("GET", "/journal-entries");
  own("POST", "/journal-entries", entryBody("x"));
  own("GET", "/reports/trial-balance");
  const auto named = [&](std::string method, std::string_view collection, const std::string& id,
                         std::string_view rest = {}, std::string body = {}) {
    const std::string thing = fmt::format("{}{}/{}", kAccounting, collection, id);
    steps.add({std::move(method), fmt::format("{}{}/{{id}}{}", kAccounting, collection, rest),
               Reach::Named, fmt::format("{}{}", thing, rest), std::move(body), thing});
  };
  named("GET", "/accounts", owner.account);
  named("GET", "/accounts", owner.account, "/balance");
  named("PATCH", "/accounts", owner.account, {}, R"({"name":"y"})");
  named("DELETE", "/accounts", owner.account);
  named("GET", "/journal-entries", owner.entry);
  named("PATCH", "/journal-entries", owner.entry, {}, R"({"memo":"y"})");
  named("POST", "/journal-entries", owner.entry, "/post");
  named("POST", "/journal-entries", owner.entry, "/reverse", R"({"reason":"y"})");
  named("DELETE", "/journal-entries", owner.entry);
  own("GET", "/waiting-payments");
  named("GET", "/waiting-payments", owner.waiting_payment);
  named("POST", "/waiting-payments", owner.waiting_payment, "/retry");
  named("DELETE", "/waiting-payments", owner.waiting_payment);
}

void addPlaid(Steps& steps) {
  constexpr std::string_view kConnections = "/api/plaid/v1/connections";
  steps.add({"GET", std::string{kConnections}, Reach::Own, std::string{kConnections}});
  steps.add({"POST", std::string{kConnections}, Reach::Outward, std::string{kConnections},
             R"({"public_token":"public-sandbox-1"})"});
  steps.add({"GET", fmt::format("{}/{{id}}/accounts", kConnections), Reach::Outward,
             fmt::format("{}/acme-item/accounts", kConnections)});
  steps.add({"POST", "/api/plaid/v1/link-tokens", Reach::Outward, "/api/plaid/v1/link-tokens",
             R"({"user":"u1"})"});
  steps.add({"POST", "/api/plaid/v1/webhooks", Reach::Public, "/api/plaid/v1/webhooks", "{}"});
}

/// The vendors of which everything but the webhook needs the vendor.
void addOtherVendors(Steps& steps) {
  const auto outward = [&steps](std::string method, std::string path, std::string target,
                                std::string body = {}) {
    steps.add(
        {std::move(method), std::move(path), Reach::Outward, std::move(target), std::move(body)});
  };
  for (const char* webhook : {"/api/twilio/v1/webhooks/status", "/api/twilio/v1/webhooks/inbound",
                              "/api/vapi/v1/webhooks", "/api/google-calendar/v1/webhooks"})
    steps.add({"POST", webhook, Reach::Public, webhook, "{}"});
  outward("POST", "/api/twilio/v1/messages", "/api/twilio/v1/messages",
          R"({"to":"+15005550006","text":"x"})");
  outward("GET", "/api/twilio/v1/messages/{id}", "/api/twilio/v1/messages/acme-message");
  outward("POST", "/api/vapi/v1/calls", "/api/vapi/v1/calls", R"({"to":"+15005550006"})");
  outward("GET", "/api/vapi/v1/calls/{id}", "/api/vapi/v1/calls/acme-call");
  outward("POST", "/api/google-calendar/v1/busy", "/api/google-calendar/v1/busy",
          R"({"calendars":["primary"],"from":"2026-01-05T00:00:00Z","to":"2026-01-06T00:00:00Z"})");
  outward("POST", "/api/google-calendar/v1/channels", "/api/google-calendar/v1/channels",
          R"({"calendar":"primary"})");
}

}  // namespace

std::vector<MatrixStep> matrixOf(const Things& owner, const Things& caller) {
  Steps steps;
  steps.own("GET", "/tenant");
  steps.add({"PATCH", inBooking("/tenant"), Reach::Own, inBooking("/tenant"), R"({"name":"y"})",
             inBooking("/tenant")});
  addSchedules(steps, owner);
  addCollections(steps, owner, caller);
  steps.add({"POST",
             inBooking("/leads/import"),
             Reach::Own,
             inBooking("/leads/import"),
             "name,phone\nx,+12025550179\n",
             {},
             "text/csv"});
  addSlotsAndHolds(steps, owner);
  addAppointments(steps, owner, caller);
  steps.own("POST", "/tz-rebase", {}, R"({"dry_run":true})");
  addAccounting(steps, owner);
  addStripe(steps);
  addPlaid(steps);
  addOtherVendors(steps);
  return steps.take();
}

}  // namespace bulkhead::integration
