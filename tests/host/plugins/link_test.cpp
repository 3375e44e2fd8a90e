#include "plugins/link.hpp"

#include <atomic>
#include <cstring>
#include <ctime>
#include <future>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>

#include "plugins/link_message.hpp"
#include "plugins/link_records.hpp"
#include "plugins/link_stream.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::seconds;

std::string data(std::uint64_t id, std::string_view bytes) {
  std::string frame;
  writeData(frame, id, bytes);
  return frame;
}

void give(FrameReader& reader, std::string_view bytes) {
  std::size_t room = 0;
  char* const to = reader.room(room);
  ASSERT_GE(room, bytes.size());
  std::memcpy(to, bytes.data(), bytes.size());
  reader.took(bytes.size());
}

TEST(FrameReader, CutsFramesWhereverTheyAreBroken) {
  const std::string bytes = data(1, "one") + data(2, "") + data(3, std::string(1000, 'x'));
  for (std::size_t step = 1; step < bytes.size(); step += 13) {
    FrameReader reader{LinkEnd::Worker};
    std::vector<std::pair<std::uint64_t, std::size_t>> seen;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      give(reader, std::string_view{bytes}.substr(at, step));
      while (const auto frame = reader.next()) seen.emplace_back(frame->id, frame->payload.size());
    }
    const std::vector<std::pair<std::uint64_t, std::size_t>> all{{1, 3}, {2, 0}, {3, 1000}};
    EXPECT_EQ(seen, all) << step;
  }
}

TEST(FrameReader, RefusesWhatTheOtherSideMayNotSend) {
  std::string answer;
  writeAnswer(answer, 1, HttpResponse::json(200, "{}"), false);
  FrameReader from_worker{LinkEnd::Worker};
  give(from_worker, answer);
  EXPECT_TRUE(from_worker.next());
  FrameReader from_host{LinkEnd::Host};
  give(from_host, answer);
  EXPECT_THROW(from_host.next(), LinkError);
}

TEST(FrameReader, BelievesNoLengthBeyondTheLongest) {
  std::string frame = data(1, "x");
  const std::uint32_t size = Frame::kPayloadBytesMax + 1;
  std::memcpy(frame.data(), &size, sizeof size);
  FrameReader reader{LinkEnd::Worker};
  give(reader, frame);
  EXPECT_THROW(reader.next(), LinkError);
}

TEST(FrameReader, TakesNoMemoryForWhatIsOnlyPromised) {
  std::string frame = data(1, "x");
  const std::uint32_t size = Frame::kPayloadBytesMax;
  std::memcpy(frame.data(), &size, sizeof size);
  FrameReader reader{LinkEnd::Worker};
  give(reader, frame);
  EXPECT_FALSE(reader.next());
  std::size_t room = 0;
  reader.room(room);
  EXPECT_LT(room, 1U << 20U);
}

TEST(LinkMessage, ACallCrossesWithoutCredentials) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/x/v1/a";
  request.headers = {{"host", "h"},
                     {"authorization", "Bearer secret"},
                     {"cookie", "secret"},
                     {"x-api-key", "secret"},
                     {"idempotency-key", "k"}};
  request.query = {{"q", "1"}};
  request.path_parameters = {{"id", "7"}};
  request.principal = {"key", "tenant", {"x:read", "x:write"}, true, true};
  request.body = R"({"a":1})";
  CallMessage message;
  message.route = 3;
  message.slot = 4;
  message.deadline = std::chrono::steady_clock::now();
  std::string frame;
  writeCall(frame, 9, message, request);
  EXPECT_EQ(frame.find("secret"), std::string::npos);
  const CallMessage read = readCall(std::string_view{frame}.substr(Frame::kHeadBytes));
  EXPECT_EQ(read.route, 3U);
  EXPECT_EQ(read.slot, 4U);
  EXPECT_LT(message.deadline - read.deadline, std::chrono::microseconds{1});
  EXPECT_EQ(read.request.headers, (Fields{{"host", "h"}, {"idempotency-key", "k"}}));
  EXPECT_EQ(read.request.principal.scopes, request.principal.scopes);
  EXPECT_EQ(read.request.query, request.query);
  EXPECT_EQ(read.request.path_parameters, request.path_parameters);
  EXPECT_EQ(read.request.body, request.body);
}

