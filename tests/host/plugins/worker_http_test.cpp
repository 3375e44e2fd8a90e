#include "plugins/worker_http.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <thread>

#include <bulkhead/error.hpp>

#include "plugins/ask_desk.hpp"

namespace bulkhead::host {
namespace {

class RecordingSender final : public HttpSender {
 public:
  OutboundAnswer send(OutboundRequest request, const HttpCaller& caller) override {
    sent = std::move(request);
    plugin = caller.plugin;
    tenant = caller.trace.tenant;
    deadline = caller.deadline;
    return answer;
  }

  OutboundAnswer answer{};
  OutboundRequest sent{};
  std::string plugin;
  std::string tenant;
  std::chrono::steady_clock::time_point deadline;
};

/// A worker and its host at the two ends of one link, in one process.
class WorkerHttpTest : public ::testing::Test {
 protected:
  WorkerHttpTest() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    host_ = std::make_shared<Link>(FileDescriptor{both[0]}, LinkEnd::Worker);
    worker_ = std::make_shared<Link>(FileDescriptor{both[1]}, LinkEnd::Host);
    asks_ = std::make_unique<WorkerAsks>(worker_);
    desk_ = std::make_unique<AskDesk>(
        "desk", host_, 4, [this](const HostAsk& ask, const std::stop_token&) {
          HttpCaller caller{"stripe", ask.deadline};
          caller.trace.tenant = "t1";
          return answerHttp(with_sender_ ? &sender_ : nullptr, caller, ask);
        });
    host_reader_ = std::thread{[this] { host_->read([this](const Frame& f) { desk_->take(f); }); }};
    worker_reader_ =
        std::thread{[this] { worker_->read([this](const Frame& f) { asks_->take(f); }); }};
  }
  ~WorkerHttpTest() override {
    host_->end();
    worker_->end();
    host_reader_.join();
    worker_reader_.join();
  }

  OutboundAnswer send(OutboundRequest request) {
    HttpCaller caller{"nobody looks at this name", deadline_};
    caller.trace.tenant = "nor at this one";
    return WorkerHttp{*asks_}.send(std::move(request), caller);
  }

  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now()) +
      std::chrono::seconds{20};
  RecordingSender sender_;
  bool with_sender_ = true;
  std::shared_ptr<Link> host_;
  std::shared_ptr<Link> worker_;
  std::unique_ptr<WorkerAsks> asks_;
  std::unique_ptr<AskDesk> desk_;
  std::thread host_reader_;
  std::thread worker_reader_;
};

TEST_F(WorkerHttpTest, RequestAndAnswerCrossWhole) {
  OutboundRequest request;
  request.method = "POST";
  request.url = "https://api.example/v1/refunds?a=b";
  request.headers = {{"Authorization", "Bearer x"}, {"X-Empty", ""}, {"X-Bytes", "\xff\x01"}};
  request.body = std::string(5 << 20, '\0');
  request.operation = "refunds.create";
  request.repeatable = true;
  request.timeout = std::chrono::milliseconds{1500};
  sender_.answer.outcome = Outcome::HttpError;
  sender_.answer.status = 503;
  sender_.answer.headers = {{"retry-after", "7"}, {"x-bytes", "\xfe"}};
  sender_.answer.body = std::string(5 << 20, 'x');
  sender_.answer.code = "A_CODE";
  sender_.answer.message = "a sentence";
  sender_.answer.retry_after_s = 7;
  sender_.answer.attempts = 2;
  sender_.answer.elapsed = std::chrono::microseconds{123};

  const OutboundAnswer answer = send(request);

  EXPECT_EQ(sender_.plugin, "stripe") << "as the host knows it";
  EXPECT_EQ(sender_.tenant, "t1");
  EXPECT_EQ(sender_.deadline, deadline_);
  EXPECT_EQ(sender_.sent.method, request.method);
  EXPECT_EQ(sender_.sent.url, request.url);
  EXPECT_EQ(sender_.sent.headers, request.headers);
  EXPECT_TRUE(sender_.sent.body == request.body);
  EXPECT_EQ(sender_.sent.operation, request.operation);
  EXPECT_TRUE(sender_.sent.repeatable);
  EXPECT_EQ(sender_.sent.timeout, request.timeout);
  EXPECT_EQ(answer.outcome, Outcome::HttpError);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers, sender_.answer.headers);
  EXPECT_TRUE(answer.body == sender_.answer.body);
  EXPECT_EQ(answer.code, "A_CODE");
  EXPECT_EQ(answer.message, "a sentence");
  EXPECT_EQ(answer.retry_after_s, 7);
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_EQ(answer.elapsed, sender_.answer.elapsed);
}

TEST_F(WorkerHttpTest, WithoutAWayOutItIsRefusedAsInTheHost) {
  with_sender_ = false;
  try {
    send({});
    ADD_FAILURE() << "it was sent";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), noEgress().code());
    EXPECT_EQ(error.kind(), noEgress().kind());
  }
}

TEST_F(WorkerHttpTest, WhatTheWayRefusesWasNotSentAndWhatIsLateMayHaveBeen) {
  OutboundRequest request;
  request.body = std::string(std::size_t{70} << 20, 'x');
  EXPECT_EQ(send(request).outcome, Outcome::Rejected) << "more than a frame holds";
  worker_->end();
  EXPECT_EQ(send({}).outcome, Outcome::Rejected) << "nobody is there";
}

TEST_F(WorkerHttpTest, HostileHeadsAreRefused) {
  for (const std::string& head :
       {std::string{}, std::string(3, 'x'), std::string(200, '\xff'), std::string(64, '\0')}) {
    HostAsk ask;
    ask.kind = HostAskKind::SendHttp;
    ask.deadline = deadline_;
    ask.head = head;
    EXPECT_THROW(asks_->ask(ask), Error) << head.size();
  }
  EXPECT_EQ(sender_.plugin, "") << "none was sent";
  sender_.answer.status = 200;
  EXPECT_EQ(send({}).status, 200) << "and the link goes on";
}

}  // namespace
}  // namespace bulkhead::host
