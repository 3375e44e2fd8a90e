#include "matrix_installation.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <utility>

#include "plugins/google-calendar/key_file.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kBusyBody =
    R"({"calendars":["primary"],"from":"2026-01-05T00:00:00Z","to":"2026-01-06T00:00:00Z"})";

std::string filledIn(std::string text, std::string_view place, std::string_view value) {
  for (auto at = text.find(place); at != text.npos; at = text.find(place, at + value.size()))
    text.replace(at, place.size(), value);
  return text;
}

const Vendor& vendorOf(const MatrixRow& row) {
  return *std::find_if(vendors().begin(), vendors().end(),
                       [&](const Vendor& vendor) { return vendor.id == row.id; });
}

bool names(const json& plugin, const char* member, std::string_view capability) {
  for (const json& one : plugin.value(member, json::array())) {
    if (one == capability) return true;
  }
  return false;
}

json pluginIn(const json& plugins, std::string_view id) {
  for (const json& plugin : plugins) {
    if (plugin.value("id", "") == id) return plugin;
  }
  return json::object();
}

Environment environmentOf(const VendorServices& services) {
  return {{"EGRESS_CA_FILE", services.authorities().string()},
          {"EGRESS_ALLOW_NETWORKS", "127.0.0.0/8"}};
}

}  // namespace

const MatrixRow kMatrixNeighbour{"greeter", "/api/greeter/v1/hello/Ann", 200, ""};

const std::vector<MatrixRow>& matrixRows() {
  static const std::vector<MatrixRow> kRows{
      {"booking", "/api/booking/v1/services", 200, "", "/api/booking/v1/leads",
       R"({"name":"Ann"})"},
      {"accounting", "/api/accounting/v1/accounts", 200, "", "/api/accounting/v1/company/setup",
       R"({"country":"US","template":"services"})"},
      {"stripe", "/api/stripe/v1/events", 200, "", "/api/stripe/v1/payment-links",
       R"({"amount":1,"currency":"EUR","reference":"kept"})", "payments/1", "accounting",
       "secret_key", "secret_key = {secret}\nwebhook_secret = {secret}\n"},
      {"plaid", "/api/plaid/v1/connections", 200, "", "/api/plaid/v1/connections",
       R"({"public_token":"public-1"})", "bank-feed/1", "", "client_id",
       "client_id = client-id-of-plaid\nsecret = {secret}\n"},
      {"vapi", "/api/vapi/v1/calls/none", 404, "CALL_NOT_FOUND", "/api/vapi/v1/calls",
       R"({"to":"+15005550006"})", "voice/1", "", "api_key",
       "api_key = {secret}\nassistant = a1\nphone_number = p1\nwebhook_secret = "
       "c2VjcmV0LWNhbmFyeS01ZTBiN2MxZC0wMDAwMDAwMDA=\n"},
      {"twilio", "/api/twilio/v1/messages/none", 404, "MESSAGE_NOT_FOUND",
       "/api/twilio/v1/messages", R"({"to":"+15005550006","text":"kept"})", "messaging/1",
       "booking", "account_sid",
       "account_sid = AC00000000000000000000000000000000\nauth_token = {secret}\n"
       "sender = +15005550006\n"},
      {"google-calendar", "/api/google-calendar/v1/busy", 200, "",
       "/api/google-calendar/v1/channels", R"({"calendar":"primary"})", "calendar/1", "booking",
       "tenant", "tenant = {tenant}\npublic_base_url = https://api.example.com\n"}};
  return kRows;
}

MatrixInstallation::Template::Template(const VendorServices& services) : services_{services} {
  for (const auto& row : matrixRows()) folder_.install(row.id);
  folder_.install(kMatrixNeighbour.id);
  HostProcess host{folder_, environmentOf(services)};
  host.awaitReady(std::chrono::seconds{60});
  const auto made = host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").json();
  tenant_ = made.value("id", "");
  host.stop();
}

/// But sockets, which are no part of it.
void MatrixInstallation::Template::copyTo(const HostFolder& folder) const {
  for (const auto& entry : fs::recursive_directory_iterator{folder_.data()}) {
    const fs::path place = folder.data() / entry.path().lexically_relative(folder_.data());
    if (entry.is_directory()) fs::create_directories(place);
    if (entry.is_regular_file()) fs::copy_file(entry.path(), place);
  }
}

std::string MatrixInstallation::Template::settingsOf(const MatrixRow& row) const {
  std::string settings = "enabled = true\nisolation = worker\nlimits.restarts = 20\n";
  if (!row.isVendor()) return settings;
  settings += fmt::format("base_url = {}\n", services_.url(row.id));
  if (std::string_view{row.id} == "google-calendar")
    settings += fmt::format("token_url = {}/token\nservice_account = {}\n", services_.url(row.id),
                            filledIn(google_calendar::keyFile(), "\\", "\\\\"));
  return settings;
}

std::string MatrixInstallation::Template::credentialsOf(const MatrixRow& row) const {
  return filledIn(filledIn(row.credentials, "{secret}", kVendorSecret), "{tenant}", tenant_);
}

MatrixInstallation::MatrixInstallation(const Template& like) : like_{like} {
  like.copyTo(folder_);
  for (const auto& row : matrixRows()) putRight(row);
  folder_.install(kMatrixNeighbour.id);
}

void MatrixInstallation::start() {
  host_ = std::make_unique<HostProcess>(folder_, environmentOf(like_.services()));
  ASSERT_TRUE(host_->awaitReady(std::chrono::seconds{60})) << host_->logText();
}

bool MatrixInstallation::awaitHealthy() const {
  return await(
      [&] { return host_->client().get("/health").json().value("status", "") == "healthy"; },
      std::chrono::seconds{60});
}