TEST(LinkMessage, AnAnswerThatWouldBreakTheMessageIsNone) {
  HttpResponse response = HttpResponse::json(200, "{}");
  std::string good;
  writeAnswer(good, 1, response, false);
  EXPECT_NO_THROW(readAnswer(std::string_view{good}.substr(Frame::kHeadBytes)));
  response.headers.emplace_back("x", "a\r\nset-cookie: b");
  std::string split;
  writeAnswer(split, 1, response, false);
  EXPECT_THROW(readAnswer(std::string_view{split}.substr(Frame::kHeadBytes)), LinkError);
  response.headers.clear();
  for (const int status : {0, 100, 600, 99999}) {
    response.status = status;
    std::string odd;
    writeAnswer(odd, 1, response, false);
    EXPECT_THROW(readAnswer(std::string_view{odd}.substr(Frame::kHeadBytes)), LinkError) << status;
  }
}

TEST(LinkMessage, AnAnswerHasNoneOfTheHeadersThatAreTheHosts) {
  HttpResponse response = HttpResponse::json(200, "{}");
  response.headers.emplace_back("X-Frame-Options", "ALLOWALL");
  response.headers.emplace_back("x-own", "1");
  std::string frame;
  writeAnswer(frame, 1, response, false);
  const AnswerMessage read = readAnswer(std::string_view{frame}.substr(Frame::kHeadBytes));
  for (const auto& [name, value] : read.response.headers) EXPECT_NE(name, "X-Frame-Options");
  EXPECT_EQ(read.response.headers.back().first, "x-own");
}

TEST(LinkMessage, ErrorsKeepEverything) {
  std::string frame;
  writeError(frame, FrameType::Failure, 1,
             Error::conflict("SLOT_TAKEN", "Taken.").withDetails(R"({"a":1})").withRetryAfter(3));
  const Error error = readError(std::string_view{frame}.substr(Frame::kHeadBytes));
  EXPECT_EQ(error.kind(), ErrorKind::Conflict);
  EXPECT_EQ(error.code(), "SLOT_TAKEN");
  EXPECT_EQ(error.details(), R"({"a":1})");
  EXPECT_EQ(error.retryAfterSeconds(), 3);
}

TEST(LinkRecords, CountersAreSummedAndGaugesAreTheLast) {
  GatheredRecords records;
  records.addCounter(0, {"a"}, 1);
  records.addCounter(0, {"a"}, 2);
  records.setGauge(1, {}, 5);
  records.setGauge(1, {}, 6);
  records.observe(2, {}, 0.5);
  records.observe(2, {}, 0.5);
  records.addStatement("", std::chrono::microseconds{7}, true);
  records.addSanitized(4);
  std::string frame;
  records.writeTo(frame);
  std::vector<double> values;
  std::size_t statements = 0;
  std::size_t sanitized = 0;
  readRecords(std::string_view{frame}.substr(Frame::kHeadBytes),
              {[&](std::uint32_t, const auto&, double value) { values.push_back(value); },
               [&](std::string_view, std::chrono::microseconds, bool) { ++statements; },
               [&](std::size_t count) { sanitized = count; }});
  EXPECT_EQ(values, (std::vector<double>{3, 6, 0.5, 0.5}));
  EXPECT_EQ(statements, 1U);
  EXPECT_EQ(sanitized, 4U);
  std::string nothing;
  records.writeTo(nothing);
  EXPECT_TRUE(nothing.empty());
}

