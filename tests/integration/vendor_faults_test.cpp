// Goal: whatever a vendor does, a client of the real host has the right refusal within its
// deadline, no secret comes out, and when the vendor is well the same request succeeds. Method: the
// vendors' plugins in workers, their addresses on a TLS peer of loopback that does each of these
// things.
#include <atomic>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host_process.hpp"
#include "plugins/google-calendar/key_file.hpp"
#include "vendor_services.hpp"

namespace bulkhead::integration {
namespace {

using host::egress::test::FaultPeer;
using host::egress::test::wholeAnswer;
using nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using Talk = FaultPeer::Talk;

/// The egress' own limit, and what a busy machine adds to it.
constexpr milliseconds kSendLimit{600};
constexpr milliseconds kSlack{1500};
/// After it what may have been sent is sent again: what SentOnce asks for at least.
constexpr milliseconds kSettleTime = kSendLimit + milliseconds{5000};
constexpr std::string_view kSecret = kVendorSecret;
constexpr std::string_view kVendorsText = "vendor-text-canary-91c2";

std::string status(std::string_view line, std::string_view fields = {}) {
  const std::string body = fmt::format(R"({{"message":"{}"}})", kVendorsText);
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", line, body.size(), fields,
                     body);
}

/// Whatever is asked first on a connection, but a token, has no end.
FaultPeer::Script failingAt(std::function<void(Talk&)> fault) {
  return [fault = std::move(fault)](Talk& talk) {
    std::string request = talk.readRequest();
    while (request.starts_with("POST /token")) {
      talk.write(vendorToken());
      request = talk.readRequest();
    }
    if (!request.empty()) fault(talk);
  };
}

/// A host with the vendors' plugins, whose services are `services`.
class Business {
 public:
  explicit Business(const VendorServices& services) : services_{services} {
    tenant_ = makeTenant();
    install("twilio",
            fmt::format("account_sid = AC{2:032}\nauth_token = {0}\nsender = +15005550006\n"
                        "request_timeout = {1}ms\nsettle_time = {3}ms\n",
                        kSecret, kSendLimit.count(), 0, kSettleTime.count()));
    install(
        "vapi",
        fmt::format("api_key = {0}\nassistant = a1\nphone_number = p1\nrequest_timeout = {1}ms\n"
                    "settle_time = {2}ms\n",
                    kSecret, kSendLimit.count(), kSettleTime.count()));
    install("stripe", fmt::format("secret_key = {}\nwebhook_secret = {}\n", kSecret, kSecret));
    install("plaid", fmt::format("client_id = client-id-of-plaid\nsecret = {}\n", kSecret));
    const auto key = folder_.path() / "service-account.json";
    std::ofstream{key} << google_calendar::keyFile();
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    install("google-calendar", fmt::format("tenant = {}\ntoken_url = {}/token\n", tenant_,
                                           services.url("google-calendar")));
    host_ = std::make_unique<HostProcess>(
        folder_, Environment{{"EGRESS_CA_FILE", services.authorities().string()},
                             {"EGRESS_ALLOW_NETWORKS", "127.0.0.0/8"},
                             {"EGRESS_TIMEOUT", fmt::format("{}ms", kSendLimit.count())},
                             {"EGRESS_CONNECT_TIMEOUT", "300ms"},
                             {"GOOGLE_CALENDAR_SERVICE_ACCOUNT_FILE", key.string()}});
  }

  HostProcess& host() { return *host_; }
  HttpAnswer ask(const Vendor& vendor, const std::string& key, int number) const {
    return host_->keyed("salon").post(vendor.route, vendor.body(number),
                                      {{"Idempotency-Key", key}});
  }
  /// What /health says of one of the plugins' services.
  std::string health(const std::string& vendor) const {
    return host_->keyed().get("/health").json()["services"].value(vendor, json{}).dump();
  }

 private:
  std::string makeTenant() const {
    HostProcess host{folder_};
    host.awaitReady();
    const auto made = host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").json();
    host.stop();
    return made.value("id", "");
  }
  void install(const std::string& id, const std::string& settings) const {
    folder_.install(id, fmt::format("enabled = true\nlimits.failures = 0\nbase_url = {}\n{}",
                                    services_.url(id), settings));
  }

