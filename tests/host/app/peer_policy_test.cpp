#include "app/peer_policy.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

HttpRequest requestFrom(std::string address, Fields headers = {}) {
  HttpRequest request;
  request.peer.address = std::move(address);
  request.headers = std::move(headers);
  return request;
}

bool isInside(const PeerPolicy& policy, HttpRequest request) {
  policy.resolve(request);
  return request.peer.inside;
}

TEST(Network, ContainsWhatItsPrefixCovers) {
  EXPECT_TRUE(Network{"10.0.0.0/8"}.contains("10.255.0.1"));
  EXPECT_FALSE(Network{"10.0.0.0/8"}.contains("11.0.0.1"));
  EXPECT_TRUE(Network{"192.168.1.128/25"}.contains("192.168.1.200"));
  EXPECT_FALSE(Network{"192.168.1.128/25"}.contains("192.168.1.100"));
  EXPECT_TRUE(Network{"fd00::/8"}.contains("fd12::1"));
  EXPECT_FALSE(Network{"fd00::/8"}.contains("10.0.0.1"));
  EXPECT_TRUE(Network{"127.0.0.1"}.contains("::ffff:127.0.0.1"));
  EXPECT_TRUE(Network{"0.0.0.0/0"}.contains("8.8.8.8"));
  EXPECT_FALSE(Network{"0.0.0.0/0"}.contains("not an address"));
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/x", "host"}) {
    EXPECT_THROW(Network{text}, Error) << text;
  }
}

TEST(PeerPolicy, C16_AnAllowedNetworkIsInside) {
  const PeerPolicy policy{{"127.0.0.0/8", "10.0.0.0/8"}, {}};
  EXPECT_TRUE(isInside(policy, requestFrom("127.0.0.1")));
  EXPECT_TRUE(isInside(policy, requestFrom("10.1.2.3")));
  EXPECT_FALSE(isInside(policy, requestFrom("203.0.113.9")));
}

TEST(PeerPolicy, C16_AForwardedRequestOfAnUntrustedPeerIsOutside) {
  const PeerPolicy policy{{"127.0.0.0/8"}, {}};
  EXPECT_TRUE(isInside(policy, requestFrom("127.0.0.1")));
  for (const char* name : {"x-forwarded-for", "x-forwarded-proto", "forwarded", "via"}) {
    EXPECT_FALSE(isInside(policy, requestFrom("127.0.0.1", {{name, "127.0.0.1"}}))) << name;
  }
}

TEST(PeerPolicy, BehindATrustedProxyTheRightMostOtherAddressIsTheClient) {
  const PeerPolicy policy{{"127.0.0.0/8"}, {"10.0.0.0/8"}};
  HttpRequest request =
      requestFrom("10.0.0.1", {{"x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.0.0.2"}});
  policy.resolve(request);
  EXPECT_EQ(request.peer.address.text(), "203.0.113.9");
  EXPECT_FALSE(request.peer.inside);
  EXPECT_FALSE(isInside(policy, requestFrom("10.0.0.1", {{"via", "1.1 proxy"}})));
}

// Goal: who is no trusted proxy says nothing about itself. Method: every field with which a client
// could make itself an insider, a secure one or another host; the control is the same from a proxy.
TEST(PeerPolicy, SpoofedFieldsOfAnUntrustedPeerChangeNothingAndReachNobody) {
  const Fields spoofed{{"host", "real.example"},
                       {"x-forwarded-for", "127.0.0.1"},
                       {"x-forwarded-proto", "https"},
                       {"x-forwarded-host", "evil.example"},
                       {"x-forwarded-port", "443"}};
  const PeerPolicy policy{{"127.0.0.0/8"}, {"10.0.0.1"}};
  HttpRequest request = requestFrom("203.0.113.9", spoofed);
  policy.resolve(request);
  EXPECT_EQ(request.peer.address.text(), "203.0.113.9");
  EXPECT_FALSE(request.peer.inside);
  EXPECT_FALSE(request.peer.secure);
  EXPECT_EQ(request.headers, (Fields{{"host", "real.example"}}));
  HttpRequest proxied = requestFrom("10.0.0.1", spoofed);
  policy.resolve(proxied);
  EXPECT_EQ(proxied.peer.address.text(), "127.0.0.1");
  EXPECT_TRUE(proxied.peer.inside);
  EXPECT_TRUE(proxied.peer.secure);
  EXPECT_EQ(*proxied.header("host"), "evil.example");
}

TEST(PeerPolicy, TheProxysWordOnTheSchemeIsStrongerThanItsOwnConnection) {
  const PeerPolicy policy{{}, {"10.0.0.1"}};
  HttpRequest request =
      requestFrom("10.0.0.1", {{"x-forwarded-for", "203.0.113.9"}, {"x-forwarded-proto", "http"}});
  request.peer.secure = true;  // the proxy's own connection
  policy.resolve(request);
  EXPECT_FALSE(request.peer.secure);
}

TEST(PeerPolicy, PeersOfAUnixSocketAreNobodyUntilTheyAreNamed) {
  EXPECT_FALSE(isInside(PeerPolicy{{"0.0.0.0/0", "::/0"}, {}}, requestFrom("unix:1000")));
  EXPECT_TRUE(isInside(PeerPolicy{{"unix"}, {}}, requestFrom("unix:1000")));
  EXPECT_TRUE((PeerPolicy{{}, {"unix"}}.isTrustedProxy("unix:1000")));
  EXPECT_FALSE((PeerPolicy{{}, {"unix"}}.isTrustedProxy("127.0.0.1")));
}

TEST(PeerPolicy, TheAdminSocketIsInside) {
  const PeerPolicy policy{{}, {}};
  HttpRequest request = requestFrom("unix:0");
  request.peer.admin_socket = true;
  EXPECT_TRUE(isInside(policy, request));
}

}  // namespace
}  // namespace bulkhead::host
