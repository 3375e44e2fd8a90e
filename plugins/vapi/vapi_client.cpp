#include "vapi_client.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/form_writer.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/timestamp.hpp>

namespace vapi {
namespace {

using bulkhead::Error;
using bulkhead::FormWriter;
using bulkhead::JsonWriter;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using Json = nlohmann::json;

constexpr std::string_view kService = "Vapi";
constexpr std::int64_t kPageCalls = 1000;
/// How long after our try its call may have been made, by Vapi's clock.
constexpr std::chrono::minutes kMadeWithin{15};

/// What Vapi says is wrong: {"message": "..." or ["..."], "error": "..."}.
std::string complaintIn(std::string_view body) {
  const Json document = bulkhead::readJson(body);
  return bulkhead::memberIn(document, "message").dump() +
         bulkhead::memberIn(document, "error").dump();
}

Error errorOf(const OutboundAnswer& answer) {
  if (answer.outcome == bulkhead::Outcome::HttpError && answer.status == 400) {
    const std::string complaint = complaintIn(answer.body);
    const auto names = [&](std::string_view word) {
      return complaint.find(word) != std::string::npos;
    };
    if (names("Concurrency Limit")) return bulkhead::provider::rateLimited(kService);
    if (names("customer.number"))
      return Error::businessLogic("NUMBER_NOT_ACCEPTED", "Vapi does not ring this number up.");
    if (names("assistantId"))
      return Error::notFound("ASSISTANT_NOT_FOUND", "Vapi does not have this assistant.");
  }
  return bulkhead::provider::errorFor(kService, answer);
}

void writePairs(JsonWriter& out, std::string_view name, const Draft::Pairs& pairs) {
  if (pairs.empty()) return;
  out.key(name);
  out.beginObject();
  for (const auto& [key, value] : pairs) out.member(key, value);
  out.endObject();
}

std::string bodyOf(const Draft& draft, std::string_view name, const std::string& phone_number) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("name", name);
    out.member("assistantId", draft.assistant);
    out.member("phoneNumberId", phone_number);
    out.key("customer");
    out.object("number", draft.to);
    if (!draft.first_message.empty() || !draft.variables.empty() || !draft.metadata.empty()) {
      out.key("assistantOverrides");
      out.beginObject();
      if (!draft.first_message.empty()) out.member("firstMessage", draft.first_message);
      writePairs(out, "variableValues", draft.variables);
      writePairs(out, "metadata", draft.metadata);
      out.endObject();
    }
    out.endObject();
  });
}

Call callOf(const OutboundAnswer& answer) {
  if (!answer.isOk()) throw errorOf(answer);
  auto call = callIn(bulkhead::readJson(answer.body));
  if (!call) throw bulkhead::provider::answerInvalid(kService);
  return *std::move(call);
}

}  // namespace

VapiClient::VapiClient(bulkhead::Host host, Account account)
    : host_{host}, account_{std::move(account)} {}

OutboundRequest VapiClient::request(std::string_view method, std::string_view target,
                                    std::string_view operation) const {
  return {.method = std::string{method},
          .url = account_.base_url + std::string{target},
          .headers = {{"Accept", "*/*"}, {"Authorization", "Bearer " + account_.key}},
          .operation = std::string{operation},
          .repeatable = method == "GET",
          .timeout = timeout()};
}

Call VapiClient::create(const bulkhead::Context& context, const Draft& draft,
                        std::string_view name) const {
  OutboundRequest placing = request("POST", "/call", "calls.create");
  placing.headers.emplace_back("Content-Type", "application/json");
  placing.body = bodyOf(draft, name, account_.phone_number);
  return callOf(host_.send(context, placing));
}

std::optional<Call> VapiClient::find(const bulkhead::Context& context, std::string_view name,
                                     std::chrono::microseconds since) const {
  std::string query;
  FormWriter form{query};
  form.field("limit", kPageCalls);
  form.field("createdAtGe", bulkhead::rfc3339(std::chrono::floor<std::chrono::seconds>(since)));
  form.field("createdAtLe",
             bulkhead::rfc3339(std::chrono::floor<std::chrono::seconds>(since + kMadeWithin)));
  const OutboundAnswer answer = host_.send(context, request("GET", "/call?" + query, "calls.list"));
  if (!answer.isOk()) throw errorOf(answer);
  const Json calls = bulkhead::readJson(answer.body);
  if (!calls.is_array()) throw bulkhead::provider::answerInvalid(kService);
  for (const auto& one : calls) {
    auto call = callIn(one);
    if (call && call->name == name) return call;
  }
  // a page that is full may have left it out
  if (static_cast<std::int64_t>(calls.size()) >= kPageCalls)
    throw bulkhead::provider::ambiguous(kService);
  return std::nullopt;
}

Call VapiClient::fetch(const bulkhead::Context& context, std::string_view id) const {
  const OutboundAnswer answer =
      host_.send(context, request("GET", "/call/" + FormWriter::encoded(id), "calls.get"));
  if (answer.outcome == bulkhead::Outcome::HttpError && answer.status == 404)
    throw Error::notFound("CALL_NOT_FOUND", "Vapi does not have this call.");
  return callOf(answer);
}

void VapiClient::end(const bulkhead::Context& context, const Call& call) const {
  if (call.state == CallState::Ended) return;
  if (call.control_url.empty())
    throw Error::businessLogic("PROVIDER_REFUSED", "Vapi gives no way to end this call.");
  const OutboundRequest ending{.method = "POST",
                               .url = call.control_url,
                               .headers = {{"Content-Type", "application/json"}},
                               .body = R"({"type":"end-call"})",
                               .operation = "calls.end",
                               .repeatable = true,
                               .timeout = timeout()};
  const OutboundAnswer answer = host_.send(context, ending);
  if (!answer.isOk()) throw errorOf(answer);
}

void VapiClient::check(const bulkhead::Context& context) const {
  const OutboundAnswer answer =
      host_.send(context, request("GET", "/assistant?limit=1", "assistants.list"));
  if (!answer.isOk()) throw errorOf(answer);
  if (!bulkhead::readJson(answer.body).is_array())
    throw bulkhead::provider::answerInvalid(kService);
}

}  // namespace vapi
