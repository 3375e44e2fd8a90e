#include "http/middleware/accept_encoding.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

ContentCoding codingFor(std::initializer_list<const char*> fields) {
  HttpRequest request;
  for (const char* field : fields) request.headers.emplace_back("accept-encoding", field);
  return acceptedCoding(request);
}

TEST(AcceptEncoding, Rfc9110_12_5_3_TheHighestWeightDecides) {
  EXPECT_EQ(codingFor({"gzip"}), ContentCoding::Gzip);
  EXPECT_EQ(codingFor({"x-GZip"}), ContentCoding::Gzip);
  EXPECT_EQ(codingFor({"gzip, deflate, br, zstd"}), ContentCoding::Brotli);
  EXPECT_EQ(codingFor({"br;q=0.5, gzip;q=0.8"}), ContentCoding::Gzip);
  EXPECT_EQ(codingFor({"br ; q=0.5 , gzip ; q=0.499"}), ContentCoding::Brotli);
  EXPECT_EQ(codingFor({"gzip;q=0.2, identity;q=0.3"}), ContentCoding::Identity);
  EXPECT_EQ(codingFor({"gzip", "br;q=0.1"}), ContentCoding::Gzip) << "two lines are one list";
  EXPECT_EQ(codingFor({"*"}), ContentCoding::Brotli);
  EXPECT_EQ(codingFor({"br;q=0, *;q=0.5"}), ContentCoding::Gzip);
  EXPECT_EQ(codingFor({"identity;q=0, gzip;q=0.1"}), ContentCoding::Gzip);
}

TEST(AcceptEncoding, Rfc9110_12_5_3_WhatIsNotAskedForIsNotSent) {
  EXPECT_EQ(codingFor({}), ContentCoding::Identity);
  EXPECT_EQ(codingFor({""}), ContentCoding::Identity);
  EXPECT_EQ(codingFor({"deflate, zstd"}), ContentCoding::Identity);
  EXPECT_EQ(codingFor({"gzip;q=0"}), ContentCoding::Identity);
  EXPECT_EQ(codingFor({"gzip;q=0.000, br;q=0.0"}), ContentCoding::Identity);
}

TEST(AcceptEncoding, AWeightThatIsNoneForbids) {
  for (const char* field : {"gzip;q=2", "gzip;q=-1", "gzip;q=0.1234", "gzip;q=", "gzip;q=abc",
                            "gzip;x=1", "gzip;q=1.5", "gzip;q", "gzip;;", ";q=1", ",,,", "=;,"}) {
    EXPECT_EQ(codingFor({field}), ContentCoding::Identity) << field;
  }
}

}  // namespace
}  // namespace bulkhead::host
