#include "runtime/contract.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kContract =
    R"({"summary":"Makes a lead","scope":"booking:write","success":201,
  "query":{"type":"object","properties":{"limit":{"type":"integer","minimum":1,"maximum":200},"dry":{"type":"boolean"}}},
  "request":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}},
  "response":{"type":"object"},"transaction":"write","idempotency":"required","if_match":false})";

HttpRequest requestWith(std::string body, Fields query = {}) {
  HttpRequest request;
  request.method = "POST";
  request.body = std::move(body);
  request.query = std::move(query);
  request.headers = {{"content-type", "application/json; charset=utf-8"}};
  return request;
}

std::string refusalOf(const RouteContract& contract, const HttpRequest& request) {
  try {
    contract.check(request);
  } catch (const Error& error) {
    return std::to_string(statusOf(error)) + " " + error.code() + " " + error.details();
  }
  return "";
}

TEST(Contract, AcceptsWhatFits) {
  const RouteContract contract{"POST", "/leads", kContract};
  EXPECT_EQ(
      refusalOf(contract, requestWith(R"({"name":"Ann"})", {{"limit", "20"}, {"dry", "true"}})),
      "");
}

TEST(Contract, AQueryOfManyUnknownParametersGetsAShortAnswer) {
  const RouteContract contract{"POST", "/leads", kContract};
  const auto refusal =
      refusalOf(contract, requestWith(R"({"name":"Ann"})", Fields(4000, {"a", ""})));
  EXPECT_EQ(refusal.substr(0, 20), "400 VALIDATION_ERROR");
  EXPECT_LT(refusal.size(), 4000U);
}

TEST(Contract, RefusesABodyThatDoesNotFitWithItsPlace) {
  const RouteContract contract{"POST", "/leads", kContract};
  EXPECT_NE(refusalOf(contract, requestWith(R"({"name":5})")).find("#/name"), std::string::npos);
  EXPECT_EQ(refusalOf(contract, requestWith("{\"name\":")).substr(0, 20), "400 VALIDATION_ERROR");
  EXPECT_EQ(refusalOf(contract, requestWith("")).substr(0, 20), "400 VALIDATION_ERROR");
}

std::string bodyOfLevels(std::size_t levels) {
  return R"({"name":"A","more":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') +
         "}";
}

