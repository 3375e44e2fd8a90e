#include "http/connection.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <sys/socket.h>
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
using test::post;
using test::RawClient;
using Clock = std::chrono::steady_clock;

class ConnectionTest : public FrontTest {
 protected:
  /// Sends one byte each 20 ms until the server closes or two seconds are over; what it answered.
  static std::string drip(RawClient& client, std::string_view bytes) {
    const auto until = Clock::now() + 2s;
    for (std::size_t i = 0; Clock::now() < until; ++i) {
      if (!client.send(bytes.substr(i % bytes.size(), 1))) break;
      const std::string got = client.readAll(20ms);
      if (!got.empty()) return got;
    }
    return {};
  }
};

TEST_F(ConnectionTest, ThousandRequestsThenTheConnectionIsClosed) {
  start();
  RawClient client = this->client();
  for (int i = 1; i <= 1000; ++i) {
    client.send(get("/" + std::to_string(i)));
    const auto answer = client.read();
    ASSERT_TRUE(answer) << i;
    ASSERT_EQ(answer->body, "GET /" + std::to_string(i) + "|");
    ASSERT_EQ(answer->field("connection"), i == 1000 ? "close" : "") << i;
  }
  EXPECT_TRUE(client.closedWithin());
}

TEST_F(ConnectionTest, Rfc9112_9_3_2_PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client = this->client();
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += i % 3 == 0 ? post("/" + std::to_string(i), "body") : get("/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 100; ++i) {
    const auto answer = client.read();
    ASSERT_TRUE(answer) << i;
    const std::string expected =
        i % 3 == 0 ? "POST /" + std::to_string(i) + "|body" : "GET /" + std::to_string(i) + "|";
    EXPECT_EQ(answer->body, expected);
  }
}

TEST_F(ConnectionTest, Rfc9112_9_3_2_LaterAnswersWaitForEarlierOnes) {
  start();
  RawClient client = this->client();
  client.send(get("/park") + get("/quick"));
  const auto exchange = parked();
  ASSERT_TRUE(eventually([this] { return handled() == 2; }));
  EXPECT_EQ(client.readAll(50ms), "");
  exchange->respond(HttpResponse::text(200, "slow", "text/plain"));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "slow");
  EXPECT_EQ(client.read().value_or(Answer{}).body, "GET /quick|");
}

TEST_F(ConnectionTest, Rfc9112_9_3_2_AnUnsafeRequestWaitsForThoseBeforeIt) {
  start();
  RawClient client = this->client();
  client.send(get("/park") + post("/write", "x"));
  const auto exchange = parked();
  EXPECT_EQ(client.readAll(50ms), "");
  EXPECT_EQ(handled(), 1) << "the write ran beside the read before it";
  exchange->respond(HttpResponse::text(200, "read", "text/plain"));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "read");
  EXPECT_EQ(client.read().value_or(Answer{}).body, "POST /write|x");
}

// Goal: a client that asks and does not read costs a bounded number of bytes, however large the
// answers. Control: small answers run to the full depth, see PipeliningStopsAtItsDepth.
TEST_F(ConnectionTest, PipeliningStopsAtTheBytesOfItsAnswers) {
  std::atomic<int> asked{0};
  start({}, [&asked](const std::shared_ptr<Exchange>& exchange) {
    ++asked;
    exchange->respond(HttpResponse::text(200, std::string(200 * 1024, 'x'), "text/plain"));
  });
  RawClient greedy = client();
  std::string requests;
  for (int i = 0; i < 16; ++i) requests += get("/" + std::to_string(i));
  greedy.send(requests);
  ASSERT_TRUE(eventually([&] { return asked > 0; }));
  EXPECT_EQ(statusOf(get("/other")), 200) << "the one loop has done what it does with the others";
  EXPECT_LE(asked - 1, 8) << "some fit into the sockets' buffers";
  for (int read = 0; read < 16; ++read) {
    const auto answer = greedy.read();
    ASSERT_TRUE(answer) << read;
    EXPECT_EQ(answer->body.size(), 200U * 1024);
  }
  EXPECT_EQ(asked, 17) << "it goes on as the client reads";
}

