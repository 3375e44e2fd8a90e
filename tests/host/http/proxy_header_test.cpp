#include "http/proxy_header.hpp"

#include <gtest/gtest.h>

#include "host/http/proxy_bytes.hpp"

namespace bulkhead::host {
namespace {

using State = ProxyHeader::State;
using test::proxyHeader;
using test::tlv;

const std::string kV4{"\xc6\x33\x64\x07\x7f\x00\x00\x01\xb7\xa3\x13\x88",
                      12};  // 198.51.100.7:47011

std::string v6(std::string_view client) {
  return std::string{client} + std::string(16, '\x01') + std::string{"\xb7\xa3\x13\x88", 4};
}

TEST(ProxyHeader, SaysForWhomTheSenderSpeaks) {
  ProxyHeader header;
  EXPECT_EQ(header.parse(proxyHeader(0x21, 0x11, kV4)), State::Complete);
  EXPECT_TRUE(header.isProxied());
  EXPECT_EQ(header.address(), "198.51.100.7");
  EXPECT_EQ(header.port(), 47011);
  const std::string client{"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16};
  EXPECT_EQ(header.parse(proxyHeader(0x21, 0x21, v6(client))), State::Complete);
  EXPECT_EQ(header.address(), "2001:db8::9");
  const std::string mapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01", 16};
  EXPECT_EQ(header.parse(proxyHeader(0x21, 0x21, v6(mapped))), State::Complete);
  EXPECT_EQ(header.address(), "192.0.2.1");
}

TEST(ProxyHeader, TheSendersOwnConnectionsAreItsOwn) {
  ProxyHeader header;
  EXPECT_EQ(header.parse(proxyHeader(0x20, 0x00, "")), State::Complete) << "LOCAL";
  EXPECT_FALSE(header.isProxied());
  EXPECT_EQ(header.parse(proxyHeader(0x20, 0x11, kV4)), State::Complete) << "LOCAL with addresses";
  EXPECT_FALSE(header.isProxied()) << "which count for nothing";
  EXPECT_EQ(header.parse(proxyHeader(0x20, 0x00, "")), State::Complete) << "LOCAL, UNSPEC";
  EXPECT_EQ(header.parse(proxyHeader(0x21, 0x00, "")), State::Refused)
      << "a client without an address would pass for the balancer";
}

TEST(ProxyHeader, UnknownTlvsAreSkippedAndBrokenOnesRefused) {
  ProxyHeader header;
  EXPECT_EQ(header.parse(proxyHeader(0x21, 0x11, kV4 + tlv(0xea, "vpce-1") + tlv(0x04, ""))),
            State::Complete);
  EXPECT_EQ(header.address(), "198.51.100.7");
  for (const std::string& broken : {std::string{"\xea", 1}, std::string{"\xea\x00", 2},
                                    std::string{"\xea\x00\x05"
                                                "four",
                                                7},
                                    tlv(0x04, "fine") + "x"})
    EXPECT_EQ(header.parse(proxyHeader(0x21, 0x11, kV4 + broken)), State::Refused);
}

TEST(ProxyHeader, EveryPrefixIsIncompleteAndWantsNoByteBeyondTheEnd) {
  const std::string whole = proxyHeader(0x21, 0x11, kV4 + tlv(0x04, "abc"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    EXPECT_EQ(ProxyHeader{}.parse(part), State::Incomplete) << size;
    EXPECT_GE(ProxyHeader::wanted(part), 1U);
    EXPECT_LE(size + ProxyHeader::wanted(part), whole.size()) << size;
  }
  EXPECT_EQ(ProxyHeader::wanted(whole), 0U);
}

TEST(ProxyHeader, WhatIsNoneIsRefusedAtTheFirstByteThatTells) {
  const std::string good = proxyHeader(0x21, 0x11, kV4);
  const auto refusedFrom = [](const std::string& bytes) {
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      if (ProxyHeader{}.parse(std::string_view{bytes}.substr(0, size)) == State::Refused)
        return size;
    }
    return std::string::npos;
  };
  const auto changed = [&](std::size_t index, char byte) {
    std::string bytes = good;
    bytes[index] = byte;
    return bytes;
  };
  EXPECT_EQ(refusedFrom(good), std::string::npos) << "the control";
  EXPECT_EQ(refusedFrom("GET / HTTP/1.1\r\n\r\n"), 1U);
  EXPECT_EQ(refusedFrom("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), 1U) << "version 1";
  EXPECT_EQ(refusedFrom(changed(11, 'x')), 12U) << "signature";
  EXPECT_EQ(refusedFrom(changed(12, '\x11')), 13U) << "version";
  EXPECT_EQ(refusedFrom(changed(12, '\x22')), 13U) << "command";
  for (const char family : {'\x12', '\x22', '\x31', '\x32', '\x41', '\x13', '\x01'})
    EXPECT_EQ(refusedFrom(changed(13, family)), good.size()) << int{family};
  EXPECT_EQ(refusedFrom(proxyHeader(0x21, 0x11, kV4.substr(1))), good.size() - 1) << "short";
  EXPECT_EQ(refusedFrom(proxyHeader(0x21, 0x21, kV4)), good.size()) << "too short for IPv6";
  EXPECT_EQ(refusedFrom(good.substr(0, 14) + "\x10\x01"), 16U) << "longer than anybody's";
}

}  // namespace
}  // namespace bulkhead::host
