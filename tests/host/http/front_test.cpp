#include "http/front.hpp"

#include <deque>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::eventually;
using test::FrontTest;
using test::get;
using test::RawClient;

FrontOptions withoutExemption() {
  FrontOptions options;
  options.exempt_from_ip_cap = [](std::string_view) { return false; };
  return options;
}

TEST_F(FrontTest, AtTheCapTheLongestIdleConnectionMakesRoom) {
  start({.connections_max = 3});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(client());
    clients.back().send(get("/"));
    ASSERT_TRUE(clients.back().read());
  }
  clients[0].send(get("/again"));
  ASSERT_TRUE(clients[0].read());

  RawClient newcomer = client();
  newcomer.send(get("/new"));
  EXPECT_EQ(newcomer.read().value_or(Answer{}).status, 200);
  EXPECT_TRUE(clients[1].closedWithin()) << "the longest idle one";
  clients[0].send(get("/still"));
  clients[2].send(get("/still"));
  EXPECT_TRUE(clients[0].read());
  EXPECT_TRUE(clients[2].read());
  EXPECT_EQ(rejected("connection_evicted"), 1U);
}

// Goal: the longest idle one, whichever loop has it. Method: more loops than connections, so that
// most loops have none; each newcomer costs exactly the one that has been idle for longest.
TEST_F(FrontTest, AtTheCapTheLongestIdleOfAllLoopsMakesRoom) {
  start({.loops = 6, .connections_max = 4});
  std::deque<RawClient> clients;
  const auto come = [&] {
    clients.push_back(client());
    clients.back().send(get("/"));
    EXPECT_EQ(clients.back().read().value_or(Answer{}).status, 200);
  };
  for (int i = 0; i < 4; ++i) come();
  for (int i = 0; i < 12; ++i) {
    come();
    EXPECT_TRUE(clients.front().closedWithin()) << i;
    clients.pop_front();
    for (RawClient& other : clients) EXPECT_FALSE(other.closedWithin(1ms)) << i;
  }
  EXPECT_EQ(rejected("connection_evicted"), 12U);
  EXPECT_EQ(rejected("connection_cap"), 0U);
}

TEST_F(FrontTest, AtTheCapWithAllBusyANewcomerIsTold503) {
  start({.connections_max = 2});
  RawClient first = client();
  RawClient second = client();
  first.send(get("/park"));
  second.send(get("/park"));
  const auto one = parked();
  const auto two = parked();

  RawClient newcomer = client();
  const auto answer = newcomer.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->field("retry-after"), "1");
  EXPECT_EQ(answer->field("x-tail"), "passed");
  EXPECT_TRUE(newcomer.closedWithin());
  EXPECT_EQ(rejected("connection_cap"), 1U);

  one->respond(HttpResponse::text(200, "1", "text/plain"));
  two->respond(HttpResponse::text(200, "2", "text/plain"));
  EXPECT_EQ(first.read().value_or(Answer{}).body, "1");
  EXPECT_EQ(second.read().value_or(Answer{}).body, "2");
}

TEST_F(FrontTest, OneClientGetsItsShareOfConnections) {
  FrontOptions options = withoutExemption();
  options.connections_per_ip_max = 2;
  start(std::move(options));
  RawClient first = client();
  {
    RawClient second = client();
    second.send(get("/"));
    ASSERT_TRUE(second.read());
    RawClient third = client();
    EXPECT_TRUE(third.closedWithin());
    EXPECT_EQ(rejected("ip_cap"), 1U);
  }
  ASSERT_TRUE(eventually([this] { return front().counters().open_connections == 1; }));
  EXPECT_EQ(statusOf(get("/")), 200) << "a place that was given back can be taken";
}

TEST_F(FrontTest, LoopbackIsNotCountedUnlessAskedTo) {
  start({.connections_per_ip_max = 1});
  RawClient first = client();
  RawClient second = client();
  second.send(get("/"));
  EXPECT_TRUE(second.read());
}