TEST_F(ConnectionTest, PipeliningStopsAtItsDepth) {
  start({.pipelined_max = 4});
  RawClient client = this->client();
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += get("/park");
  client.send(requests);
  for (int i = 0; i < 10; ++i) {
    const auto exchange = parked();
    EXPECT_LE(handled(), i + 4);
    exchange->respond(HttpResponse::text(200, std::to_string(i), "text/plain"));
    EXPECT_EQ(client.read().value_or(Answer{}).body, std::to_string(i));
  }
}

TEST_F(ConnectionTest, AHalfClosedClientStillGetsItsAnswer) {
  start();
  RawClient client = this->client();
  client.send(get("/one") + get("/park"));
  client.finishSending();
  const auto exchange = parked();
  EXPECT_EQ(client.read().value_or(Answer{}).body, "GET /one|");
  exchange->respond(HttpResponse::text(200, "late", "text/plain"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "late");
  EXPECT_TRUE(client.closedWithin());
}

TEST_F(ConnectionTest, Rfc9112_8_AnIncompleteBodyNeverReachesTheHandler) {
  start();
  for (const std::string& request :
       {std::string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello"},
        std::string{
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}}) {
    RawClient client = this->client();
    client.send(request);
    client.finishSending();
    EXPECT_EQ(client.read().value_or(Answer{}).status, 400);
    EXPECT_TRUE(client.closedWithin());
  }
  EXPECT_EQ(handled(), 0);
  EXPECT_EQ(rejected("body_incomplete"), 2U);
}

TEST_F(ConnectionTest, Rfc9112_7_1_2_TrailersAreConsumedBeforeTheNextRequest) {
  start();
  RawClient client = this->client();
  client.send(
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "A\r\n0123456789\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n" +
      get("/b"));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "POST /a|0123456789!");
  EXPECT_EQ(client.read().value_or(Answer{}).body, "GET /b|");
}

TEST_F(ConnectionTest, ABodyLimitIsAskedPerRequest) {
  FrontOptions options;
  options.body_rule = [](const HttpRequest& request) -> BodyRule {
    return {request.path == "/large" ? 100U : 10U};
  };
  start(std::move(options));
  const std::string body(50, 'x');
  EXPECT_EQ(statusOf(post("/large", body)), 200);
  EXPECT_EQ(statusOf(post("/small", body)), 413);
  EXPECT_EQ(statusOf("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(rejected("body_too_large"), 2U);
}

TEST_F(ConnectionTest, ARefusedLargeUploadCanReadWhy) {
  start();
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  client.send(std::string(200'000, 'x'));
  EXPECT_EQ(client.read().value_or(Answer{}).status, 413);
}

TEST_F(ConnectionTest, Rfc9110_10_1_1_ContinueIsSentBeforeTheBody) {
  start();
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read().value_or(Answer{}).status, 100);
  client.send("hello");
  EXPECT_EQ(client.read().value_or(Answer{}).body, "POST /|hello");
}

TEST_F(ConnectionTest, Rfc9110_10_1_1_NoContinueForABodyThatIsTooLarge) {
  start({.body_bytes_max = 4});
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read().value_or(Answer{}).status, 413);
}

TEST_F(ConnectionTest, Rfc9110_9_3_2_HeadHasTheLengthAndNoBody) {
  start();
  RawClient client = this->client();
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + get("/y"));
  const auto head = client.read(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->field("content-length"), std::to_string(std::string{"HEAD /x|"}.size()));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "GET /y|");
}

TEST_F(ConnectionTest, Rfc9112_9_3_Http10ClosesUnlessAskedToKeep) {
  start();
  RawClient closing = client();
  closing.send("GET / HTTP/1.0\r\n\r\n");
  const auto closed = closing.read();
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->head.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(closing.closedWithin());

  RawClient keeping = client();
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeping.read().value_or(Answer{}).field("connection"), "keep-alive");
  }
}

