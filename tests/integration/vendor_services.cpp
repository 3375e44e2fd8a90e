#include "vendor_services.hpp"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

namespace bulkhead::integration {
namespace {

using host::egress::test::FaultPeer;
using host::egress::test::wholeAnswer;
using nlohmann::json;
using Talk = FaultPeer::Talk;

std::string created(const json& document) {
  std::string answer = wholeAnswer(document.dump());
  return answer.replace(answer.find("200 OK"), 6, "201 Created");
}

std::string twilioAnswer(std::string_view request) {
  static std::atomic<int> count{0};
  if (request.starts_with("POST"))
    return created({{"sid", fmt::format("SM{}", ++count)}, {"status", "queued"}});
  if (request.find("/Messages.json?") != std::string_view::npos)
    return wholeAnswer(R"({"messages":[],"next_page_uri":null})");
  return wholeAnswer(R"({"status":"active"})");
}

std::string vapiAnswer(std::string_view request) {
  static std::atomic<int> count{0};
  if (request.starts_with("POST"))
    return created({{"id", fmt::format("call-{}", ++count)}, {"status", "queued"}});
  return wholeAnswer("[]");
}

std::string googleAnswer(std::string_view request) {
  if (request.find("/freeBusy") != std::string_view::npos)
    return wholeAnswer(R"({"calendars":{"primary":{"busy":[]}}})");
  return wholeAnswer(R"({"items":[]})");
}

std::string stripeAnswer(std::string_view request) {
  static std::atomic<int> count{0};
  if (request.starts_with("GET")) return wholeAnswer(R"({"object":"balance"})");
  return wholeAnswer(fmt::format(
      R"({{"id":"cs_{}","url":"https://pay.example/1","status":"open","amount_total":1,"currency":"eur"}})",
      ++count));
}

std::string plaidAnswer(std::string_view request) {
  if (request.find("/link/token/create") == std::string_view::npos) return wholeAnswer("{}");
  return wholeAnswer(R"({"link_token":"link-1","expiration":"2030-01-01T00:00:00Z"})");
}

}  // namespace

const std::vector<Vendor>& vendors() {
  static const std::vector<Vendor> kVendors{
      {"twilio", "/api/twilio/v1/messages",
       [](int n) { return fmt::format(R"({{"to":"+15005550006","text":"{}"}})", n); }, 201,
       twilioAnswer},
      {"vapi", "/api/vapi/v1/calls", [](int) { return R"({"to":"+15005550006"})"; }, 201,
       vapiAnswer},
      {"google-calendar", "/api/google-calendar/v1/busy",
       [](int) {
         return R"({"calendars":["primary"],"from":"2026-01-05T00:00:00Z","to":"2026-01-06T00:00:00Z"})";
       },
       200, googleAnswer, "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID"},
      {"stripe", "/api/stripe/v1/payment-links",
       [](int n) { return fmt::format(R"({{"amount":1,"currency":"EUR","reference":"r{}"}})", n); },
       201, stripeAnswer, "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID"},
      {"plaid", "/api/plaid/v1/link-tokens", [](int) { return R"({"user":"u1"})"; }, 201,
       plaidAnswer, "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID", "PROVIDER_UNREACHABLE"}};
  return kVendors;
}

std::string vendorToken() {
  return wholeAnswer(fmt::format(R"({{"access_token":"{}","expires_in":3600}})", kVendorSecret));
}

FaultPeer::Script answering(std::function<std::string(std::string_view)> answer) {
  return [answer = std::move(answer)](Talk& talk) {
    for (std::string request; !(request = talk.readRequest()).empty();)
      talk.write(request.starts_with("POST /token") ? vendorToken() : answer(request));
  };
}

VendorServices::VendorServices()
    : identity_{folder_.make("peer")}, stranger_{folder_.make("stranger")} {
  std::signal(SIGPIPE, SIG_IGN);
  for (const auto& vendor : vendors()) {
    const FaultPeer peer{[](Talk&) {}, identity_};
    ports_[vendor.id] = peer.port();
  }
  for (const auto& vendor : vendors()) open(vendor.id, answering(vendor.answer));
}

void VendorServices::open(const std::string& vendor, FaultPeer::Script script, FaultPeer::Skin skin,
                          bool is_stranger) {
  close(vendor);
  FaultPeer::Options options;
  options.skin = skin;
  options.port = ports_.at(vendor);
  peers_[vendor] =
      std::make_unique<FaultPeer>(std::move(script), is_stranger ? stranger_ : identity_, options);
}

std::string VendorServices::url(const std::string& vendor) const {
  return fmt::format("https://127.0.0.1:{}", ports_.at(vendor));
}

}  // namespace bulkhead::integration
