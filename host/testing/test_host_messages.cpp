// Events and messages of the plugin under test.
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "testing/test_host_implementation.hpp"

namespace bulkhead::testing {
namespace {

using Json = nlohmann::json;
using host::EntryKind;
using host::HttpRequest;
using host::HttpResponse;

constexpr std::chrono::seconds kDeadline{30};
constexpr int kTriesMax = 8;  ///< of what a failure that was wanted keeps from being done

}  // namespace

std::vector<PublishedEvent> TestHost::Implementation::published(std::string_view capability) {
  std::vector<PublishedEvent> events;
  store_.sound().read(
      [&](host::data::Transaction& transaction) {
        events.clear();
        const auto wanted = values(capability);
        transaction.read(
            "SELECT event, payload, tenant, subject, id, keyed FROM bulkhead_outbox "
            "WHERE capability = $1 ORDER BY seq",
            wanted.data(), wanted.size(), [&](const bulkhead_value* columns, std::size_t count) {
              const Row row{columns, count};
              const std::string key =
                  row.boolean(5) ? row.string(4).substr(row.text(0).size() + 1) : "";
              events.push_back({row.string(0), row.string(1), row.string(2), row.string(3), key});
              return 0;
            });
      },
      std::chrono::steady_clock::now() + kDeadline);
  return events;
}

const host::RegisteredRoute* TestHost::Implementation::handlerOf(std::string_view source,
                                                                 std::string_view type) const {
  for (const auto& route : home_->routes()) {
    if (route->takes(source, type)) return route.get();
  }
  return nullptr;
}

HttpResponse TestHost::Implementation::enter(const host::RegisteredRoute& entry,
                                             HttpRequest request) {
  request.path = request.target = entry.path;
  request.headers = {{"content-type", "application/json"}};
  return home_->handle(entry, request, std::chrono::steady_clock::now() + kDeadline);
}

/// What a wanted failure hinders is asked again, as the host does.
std::string TestHost::Implementation::askDesk(const std::string& request, EntryKind kind) {
  HttpResponse response;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const host::RegisteredRoute* desk = nullptr;
    for (const auto& route : home_->routes()) {
      if (route->kind == kind) desk = route.get();
    }
    if (desk == nullptr) throw std::runtime_error{"The plugin has nothing of that kind."};
    HttpRequest asking;
    asking.method = "DESK";
    asking.body = request;
    response = enter(*desk, std::move(asking));
    if (faults_.isDead()) restart();
    if (response.status == 200) return response.body;
  }
  throw std::runtime_error{fmt::format("What waits cannot be worked on: {}", response.body)};
}

bool TestHost::Implementation::deliver(std::string_view capability, std::string_view event,
                                       std::string_view json, const Delivery& delivery) {
  if (handlerOf(capability, event) == nullptr)
    throw std::runtime_error{
        fmt::format("The plugin does not listen to {} of {}.", event, capability)};
  try {
    if (const auto* contract = caller_.contractOf(capability))
      host::checkEvent(contract, capability, event, json);
  } catch (const Error& error) {
    throw std::runtime_error{fmt::format("{} {}", error.message(), error.details())};
  }
  const std::string id =
      delivery.id.empty() ? fmt::format("test-event-{}", ++deliveries_) : delivery.id;
  const Json message{{"source", capability},
                     {"id", id},
                     {"event", event},
                     {"subject", delivery.subject},
                     {"tenant", delivery.tenant},
                     {"payload", json},
                     {"trace", ""},
                     {"created_us", clock_.nowUs()}};
  const Json request{{"verb", "keep"}, {"messages", Json::array({message})}};
  return Json::parse(askDesk(request.dump())).at("kept") == 1;
}

void TestHost::Implementation::runMessage(std::int64_t seq, const host::RegisteredRoute& handler,
                                          MessageRuns& runs) {
  HttpRequest request;
  request.method = "MESSAGE";
  request.body = "{}";
  request.path_parameters = {{"seq", std::to_string(seq)}};
  const HttpResponse response = enter(handler, std::move(request));
  if (faults_.isDead()) return restart();
  if (response.status != 200) return;
  const std::string outcome = Json::parse(response.body).value("outcome", "");
  runs.done += outcome == "done" ? 1 : 0;
  runs.failed += outcome == "retry" ? 1 : 0;
  runs.dead += outcome == "dead" ? 1 : 0;
}

MessageRuns TestHost::Implementation::runMessages() {
  MessageRuns runs;
  for (int idle = 0; idle < kTriesMax;) {
    const Json agenda = Json::parse(askDesk(R"({"verb":"agenda","limit":1})"));
    if (agenda.at("due").empty()) return runs;
    const Json due = agenda.at("due").front();
    const auto* handler =
        handlerOf(due.at("source").get<std::string>(), due.at("type").get<std::string>());
    const std::size_t before = runs.done + runs.failed + runs.dead;
    if (handler == nullptr) {
      askDesk(Json{{"verb", "finish"}, {"seq", due.at("seq")}, {"state", "ignored"}}.dump());
      continue;
    }
    runMessage(due.at("seq").get<std::int64_t>(), *handler, runs);
    idle = runs.done + runs.failed + runs.dead == before ? idle + 1 : 0;
  }
  throw std::runtime_error{"A message is due and cannot be handled."};
}

}  // namespace bulkhead::testing
