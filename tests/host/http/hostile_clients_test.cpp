// Clients that hold on to a server instead of asking it something: each costs itself alone.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::eventually;
using test::FrontTest;
using test::get;
using test::RawClient;
using Clock = std::chrono::steady_clock;

const std::string kLength = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
const std::string kChunks = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

class HostileClients : public FrontTest {
 protected:
  std::vector<RawClient> clients(std::size_t count, std::string_view sent) {
    std::vector<RawClient> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(client());
      all.back().send(sent);
    }
    return all;
  }
};

TEST_F(HostileClients, Rfc9112_6_3_ABodyThatStallsIs408AndClosed) {
  start({.body_grace = 100ms});
  for (const std::string& begun :
       {kLength + "hello", kChunks + "5\r\nhel", kChunks + "5\r\nhello\r\n", kChunks}) {
    RawClient client = this->client();
    client.send(begun);
    const auto answer = client.read();
    ASSERT_TRUE(answer) << begun;
    EXPECT_EQ(answer->status, 408) << begun;
    EXPECT_EQ(answer->field("connection"), "close");
    EXPECT_TRUE(client.closedWithin()) << begun;
  }
  EXPECT_EQ(handled(), 0) << "a part of a body is no body";
  EXPECT_EQ(rejected("body_timeout"), 4U);
}

TEST_F(HostileClients, Rfc9112_9_5_SilentConnectionsCostNobodyAnything) {
  start({.loops = 1, .head_deadline = 60s, .idle_timeout = 60s});
  const std::vector<RawClient> silent = clients(100, "");
  const std::vector<RawClient> half = clients(100, "GET /");
  const auto begin = Clock::now();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(statusOf(get("/x")), 200);
  EXPECT_LT(Clock::now() - begin, RawClient::kPatience) << "none of them waited for another";
}

TEST_F(HostileClients, Rfc9110_15_5_9_FortyThatDripEndWith408AndTheOthersAreServed) {
  start({.loops = 1, .head_deadline = 500ms});
  const std::string head =
      "GET / HTTP/1.1\r\nHost: h\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  std::vector<RawClient> dripping = clients(40, "G");
  std::size_t sent = 1;
  int served = 0;
  while (sent < head.size() && rejected("head_timeout") == 0) {
    for (RawClient& client : dripping) client.send(head.substr(sent, 1));
    ++sent;
    served += statusOf(get("/other")) == 200 ? 1 : 0;
    // allowed: the pace of the drip
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_GT(sent, 2U) << "they made progress, and it did not help them";
  EXPECT_LT(sent, head.size()) << "they were still sending";
  EXPECT_EQ(served, static_cast<int>(sent) - 1);
  for (RawClient& client : dripping) {
    EXPECT_EQ(client.read().value_or(Answer{}).status, 408);
    EXPECT_TRUE(client.closedWithin());
  }
  EXPECT_EQ(rejected("head_timeout"), 40U);
}

/// The control of the test above: without a total deadline the same clients stay.
TEST_F(HostileClients, NegativeControl_ADeadlinePerByteKeepsThem) {
  start({.loops = 1, .head_deadline = 60s});
  const std::vector<RawClient> dripping = clients(40, "GET / HT");
  EXPECT_EQ(statusOf(get("/other")), 200);
  EXPECT_EQ(rejected("head_timeout"), 0U);
  EXPECT_GE(front().counters().open_connections, 40);
}

TEST_F(HostileClients, Rfc9112_9_3_1_AClientThatVanishesInItsBodyIsNoRequest) {
  start();
  for (const std::string& begun : {kLength + "hello", kChunks + "5\r\nhel"}) {
    RawClient client = this->client();
    client.send(begun);
  }
  EXPECT_TRUE(eventually([this] { return rejected("body_incomplete") == 2; }));
  EXPECT_TRUE(eventually([this] { return front().counters().open_connections == 0; }));
  EXPECT_EQ(handled(), 0);
}

TEST_F(HostileClients, Rfc9110_9_3_2_WhatFollowsARefusedRequestIsNotRead) {
  start();
  RawClient client = this->client();
  client.send("GET / HTTP/1.1\r\n\r\n" + get("/smuggled") + get("/smuggled"));
  EXPECT_EQ(client.read().value_or(Answer{}).status, 400);
  EXPECT_EQ(client.readAll(), "");
  EXPECT_EQ(handled(), 0);
}

}  // namespace
}  // namespace bulkhead::host