TEST_F(FrontTest, Ops511_DrainClosesIdleAndFinishesTheRest) {
  start({.linger = 50ms});
  RawClient idle = client();
  idle.send(get("/"));
  ASSERT_TRUE(idle.read());
  RawClient busy = client();
  busy.send(get("/park"));
  const auto exchange = parked();

  front().beginDrain();
  EXPECT_TRUE(idle.closedWithin());
  RawClient late = client();
  late.send(get("/late"));
  EXPECT_EQ(late.read().value_or(Answer{}).field("connection"), "close");

  front().stopAccepting();
  EXPECT_THROW(client(), std::runtime_error) << "new clients must be refused, not queued";
  EXPECT_FALSE(front().waitIdle(50ms));
  exchange->respond(HttpResponse::text(200, "done", "text/plain"));
  const auto answer = busy.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->field("connection"), "close");
  EXPECT_TRUE(busy.closedWithin());
  EXPECT_TRUE(front().waitIdle(5s));
}

TEST_F(FrontTest, Ops511_DrainSparesWhoHasJustConnected) {
  start({.linger = 200ms});
  RawClient first = client();
  RawClient silent = client();
  ASSERT_TRUE(eventually([this] { return front().counters().open_connections == 2; }));
  front().beginDrain();
  EXPECT_EQ(statusOf(get("/late")), 200) << "the loops have seen the drain";
  first.send(get("/first"));
  const auto answer = first.read();
  ASSERT_TRUE(answer) << "closed before its first request";
  EXPECT_EQ(answer->field("connection"), "close");
  EXPECT_TRUE(silent.closedWithin()) << "who says nothing keeps nobody waiting";
  front().stopAccepting();
  EXPECT_TRUE(front().waitIdle(5s));
}

TEST_F(FrontTest, Ops511_HalfARequestDoesNotKeepTheFront) {
  start({.linger = 200ms});
  RawClient in_head = client();
  in_head.send("GET /hea");
  RawClient in_body = client();
  in_body.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  RawClient late = client();
  ASSERT_TRUE(eventually([this] { return front().counters().open_connections == 3; }));
  front().beginDrain();
  late.send("GET /la");
  front().stopAccepting();
  const auto refused = in_body.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(refused->body.find("DRAINING"), std::string::npos);
  EXPECT_TRUE(front().waitIdle(5s)) << "head and body deadlines are 10 s and more";
  EXPECT_EQ(front().counters().active_requests, 0);
}

TEST_F(FrontTest, Ops511_WhoSendsTheRestInTimeIsAnswered) {
  start({.linger = 3s});
  RawClient slow = client();
  slow.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  ASSERT_TRUE(eventually([this] { return front().counters().open_connections == 1; }));
  front().beginDrain();
  front().stopAccepting();
  slow.send("cde");
  EXPECT_EQ(slow.read().value_or(Answer{}).body, "POST /up|abcde");
}

TEST_F(FrontTest, Ops511_StopAnswersWhatIsOpenWith503) {
  start();
  RawClient busy = client();
  busy.send(get("/park"));
  const auto exchange = parked();
  front().stop();
  const auto answer = busy.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_NE(answer->body.find("DRAINING"), std::string::npos);
  EXPECT_TRUE(busy.closedWithin());
  EXPECT_FALSE(exchange->respond(HttpResponse::text(200, "late", "text/plain")));
  stopFront();
  EXPECT_EQ(exchange->request().path, "/park") << "outlives the front";
}

