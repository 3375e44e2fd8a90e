#include "runtime/client_address.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::host {
namespace {

using namespace std::string_literals;

TEST(ClientAddress, KnowsItsBytesInNetworkOrder) {
  EXPECT_EQ(ClientAddress{"192.0.2.7"}.bytes(), "\xc0\0\x02\x07"s);
  EXPECT_EQ(ClientAddress{"2001:db8::1"}.bytes(), "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s);
  EXPECT_EQ(ClientAddress{"::ffff:192.0.2.7"}.bytes(), ClientAddress{"192.0.2.7"}.bytes());
  EXPECT_NE(ClientAddress{"::fffe:192.0.2.7"}.bytes(), ClientAddress{"192.0.2.7"}.bytes());
}

TEST(ClientAddress, WhatIsNoLiteralHasNoBytes) {
  for (const char* text :
       {"", "unix:1000", "localhost", "192.0.2", "192.0.2.7:80", "[::1]", "::1%lo"}) {
    EXPECT_EQ(ClientAddress{text}.bytes(), "") << text;
    EXPECT_EQ(ClientAddress{text}.text(), text);
  }
  EXPECT_TRUE(ClientAddress{"unix:1000"}.isUnix());
  EXPECT_FALSE(ClientAddress{"192.0.2.7"}.isUnix());
}

TEST(ClientAddress, AnotherOneLeavesNothingBehind) {
  ClientAddress address{"2001:db8::1"};
  address = "unix:0";
  EXPECT_EQ(address.bytes(), "");
  address = "192.0.2.7";
  address.clear();
  EXPECT_EQ(address.bytes(), "");
  EXPECT_EQ(address.text(), "");
}

}  // namespace
}  // namespace bulkhead::host
