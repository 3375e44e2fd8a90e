#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bulkhead/form.hpp>

#include "reference_data.hpp"

namespace bulkhead {
namespace {

using Fields = std::vector<Form::Field>;

std::string refusalOf(std::string_view body) {
  try {
    Form::parse(body);
  } catch (const Error& refusal) {
    EXPECT_EQ(refusal.code(), "FORM_INVALID");
    return refusal.message();
  }
  return {};
}

Form ofRequest(std::string_view content_type, std::string_view body) {
  const bulkhead_field field{waist::bytes("content-type"), waist::bytes(content_type)};
  bulkhead_request crossing{};
  crossing.size = sizeof crossing;
  crossing.headers = &field;
  crossing.header_count = 1;
  crossing.body = waist::bytes(body);
  const bulkhead_host host{};
  return Form::of(Request{host, crossing});
}

TEST(Form, DecodesFieldsInTheirOrder) {
  const Form form = Form::parse("b=1&a=x+y%20z&empty=&only&Body=Zo%C3%AB%20%E2%9C%93%26%3D%2B&a=2");
  EXPECT_EQ(form.fields(), (Fields{{"b", "1"},
                                   {"a", "x y z"},
                                   {"empty", ""},
                                   {"only", ""},
                                   {"Body", "Zo\xC3\xAB \xE2\x9C\x93&=+"},
                                   {"a", "2"}}));
  EXPECT_EQ(form.find("b"), "1");
  EXPECT_EQ(form.find("B"), std::nullopt) << "names are compared as they are";
  EXPECT_EQ(form.get("empty"), "");
  EXPECT_EQ(form.all("a"), (std::vector<std::string_view>{"x y z", "2"}));
  EXPECT_TRUE(Form::parse("").fields().empty());
  EXPECT_EQ(Form::parse("a=b=c").fields(), (Fields{{"a", "b=c"}}));
}

TEST(Form, WhatCanBeReadInTwoWaysIsRefused) {
  for (const std::string_view body :
       {"a=%", "a=%4", "a=%4g", "%zz=1", "a=1%", "=1", "&", "a=1&", "a=1&&b=2", "&a=1", "a=%FF",
        "a=%C0%AF", "a=%ED%A0%80", "a=%00", "%00=1", "a=\xFF"}) {
    EXPECT_NE(refusalOf(body), "") << body;
  }
  EXPECT_NE(refusalOf(std::string_view{"a=\0", 3}), "");
  EXPECT_EQ(refusalOf("a=1;b=2"), "") << "a semicolon is text";
}

TEST(Form, AFieldThatIsGivenTwiceOrNotAtAllIsNoSingleValue) {
  const Form form = Form::parse("a=1&a=2");
  EXPECT_THROW(form.find("a"), Error);
  EXPECT_THROW(form.get("b"), Error);
}

TEST(Form, TheNumberOfFieldsIsBounded) {
  std::string body = "a=";
  for (std::size_t i = 1; i < Form::kFieldsMax; ++i) body += "&a=";
  EXPECT_EQ(Form::parse(body).fields().size(), Form::kFieldsMax);
  EXPECT_NE(refusalOf(body + "&a="), "");
}

TEST(Form, OnlyItsOwnMediaTypeIsRead) {
  for (const char* type :
       {"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded; charset=\"utf-8\""}) {
    EXPECT_EQ(ofRequest(type, "a=1").get("a"), "1") << type;
  }
  for (const char* type :
       {"", "application/json", "application/x-www-form-urlencoded; charset=latin1",
        "application/x-www-form-urlencodedx", "multipart/form-data; boundary=a"}) {
    EXPECT_THROW(ofRequest(type, "a=1"), Error) << type;
  }
}

std::string encoded(std::string_view text) {
  std::string result;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      result += '+';
    } else {
      (((result += '%') += kHex[byte >> 4]) += kHex[byte & 15]);
    }
  }
  return result;
}

/// What Twilio sends, as another library made it.
TEST(Form, ReferenceFormsOfTwilio) {
  const auto path = tests::referenceFile("vectors/twilio_webhook.json");
  if (!path) GTEST_SKIP() << "reference data: vectors/twilio_webhook.json is not there";
  std::ifstream file{*path};
  const auto document = nlohmann::json::parse(file);
  std::size_t read = 0;
  for (const auto& vector : document.at("cases")) {
    const auto params = vector.find("params");
    if (params == vector.end() || !params->is_object()) continue;
    std::string body;
    for (const auto& [name, value] : params->items()) {
      if (!value.is_string()) continue;
      body += (body.empty() ? "" : "&") + encoded(name) + "=" + encoded(value.get<std::string>());
    }
    const Form form = Form::parse(body);
    for (const auto& [name, value] : form.fields()) EXPECT_EQ(value, params->at(name)) << name;
    read += form.fields().size();
  }
  EXPECT_GT(read, 10U);
}

}  // namespace
}  // namespace bulkhead