/// Two ends in one process, each with its reader.
class LinkTest : public ::testing::Test {
 protected:
  LinkTest() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    host_ = std::make_shared<Link>(FileDescriptor{both[0]}, LinkEnd::Worker);
    worker_ = std::make_shared<Link>(FileDescriptor{both[1]}, LinkEnd::Host);
  }
  ~LinkTest() override { endReaders(); }

  /// What they use must outlive this.
  void endReaders() {
    host_->end();
    worker_->end();
    for (auto& reader : readers_) reader.join();
    readers_.clear();
  }

  void readOn(Link& link, std::function<void(const Frame&)> take) {
    readers_.emplace_back([&link, take = std::move(take)] { link.read(take); });
  }

  std::shared_ptr<Link> host_;
  std::shared_ptr<Link> worker_;
  std::vector<std::thread> readers_;
};

TEST_F(LinkTest, WhatManyThreadsSendComesWholeAndInTheirOrder) {
  constexpr std::uint64_t kSenders = 4;
  constexpr std::uint64_t kEach = 2000;
  std::vector<std::uint64_t> next(kSenders, 0);
  std::promise<void> all;
  std::uint64_t count = 0;
  readOn(*host_, [&](const Frame& frame) {
    const std::uint64_t sender = frame.id / kEach;
    EXPECT_EQ(frame.id % kEach, next.at(sender)++);
    EXPECT_EQ(frame.payload, std::string(frame.id % 300, 'x'));
    if (++count == kSenders * kEach) all.set_value();
  });
  readOn(*worker_, [](const Frame&) {});
  std::vector<std::thread> senders;
  for (std::uint64_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const std::uint64_t id = sender * kEach + i;
        worker_->sendPatiently(data(id, std::string(id % 300, 'x')));
      }
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(all.get_future().wait_for(seconds{20}), std::future_status::ready);
}

TEST_F(LinkTest, WhoMayNotWaitNeverDoes) {
  readOn(*host_, [](const Frame&) {});
  const std::string chunk = data(1, std::string(1024 * 1024, 'x'));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(host_->send(chunk));  // nobody reads at the other end
  EXPECT_GT(host_->backlog(), Link::kBacklogBytes);
  std::atomic<std::size_t> taken{0};
  readOn(*worker_, [&](const Frame& frame) { taken += frame.payload.size(); });
  EXPECT_TRUE(host_->sendPatiently(data(2, "after")));
  while (taken < 8U * 1024 * 1024 + 5) std::this_thread::yield();
}

/// A frame whose payload stays where it is, and is seen to be let go.
struct FrameApart {
  FrameApart(std::uint64_t id, std::size_t size)
      : payload{std::make_shared<const std::string>(size, static_cast<char>('a' + id % 26))} {
    FrameWriter{head, FrameType::Data, id}.finish(size);
  }
  BytesApart apart() const { return {*payload, payload}; }

  std::shared_ptr<const std::string> payload;
  std::string head;
};

// Goal: bytes apart come in their place and are let go. Method: frames with and without them, of
// sizes around every border, from many threads.
TEST_F(LinkTest, BytesApartComeInTheirPlaceAndAreLetGo) {
  constexpr std::uint64_t kSenders = 3;
  constexpr std::uint64_t kEach = 200;
  std::vector<std::uint64_t> next(kSenders, 0);
  std::promise<void> all;
  std::uint64_t count = 0;
  const auto sizeOf = [](std::uint64_t id) { return id % 5 == 0 ? id * 1000 : id % 300; };
  readOn(*host_, [&](const Frame& frame) {
    EXPECT_EQ(frame.id % kEach, next.at(frame.id / kEach)++);
    EXPECT_EQ(frame.payload, std::string(sizeOf(frame.id), static_cast<char>('a' + frame.id % 26)));
    if (++count == kSenders * kEach) all.set_value();
  });
  readOn(*worker_, [](const Frame&) {});
  std::vector<std::weak_ptr<const std::string>> payloads(kSenders * kEach);
  std::vector<std::thread> senders;
  for (std::uint64_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (std::uint64_t id = sender * kEach; id < (sender + 1) * kEach; ++id) {
        const FrameApart frame{id, sizeOf(id)};
        payloads[id] = frame.payload;
        worker_->sendPatiently(frame.head, frame.apart());
      }
    });
  }
  for (auto& sender : senders) sender.join();
  ASSERT_EQ(all.get_future().wait_for(seconds{20}), std::future_status::ready);
  for (const auto& payload : payloads) {
    while (!payload.expired()) std::this_thread::yield();
  }
}

