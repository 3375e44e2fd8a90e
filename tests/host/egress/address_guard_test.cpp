#include "egress/address_guard.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host::egress {
namespace {

using Verdict = AddressGuard::Verdict;

Verdict judged(const AddressGuard& guard, const std::string& text) {
  sockaddr_storage storage{};
  auto& any = reinterpret_cast<sockaddr&>(storage);
  auto& four = reinterpret_cast<sockaddr_in&>(storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(storage);
  any.sa_family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  void* const place = any.sa_family == AF_INET ? static_cast<void*>(&four.sin_addr)
                                               : static_cast<void*>(&six.sin6_addr);
  EXPECT_EQ(inet_pton(any.sa_family, text.c_str(), place), 1) << text;
  return guard.judge(any);
}

TEST(AddressGuard, RefusesTheInsideInEverySpelling) {
  const AddressGuard guard;
  for (const char* inside : {"0.0.0.0",
                             "0.1.2.3",
                             "10.0.0.1",
                             "100.64.0.1",
                             "100.100.100.200",
                             "127.0.0.1",
                             "127.255.255.254",
                             "168.63.129.16",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.0.0.192",
                             "192.168.1.1",
                             "198.18.0.1",
                             "203.0.113.7",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::127.0.0.1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:169.254.169.254",
                             "64:ff9b::a00:1",
                             "64:ff9b::7f00:1",
                             "64:ff9b:1::1",
                             "fe80::1",
                             "fec0::1",
                             "fc00::1",
                             "fd00:ec2::254",
                             "ff02::1",
                             "2001::1",
                             "2001:db8::1",
                             "2002:7f00:1::",
                             "3fff::1"}) {
    EXPECT_EQ(judged(guard, inside), Verdict::Refused) << inside;
  }
}

TEST(AddressGuard, LetsTheInternetPass) {
  const AddressGuard guard;
  for (const char* outside :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0",
        "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a00::1"}) {
    EXPECT_EQ(judged(guard, outside), Verdict::Public) << outside;
  }
}

TEST(AddressGuard, WhatTheOperatorNamesIsAllowedAndNothingBesideIt) {
  const AddressGuard guard{{"10.1.0.0/16", "fd00:1::/32", "127.0.0.1"}};
  for (const char* named : {"10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "fd00:1::5", "127.0.0.1",
                            "::ffff:127.0.0.1"})
    EXPECT_EQ(judged(guard, named), Verdict::Allowed) << named;
  for (const char* beside : {"10.0.255.255", "10.2.0.0", "fd00:2::1", "127.0.0.2", "::1"})
    EXPECT_EQ(judged(guard, beside), Verdict::Refused) << beside;
  EXPECT_EQ(judged(AddressGuard{{"0.0.0.0/0"}}, "127.0.0.1"), Verdict::Allowed);
  EXPECT_EQ(judged(AddressGuard{{"10.0.0.0/9"}}, "10.127.0.1"), Verdict::Allowed);
  EXPECT_EQ(judged(AddressGuard{{"10.0.0.0/9"}}, "10.128.0.1"), Verdict::Refused);
}

TEST(AddressGuard, OtherKindsOfSocketsAreRefused) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(AddressGuard{{"0.0.0.0/0"}}.judge(reinterpret_cast<const sockaddr&>(local)),
            Verdict::Refused);
}

TEST(AddressGuard, WhatIsNoNetworkIsAMistake) {
  for (const char* wrong : {"", "unix", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0",
                            "::/129", "localhost", "0x7f.0.0.1"})
    EXPECT_THROW(AddressGuard{{wrong}}, Error) << wrong;
}

}  // namespace
}  // namespace bulkhead::host::egress
