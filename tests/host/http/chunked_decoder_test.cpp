#include "http/chunked_decoder.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

using Status = ChunkedDecoder::Status;

struct Decoded {
  Status status = Status::NeedMore;
  std::string body;
  std::size_t used = 0;
};

/// Decodes `bytes` in pieces of `step`.
Decoded decode(std::string_view bytes, std::size_t step, std::size_t body_bytes_max = 1000) {
  ChunkedDecoder decoder;
  decoder.reset(body_bytes_max);
  Decoded decoded;
  while (decoded.used < bytes.size() && decoded.status == Status::NeedMore) {
    const auto result = decoder.decode(bytes.substr(decoded.used, step), decoded.body);
    decoded.status = result.status;
    decoded.used += result.used;
  }
  return decoded;
}

TEST(ChunkedDecoder, Rfc9112_7_1_AnySplitGivesTheSameBody) {
  const std::string wire = "5\r\nhello\r\n00A;x=\"y z\"\r\n0123456789\r\n0\r\nA: b\r\nC:\r\n\r\n";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    const Decoded decoded = decode(wire + "GET / HTTP", step);
    EXPECT_EQ(decoded.status, Status::Done) << step;
    EXPECT_EQ(decoded.body, "hello0123456789");
    EXPECT_EQ(decoded.used, wire.size()) << "the next request's bytes are not ours";
  }
}

TEST(ChunkedDecoder, TheLimitCountsDecodedBytes) {
  EXPECT_EQ(decode("5\r\nhello\r\n0\r\n\r\n", 3, 5).status, Status::Done);
  EXPECT_EQ(decode("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 3, 5).status, Status::TooLarge);
  EXPECT_EQ(decode("6\r\n", 3, 5).status, Status::TooLarge) << "before its bytes are taken";
}

TEST(ChunkedDecoder, Rfc9112_7_1_2_ATrailerIsAField) {
  EXPECT_EQ(decode("0\r\nno colon\r\n\r\n", 1).status, Status::Malformed);
  EXPECT_EQ(decode("0\r\nnocolon\r\n\r\n", 1).status, Status::Malformed);
  EXPECT_EQ(decode("0\r\n: x\r\n\r\n", 1).status, Status::Malformed);
  EXPECT_EQ(decode("0\r\na: x\n\r\n", 1).status, Status::Malformed);
  EXPECT_EQ(decode("0\r\n\n", 1).status, Status::Malformed);
}

}  // namespace
}  // namespace bulkhead::host