// Goal: a call of many megabytes costs an event loop no more than a short one. Method: the other
// side takes whatever comes; what one send() has not written is still there, as nobody else writes.
// Control: what a loop may write goes at once.
TEST_F(LinkTest, AReaderOfTheWorkersIsCalledWhenItIsTime) {
  EXPECT_FALSE(host_->callIn(std::chrono::microseconds{50})) << "the host has no use for it";
  EXPECT_TRUE(worker_->callIn(std::chrono::hours{1}));
  std::atomic<int> calls{0};
  for (int i = 0; i < 2; ++i) {
    readers_.emplace_back([&] { worker_->read([](const Frame&) {}, [] {}, [&] { ++calls; }); });
  }
  for (int time = 1; time <= 20; ++time) {
    EXPECT_TRUE(worker_->callIn(std::chrono::microseconds{50}));
    while (calls < time) std::this_thread::yield();
  }
  endReaders();
  EXPECT_EQ(calls, 20) << "one of them each time";
}

TEST_F(LinkTest, OneCallWritesABoundedAmount) {
  constexpr std::size_t kBytes = 32U * 1024 * 1024;
  std::atomic<std::size_t> taken{0};
  readOn(*worker_, [&](const Frame& frame) { taken += frame.payload.size(); });
  const FrameApart small{1, Link::kWriteBytes / 2};
  ASSERT_TRUE(host_->send(small.head, small.apart()));
  EXPECT_EQ(host_->backlog(), 0U);
  const FrameApart big{2, kBytes};
  ASSERT_TRUE(host_->send(big.head, big.apart()));
  EXPECT_GE(host_->backlog(), kBytes - Link::kWriteBytes);
  readOn(*host_, [](const Frame&) {});  // the reader writes the rest
  while (taken < kBytes + Link::kWriteBytes / 2) std::this_thread::yield();
  while (host_->backlog() > 0) std::this_thread::yield();  // it was taken before its writer knows
}

std::chrono::microseconds processorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_nsec / 1000};
}

// The same in time: of the thread's own processor, since the machine has other work. Control: the
// body copied into its frame, as a short one is.
TEST_F(LinkTest, ABigCallCostsTheSenderLittle) {
  HttpRequest request;
  request.method = "POST";
  request.body = std::string(32U * 1024 * 1024, 'x');
  readOn(*worker_, [](const Frame&) {});
  readOn(*host_, [](const Frame&) {});
  const auto costOf = [&](BodyPlace place) {
    const auto before = processorTime();
    std::string frame;
    writeCall(frame, 1, {}, request, place);
    const std::shared_ptr<void> owner{std::shared_ptr<void>{}, &request};
    host_->send(frame, place == BodyPlace::Apart ? BytesApart{request.body, owner} : BytesApart{});
    const auto cost = processorTime() - before;
    while (host_->backlog() > 0) std::this_thread::yield();
    return cost;
  };
  costOf(BodyPlace::Apart);
  std::chrono::microseconds least{std::chrono::seconds{1}};
  for (int i = 0; i < 5; ++i) least = std::min(least, costOf(BodyPlace::Apart));
  const auto copied = costOf(BodyPlace::InFrame);
  EXPECT_LT(10 * least, copied) << least.count() << " us, with a copy " << copied.count();
}

TEST_F(LinkTest, NobodyLooksAtBytesApartOnceItHasEnded) {
  const FrameApart frame{1, 8U * 1024 * 1024};
  const std::weak_ptr<const std::string> payload = frame.payload;
  ASSERT_TRUE(host_->send(frame.head, frame.apart()));
  EXPECT_GT(payload.use_count(), 1);
  host_->end();
  EXPECT_EQ(payload.use_count(), 1);
}

