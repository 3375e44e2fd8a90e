#include <gtest/gtest.h>
#include <memory>
#include <zlib.h>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

constexpr int kGzipWindow = 15 + 16;

std::string gzip(const std::string& body) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  std::string coded(body.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return coded;
}

std::string gunzip(const std::string& coded) {
  z_stream stream{};
  inflateInit2(&stream, kGzipWindow);
  std::string body(1'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(body.data());
  stream.avail_out = static_cast<uInt>(body.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  body.resize(stream.total_out);
  inflateEnd(&stream);
  return body;
}

class Coding : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    host_ = std::make_unique<HostProcess>(*folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0);
    salon_.reset();
    host_.reset();
    folder_.reset();
  }

  static std::string path(std::string_view target) {
    return std::string{BookingBusiness::kPath} + std::string{target};
  }
  static HttpAnswer get(std::string_view target, const Fields& headers) {
    return salon_->client().get(path(target), headers);
  }
  static HttpAnswer postLead(const std::string& body, const Fields& headers) {
    Fields all = headers;
    all.emplace_back("Idempotency-Key", "lead-" + std::to_string(++keys_));
    return salon_->client().post(path("/leads"), body, all);
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
  inline static std::unique_ptr<BookingBusiness> salon_;
  inline static int keys_ = 0;
};

TEST_F(Coding, S76_AnAnswerIsTheSameInEachCodingThatIsAccepted) {
  const auto plain = host_->client().get("/openapi.json");
  const auto coded = host_->client().get("/openapi.json", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(coded.header("content-encoding"), "gzip");
  EXPECT_EQ(coded.header("vary"), "Accept-Encoding");
  EXPECT_EQ(coded.header("content-length"), std::to_string(coded.body.size()));
  EXPECT_LT(coded.body.size(), plain.body.size() / 4);
  EXPECT_EQ(gunzip(coded.body), plain.body);
  EXPECT_NE(coded.header("etag"), plain.header("etag"));
  const auto brotli = host_->client().get("/openapi.json", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(brotli.header("content-encoding"), "br");
  EXPECT_LT(brotli.body.size(), coded.body.size());
}

TEST_F(Coding, WhatAClientHasIsNotSentAgainInAnyCoding) {
  const auto coded = host_->client().get("/openapi.json", {{"Accept-Encoding", "gzip"}});
  const auto again = host_->client().get(
      "/openapi.json", {{"Accept-Encoding", "gzip"}, {"If-None-Match", coded.header("etag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("etag"), coded.header("etag"));
  EXPECT_EQ(again.header("x-content-type-options"), "nosniff");
  EXPECT_TRUE(again.body.empty());
}

TEST_F(Coding, ATagOfACodedAnswerIsAVersionToThePlugin) {
  const std::string description(2000, 'd');
  const std::string service = R"({"name":"Long","duration_min":30,"slot_step_min":30,)"
                              R"("description":")" +
                              description + "\"}";
  ASSERT_EQ(salon_->client().put(path("/services/long"), service).status, 201);
  const auto coded = get("/services/long", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(coded.header("etag"), "\"v1-gzip\"");
  EXPECT_EQ(get("/services/long", {{"If-None-Match", coded.header("etag")}}).status, 304);
  const auto patched = salon_->client().send("PATCH", path("/services/long"), R"({"name":"Other"})",
                                             {{"If-Match", coded.header("etag")}});
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(get("/services/long", {{"If-None-Match", coded.header("etag")}}).status, 200);
}

TEST_F(Coding, ABodyMayComeAsGzip) {
  const std::string lead =
      R"({"name":"Ann","phone":"+12025550171","notes":")" + std::string(3000, 'n') + "\"}";
  const auto made = postLead(gzip(lead), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("notes").get<std::string>().size(), 3000U);
}

TEST_F(Coding, ABodyThatCannotBeDecodedIsRefusedBeforeThePluginSeesIt) {
  const auto broken = postLead("{}", {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(broken.errorCode(), "VALIDATION_ERROR");
  const auto bomb = postLead(gzip(std::string(20'000'000, ' ')), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(bomb.status, 413);
  const auto unknown = postLead("{}", {{"Content-Encoding", "br"}});
  EXPECT_EQ(unknown.status, 415);
  EXPECT_EQ(unknown.errorCode(), "UNSUPPORTED_CONTENT_CODING");
  EXPECT_EQ(unknown.header("accept-encoding"), "gzip");
}

}  // namespace
}  // namespace bulkhead::integration
