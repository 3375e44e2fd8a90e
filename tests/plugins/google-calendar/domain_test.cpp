#include <atomic>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/signing.hpp>

#include "access_token.hpp"
#include "key_file.hpp"
#include "reference_data.hpp"
#include "service_account.hpp"

namespace google_calendar {
namespace {

using nlohmann::json;
using std::chrono::microseconds;
using std::chrono::seconds;

ServiceAccount::Claims claims(std::string_view subject = {}) {
  return {.scope = "https://www.googleapis.com/auth/calendar",
          .audience = "https://oauth2.googleapis.com/token",
          .subject = subject,
          .now = seconds{1'700'000'001}};
}

std::vector<std::string> partsOf(const std::string& assertion) {
  const auto first = assertion.find('.');
  const auto last = assertion.rfind('.');
  return {assertion.substr(0, first), assertion.substr(first + 1, last - first - 1),
          assertion.substr(last + 1)};
}

bool isSignedBy(const std::string& pem, const std::string& assertion) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text{
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  const auto dot = assertion.rfind('.');
  const std::string signature = bulkhead::fromBase64Url(assertion.substr(dot + 1)).value_or("");
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(),
                          reinterpret_cast<const unsigned char*>(assertion.data()), dot) == 1;
}

TEST(ServiceAccount, ItsAssertionSaysWhoItIsAndIsSigned) {
  const ServiceAccount account{keyFile()};
  const std::string assertion = account.assertion(claims("owner@example.org"));
  const auto parts = partsOf(assertion);
  EXPECT_EQ(bulkhead::fromBase64Url(parts[0]), R"({"alg":"RS256"})");
  EXPECT_EQ(json::parse(bulkhead::fromBase64Url(parts[1]).value_or("")),
            json::parse(R"({"iss":"svc@proj.iam.gserviceaccount.com",
                            "scope":"https://www.googleapis.com/auth/calendar",
                            "aud":"https://oauth2.googleapis.com/token",
                            "exp":1700003601,"iat":1700000001,"sub":"owner@example.org"})"));
  EXPECT_TRUE(isSignedBy(privateKey(), assertion));
  EXPECT_EQ(account.assertion(claims("owner@example.org")), assertion) << "RS256 has one signature";
  std::string changed = assertion;
  changed[5] = changed[5] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(isSignedBy(privateKey(), changed));
}

TEST(ServiceAccount, AKeyFileThatIsNoneIsRefused) {
  for (const std::string& text :
       {std::string{"not json"}, std::string{"{}"}, std::string(100, '['),
        std::string{R"({"client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----"})"},
        std::string{R"({"client_email":5,"private_key":"x"})"}})
    EXPECT_THROW(ServiceAccount{text}, bulkhead::Error) << text;
}

TEST(ServiceAccount, ReferenceAssertionsOfGooglesLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/google_service_account.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/google_service_account.json is not here";
  const auto vectors = json::parse(std::ifstream{*file});
  const std::string key = vectors.at("private_key_pem");
  int checked = 0;
  for (const auto& one : vectors.at("cases")) {
    const ServiceAccount account{one.at("email").get<std::string>(), key};
    std::string scopes;
    for (const auto& scope : one.at("scopes"))
      scopes += (scopes.empty() ? "" : " ") + scope.get<std::string>();
    const std::string subject = one.value("subject", "");
    const std::string audience = one.at("claims").at("aud");
    EXPECT_EQ(account.assertion({.scope = scopes,
                                 .audience = audience,
                                 .subject = subject,
                                 .now = seconds{one.at("iat").get<std::int64_t>()}}),
              one.at("assertion"))
        << one.at("name");
    ++checked;
  }
  EXPECT_EQ(checked, 3);
}

constexpr seconds kPatience{10};

TEST(AccessToken, IsKeptUntilAMinuteBeforeItsEnd) {
  microseconds now{0};
  AccessToken token{[&now] { return now; }};
  int fetched = 0;
  const auto fetch = [&] { return AccessToken::Fetched{std::to_string(++fetched), seconds{3600}}; };
  EXPECT_EQ(token.get(fetch, kPatience), "1");
  now = seconds{3539};
  EXPECT_EQ(token.get(fetch, kPatience), "1");
  now = seconds{3540};
  EXPECT_EQ(token.get(fetch, kPatience), "2");
  token.forget("1");
  EXPECT_EQ(token.get(fetch, kPatience), "2")
      << "the one that was refused is not the one that is here";
  token.forget("2");
  EXPECT_EQ(token.get(fetch, kPatience), "3");
}

// Goal: one refresh in flight. Method: the fetch waits until all have asked.
TEST(AccessToken, ManyWhoWantItAtOnceFetchItOnce) {
  AccessToken token{[] { return microseconds{0}; }};
  std::atomic<int> fetches{0};
  std::atomic<int> asked{0};
  std::vector<std::future<std::string>> all;
  for (int i = 0; i < 16; ++i) {
    all.push_back(std::async(std::launch::async, [&] {
      ++asked;
      return token.get(
          [&] {
            ++fetches;
            while (asked < 16) std::this_thread::yield();
            return AccessToken::Fetched{"t", seconds{3600}};
          },
          kPatience);
    }));
  }
  for (auto& one : all) EXPECT_EQ(one.get(), "t");
  EXPECT_EQ(fetches, 1);
}

TEST(AccessToken, AFetchThatFailsIsTriedAgainByTheNext) {
  AccessToken token{[] { return microseconds{0}; }};
  EXPECT_THROW(
      token.get([]() -> AccessToken::Fetched { throw bulkhead::Error::app("X", "x"); }, kPatience),
      bulkhead::Error);
  EXPECT_EQ(token.get([] { return AccessToken::Fetched{"t", seconds{3600}}; }, kPatience), "t");
}

TEST(AccessToken, NobodyWaitsForAnotherLongerThanHeMay) {
  AccessToken token{[] { return microseconds{0}; }};
  std::promise<void> begun;
  std::promise<void> released;
  auto first = std::async(std::launch::async, [&] {
    return token.get(
        [&] {
          begun.set_value();
          released.get_future().wait();
          return AccessToken::Fetched{"t", seconds{3600}};
        },
        kPatience);
  });
  begun.get_future().wait();
  EXPECT_THROW(token.get([] { return AccessToken::Fetched{}; }, std::chrono::milliseconds{20}),
               bulkhead::Error);
  released.set_value();
  EXPECT_EQ(first.get(), "t");
}

}  // namespace
}  // namespace google_calendar