TEST_F(FrontTest, Ops511_StopUnderLoadLosesNoAnswerThatWasBegun) {
  start({.loops = 2});
  std::atomic<bool> stopping{false};
  std::atomic<int> answered{0};
  std::atomic<int> broken{0};
  std::vector<std::thread> load;
  for (int i = 0; i < 4; ++i) {
    load.emplace_back([&] {
      while (!stopping) {
        try {
          RawClient client = this->client();
          bool keep = true;
          while (keep && client.send(get("/x"))) {
            const std::string got = client.readAll(0ms);
            const auto answer = got.empty() ? client.read() : std::nullopt;
            if (!answer) break;
            if (answer->status != 200) ++broken;
            ++answered;
            keep = answer->field("connection") != "close";
          }
        } catch (const std::runtime_error&) {
          return;
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return answered > 500; }));
  front().beginDrain();
  front().stopAccepting();
  EXPECT_TRUE(front().waitIdle(5s));
  stopping = true;
  front().stop();
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(front().counters().active_requests, 0);
}

TEST_F(FrontTest, ConnectionsQueuedBeforeTheListenerClosesAreServed) {
  start();
  RawClient blocker = client();
  for (int round = 0; round < 20; ++round) {
    RawClient client = this->client();
    client.send(get("/x"));
    if (round < 19) {
      EXPECT_TRUE(client.read());
      continue;
    }
    front().stopAccepting();
    EXPECT_EQ(client.read().value_or(Answer{}).status, 200);
  }
}

TEST_F(FrontTest, TheAdminSocketKnowsItsPeer) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("bulkhead-front-test-" + std::to_string(::getpid()) + ".sock");
  Front front{{.loops = 2},
              [](const std::shared_ptr<Exchange>& exchange) {
                const Peer& peer = exchange->request().peer;
                exchange->respond(HttpResponse::text(
                    200, peer.address.text() + (peer.admin_socket && peer.inside ? " admin" : ""),
                    "text/plain"));
              },
              {}};
  front.listen(listenUnix(path), {.audience = Service::Audience::Administration});
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  front.start();
  RawClient client{path.native()};
  client.send(get("/"));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "unix:" + std::to_string(::getuid()) + " admin");
  front.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(FrontTest, TheFixedLinesAreInEveryResponseAndChecked) {
  start({.fixed_header_lines = "X-Frame-Options: DENY\r\nX-B: c\r\n"});
  RawClient client = this->client();
  client.send("garbage\r\n\r\n");
  EXPECT_EQ(client.read().value_or(Answer{}).field("x-frame-options"), "DENY");
  for (const char* broken :
       {"X-A: b", "X A: b\r\n", "\r\n", "X-A: b\r\n\r\n", "X-A: b\nX: c\r\n"}) {
    EXPECT_THROW(Front({.loops = 1, .fixed_header_lines = broken}, {}, {}), Error) << broken;
  }
}

TEST_F(FrontTest, CountersTellTheTruth) {
  start();
  RawClient client = this->client();
  client.send(get("/park"));
  const auto exchange = parked();
  EXPECT_EQ(front().counters().active_requests, 1);
  EXPECT_TRUE(eventually([this] { return front().counters().idle_connections == 0; }));
  exchange->respond(HttpResponse::text(200, "x", "text/plain"));
  ASSERT_TRUE(client.read());
  EXPECT_TRUE(eventually([this] {
    const FrontCounters now = front().counters();
    return now.active_requests == 0 && now.idle_connections == 1 && now.open_connections == 1;
  }));
  const FrontCounters counters = front().counters();
  EXPECT_EQ(counters.requests, 1U);
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_EQ(counters.rejected.at("malformed"), 0U);
  EXPECT_GT(counters.loop_stall_seconds_max, 0.0);
}

TEST_F(FrontTest, AHandlerThatBlocksShowsAsLoopStall) {
  start({}, [](const std::shared_ptr<Exchange>& exchange) {
    // allowed: a handler that blocks is what is tested
    std::this_thread::sleep_for(30ms);
    exchange->respond(HttpResponse::text(200, "x", "text/plain"));
  });
  EXPECT_EQ(statusOf(get("/")), 200);
  EXPECT_TRUE(eventually([this] { return front().counters().loop_stall_seconds_max >= 0.03; }));
}

}  // namespace
}  // namespace bulkhead::host
