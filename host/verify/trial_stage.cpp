#include "verify/trial_stage.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/error_response.hpp"
#include "verify/trial_request.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

void keep(std::map<std::string, std::string>& known, const std::string& name, const Json& value) {
  if (value.is_string()) known[name] = value.get<std::string>();
  if (value.is_number_integer()) known[name] = value.dump();
}

/// What an answer says of the thing that was made: its members, and "id" for whatever a parameter
/// is called.
std::map<std::string, std::string> knownFrom(const HttpResponse& made, const std::string& path) {
  std::map<std::string, std::string> known;
  Json body = Json::parse(made.body, nullptr, false);
  if (made.status >= 300 || !body.is_object()) return known;
  if (body.size() == 1 && body.front().is_object()) {
    Json inner = std::move(body.front());
    body = std::move(inner);
  }
  for (const auto& [name, value] : body.items()) keep(known, name, value);
  const auto begin = path.find("/{") + 2;
  std::string parameter = path.substr(begin, path.find_first_of("}:", begin) - begin);
  if (!known.contains(parameter) && body.contains("id")) keep(known, parameter, body["id"]);
  return known;
}

}  // namespace

TrialStage::TrialStage(FaultyWaist& waist, const TrialSubject& subject, TrialTarget target)
    : waist_{waist}, subject_{subject}, target_{target}, world_{subject} {
  begin();
  prepareRequest();
}

void TrialStage::begin() {
  home_ = std::make_unique<TrialHome>(waist_.table(), subject_, world_);
  home_->start();
}

void TrialStage::prepareRequest() {
  const RegisteredRoute* const aim = route();
  if (aim == nullptr) return;
  if (entryOf(*aim) == TrialEntry::Call) {
    request_ = trialRequest(*aim);
    request_.body = callSamples(subject_.contracts, "request")[aim->path];
    return;
  }
  if (entryOf(*aim) == TrialEntry::Message) {
    inbox_.emplace(*home_, world_, *aim, callSamples(subject_.contracts, "payload"));
    return changeKey();
  }
  std::map<std::string, std::string> known;
  const std::string collection = collectionOf(aim->path);
  const auto& routes = home().routes();
  const auto maker = std::find_if(routes.begin(), routes.end(), [&](const auto& one) {
    return entryOf(*one) == TrialEntry::Route && one->path == collection &&
           one->contract.method() == "POST";
  });
  if (maker != routes.end())
    known = knownFrom(home_->send(**maker, trialRequest(**maker)), aim->path);
  request_ = trialRequest(*aim, known);
  changeKey();
}

HttpResponse TrialStage::ask() {
  const RegisteredRoute* const aim = route();
  if (inbox_) return inbox_->handle(*home_, *aim, request_);
  return aim != nullptr ? home_->send(*aim, request_) : checkHealth();
}

HttpResponse TrialStage::checkHealth() {
  try {
    return HttpResponse::json(200, home_->checkHealth(home().contributors().at(target_.index)));
  } catch (const Error& error) {
    return errorResponse(error, {});
  }
}

void TrialStage::changeKey() {
  if (inbox_) {
    request_ = inbox_->keep(*home_, ++keys_);
    return;
  }
  const RegisteredRoute* const aim = route();
  if (aim == nullptr || aim->contract.idempotency() == RouteIdempotency::None) return;
  setIdempotencyKey(request_, fmt::format("trial-key-{}", ++keys_));
}

void TrialStage::restart() {
  home_.reset();
  begin();
}

std::string TrialStage::name() const {
  if (target_.is_contributor)
    return fmt::format("health contributor {}",
                       home_->home().contributors().at(target_.index).name);
  const RegisteredRoute& aim = *route();
  if (entryOf(aim) == TrialEntry::Message)
    return aim.capability.empty() ? fmt::format("messages of inbox {}", aim.call)
                                  : fmt::format("event {}/{}", aim.capability, aim.call);
  return entryOf(aim) == TrialEntry::Call ? fmt::format("call {}", aim.path)
                                          : fmt::format("{} {}", aim.contract.method(), aim.path);
}

const RegisteredRoute* TrialStage::route() const {
  return target_.is_contributor ? nullptr : home_->home().routes().at(target_.index).get();
}

}  // namespace bulkhead::host
