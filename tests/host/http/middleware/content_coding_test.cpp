#include "http/middleware/content_coding.hpp"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kLimit = 1024 * 1024;

HttpRequest asking(const char* accepted) {
  HttpRequest request;
  request.method = "GET";
  request.headers.emplace_back("accept-encoding", accepted);
  return request;
}

std::string longText() {
  std::string text;
  while (text.size() < 4000) text += "{\"start\":\"" + std::to_string(text.size()) + "\"},";
  return text;
}

HttpResponse answer(const std::string& body = longText()) {
  HttpResponse response = HttpResponse::json(200, body);
  response.addHeader("ETag", "\"v3\"");
  return response;
}

std::string field(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "-";
}

HttpResponse coded(const char* accepted, HttpResponse response) {
  encodeBody(chooseCoding(asking(accepted), response), response);
  return response;
}

std::string unbrotlied(const std::string& coded) {
  std::string body(100'000, '\0');
  std::size_t size = body.size();
  EXPECT_EQ(
      BrotliDecoderDecompress(coded.size(), reinterpret_cast<const std::uint8_t*>(coded.data()),
                              &size, reinterpret_cast<std::uint8_t*>(body.data())),
      BROTLI_DECODER_RESULT_SUCCESS);
  body.resize(size);
  return body;
}

std::string gzip(const std::string& body) {
  return coded("gzip", HttpResponse::json(200, body)).body;
}

bool unbounded(std::size_t) {
  return true;
}

std::string codeOfDecoding(const std::string& body, std::size_t limit = kLimit) {
  try {
    decodedBody(body, limit, unbounded);
    return "none";
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(ContentCoding, ABodyComesBackFromEachCoding) {
  const auto zipped = coded("gzip", answer());
  EXPECT_EQ(field(zipped, "Content-Encoding"), "gzip");
  EXPECT_LT(zipped.body.size(), longText().size() / 2);
  EXPECT_EQ(decodedBody(zipped.body, kLimit, unbounded), longText());
  const auto brotli = coded("br, gzip", answer());
  EXPECT_EQ(field(brotli, "Content-Encoding"), "br");
  EXPECT_EQ(unbrotlied(brotli.body), longText());
}

TEST(ContentCoding, Rfc9110_8_8_3_EachCodingHasATagOfItsOwn) {
  EXPECT_EQ(field(coded("gzip", answer()), "ETag"), "\"v3-gzip\"");
  EXPECT_EQ(field(coded("br", answer()), "ETag"), "\"v3-br\"");
  EXPECT_EQ(field(coded("identity", answer()), "ETag"), "\"v3\"");
  EXPECT_EQ(withoutCoding("\"v3-gzip\", W/\"v4-br\", \"v5\""), "\"v3\", W/\"v4\", \"v5\"");
}

TEST(ContentCoding, Rfc9110_12_5_5_CachesAreToldThatTheCodingDepends) {
  EXPECT_EQ(field(coded("identity", answer()), "Vary"), "Accept-Encoding");
  HttpResponse varies = answer();
  varies.addHeader("Vary", "Origin");
  EXPECT_EQ(field(coded("gzip", varies), "Vary"), "Origin, Accept-Encoding");
  EXPECT_EQ(field(coded("gzip", answer("{}")), "Vary"), "-") << "too small for any coding";
}

TEST(ContentCoding, WhatGainsNothingOrMustNotBeTouchedIsSentAsItIs) {
  HttpResponse image = answer();
  image.headers = {{"Content-Type", "image/png"}};
  HttpResponse done = answer();
  done.addHeader("Content-Encoding", "gzip");
  HttpResponse secret = answer();
  secret.addHeader("Cache-Control", "no-store, no-transform");
  HttpResponse part = answer();
  part.status = 206;
  for (const HttpResponse& response : {image, done, secret, part, answer("{\"a\":1}")}) {
    EXPECT_EQ(coded("gzip", response).body, response.body);
    EXPECT_EQ(coded("gzip", response).headers, response.headers);
  }
}

TEST(ContentCoding, ARequestsCodingIsGzipOrNone) {
  const auto with = [](std::initializer_list<const char*> codings) {
    HttpRequest request;
    request.body = "body";
    for (const char* coding : codings) request.headers.emplace_back("content-encoding", coding);
    return request;
  };
  EXPECT_FALSE(isCoded(with({})));
  HttpRequest nothing = with({"gzip"});
  nothing.body.clear();
  EXPECT_FALSE(isCoded(nothing)) << "there is nothing to decode";
  EXPECT_FALSE(isCoded(with({"Identity"})));
  EXPECT_TRUE(isCoded(with({"GZIP"})));
  EXPECT_THROW(isCoded(with({"br"})), Error);
  EXPECT_THROW(isCoded(with({"gzip, gzip"})), Error);
  EXPECT_THROW(isCoded(with({"gzip", "gzip"})), Error);
}

TEST(ContentCoding, ABodyOfSeveralMembersIsOne) {
  EXPECT_EQ(decodedBody(gzip(longText()) + gzip(longText()), kLimit, unbounded),
            longText() + longText());
}

TEST(ContentCoding, ABodyThatIsNoGzipIsRefused) {
  const std::string whole = gzip(longText());
  EXPECT_EQ(codeOfDecoding("{\"a\":1}"), "VALIDATION_ERROR");
  EXPECT_EQ(codeOfDecoding(whole.substr(0, whole.size() / 2)), "VALIDATION_ERROR");
  EXPECT_EQ(codeOfDecoding(whole + "rest"), "VALIDATION_ERROR");
  std::string changed = whole;
  changed[changed.size() - 6] = static_cast<char>(changed[changed.size() - 6] ^ 1);
  EXPECT_EQ(codeOfDecoding(changed), "VALIDATION_ERROR") << "its checksum is another one";
  EXPECT_EQ(codeOfDecoding(""), "VALIDATION_ERROR");
}

TEST(ContentCoding, ABodyThatGrowsTooMuchIsRefused) {
  const std::string zeros = gzip(std::string(200'000, ' '));
  EXPECT_EQ(codeOfDecoding(zeros), "PAYLOAD_TOO_LARGE") << "more than a hundred times";
  EXPECT_EQ(codeOfDecoding(gzip(std::string(50'000, ' '))), "none")
      << "which is too little to harm";
  EXPECT_EQ(codeOfDecoding(gzip(longText()), 100), "PAYLOAD_TOO_LARGE");
}

TEST(ContentCoding, ABodyGrowsOnlyWhileThereIsRoom) {
  std::size_t asked = 0;
  const auto holdUpTo = [&](std::size_t room) {
    return [&asked, room](std::size_t bytes) {
      asked = bytes;
      return bytes <= room;
    };
  };
  const std::string coded = gzip(longText() + longText());
  EXPECT_EQ(decodedBody(coded, 100'000, holdUpTo(100'000)).size(), asked);
  const std::string large = gzip(std::string(60'000, ' '));
  try {
    decodedBody(large, 100'000, holdUpTo(20'000));
    FAIL() << "it grew beyond its room";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "OVERLOADED");
    EXPECT_EQ(error.retryAfterSeconds(), 1);
  }
  EXPECT_LT(asked, 60'000U) << "it was decoded to its end before it was looked at";
}

}  // namespace
}  // namespace bulkhead::host