TEST_F(LinkTest, ItsEndIsHeardOnBothSides) {
  std::promise<void> ended;
  std::thread reader{[&] {
    worker_->read([](const Frame&) {});
    ended.set_value();
  }};
  host_->end();
  EXPECT_EQ(ended.get_future().wait_for(seconds{10}), std::future_status::ready);
  reader.join();
  EXPECT_FALSE(worker_->send(data(1, "x")));
  EXPECT_FALSE(host_->sendPatiently(data(1, "x")));
}

/// A body of the worker that goes to the host.
class LinkStream : public LinkTest {
 protected:
  LinkStream()
      : from_{std::make_shared<ByteStream>(nullptr)},
        to_{std::make_shared<ByteStream>(nullptr)},
        sender_{std::make_shared<StreamSender>(worker_, 1, from_)},
        receiver_{std::make_shared<StreamReceiver>(host_, 1, to_)} {
    readOn(*host_, [this](const Frame& frame) {
      if (frame.type == FrameType::Data) receiver_->take(frame.payload);
      if (frame.type == FrameType::End) receiver_->take(readEnd(frame.payload));
    });
    readOn(*worker_, [this](const Frame& frame) {
      if (frame.type == FrameType::Credit) sender_->credit(readCredit(frame.payload));
      if (frame.type == FrameType::End) sender_->take(readEnd(frame.payload));
    });
    receiver_->begin();
    sender_->begin();
  }
  ~LinkStream() override { endReaders(); }

  std::shared_ptr<ByteStream> from_;
  std::shared_ptr<ByteStream> to_;
  std::shared_ptr<StreamSender> sender_;
  std::shared_ptr<StreamReceiver> receiver_;
};

TEST_F(LinkStream, ALongBodyComesWholeInLittleMemory) {
  constexpr std::size_t kBytes = 64U * 1024 * 1024;
  std::thread writer{[&] {
    const std::string chunk(100'000, 'x');
    for (std::size_t left = kBytes; left > 0;) {
      const std::size_t size = std::min(left, chunk.size());
      ASSERT_TRUE(from_->write(std::string_view{chunk}.substr(0, size)));
      left -= size;
    }
    from_->finish();
  }};
  std::size_t total = 0;
  std::size_t most = 0;
  for (std::string bytes; to_->end() == ByteStream::End::None; bytes.clear()) {
    most = std::max(most, to_->size());
    total += to_->take(bytes, 64U * 1024);
  }
  writer.join();
  EXPECT_EQ(total, kBytes);
  EXPECT_EQ(to_->end(), ByteStream::End::Finished);
  EXPECT_LE(most, kStreamWindowBytes);
}

TEST_F(LinkStream, TheWriterWaitsForAReaderThatDoesNotTake) {
  std::atomic<std::size_t> written{0};
  std::thread writer{[&] {
    const std::string chunk(64U * 1024, 'x');
    while (from_->write(chunk)) written += chunk.size();
  }};
  while (to_->size() < kStreamWindowBytes) std::this_thread::yield();
  EXPECT_LE(written, 4 * kStreamWindowBytes);
  to_->breakOff();  // and hears when there is none any more
  writer.join();
  EXPECT_EQ(from_->end(), ByteStream::End::BrokenOff);
}

TEST_F(LinkStream, AnEndThatIsWantedSoonIsHeard) {
  EXPECT_FALSE(from_->wantsEnd());
  to_->endSoon();
  EXPECT_TRUE(from_->awaitEnd(std::chrono::steady_clock::now() + seconds{10}));
  EXPECT_EQ(from_->end(), ByteStream::End::None);
}

TEST_F(LinkStream, BytesBeyondTheCreditAreAnError) {
  EXPECT_THROW(receiver_->take(std::string(kStreamWindowBytes + 1, 'x')), LinkError);
  EXPECT_THROW(sender_->credit(kStreamWindowBytes + 1), LinkError);
}

}  // namespace
}  // namespace bulkhead::host
