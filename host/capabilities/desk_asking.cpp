#include "capabilities/desk_asking.hpp"

#include <fmt/format.h>
#include <future>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/desk_answers.hpp"
#include "capabilities/message_call.hpp"

namespace bulkhead::host {

HttpRequest deskRequest(const RegisteredRoute& desk, std::string body) {
  HttpRequest request;
  request.method = "DESK";
  request.target = request.path = desk.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = std::move(body);
  return request;
}

std::string askDeskAndWait(Compartment& compartment,
                           const std::shared_ptr<const RegisteredRoute>& desk, std::string body,
                           std::chrono::milliseconds patience) {
  const auto answered = std::make_shared<std::promise<MessageCall::Outcome>>();
  auto outcome = answered->get_future();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto call = std::make_shared<MessageCall>(
      desk, deadline, deskRequest(*desk, std::move(body)),
      [answered](MessageCall::Outcome end) { answered->set_value(std::move(end)); });
  if (!compartment.submit(call)) {
    throw Error::app("PLUGIN_UNAVAILABLE",
                     fmt::format("The service '{}' is closed.", compartment.id()))
        .withRetryAfter(5);
  }
  if (outcome.wait_until(deadline) != std::future_status::ready) call->giveUp();
  MessageCall::Outcome end = outcome.get();
  if (end.refusal) throw Error{*end.refusal};
  const bool told = end.answer && end.answer->status == 200;
  if (told && end.answer->body.size() <= desk_answers::kBytesMax) return end.answer->body;
  throw Error::app("PLUGIN_UNAVAILABLE",
                   fmt::format("The service '{}' did not say in time.", compartment.id()))
      .withRetryAfter(5);
}

}  // namespace bulkhead::host
