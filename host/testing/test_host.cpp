#include <atomic>
#include <cctype>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "testing/test_host_implementation.hpp"

namespace bulkhead::testing {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace

std::string TestResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (lower(key) == lower(name)) return value;
  }
  return {};
}

TestError TestResponse::error() const {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("error")) return {};
  const auto& error = document["error"];
  return {error.value("code", ""), error.value("message", ""),
          error.contains("details") ? error["details"].dump() : ""};
}

namespace {

TestHost::Implementation::SettingTexts textsOf(TestHost::Settings settings) {
  TestHost::Implementation::SettingTexts texts;
  for (const auto& [name, value] : settings) texts.emplace_back(name, value.text);
  return texts;
}

}  // namespace

TestHost::TestHost(std::string_view plugin, Settings settings) try {
  implementation_ = std::make_unique<Implementation>(std::make_shared<const LoadedPlugin>(plugin),
                                                     textsOf(settings), /*rehearse_writes=*/true);
} catch (const Error& error) {
  throw std::runtime_error{fmt::format("{} ({})", error.message(), error.code())};
}

TestHost::TestHost(std::unique_ptr<Implementation> implementation)
    : implementation_{std::move(implementation)} {}

TestHost::~TestHost() = default;

TestResponse TestHost::get(std::string_view target, const Headers& headers) {
  return send("GET", target, headers, {});
}

namespace {

Headers withJson(const Headers& headers) {
  Headers complete = headers;
  complete.emplace_back("Content-Type", "application/json");
  return complete;
}

}  // namespace

TestResponse TestHost::post(std::string_view target, std::string_view json,
                            const Headers& headers) {
  static std::atomic<unsigned> next{0};
  Headers complete = withJson(headers);
  bool keyed = false;
  for (const auto& header : headers) keyed = keyed || lower(header.first) == "idempotency-key";
  if (!keyed) complete.emplace_back("Idempotency-Key", fmt::format("test-key-{}", next++));
  return send("POST", target, complete, json);
}

TestResponse TestHost::put(std::string_view target, std::string_view json, const Headers& headers) {
  return send("PUT", target, withJson(headers), json);
}

TestResponse TestHost::patch(std::string_view target, std::string_view json,
                             const Headers& headers) {
  return send("PATCH", target, withJson(headers), json);
}

TestResponse TestHost::del(std::string_view target, const Headers& headers) {
  return send("DELETE", target, headers, {});
}

TestResponse TestHost::send(std::string_view method, std::string_view target,
                            const Headers& headers, std::string_view body) {
  return implementation_->send(method, target, headers, body);
}

void TestHost::actAs(std::string_view tenant, std::string_view scopes) {
  implementation_->actAs(tenant, scopes);
}
TestResponse TestHost::call(std::string_view capability, std::string_view call,
                            std::string_view json) {
  return implementation_->enter(host::EntryKind::Call, capability, call, json);
}
TestResponse TestHost::ask(std::string_view capability, std::string_view ask,
                           std::string_view json) {
  return implementation_->enter(host::EntryKind::Ask, capability, ask, json);
}
FakeCapabilities& TestHost::capabilities() {
  return implementation_->others();
}
std::vector<PublishedEvent> TestHost::published(std::string_view capability) {
  return implementation_->published(capability);
}
bool TestHost::deliver(std::string_view capability, std::string_view event, std::string_view json,
                       const Delivery& delivery) {
  return implementation_->deliver(capability, event, json, delivery);
}
MessageRuns TestHost::runMessages() {
  return implementation_->runMessages();
}
JobRuns TestHost::runJobs() {
  return implementation_->runJobs();
}
std::vector<ShownJob> TestHost::jobs(std::string_view queue) {
  return implementation_->jobs(queue);
}
void TestHost::cancelJob(std::string_view id) {
  implementation_->cancelJob(id);
}
void TestHost::setTime(std::string_view instant) {
  implementation_->clock().set(instant);
}
void TestHost::advance(std::chrono::microseconds by) {
  implementation_->clock().advance(by);
}
FakeWire& TestHost::wire() {
  return implementation_->wire();
}

void TestHost::restart() {
  implementation_->restart();
}
void TestHost::restart(Settings settings) {
  implementation_->restart(textsOf(settings));
}
std::string TestHost::health(std::string_view name) {
  return implementation_->health(name);
}
std::vector<std::string> TestHost::log() const {
  return implementation_->log();
}

}  // namespace bulkhead::testing
