#include "http/middleware/coded_document.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

std::string longText() {
  std::string text = "{";
  while (text.size() < 4000) text += "\"path\":\"/api/booking/v1/appointments\",";
  return text;
}

HttpRequest get(Fields headers = {}) {
  HttpRequest request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

std::string field(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "-";
}

TEST(CodedDocument, AnswersInTheCodingThatIsAskedFor) {
  const CodedDocument document{"application/json", longText()};
  const HttpResponse plain = document.answer(get());
  EXPECT_EQ(plain.body, longText());
  EXPECT_EQ(field(plain, "Content-Type"), "application/json");
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
  for (const char* coding : {"gzip", "br"}) {
    const HttpResponse coded = document.answer(get({{"accept-encoding", coding}}));
    EXPECT_EQ(field(coded, "Content-Encoding"), coding);
    EXPECT_LT(coded.body.size(), plain.body.size() / 4);
    EXPECT_NE(field(coded, "ETag"), field(plain, "ETag"));
  }
}

TEST(CodedDocument, Rfc9110_13_1_2_ToldItsOwnTagItAnswersNothingAnew) {
  const CodedDocument document{"application/json", longText()};
  const CodedDocument another{"application/json", longText() + "}"};
  const HttpResponse coded = document.answer(get({{"accept-encoding", "br"}}));
  const Fields known{{"accept-encoding", "br"}, {"if-none-match", field(coded, "ETag")}};
  EXPECT_EQ(document.answer(get(known)).status, 304);
  EXPECT_EQ(document.answer(get(known)).body, "");
  EXPECT_EQ(another.answer(get(known)).status, 200);
}

TEST(CodedDocument, OneTooSmallIsNeverCoded) {
  const CodedDocument document{"application/json", "{}"};
  const HttpResponse answer = document.answer(get({{"accept-encoding", "gzip"}}));
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(field(answer, "Content-Encoding"), "-");
}

}  // namespace
}  // namespace bulkhead::host