TEST_F(ConnectionTest, P7_ADrippedHeadIsClosedAtItsTotalDeadline) {
  start({.head = {}, .head_deadline = 200ms, .idle_timeout = 60s});
  RawClient client = this->client();
  const auto begin = Clock::now();
  const std::string answer =
      drip(client, "GET / HTTP/1.1\r\nHost: h\r\nX-A: " + std::string(5000, 'a'));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  EXPECT_LT(Clock::now() - begin, 1s);
  EXPECT_EQ(rejected("head_timeout"), 1U);
}

TEST_F(ConnectionTest, P7_WithoutTheDeadlineTheSameDripIsHeldOn) {
  start({.head_deadline = 60s});
  RawClient client = this->client();
  EXPECT_EQ(drip(client, "GET / HTTP/1.1\r\nHost: h\r\nX-A: " + std::string(5000, 'a')), "");
}

TEST_F(ConnectionTest, P7_ASilentConnectionCostsNoneOfTheOthers) {
  start({.head_deadline = 60s});
  std::vector<RawClient> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(client());
    silent.back().send("GET /");
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(statusOf(get("/x")), 200);
}

TEST_F(ConnectionTest, ABodyBelowTheMinimumRateIsClosed) {
  start({.body_grace = 200ms, .body_rate_min_bytes_per_s = 1000});
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_TRUE(drip(client, "x").starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(rejected("body_timeout"), 1U);
}

TEST_F(ConnectionTest, ABodyAboveTheMinimumRateOutlivesTheGrace) {
  start({.body_grace = 200ms, .body_rate_min_bytes_per_s = 10});
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n");
  const std::string answer = drip(client, "x");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

TEST_F(ConnectionTest, ABodyHasATotalDeadlineWhateverItsRate) {
  start({.body_deadline = 300ms, .body_grace = 60s});
  RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_TRUE(drip(client, "x").starts_with("HTTP/1.1 408 "));
}

TEST_F(ConnectionTest, AnIdleConnectionIsClosedSilently) {
  start({.idle_timeout = 200ms});
  RawClient client = this->client();
  client.send(get("/"));
  ASSERT_TRUE(client.read());
  EXPECT_EQ(client.readAll(2s), "");
  EXPECT_TRUE(client.closedWithin());
}

TEST_F(ConnectionTest, TheDeadlineIsAnsweredByTheFront) {
  std::shared_ptr<Exchange> held;
  std::atomic<bool> there{false};
  start({}, [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->setDeadline(100ms);
    held = exchange;
    there = true;
  });
  RawClient client = this->client();
  client.send(get("/x"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 504);
  EXPECT_NE(answer->body.find("DEADLINE_EXCEEDED"), std::string::npos);
  ASSERT_TRUE(there);
  EXPECT_TRUE(held->answered());
  EXPECT_EQ(held->remaining(), 0ms);
  EXPECT_FALSE(held->respond(HttpResponse::text(200, "late", "text/plain")));
  const auto report = reports(1);
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report[0].error_code, "DEADLINE_EXCEEDED");
  EXPECT_TRUE(report[0].answered_by_front);
  client.send(get("/y"));
  EXPECT_EQ(client.read().value_or(Answer{}).status, 504) << "the connection is still usable";
}

TEST_F(ConnectionTest, ASecondAnswerIsDropped) {
  start();
  RawClient client = this->client();
  client.send(get("/park"));
  const auto exchange = parked();
  EXPECT_TRUE(exchange->respond(HttpResponse::text(200, "first", "text/plain")));
  EXPECT_FALSE(exchange->respond(HttpResponse::text(200, "second", "text/plain")));
  EXPECT_EQ(client.read().value_or(Answer{}).body, "first");
  EXPECT_EQ(client.readAll(50ms), "");
}

TEST_F(ConnectionTest, OneOfManyRacingAnswersWins) {
  start();
  for (int round = 0; round < 50; ++round) {
    RawClient client = this->client();
    client.send(get("/park"));
    const auto exchange = parked();
    std::atomic<int> wins{0};
    std::vector<std::thread> racers;
    for (int i = 0; i < 4; ++i) {
      racers.emplace_back([&] {
        if (exchange->respond(HttpResponse::text(200, "x", "text/plain"))) ++wins;
      });
    }
    for (std::thread& racer : racers) racer.join();
    EXPECT_EQ(wins, 1);
    EXPECT_EQ(client.read().value_or(Answer{}).body, "x");
  }
}

TEST_F(ConnectionTest, AnAnswerToAClientThatLeftIsHarmless) {
  start();
  std::shared_ptr<Exchange> exchange;
  {
    RawClient client = this->client();
    client.send(get("/park"));
    exchange = parked();
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  ASSERT_TRUE(eventually([this] { return front().counters().open_connections == 0; }));
  EXPECT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->request().path, "/park");
  EXPECT_FALSE(exchange->respond(HttpResponse::text(200, "nobody", "text/plain")));
  const auto report = reports(1);
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report[0].status, 499);
  EXPECT_TRUE(report[0].client_gone);
  EXPECT_EQ(front().counters().active_requests, 0);
}

TEST_F(ConnectionTest, AnExceptionOfTheHandlerIsAnAnswer) {
  start({}, [](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/refused") throw Error::conflict("SLOT_TAKEN", "Taken.");
    throw std::runtime_error{"secret"};
  });
  EXPECT_EQ(statusOf(get("/refused")), 409);
  RawClient client = this->client();
  client.send(get("/broken"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
}

TEST_F(ConnectionTest, AResponseThatWouldSplitTheMessageIsNotSent) {
  start({}, [](const std::shared_ptr<Exchange>& exchange) {
    HttpResponse response;
    response.headers.emplace_back("X-A", "b\r\nSet-Cookie: injected=1");
    exchange->respond(std::move(response));
  });
  RawClient client = this->client();
  client.send(get("/"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->head.find("injected"), std::string::npos);
}

TEST_F(ConnectionTest, EveryResponseIsReportedOnce) {
  start();
  RawClient client = this->client();
  client.send(get("/a") + post("/b", "12345") + "garbage\r\n\r\n");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.read());
  const auto report = reports(3);
  ASSERT_EQ(report.size(), 3U);
  EXPECT_EQ(report[0].path, "/a");
  EXPECT_EQ(report[0].route, "/echo");
  EXPECT_GT(report[0].bytes_out, 100U);
  EXPECT_EQ(report[1].bytes_in, 5U);
  EXPECT_EQ(report[2].status, 400);
  EXPECT_EQ(report[2].error_code, "MALFORMED_REQUEST");
  EXPECT_TRUE(report[2].answered_by_front);
}

TEST_F(ConnectionTest, AnswersFromOtherThreadsUnderLoad) {
  std::vector<std::thread> lanes;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Exchange>> queue;
  bool done = false;
  start({.loops = 2}, [&](std::shared_ptr<Exchange> exchange) {
    const std::lock_guard lock{mutex};
    queue.push_back(std::move(exchange));
    changed.notify_one();
  });
  for (int i = 0; i < 2; ++i) {
    lanes.emplace_back([&] {
      std::unique_lock lock{mutex};
      while (!done || !queue.empty()) {
        changed.wait(lock, [&] { return done || !queue.empty(); });
        if (queue.empty()) continue;
        const auto exchange = std::move(queue.front());
        queue.pop_front();
        lock.unlock();
        exchange->respond(HttpResponse::text(200, exchange->request().path, "text/plain"));
        lock.lock();
      }
    });
  }
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([this, c] {
      RawClient client = this->client();
      for (int i = 0; i < 200; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        client.send(get(path));
        EXPECT_EQ(client.read().value_or(Answer{}).body, path);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  {
    const std::lock_guard lock{mutex};
    done = true;
    changed.notify_all();
  }
  for (std::thread& lane : lanes) lane.join();
}

}  // namespace
}  // namespace bulkhead::host
