#include "twilio_client.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/form_writer.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/signing.hpp>
#include <bulkhead/timestamp.hpp>

namespace twilio {
namespace {

using bulkhead::Error;
using bulkhead::FormWriter;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::readJson;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kService = "Twilio";
constexpr int kPagesMax = 50;
constexpr std::int64_t kPageMessages = 200;
/// What is listed may be out of its order by so much.
constexpr std::chrono::minutes kDisorder{5};

std::optional<std::int64_t> numberOf(const Json& object, const char* name) {
  if (const auto number = bulkhead::integerIn(object, name)) return number;
  const std::string text = textIn(object, name);
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

std::optional<Message> messageIn(const Json& document) {
  Message message;
  message.sid = textIn(document, "sid");
  if (message.sid.empty() || message.sid.size() > 255) return std::nullopt;
  message.progress = progressOf(textIn(document, "status")).value_or(Progress::Queued);
  if (const auto code = numberOf(document, "error_code"))
    message.error_code = std::to_string(*code);
  if (const auto segments = numberOf(document, "num_segments"))
    message.segments = std::clamp<std::int64_t>(*segments, 0, 100);
  return message;
}

bool isOf(const Json& document, const Draft& draft) {
  return textIn(document, "body") == draft.text && textIn(document, "to") == draft.to &&
         (textIn(document, "from") == draft.sender ||
          textIn(document, "messaging_service_sid") == draft.sender);
}

/// What Twilio does not date is not left out.
bool isMadeBefore(const Json& document, std::chrono::microseconds time) {
  const auto made = bulkhead::fromRfc2822(textIn(document, "date_created"));
  return made && *made < std::chrono::floor<std::chrono::seconds>(time);
}

/// What Twilio's own code says of a refused message (www.twilio.com/docs/api/errors).
std::optional<Error> refusalOf(std::int64_t code) {
  constexpr std::array<std::int64_t, 7> kNumber{21211, 21217, 21401, 21408, 21612, 21614, 21635};
  constexpr std::array<std::int64_t, 6> kSender{21212, 21603, 21606, 21659, 21660, 21701};
  const auto is = [code](const auto& codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  if (code == 21610)
    return Error::businessLogic("OPTED_OUT", "They have said that they want no messages.");
  if (is(kNumber))
    return Error::businessLogic("NUMBER_NOT_ACCEPTED", "Twilio sends nothing to this number.");
  if (is(kSender))
    return Error::businessLogic("SENDER_NOT_ACCEPTED",
                                "The sender is not one of the account for this recipient.");
  if (code == 21611 || code == 20429) return bulkhead::provider::rateLimited(kService);
  return std::nullopt;
}

Error errorOf(const OutboundAnswer& answer) {
  if (answer.outcome == bulkhead::Outcome::HttpError && answer.status < 500 &&
      answer.status != 429) {
    const auto code = numberOf(readJson(answer.body), "code");
    if (const auto refusal = refusalOf(code.value_or(0))) return *refusal;
  }
  return bulkhead::provider::errorFor(kService, answer);
}

}  // namespace

TwilioClient::TwilioClient(bulkhead::Host host, Account account)
    : host_{host}, account_{std::move(account)} {}

std::string TwilioClient::folder() const {
  return "/2010-04-01/Accounts/" + FormWriter::encoded(account_.sid);
}

OutboundRequest TwilioClient::request(std::string_view method, std::string_view target,
                                      std::string_view operation) const {
  return {.method = std::string{method},
          .url = account_.base_url + std::string{target},
          .headers = {{"Accept", "application/json"},
                      {"Accept-Charset", "utf-8"},
                      {"Authorization",
                       "Basic " + bulkhead::toBase64(account_.user + ":" + account_.password)}},
          .operation = std::string{operation},
          .repeatable = method == "GET",
          .timeout = std::chrono::ceil<std::chrono::milliseconds>(account_.request_timeout)};
}

std::string TwilioClient::send(const bulkhead::Context& context,
                               const OutboundRequest& request) const {
  OutboundAnswer answer = host_.send(context, request);
  if (!answer.isOk()) throw errorOf(answer);
  return std::move(answer.body);
}

Message TwilioClient::create(const bulkhead::Context& context, const Draft& draft,
                             std::string_view status_callback) const {
  OutboundRequest sending = request("POST", folder() + "/Messages.json", "messages.create");
  sending.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  FormWriter form{sending.body};
  form.field("To", draft.to);
  if (!status_callback.empty()) form.field("StatusCallback", status_callback);
  form.field(draft.sender.starts_with("MG") ? "MessagingServiceSid" : "From", draft.sender);
  form.field("Body", draft.text);
  for (const auto& url : draft.media_urls) form.field("MediaUrl", url);
  const auto message = messageIn(readJson(send(context, sending)));
  if (!message) throw bulkhead::provider::answerInvalid(kService);
  return *message;
}

std::vector<Message> TwilioClient::find(const bulkhead::Context& context, const Draft& draft,
                                        std::chrono::microseconds since) const {
  std::string query;
  FormWriter form{query};
  form.field("To", draft.to);
  if (!draft.sender.starts_with("MG")) form.field("From", draft.sender);
  form.field("PageSize", kPageMessages);
  std::string page = folder() + "/Messages.json?" + query;
  std::vector<Message> found;
  bool is_past = false;  // Twilio lists the newest first
  for (int i = 0; i < kPagesMax && !page.empty(); ++i) {
    const Json document = readJson(send(context, request("GET", page, "messages.list")));
    if (!bulkhead::memberIn(document, "messages").is_array())
      throw bulkhead::provider::answerInvalid(kService);
    for (const auto& one : bulkhead::arrayIn(document, "messages")) {
      is_past = is_past || isMadeBefore(one, since - kDisorder);
      if (!isOf(one, draft) || isMadeBefore(one, since)) continue;
      if (const auto message = messageIn(one)) found.push_back(*message);
    }
    page = textIn(document, "next_page_uri");
    if (is_past || !page.starts_with('/')) page.clear();
  }
  if (!page.empty() && found.empty()) throw bulkhead::provider::ambiguous(kService);
  std::reverse(found.begin(), found.end());
  return found;
}

Message TwilioClient::fetch(const bulkhead::Context& context, std::string_view sid) const {
  const OutboundAnswer answer = host_.send(
      context, request("GET", folder() + "/Messages/" + FormWriter::encoded(sid) + ".json",
                       "messages.fetch"));
  if (answer.outcome == bulkhead::Outcome::HttpError && answer.status == 404)
    throw Error::notFound("MESSAGE_NOT_FOUND", "Twilio does not have this message.");
  if (!answer.isOk()) throw errorOf(answer);
  const auto message = messageIn(readJson(answer.body));
  if (!message) throw bulkhead::provider::answerInvalid(kService);
  return *message;
}

void TwilioClient::check(const bulkhead::Context& context) const {
  const Json account = readJson(send(context, request("GET", folder() + ".json", "account.fetch")));
  const std::string status = textIn(account, "status");
  if (status.empty()) throw bulkhead::provider::answerInvalid(kService);
  if (status != "active")
    throw Error::externalService("ACCOUNT_NOT_ACTIVE", "The account at Twilio is not active.");
}

}  // namespace twilio
