#include <gtest/gtest.h>
#include <map>
#include <vector>

#include <bulkhead/form.hpp>
#include <bulkhead/form_writer.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/timestamp.hpp>

namespace bulkhead {
namespace {

template <class Write>
std::string written(const Write& write) {
  std::string text;
  FormWriter form{text};
  write(form);
  return text;
}

TEST(FormWriter, WritesWhatStripesLibraryWrites) {
  EXPECT_EQ(written([](FormWriter& form) {
              form.field("amount", 2000);
              form.field("currency", "usd");
              form.object("automatic_payment_methods", [](FormWriter& methods) {
                methods.field("enabled", true);
                methods.field("allow_redirects", "never");
              });
              form.object("metadata",
                          [](FormWriter& metadata) { metadata.field("booking", "bk_42"); });
              form.array("expand", std::vector<std::string>{"latest_charge", "customer"});
            }),
            "amount=2000&currency=usd&automatic_payment_methods[enabled]=true"
            "&automatic_payment_methods[allow_redirects]=never&metadata[booking]=bk_42"
            "&expand[0]=latest_charge&expand[1]=customer");
  EXPECT_EQ(written([](FormWriter& form) {
              form.array("line_items", std::vector<int>{7, 9}, [](FormWriter& item, int amount) {
                item.object("price_data",
                            [&](FormWriter& price) { price.field("unit_amount", amount); });
                item.field("quantity", 1);
              });
            }),
            "line_items[0][price_data][unit_amount]=7&line_items[0][quantity]=1"
            "&line_items[1][price_data][unit_amount]=9&line_items[1][quantity]=1");
}

TEST(FormWriter, EverythingButUnreservedIsEncoded) {
  EXPECT_EQ(FormWriter::encoded("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(FormWriter::encoded(" +&=!*'()[]/%"), "%20%2B%26%3D%21%2A%27%28%29%5B%5D%2F%25");
  EXPECT_EQ(FormWriter::encoded("Zo\xC3\xAB"), "Zo%C3%AB");
  EXPECT_EQ(written([](FormWriter& form) {
              form.object("m", [](FormWriter& m) { m.field("a[b]", "x"); });
            }),
            "m[a%5Bb%5D]=x")
      << "a name cannot break out of its brackets";
}

TEST(FormWriter, AnEmptyTextIsWrittenAndAnAbsentValueIsNot) {
  EXPECT_EQ(written([](FormWriter& form) {
              form.field("description", "");
              form.field("limit", std::optional<int>{});
              form.field("page", std::optional<int>{3});
              form.array("none", std::vector<std::string>{});
              form.field("MediaUrl", "a");
              form.field("MediaUrl", "b");
            }),
            "description=&page=3&MediaUrl=a&MediaUrl=b");
  EXPECT_EQ(written([](FormWriter&) {}), "");
}

TEST(FormWriter, WhatItWritesIsReadBack) {
  std::string every_byte;
  for (int c = 1; c < 128; ++c) every_byte += static_cast<char>(c);
  const std::string text = written([&](FormWriter& form) {
    form.field(every_byte, every_byte);
    form.field("n", std::int64_t{-5});
  });
  const Form form = Form::parse(text);
  EXPECT_EQ(form.get(every_byte), every_byte);
  EXPECT_EQ(form.get("n"), "-5");
}

TEST(Timestamp, IsRfc3339InEveryYear) {
  using std::chrono::seconds;
  EXPECT_EQ(rfc3339(seconds{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(seconds{1'767'600'000}), "2026-01-05T08:00:00Z");
  EXPECT_EQ(rfc3339(seconds{951'782'399}), "2000-02-28T23:59:59Z");
  EXPECT_EQ(rfc3339(seconds{-1}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339(seconds::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339(seconds::min()), "0000-01-01T00:00:00Z");
}

OutboundAnswer answered(int status, int retry_after_s = 0) {
  OutboundAnswer answer;
  answer.outcome = Outcome::HttpError;
  answer.status = status;
  answer.retry_after_s = retry_after_s;
  return answer;
}

OutboundAnswer unanswered(Outcome outcome) {
  OutboundAnswer answer;
  answer.outcome = outcome;
  return answer;
}

TEST(ProviderError, EveryOutcomeHasOneWord) {
  const auto code = [](const OutboundAnswer& answer) {
    return provider::errorFor("Stripe", answer).code();
  };
  EXPECT_EQ(code(unanswered(Outcome::NotSent)), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(code(unanswered(Outcome::Rejected)), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(code(unanswered(Outcome::Ambiguous)), "PROVIDER_AMBIGUOUS");
  const std::map<int, std::string> kByStatus{
      {302, "PROVIDER_ANSWER_INVALID"}, {400, "PROVIDER_REFUSED"}, {401, "PROVIDER_KEY_REFUSED"},
      {403, "PROVIDER_KEY_REFUSED"},    {404, "PROVIDER_REFUSED"}, {408, "PROVIDER_FAILED"},
      {429, "PROVIDER_RATE_LIMITED"},   {500, "PROVIDER_FAILED"},  {503, "PROVIDER_FAILED"},
  };
  for (const auto& [status, expected] : kByStatus)
    EXPECT_EQ(code(answered(status)), expected) << status;
}

TEST(ProviderError, ARateLimitTellsWhenToComeAgain) {
  EXPECT_EQ(provider::errorFor("Stripe", answered(429, 7)).retryAfterSeconds(), 7);
  EXPECT_EQ(provider::errorFor("Stripe", answered(429)).retryAfterSeconds(), 1);
}

TEST(ProviderError, NothingThatTheServiceSaidIsInTheMessage) {
  OutboundAnswer answer = answered(400);
  answer.body = "sk_live_1234";
  answer.message = "https://10.0.0.1/";
  for (const int status : {400, 401, 429, 500}) {
    answer.status = status;
    const Error error = provider::errorFor("Stripe", answer);
    EXPECT_EQ(error.message().find("sk_live"), std::string::npos);
    EXPECT_EQ(error.message().find("10.0"), std::string::npos);
    EXPECT_NE(error.message().find("Stripe"), std::string::npos);
  }
}

}  // namespace
}  // namespace bulkhead
