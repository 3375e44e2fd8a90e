#include "app/forwarded.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

/// Proxies are 10.x.
std::optional<ForwardedHop> clientOf(const Fields& fields) {
  return forwardedClient(fields,
                         [](std::string_view address) { return address.starts_with("10."); });
}

std::string addressIn(const Fields& fields) {
  const auto client = clientOf(fields);
  return client ? client->address : "nobody";
}

TEST(Forwarded, TheClientIsTheFirstFromTheRightThatIsNoProxy) {
  EXPECT_EQ(addressIn({{"x-forwarded-for", "203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(addressIn({{"x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.0.0.2"}}), "203.0.113.9")
      << "what the client itself wrote stands to the left";
  EXPECT_EQ(addressIn({{"x-forwarded-for", "127.0.0.1"}, {"x-forwarded-for", "203.0.113.9"}}),
            "203.0.113.9")
      << "fields in their order";
  EXPECT_EQ(addressIn({{"x-forwarded-for", "10.0.0.3, 10.0.0.2"}}), "nobody");
  EXPECT_EQ(addressIn({{"forwarded", R"(for=127.0.0.1, for="203.0.113.9:4711";proto=https)"}}),
            "203.0.113.9");
}

TEST(Forwarded, AHopThatHidesItselfIsNobodyAndNotTheOneBehindIt) {
  for (const char* hidden : {"unknown", "_gazonk", "", "not-an-address", "300.1.1.1"}) {
    EXPECT_EQ(addressIn({{"x-forwarded-for", std::string{"127.0.0.1, "} + hidden}}), "nobody")
        << hidden;
  }
  EXPECT_EQ(addressIn({{"forwarded", "for=127.0.0.1, for=unknown"}}), "nobody");
}

TEST(Forwarded, NodesMayHavePortsAndBrackets) {
  EXPECT_EQ(addressIn({{"x-forwarded-for", "203.0.113.9:4711"}}), "203.0.113.9");
  EXPECT_EQ(addressIn({{"x-forwarded-for", "2001:db8::9"}}), "2001:db8::9");
  EXPECT_EQ(addressIn({{"x-forwarded-for", "[2001:db8::9]:4711"}}), "2001:db8::9");
  EXPECT_EQ(addressIn({{"forwarded", R"(For="[2001:db8::9]:4711")"}}), "2001:db8::9");
}

TEST(Forwarded, SchemeAndHostAreThoseThatTheClientsProxySaid) {
  const auto client = clientOf({{"x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"},
                                {"x-forwarded-proto", "http, https, http"},
                                {"x-forwarded-host", "evil.example, shop.example, inner:80"}});
  ASSERT_TRUE(client);
  EXPECT_EQ(client->scheme, "https");
  EXPECT_EQ(client->host, "shop.example");
  const auto one_for_all = clientOf({{"x-forwarded-for", "203.0.113.9, 10.0.0.2"},
                                     {"x-forwarded-proto", "HTTPS"},
                                     {"x-forwarded-host", "shop.example:8443"}});
  EXPECT_EQ(one_for_all->scheme, "https");
  EXPECT_EQ(one_for_all->host, "shop.example:8443");
  const auto standard = clientOf(
      {{"forwarded",
        R"(for=203.0.113.9;host="shop.example:8443";proto=https;by=_edge, for=10.0.0.2)"}});
  ASSERT_TRUE(standard);
  EXPECT_EQ(standard->scheme, "https");
  EXPECT_EQ(standard->host, "shop.example:8443");
}

TEST(Forwarded, WhatIsNoSchemeOrHostIsNone) {
  const auto client = clientOf({{"x-forwarded-for", "203.0.113.9"},
                                {"x-forwarded-proto", "javascript"},
                                {"x-forwarded-host", "a/b?c"}});
  ASSERT_TRUE(client);
  EXPECT_EQ(client->scheme, "");
  EXPECT_EQ(client->host, "");
}

TEST(Forwarded, MalformedIsNobody) {
  for (const char* text :
       {"for", "for=", "for=\"203.0.113.9", "for=203.0.113.9;for=10.0.0.1", "=203.0.113.9",
        "for=203.0.113.9 proto=https", "for=\"203.0.113.9\"x", "for=203.0.113.9;;=,"}) {
    EXPECT_EQ(addressIn({{"forwarded", text}}), "nobody") << text;
  }
  EXPECT_EQ(addressIn({{"forwarded", "for=203.0.113.9; proto=https"}}), "203.0.113.9") << "control";
}

// Goal: a proxy that writes one kind passes on the other as the client wrote it. Method: both kinds
// that differ, either way round; the control agrees.
TEST(Forwarded, TwoKindsThatNameDifferentClientsNameNobody) {
  EXPECT_EQ(addressIn({{"forwarded", "for=127.0.0.1"}, {"x-forwarded-for", "203.0.113.9"}}),
            "nobody");
  EXPECT_EQ(addressIn({{"forwarded", "for=203.0.113.9"}, {"x-forwarded-for", "127.0.0.1"}}),
            "nobody");
  EXPECT_EQ(addressIn({{"forwarded", "for=203.0.113.9"}, {"x-forwarded-for", "203.0.113.9"}}),
            "203.0.113.9");
}

}  // namespace
}  // namespace bulkhead::host
