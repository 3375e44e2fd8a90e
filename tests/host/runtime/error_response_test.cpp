#include "runtime/error_response.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

TEST(ErrorResponse, S58_EachClassHasItsStatus) {
  const std::pair<Error, int> table[] = {{Error::app("X", "m"), 500},
                                         {Error::validation("X", "m"), 400},
                                         {Error::authentication("X", "m"), 401},
                                         {Error::authorization("X", "m"), 403},
                                         {Error::notFound("X", "m"), 404},
                                         {Error::conflict("X", "m"), 409},
                                         {Error::rateLimit("X", "m"), 429},
                                         {Error::externalService("X", "m"), 502},
                                         {Error::database("X", "m"), 500},
                                         {Error::businessLogic("X", "m"), 422},
                                         {Error::configuration("X", "m"), 500}};
  for (const auto& [error, status] : table) EXPECT_EQ(statusOf(error), status);
}

TEST(ErrorResponse, ACodeCanRefineTheStatusOfItsKind) {
  EXPECT_EQ(statusOf(Error::conflict("VERSION_CONFLICT", "m")), 412);
  EXPECT_EQ(statusOf(Error::conflict("PRECONDITION_REQUIRED", "m")), 428);
  EXPECT_EQ(statusOf(Error::database("DATABASE_UNAVAILABLE", "m")), 503);
  EXPECT_EQ(statusOf(Error::app("DEADLINE_EXCEEDED", "m")), 504);
}

TEST(ErrorResponse, S59_BodyHasTheFourFields) {
  const auto response = errorResponse(Error::conflict("SLOT_TAKEN", "Taken."), {});
  const auto error = Json::parse(response.body).at("error");
  EXPECT_EQ(error.at("message"), "Taken.");
  EXPECT_EQ(error.at("code"), "SLOT_TAKEN");
  EXPECT_EQ(error.at("statusCode"), 409);
  EXPECT_EQ(response.status, 409);
  const std::string timestamp = error.at("timestamp");
  EXPECT_EQ(timestamp.size(), std::string_view{"2024-01-01T12:00:00.000Z"}.size());
  EXPECT_EQ(timestamp.back(), 'Z');
}

TEST(ErrorResponse, C10_BodyIsAProblemDocumentToo) {
  ErrorContext context;
  context.path = "/api/booking/v1/leads";
  context.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const auto body =
      Json::parse(errorResponse(Error::notFound("NOT_FOUND", "No such lead."), context).body);
  EXPECT_EQ(body.at("type"), "/problems/not-found");
  EXPECT_EQ(body.at("status"), 404);
  EXPECT_EQ(body.at("detail"), "No such lead.");
  EXPECT_EQ(body.at("instance"), "/api/booking/v1/leads");
  EXPECT_EQ(body.at("traceId"), "0af7651916cd43dd8448eb211c80319c");
}

TEST(ErrorResponse, C10_ProblemMediaTypeOnlyForWhoeverListsIt) {
  ErrorContext context;
  EXPECT_EQ(errorResponse(Error::app("X", "m"), context).headers.at(0).second, "application/json");
  context.problem_json = true;
  EXPECT_EQ(errorResponse(Error::app("X", "m"), context).headers.at(0).second,
            "application/problem+json");
}

TEST(ErrorResponse, S60_TheClassNameIsForDevelopmentOnly) {
  ErrorContext context;
  EXPECT_FALSE(
      Json::parse(errorResponse(Error::app("X", "m"), context).body).at("error").contains("name"));
  context.development = true;
  EXPECT_EQ(Json::parse(errorResponse(Error::app("X", "m"), context).body).at("error").at("name"),
            "AppError");
}

TEST(ErrorResponse, RetryAfterIsAHeader) {
  const auto response = errorResponse(Error::app("PLUGIN_UNAVAILABLE", "m").withRetryAfter(5), {});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.back(), (std::pair<std::string, std::string>{"Retry-After", "5"}));
}

TEST(HttpResponse, AHeaderCannotCarryALineBreak) {
  HttpResponse response;
  EXPECT_THROW(response.addHeader("X-A", "a\r\nX-B: injected"), std::invalid_argument);
  EXPECT_THROW(response.addHeader("X-A\n", "a"), std::invalid_argument);
  EXPECT_THROW(response.addHeader("X-A", std::string_view{"a\0b", 3}), std::invalid_argument);
  EXPECT_NO_THROW(response.addHeader("X-A", "plain, with \t tab"));
}

TEST(Principal, AScopeCoversWhatItContains) {
  Principal principal;
  principal.scopes = {"booking:*", "stripe:read"};
  EXPECT_TRUE(principal.has("booking:write"));
  EXPECT_TRUE(principal.has("stripe:read"));
  EXPECT_FALSE(principal.has("stripe:write"));
  EXPECT_FALSE(principal.has("bookings:read"));
  principal.scopes = {"*"};
  EXPECT_TRUE(principal.has("admin"));
}

TEST(Principal, AKeyForTenantsHasNothingOfTheInstallation) {
  Principal principal{"key", "t1", {"*", "admin"}, true, true};
  EXPECT_TRUE(principal.has("booking:write"));
  EXPECT_FALSE(principal.has("admin"));
  EXPECT_FALSE(principal.has("monitoring:read"));
  principal.scopes = {"monitoring:read"};
  EXPECT_TRUE(principal.has("monitoring:read")) << "what was granted by name counts";
  principal = {"key", "", {"*"}, true, false};
  EXPECT_TRUE(principal.has("admin"));
  EXPECT_TRUE(principal.has("monitoring:read"));
}

TEST(ErrorResponse, S59_DetailsAreAJsonObjectOrLeftOut) {
  const auto details = [](std::string text) {
    const auto response = errorResponse(
        Error::conflict("TAKEN", "It is taken.").withDetails(std::move(text)), ErrorContext{});
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    EXPECT_TRUE(body.is_object()) << response.body;
    EXPECT_EQ(body.size(), 5U) << response.body;
    return body["error"].value("details", nlohmann::json{});
  };
  EXPECT_EQ(details(R"( {"slot":1})"), (nlohmann::json{{"slot", 1}})) << "control";
  for (const char* text :
       {"", "[1]", "1", "{", "{}},\"injected\":{\"a\":{}", "{}}", "{\"a\":\"\xff\"}", "nothing"}) {
    EXPECT_TRUE(details(text).is_null()) << text;
  }
  EXPECT_TRUE(details(R"({"a":")" + std::string(std::size_t{65} * 1024, 'x') + "\"}").is_null());
}

}  // namespace
}  // namespace bulkhead::host