TEST(Contract, ABodyOfTooManyLevelsIsRefusedBeforeItIsParsed) {
  const RouteContract contract{"POST", "/leads", kContract};
  EXPECT_EQ(refusalOf(contract, requestWith(bodyOfLevels(64))), "") << "control: the limit fits";
  const auto refusal = refusalOf(contract, requestWith(bodyOfLevels(65)));
  EXPECT_EQ(refusal.substr(0, 20), "400 VALIDATION_ERROR");
  EXPECT_NE(refusal.find("At most 64 levels"), std::string::npos) << refusal;
  const std::string unfinished(500'000, '[');
  EXPECT_NE(refusalOf(contract, requestWith(unfinished)).find("At most 64 levels"),
            std::string::npos)
      << "that it never ends as JSON is found out later";
}

TEST(Contract, ANumberThatNothingCanHoldIsTheSendersFault) {
  const RouteContract contract{"POST", "/leads", kContract};
  for (const char* number : {"1e999", "-1e999"}) {
    const auto refusal =
        refusalOf(contract, requestWith(std::string{R"({"name":"A","more":)"} + number + "}"));
    EXPECT_EQ(refusal.substr(0, 20), "400 VALIDATION_ERROR") << refusal;
  }
  EXPECT_EQ(refusalOf(contract, requestWith(R"({"name":"A","more":1e308})")), "");
}

TEST(Contract, ABodyThatIsNoUtf8IsRefused) {
  const RouteContract contract{"POST", "/leads", kContract};
  for (const char* name : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\\ud800"}) {
    const auto refusal =
        refusalOf(contract, requestWith(std::string{R"({"name":")"} + name + "\"}"));
    EXPECT_EQ(refusal.substr(0, 20), "400 VALIDATION_ERROR") << refusal;
  }
}

TEST(Contract, ABodyMayBeLeftOutWhereDeclared) {
  std::string text{kContract};
  text.insert(1, R"("optional_body":true,)");
  const RouteContract contract{"POST", "/leads", text};
  EXPECT_EQ(refusalOf(contract, requestWith("")), "");
  EXPECT_NE(refusalOf(contract, requestWith("{}")).find("name"), std::string::npos)
      << "what is sent must fit";
}

TEST(Contract, RefusesAnUnknownMistypedOrRepeatedQueryParameter) {
  const RouteContract contract{"POST", "/leads", kContract};
  EXPECT_NE(
      refusalOf(contract, requestWith(R"({"name":"A"})", {{"limt", "20"}})).find("#/query/limt"),
      std::string::npos);
  EXPECT_NE(
      refusalOf(contract, requestWith(R"({"name":"A"})", {{"limit", "abc"}})).find("#/query/limit"),
      std::string::npos);
  EXPECT_NE(
      refusalOf(contract, requestWith(R"({"name":"A"})", {{"limit", "201"}})).find("#/query/limit"),
      std::string::npos);
  EXPECT_NE(refusalOf(contract, requestWith(R"({"name":"A"})", {{"limit", "1"}, {"limit", "2"}}))
                .find("twice"),
            std::string::npos);
}

TEST(Contract, RefusesAnotherMediaType) {
  const RouteContract contract{"POST", "/leads", kContract};
  HttpRequest request = requestWith(R"({"name":"Ann"})");
  request.headers[0].second = "text/plain";
  EXPECT_EQ(refusalOf(contract, request).substr(0, 3), "415");
}

TEST(Contract, IfMatchIsAskedForWhereDeclared) {
  std::string text{kContract};
  text.replace(text.find("\"if_match\":false"), 16, "\"if_match\":true");
  const RouteContract contract{"POST", "/leads", text};
  HttpRequest request = requestWith(R"({"name":"Ann"})");
  EXPECT_EQ(refusalOf(contract, request).substr(0, 25), "428 PRECONDITION_REQUIRED");
  request.headers.emplace_back("if-match", "\"v1\"");
  EXPECT_EQ(refusalOf(contract, request), "");
}

TEST(Contract, ARouteWithoutAWholeContractIsRefused) {
  const std::pair<const char*, const char*> refused[] = {
      {"no summary", R"({"scope":"a:b","response":{}})"},
      {"no scope", R"({"summary":"s","response":{}})"},
      {"no response", R"({"summary":"s","scope":"a:b"})"},
      {"unknown member", R"({"summary":"s","scope":"a:b","response":{},"sumary":"x"})"},
      {"keyed without a write",
       R"({"summary":"s","scope":"a:b","response":{},"idempotency":"required"})"},
      {"stream in a transaction",
       R"({"summary":"s","scope":"a:b","streams":"response","transaction":"read"})"},
      {"streamed response with a schema",
       R"({"summary":"s","scope":"a:b","streams":"response","response":{}})"},
      {"streamed request with a schema",
       R"({"summary":"s","scope":"a:b","response":{},"streams":"request","request":{"type":"object"}})"},
      {"media type of an answer that is JSON",
       R"({"summary":"s","scope":"a:b","response":{},"media_type":"text/csv"})"},
      {"example that does not fit",
       R"({"summary":"s","scope":"a:b","response":{},"request":{"type":"object"},"example":5})"},
      {"optional body without a schema",
       R"({"summary":"s","scope":"a:b","response":{},"optional_body":true})"},
      {"not JSON", "{"}};
  for (const auto& [what, text] : refused) {
    EXPECT_THROW((RouteContract{"POST", "/x", text}), Error) << what;
  }
  EXPECT_THROW((RouteContract{"BREW", "/x", kContract}), Error);
  EXPECT_THROW((RouteContract{"POST", "x", kContract}), Error);
}

}  // namespace
}  // namespace bulkhead::host
