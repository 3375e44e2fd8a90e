#include "http/request_target.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

TEST(RequestTarget, Rfc3986_DecodesOnce) {
  HttpRequest request;
  ASSERT_EQ(decodeTarget("/a%2520b/%C3%A9?q=%2B+%26&empty&=v&a=b=c&&x=%0A", request), nullptr);
  EXPECT_EQ(request.path, "/a%20b/\xc3\xa9");
  const Fields query{{"q", "+ &"}, {"empty", ""}, {"", "v"}, {"a", "b=c"}, {"x", "\n"}};
  EXPECT_EQ(request.query, query);
}

TEST(RequestTarget, WhatAnotherLayerCouldReadDifferentlyIsRefused) {
  for (const char* bad : {"/%",   "/%4",     "/%4g",       "/%00",   "/%0d%0a", "/%7f",   "/.",
                          "/..",  "/a/.",    "/a/../b",    "/%2e/b", "/a%2fb",  "/a%5cb", "/a\\b",
                          "/%ff", "/%c0%ae", "/%ed%a0%80", "/?a=%",  "/?a=%00", "/?%ff"}) {
    HttpRequest request;
    EXPECT_NE(decodeTarget(bad, request), nullptr) << bad;
  }
}

TEST(RequestTarget, NamesThatOnlyLookLikeDotSegmentsAreTaken) {
  for (const char* good :
       {"/", "/.well-known/x", "/a/..b", "/a/...", "/a.", "/a../b", "//", "/a//b"}) {
    HttpRequest request;
    EXPECT_EQ(decodeTarget(good, request), nullptr) << good;
  }
}

TEST(RequestTarget, Rfc3629_Utf8) {
  for (const char* good :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(isUtf8(good)) << good;
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_FALSE(isUtf8(bad)) << bad;
}

}  // namespace
}  // namespace bulkhead::host
