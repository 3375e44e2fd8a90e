#include <future>
#include <string>
#include <thread>

#include "host/http/front_fixture.hpp"
#include "http/mailbox.hpp"

namespace bulkhead::host {
namespace {

using test::get;
using test::RawClient;

/// Requests to "/park/up" hand their body over as it comes.
class StreamingFront : public test::FrontTest {
 protected:
  void serve(FrontOptions options = {}) {
    options.body_rule = [](const HttpRequest& request) -> BodyRule {
      return {std::uint64_t{1} << 40, request.path == "/park/up"};
    };
    start(std::move(options));
  }
  /// A client whose request is parked, and that.
  std::shared_ptr<Exchange> open(RawClient& client, const std::string& request) {
    client.send(request);
    return parked();
  }
  static std::shared_ptr<ByteStream> answerWithStream(Exchange& exchange) {
    HttpResponse head = HttpResponse::text(200, "", "text/plain");
    auto stream = exchange.openStream();
    head.stream = stream;
    EXPECT_TRUE(exchange.respond(std::move(head)));
    return stream;
  }
};

std::string upload(std::string_view lines) {
  return "POST /park/up HTTP/1.1\r\nHost: h\r\n" + std::string{lines} + "\r\n";
}

TEST_F(StreamingFront, Rfc9112_7_1_PiecesAreChunksAndAnswersStayInOrder) {
  serve();
  RawClient client = this->client();
  const auto exchange = open(client, get("/park") + get("/b"));
  const auto stream = answerWithStream(*exchange);
  EXPECT_TRUE(stream->write("hello"));
  std::string begun;
  ASSERT_TRUE(test::eventually([&] {
    begun += client.readSome();
    return begun.find("5\r\nhello\r\n") != std::string::npos;
  })) << begun;
  EXPECT_NE(begun.find("Transfer-Encoding: chunked"), std::string::npos);
  stream->write(" world");
  stream->finish();
  const std::string rest = client.readAll(std::chrono::milliseconds{300});
  EXPECT_NE(rest.find("6\r\n world\r\n0\r\n\r\nHTTP/1.1 200"), std::string::npos) << rest;
  EXPECT_NE(rest.find("GET /b|"), std::string::npos);
}

TEST_F(StreamingFront, AClientThatLeavesEndsTheStream) {
  serve();
  auto client = std::make_unique<RawClient>(this->client());
  const auto exchange = open(*client, get("/park"));
  const auto stream = answerWithStream(*exchange);
  EXPECT_TRUE(stream->write("x"));
  client.reset();
  EXPECT_TRUE(test::eventually([&] { return !stream->write(std::string(100'000, 'x')); }));
  EXPECT_TRUE(reports(1).at(0).client_gone);
}

TEST_F(StreamingFront, ABodyComesAsItIsSent) {
  serve();
  RawClient client = this->client();
  client.send(upload("Content-Length: 10\r\n") + "01234");
  const auto exchange = parked();
  char bytes[10];
  const auto soon = [] { return std::chrono::steady_clock::now() + RawClient::kPatience; };
  EXPECT_EQ(exchange->request().body_stream->read(bytes, 10, soon()), 5U);
  client.send("56789");
  EXPECT_EQ(exchange->request().body_stream->read(bytes, 10, soon()), 5U);
  EXPECT_EQ(exchange->request().body_stream->read(bytes, 10, soon()), 0U);
  exchange->respond(HttpResponse::text(200, "taken", "text/plain"));
  EXPECT_EQ(client.read().value_or(test::Answer{}).body, "taken");
  EXPECT_EQ(reports(1).at(0).bytes_in, 10U);
  client.send(get("/next"));
  EXPECT_EQ(client.read().value_or(test::Answer{}).body, "GET /next|");
}

TEST_F(StreamingFront, ABodyBelowTheMinimumRateIsGivenUp) {
  FrontOptions options;
  options.body_grace = std::chrono::milliseconds{50};
  options.body_rate_min_bytes_per_s = 1'000'000;
  serve(std::move(options));
  RawClient client = this->client();
  client.send(upload("Content-Length: 10\r\n"));
  const auto exchange = parked();
  char byte = 0;
  EXPECT_EQ(exchange->request().body_stream->read(
                &byte, 1, std::chrono::steady_clock::now() + RawClient::kPatience),
            std::nullopt);
  EXPECT_EQ(client.read().value_or(test::Answer{}).status, 408);
  EXPECT_TRUE(client.closedWithin());
}

// The control of the rate: while the handler leaves no room, the clock of the client stands still.
TEST_F(StreamingFront, ABodyThatTheHandlerHoldsUpIsNotSlow) {
  FrontOptions options;
  options.body_grace = std::chrono::milliseconds{100};
  serve(std::move(options));
  RawClient client = this->client();
  constexpr std::size_t kSize = 3 * ByteStream::kRoomBytes;
  client.send(upload("Content-Length: " + std::to_string(kSize) + "\r\n"));
  const auto exchange = parked();
  std::jthread sender{[&] { client.send(std::string(kSize, 'x')); }};
  const auto stream = exchange->request().body_stream;
  EXPECT_TRUE(test::eventually([&] { return stream->hasBytes(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds{300});  // allowed: longer than the grace
  std::string piece(kSize, ' ');
  std::size_t taken = 0;
  while (const auto size = stream->read(piece.data(), piece.size(),
                                        std::chrono::steady_clock::now() + RawClient::kPatience)) {
    if (*size == 0) break;
    taken += *size;
  }
  EXPECT_EQ(taken, kSize);
  exchange->respond(HttpResponse::text(200, "all", "text/plain"));
  sender.join();
  EXPECT_EQ(client.read().value_or(test::Answer{}).body, "all");
}

// Goal: what moves the other way makes no room. Method: the answer moves a hundred times while
// nobody reads the body; what arrived of it is all there is to read at once.
TEST_F(StreamingFront, ABodyThatNobodyReadsIsHeldToTheRoomWhileTheAnswerGoesOn) {
  serve();
  RawClient client = this->client();
  client.send(upload("Transfer-Encoding: chunked\r\n"));
  const auto exchange = parked();
  const auto body = exchange->request().body_stream;
  const auto answer = answerWithStream(*exchange);
  std::jthread sender{[&] {
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 64 && client.send(chunk); ++i) {
    }
  }};
  EXPECT_TRUE(test::eventually([&] { return !body->hasRoom(); }));
  for (int i = 0; i < 100; ++i) {
    answer->write("x");
    EXPECT_NE(client.readSome(), "");
  }
  answer->write("x");  // taken behind all looks at the body before it
  EXPECT_NE(client.readSome(), "");
  std::string bytes(8 * ByteStream::kRoomBytes, ' ');
  const auto held = body->read(bytes.data(), bytes.size(), std::chrono::steady_clock::now());
  EXPECT_LT(held.value_or(SIZE_MAX), ByteStream::kRoomBytes + 64 * 1024);
  stopFront();
}

TEST_F(StreamingFront, AStreamThatBeginsDuringADrainIsAskedToEnd) {
  serve();
  RawClient client = this->client();
  const auto exchange = open(client, get("/park"));
  front().beginDrain();
  const auto stream = answerWithStream(*exchange);
  EXPECT_TRUE(stream->awaitEnd(std::chrono::steady_clock::now() + RawClient::kPatience));
  EXPECT_TRUE(stream->write("its end")) << "and may send it";
  stream->finish();
}

// An answer that no loop will ever send: before the loop has ended, and after.
TEST_F(StreamingFront, AnAnswerThatIsDroppedHoldsNoWriterUp) {
  for (const bool before : {true, false}) {
    const auto mailbox =
        std::make_shared<Mailbox>(std::make_shared<RequestBudget>(std::size_t{1} << 20));
    const auto exchange = std::make_shared<Exchange>(mailbox);
    if (!before) mailbox->close();
    const auto stream = answerWithStream(*exchange);
    if (before) mailbox->close();
    EXPECT_FALSE(stream->write("x")) << before;
  }
}

TEST_F(StreamingFront, AnAnswerBeforeTheBodysEndClosesTheConnection) {
  serve();
  RawClient client = this->client();
  client.send(upload("Content-Length: 1000000\r\n") + "some");
  const auto exchange = parked();
  const auto stream = exchange->request().body_stream;
  exchange->respond(HttpResponse::text(409, "no", "text/plain"));
  const auto answer = client.read().value_or(test::Answer{});
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(stream->end(), ByteStream::End::BrokenOff);
  EXPECT_TRUE(client.closedWithin());
}

// Goal: an answer without a body, given as a stream before the request's body has ended, is an
// early answer like any other. Method: a 204, and a body that nobody reads.
TEST_F(StreamingFront, AStreamThatHasNoBodyEndsTheUploadToo) {
  serve();
  RawClient client = this->client();
  client.send(upload("Content-Length: 100000000\r\n"));
  const auto exchange = parked();
  HttpResponse head;
  head.status = 204;
  head.stream = exchange->openStream();
  EXPECT_TRUE(exchange->respond(std::move(head)));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->field("connection"), "close");
  EXPECT_TRUE(test::eventually(
      [&] { return !client.send(std::string(100'000, 'x')) || client.closedWithin(); }));
}

TEST_F(StreamingFront, AStoppedFrontLeavesNoThreadWaiting) {
  serve();
  RawClient client = this->client();
  const auto exchange = open(client, get("/park"));
  const auto stream = answerWithStream(*exchange);
  const auto writer = std::async(std::launch::async, [&] {
    while (stream->write(std::string(100'000, 'x'))) {
    }
  });
  stopFront();
  EXPECT_EQ(writer.wait_for(RawClient::kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace bulkhead::host
