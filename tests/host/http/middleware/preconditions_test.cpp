#include "http/middleware/preconditions.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

class Preconditions : public ::testing::Test {
 protected:
  Preconditions() { request.method = "GET"; }

  int statusWith(const char* name, const char* value) {
    request.headers = {{name, value}};
    HttpResponse response = answer;
    applyPreconditions(request, response);
    return response.status;
  }

  static HttpResponse tagged(const char* tag) {
    HttpResponse response = HttpResponse::json(200, "{}");
    response.addHeader("ETag", tag);
    response.addHeader("Cache-Control", "no-cache");
    response.addHeader("X-Other", "1");
    return response;
  }

  HttpRequest request;
  HttpResponse answer = tagged("\"v3\"");
};

TEST_F(Preconditions, Rfc9110_13_1_2_WhatTheClientHasIsNotSentAgain) {
  for (const char* known : {"\"v3\"", "W/\"v3\"", "\"v1\", \"v3\"", "*", "\"v1\",, W/\"v3\" ",
                            "\"v3-gzip\"", "\"v3-br\""}) {
    EXPECT_EQ(statusWith("if-none-match", known), 304) << known;
  }
  for (const char* other : {"\"v4\"", "v3", "\"v3", "", "\"v4\", v3", "W/v3"}) {
    EXPECT_EQ(statusWith("if-none-match", other), 200) << other;
  }
  answer = tagged("W/\"v3\"");
  EXPECT_EQ(statusWith("if-none-match", "\"v3\""), 304) << "the comparison is weak";
}

TEST_F(Preconditions, Rfc9110_15_4_5_A304KeepsWhatCachesNeedAndNoBody) {
  request.headers = {{"if-none-match", "\"v3\""}};
  applyPreconditions(request, answer);
  EXPECT_EQ(answer.headers, (Fields{{"ETag", "\"v3\""}, {"Cache-Control", "no-cache"}}));
  EXPECT_TRUE(answer.body.empty());
}

TEST_F(Preconditions, Rfc9110_13_1_1_AnotherVersionThanAskedForIs412) {
  EXPECT_EQ(statusWith("if-match", "\"v3\""), 200);
  EXPECT_EQ(statusWith("if-match", "\"v3-gzip\""), 200);
  EXPECT_EQ(statusWith("if-match", "*"), 200);
  EXPECT_EQ(statusWith("if-match", "\"v2\""), 412);
  EXPECT_EQ(statusWith("if-match", "W/\"v3\""), 412) << "the comparison is strong";
}

TEST_F(Preconditions, Rfc9110_13_1_3_DatesCountWhereThereAreNoTags) {
  answer.addHeader("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(statusWith("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"), 304);
  EXPECT_EQ(statusWith("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"), 200);
  EXPECT_EQ(statusWith("if-modified-since", "Sun, 06 Nov 2994 08:49:37 GMT"), 200)
      << "a date in the future is none";
  EXPECT_EQ(statusWith("if-modified-since", "yesterday"), 200);
  request.headers = {{"if-none-match", "\"v1\""},
                     {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  HttpResponse response = answer;
  applyPreconditions(request, response);
  EXPECT_EQ(response.status, 200) << "tags come first";
}

TEST_F(Preconditions, OnlyAGetThatSucceededIsConditional) {
  request.method = "POST";
  EXPECT_EQ(statusWith("if-none-match", "\"v3\""), 200);
  request.method = "GET";
  answer.status = 201;
  EXPECT_EQ(statusWith("if-none-match", "\"v3\""), 201);
  answer = HttpResponse::json(200, "{}");
  EXPECT_EQ(statusWith("if-none-match", "\"v3\""), 200);
}

}  // namespace
}  // namespace bulkhead::host