HttpAnswer MatrixInstallation::ask(const MatrixRow& row) const {
  const HttpClient client = host_->keyed("salon");
  return std::string_view{row.path}.ends_with("/busy") ? client.post(row.path, kBusyBody)
                                                       : client.get(row.path);
}

HttpAnswer MatrixInstallation::keep(const MatrixRow& row) const {
  static std::atomic<int> count{0};
  return host_->keyed("salon").post(row.kept, row.kept_body,
                                    {{"Idempotency-Key", fmt::format("kept-{}", ++count)}});
}

bool MatrixInstallation::answers(const MatrixRow& row) const {
  const HttpAnswer answer = ask(row);
  return answer.status == row.status && answer.errorCode() == row.code;
}

std::string MatrixInstallation::refusesWork(const MatrixRow& row) const {
  static std::atomic<int> count{0};
  const int number = ++count;
  const Vendor& vendor = vendorOf(row);
  const HttpAnswer answer = host_->keyed("salon").post(
      vendor.route, vendor.body(number), {{"Idempotency-Key", fmt::format("work-{}", number)}});
  if (answer.status == vendor.success) return {};
  return fmt::format("{} {}", answer.status, answer.body);
}

json MatrixInstallation::healthOf(const MatrixRow& row) const {
  const json health = host_->keyed().get("/health?details=true").json();
  return pluginIn(health.value("plugins", json::array()), row.id);
}

MatrixSight MatrixInstallation::sightIn(const json& plugins, const MatrixRow& row, const char* lost,
                                        const char* missed) const {
  const json plugin = pluginIn(plugins, row.id);
  return {plugin.value("state", ""), names(plugin, lost, row.capability),
          names(pluginIn(plugins, row.consumer), missed, row.capability)};
}

MatrixSight MatrixInstallation::byHealth(const MatrixRow& row) const {
  const json health = host_->keyed().get("/health?details=true").json();
  return sightIn(health.value("plugins", json::array()), row, "capabilitiesLost",
                 "capabilitiesMissed");
}

MatrixSight MatrixInstallation::byList(const MatrixRow& row) const {
  const json list = host_->keyed().get("/api/admin/plugins").json();
  return sightIn(list.value("data", json::array()), row, "capabilities_lost",
                 "capabilities_missed");
}

MatrixSight MatrixInstallation::byCommand(const MatrixRow& row) const {
  const CommandEnd end = folder_.run({"plugin", "list", "--json"});
  EXPECT_EQ(end.code, 0) << end.errors;
  const json list = json::parse(end.output, nullptr, false);
  if (!list.is_object()) return {};
  return sightIn(list.value("data", json::array()), row, "capabilities_lost",
                 "capabilities_missed");
}

MatrixSight MatrixInstallation::byMetrics(const MatrixRow& row) const {
  const std::string text = host_->client().get("/metrics").body;
  const auto says = [&](const std::string& sample) { return text.find(sample) != text.npos; };
  const auto capability = [&](const char* what, const char* plugin) {
    return says(fmt::format("bulkhead_plugin_capability_{}{{plugin=\"{}\",capability=\"{}\"}} 1\n",
                            what, plugin, row.capability));
  };
  MatrixSight sight;
  for (const char* state : {"running", "missing", "refused", "failed", "crashed", "hung",
                            "quarantined", "draining", "starting"}) {
    if (says(fmt::format("bulkhead_plugin_state{{plugin=\"{}\",state=\"{}\"}} 1\n", row.id, state)))
      sight.state = state;
  }
  sight.lost = capability("lost", row.id);
  sight.missed = capability("missed", row.consumer);
  return sight;
}

bool MatrixInstallation::hasIssue(std::string_view subject) const {
  const json health = host_->keyed().get("/health?details=true").json();
  for (const json& issue : health.value("issues", json::array())) {
    if (issue.value("subject", "") == subject) return true;
  }
  return false;
}

bool MatrixInstallation::signalWorker(const MatrixRow& row, int number) const {
  pid_t worker = 0;
  return await([&] { return (worker = workerOf(row)) > 0; }) && kill(worker, number) == 0;
}

/// Which has the plugin's file in its memory; 0 while there is none.
pid_t MatrixInstallation::workerOf(const MatrixRow& row) const {
  for (const auto& task : fs::directory_iterator{fmt::format("/proc/{}/task", host_->id())}) {
    std::ifstream children{task.path() / "children"};
    for (pid_t child = 0; children >> child;) {
      std::ifstream file{fmt::format("/proc/{}/maps", child)};
      const std::string maps{std::istreambuf_iterator<char>{file}, {}};
      if (maps.find(fmt::format("/{}/", row.id)) != std::string::npos) return child;
    }
  }
  return 0;
}

bool MatrixInstallation::change(const MatrixRow& row, std::string_view verb) const {
  const auto answer =
      host_->keyed().post(fmt::format("/api/admin/plugins/{}/{}?wait_ms=30000", row.id, verb), "");
  return answer.status == 200;
}

void MatrixInstallation::putRight(const MatrixRow& row) const {
  folder_.install(row.id, like_.settingsOf(row) + like_.credentialsOf(row));
}

fs::path MatrixInstallation::storeOf(const MatrixRow& row) const {
  return folder_.data() / fmt::format("{}.db", row.id);
}

void MatrixInstallation::putInPlace(const fs::path& file, const MatrixRow& row) const {
  const fs::path place = folder_.plugin(row.id);
  const fs::path aside = place.string() + ".new";
  fs::copy_file(file, aside, fs::copy_options::overwrite_existing);
  fs::rename(aside, place);
}

}  // namespace bulkhead::integration
