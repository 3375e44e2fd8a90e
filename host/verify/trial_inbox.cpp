#include "verify/trial_inbox.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "runtime/error_response.hpp"
#include "verify/trial_request.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// What the host asks a home about its messages.
Json askDesk(TrialHome& home, const Json& question) {
  const auto& routes = home.home().routes();
  const auto desk = std::find_if(routes.begin(), routes.end(),
                                 [](const auto& one) { return one->kind == EntryKind::Desk; });
  HttpRequest request;
  request.method = "DESK";
  request.target = request.path = (*desk)->path;
  request.headers = {{"content-type", "application/json"}};
  request.body = question.dump();
  const HttpResponse answer = home.send(**desk, std::move(request));
  if (answer.status != 200) throw Error::app("NO_MESSAGES", answer.body);
  return Json::parse(answer.body);
}

void askEachRoute(TrialHome& home) {
  for (const auto& route : home.home().routes()) {
    if (entryOf(*route) == TrialEntry::Route && route->contract.method() == "POST")
      home.send(*route, trialRequest(*route));
  }
}

Json rowOf(TrialHome& home, const std::string& source, const std::string& seq) {
  const Json rows = askDesk(home, {{"verb", "list"}, {"source", source}, {"limit", 200}});
  for (const Json& row : rows.at("messages")) {
    if (std::to_string(row.at("seq").get<std::int64_t>()) == seq) return row;
  }
  throw Error::app("NO_MESSAGE", "A message is gone that was not done with.");
}

/// "CODE: sentence", as the home writes down why a message waits.
Error errorIn(const std::string& text) {
  static const std::set<std::string> kOwnFaults{"INTERNAL_ERROR", "UNREPORTED_ERROR", "PANICKED"};
  const auto colon = text.find(": ");
  const std::string code = text.substr(0, colon);
  const std::string message = colon == text.npos ? "" : text.substr(colon + 2);
  return kOwnFaults.contains(code) ? Error::app(code, message)
                                   : Error::businessLogic(code, message);
}

}  // namespace

TrialInbox::TrialInbox(TrialHome& home, TrialWorld& world, const RegisteredRoute& handler,
                       const std::map<std::string, std::string>& payloads)
    : source_{handler.capability.empty() ? handler.call : handler.capability},
      message_{handler.call, "{}"} {
  if (!handler.capability.empty()) {
    const auto sample = payloads.find(handler.path);
    if (sample != payloads.end()) message_.body = sample->second;
    return;
  }
  askEachRoute(home);
  if (auto kept = world.lastMessage(source_)) message_ = *std::move(kept);
}

HttpRequest TrialInbox::keep(TrialHome& home, std::size_t number) const {
  const Json one{{"source", source_},
                 {"id", fmt::format("trial-message-{}", number)},
                 {"event", message_.type},
                 {"subject", ""},
                 {"tenant", "t1"},
                 {"payload", message_.body},
                 {"trace", ""},
                 {"created_us", 1}};
  askDesk(home, {{"verb", "keep"}, {"messages", Json::array({one})}});
  const Json rows = askDesk(home, {{"verb", "list"}, {"source", source_}, {"limit", 1}});
  HttpRequest request;
  request.method = "MESSAGE";
  request.body = "{}";
  request.headers = {{"content-type", "application/json"}};
  const std::int64_t seq = rows.at("messages").at(0).at("seq").get<std::int64_t>();
  request.path_parameters = {{"seq", std::to_string(seq)}};
  return request;
}

HttpResponse TrialInbox::handle(TrialHome& home, const RegisteredRoute& handler,
                                const HttpRequest& request) const {
  HttpRequest asking = request;
  asking.target = asking.path = handler.path;
  HttpResponse ended = home.send(handler, std::move(asking));
  if (ended.status != 200) return ended;
  const std::string outcome = Json::parse(ended.body).value("outcome", "");
  if (outcome == "done" || outcome == "gone") return HttpResponse::json(200, "{}");
  const std::string& seq = request.path_parameters.front().second;
  const std::string error = rowOf(home, source_, seq).value("error", "");
  if (outcome == "dead") askDesk(home, {{"verb", "replay"}, {"seq", std::stoll(seq)}});
  return errorResponse(errorIn(error), {});
}

}  // namespace bulkhead::host