  const VendorServices& services_;
  HostFolder folder_;
  std::string tenant_;
  std::unique_ptr<HostProcess> host_;
};

struct Fault {
  const char* name;
  std::function<void(VendorServices&, const std::string&)> begin;
  std::function<std::string(const Vendor&)> told;
  const char* retry_after = "";
};

std::string always(const char* text) {
  return text;
}

const std::vector<Fault>& faults() {
  const auto unreachable = [](const Vendor&) { return always("502 PROVIDER_UNREACHABLE"); };
  const auto ambiguous = [](const Vendor& vendor) { return "502 " + vendor.endless; };
  const auto saying = [](std::string answer) {
    return [answer = std::move(answer)](VendorServices& services, const std::string& vendor) {
      services.open(vendor, answering([answer](std::string_view) { return answer; }));
    };
  };
  static const std::vector<Fault> kFaults{
      {"Refused",
       [](VendorServices& services, const std::string& vendor) { services.close(vendor); },
       unreachable},
      {"NeverTls",
       [](VendorServices& services, const std::string& vendor) {
         services.open(
             vendor, [](Talk&) {}, FaultPeer::Skin::NeverTls);
       },
       unreachable},
      {"WrongCertificate",
       [](VendorServices& services, const std::string& vendor) {
         services.open(vendor, answering([](std::string_view) { return wholeAnswer("{}"); }),
                       FaultPeer::Skin::Tls, true);
       },
       unreachable},
      {"Stalls",
       [](VendorServices& services, const std::string& vendor) {
         services.open(vendor, failingAt([](Talk& talk) { talk.hang(); }));
       },
       ambiguous},
      {"CutBody",
       [](VendorServices& services, const std::string& vendor) {
         services.open(vendor, failingAt([](Talk& talk) {
                         talk.write("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"sid\":\"");
                         talk.cut();
                       }));
       },
       ambiguous},
      {"Status500", saying(status("500 Internal Server Error")),
       [](const Vendor& vendor) { return "502 " + vendor.failed; }},
      {"Status429", saying(status("429 Too Many Requests", "Retry-After: 7\r\n")),
       [](const Vendor&) { return always("429 PROVIDER_RATE_LIMITED"); }, "7"},
      {"Status401", saying(status("401 Unauthorized")),
       [](const Vendor&) { return always("502 PROVIDER_KEY_REFUSED"); }},
      {"Garbage", saying(wholeAnswer("<html>" + std::string{kVendorsText})),
       [](const Vendor& vendor) { return "502 " + vendor.garbage; }}};
  return kFaults;
}

class VendorFaults : public testing::TestWithParam<std::size_t> {
 protected:
  static void SetUpTestSuite() {
    services_ = std::make_unique<VendorServices>();
    business_ = std::make_unique<Business>(*services_);
    ASSERT_TRUE(business_->host().awaitReady());
  }
  static void TearDownTestSuite() {
    business_.reset();
    services_.reset();
  }

  static void expectNothingLeaked(const std::string& text) {
    EXPECT_EQ(text.find(kSecret), std::string::npos) << text;
    EXPECT_EQ(text.find(kVendorsText), std::string::npos) << text;
    EXPECT_EQ(text.find("PRIVATE KEY"), std::string::npos);
  }

  static std::unique_ptr<VendorServices> services_;
  static std::unique_ptr<Business> business_;
};

std::unique_ptr<VendorServices> VendorFaults::services_;
std::unique_ptr<Business> VendorFaults::business_;

TEST_P(VendorFaults, IsToldInTimeAndTheRepeatSucceeds) {
  const Fault& fault = faults().at(GetParam());
  const auto ask = [&, first = static_cast<int>(GetParam()) * 10](std::size_t number) {
    const Vendor& vendor = vendors()[number];
    return business_->ask(vendor, fmt::format("{}-{}", fault.name, vendor.id),
                          first + static_cast<int>(number));
  };
  for (std::size_t number = 0; number < vendors().size(); ++number) {
    const Vendor& vendor = vendors()[number];
    SCOPED_TRACE(vendor.id);
    fault.begin(*services_, vendor.id);
    const auto asked = Steady::now();
    const HttpAnswer told = ask(number);
    EXPECT_LT(Steady::now() - asked, 2 * kSendLimit + kSlack);
    EXPECT_EQ(fmt::format("{} {}", told.status, told.errorCode()), fault.told(vendor)) << told.body;
    if (*fault.retry_after != '\0') {
      EXPECT_EQ(told.header("retry-after"), fault.retry_after);
    }
    expectNothingLeaked(told.body);
    services_->open(vendor.id, answering(vendor.answer));
  }
  for (std::size_t number = 0; number < vendors().size(); ++number) {
    HttpAnswer well;
    EXPECT_TRUE(await([&] {
      well = ask(number);
      return well.status == vendors()[number].success;
    })) << vendors()[number].id
        << well.body;
  }
  expectNothingLeaked(business_->host().logText());
}

INSTANTIATE_TEST_SUITE_P(Each, VendorFaults, testing::Range(std::size_t{0}, std::size_t{9}),
                         [](const auto& one) { return faults().at(one.param).name; });

TEST(VendorHealth, SaysWhichServiceIsNotWellAndThatTheKeyIsRefused) {
  VendorServices services;
  services.close("twilio");
  services.open("vapi", answering([](std::string_view) { return status("401 Unauthorized"); }));
  Business business{services};
  ASSERT_TRUE(business.host().awaitReady());
  const auto says = [&](const std::string& vendor, std::string_view word) {
    return await([&] { return business.health(vendor).find(word) != std::string::npos; });
  };
  EXPECT_TRUE(says("twilio", "\"degraded\"")) << business.health("twilio");
  EXPECT_TRUE(says("vapi", "\"unavailable\"")) << business.health("vapi");
  EXPECT_TRUE(says("googleCalendar", "\"healthy\"")) << business.health("googleCalendar");
}

}  // namespace
}  // namespace bulkhead::integration
