// Goal: whatever a service does, a request ends by its deadline, a body that was cut is never
// passed as whole, and the outcome says whether the service can have got it.
// Method: a peer that does each of these things on loopback, over TLS unless said otherwise.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/egress/egress_fixture.hpp"

namespace bulkhead::host::egress::test {
namespace {

using Talk = FaultPeer::Talk;
constexpr std::string_view kCutHead = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n";
constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

class FaultTable : public EgressTest {
 protected:
  void expectInTime(const OutboundAnswer& answer) {
    EXPECT_GE(answer.elapsed, kDeadline - milliseconds{1});
    EXPECT_LE(answer.elapsed, kDeadline + kSlack);
  }
};

TEST_F(FaultTable, AServerThatNeverAnswers) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.hang();
  });
  const auto answer = post(url(), false, kDeadline);
  EXPECT_EQ(told(answer), "Ambiguous 0 DEADLINE_EXCEEDED");
  expectInTime(answer);
}

TEST_F(FaultTable, AServerThatAcceptsAndNeverShakesHands) {
  peer([](Talk&) {}, {.skin = Skin::NeverTls});
  const auto answer = post(url(), false, kDeadline);
  EXPECT_EQ(told(answer), "NotSent 0 DEADLINE_EXCEEDED");
  expectInTime(answer);
}

TEST_F(FaultTable, ConnectingHasALimitOfItsOwn) {
  EgressOptions impatient = options();
  impatient.connect_timeout = milliseconds{200};
  open(std::move(impatient));
  peer([](Talk&) {}, {.skin = Skin::NeverTls});
  const auto answer = post(url());
  EXPECT_EQ(told(answer), "NotSent 0 CONNECT_TIMEOUT");
  EXPECT_LE(answer.elapsed, milliseconds{200} + kSlack);
}

TEST_F(FaultTable, ABodyOfOneByteNowAndThen) {
  const auto dripping = [](Talk& talk) {
    talk.readRequest();
    talk.write("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
    talk.drip(std::string(30, 'x'), milliseconds{50});
  };
  peer(dripping);
  const auto answer = get(url(), kDeadline);
  EXPECT_EQ(told(answer), "Ambiguous 200 DEADLINE_EXCEEDED");
  EXPECT_EQ(answer.body, "") << "half a body is none";
  expectInTime(answer);
  EXPECT_EQ(get(url()).body, std::string(30, 'x')) << "with time enough the same is whole";
}

TEST_F(FaultTable, AHeadOfOneByteNowAndThen) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.drip("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", milliseconds{50});
  });
  const auto answer = get(url(), kDeadline);
  EXPECT_EQ(told(answer), "Ambiguous 0 DEADLINE_EXCEEDED");
  expectInTime(answer);
}

TEST_F(FaultTable, AnIdleConnectionThatTheServerClosed) {
  peer([](Talk& talk) {
    if (!talk.readRequest().empty()) talk.write(wholeAnswer("done"));
    talk.endCleanly();
  });
  ASSERT_EQ(told(post(url())), "Ok 200 ");
  ASSERT_TRUE(peer_->awaitEnded(1));
  EXPECT_EQ(told(post(url())), "Ok 200 ");
  EXPECT_EQ(peer_->connections(), 2);
  EXPECT_EQ(peer_->requests().size(), 2U) << "each was sent once";
}

/// Answers the first request of its first connection, and dies over every second one.
void dieOverTheSecond(Talk& talk) {
  talk.readRequest();
  talk.write(wholeAnswer("done"));
  talk.readRequest();
  talk.cut();
}

TEST_F(FaultTable, AServerThatDiesOverAPostOnAKeptConnection) {
  peer(dieOverTheSecond);
  ASSERT_EQ(told(post(url())), "Ok 200 ");
  const auto answer = post(url());
  EXPECT_EQ(told(answer), "Ambiguous 0 CONNECTION_LOST");
  EXPECT_EQ(answer.attempts, 1);
  EXPECT_EQ(peer_->requests().size(), 2U) << "it is not sent again";
}

TEST_F(FaultTable, WhatMayRunTwiceIsSentOnceMore) {
  peer(dieOverTheSecond);
  ASSERT_EQ(told(post(url())), "Ok 200 ");
  const auto answer = post(url(), /*repeatable=*/true);
  EXPECT_EQ(told(answer), "Ok 200 ");
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_EQ(peer_->requests().size(), 3U);
}

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

TEST_F(FaultTable, Control_LibcurlAloneSendsThePostTwice) {
  peer(dieOverTheSecond, {.skin = Skin::Plain});
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> bare{curl_easy_init(),
                                                                 curl_easy_cleanup};
  const std::string target = plainUrl();
  curl_easy_setopt(bare.get(), CURLOPT_URL, target.c_str());
  curl_easy_setopt(bare.get(), CURLOPT_POSTFIELDS, "amount=5");
  curl_easy_setopt(bare.get(), CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(bare.get(), CURLOPT_TIMEOUT_MS, 5000L);
  ASSERT_EQ(curl_easy_perform(bare.get()), CURLE_OK);
  EXPECT_EQ(curl_easy_perform(bare.get()), CURLE_OK);
  EXPECT_EQ(peer_->requests().size(), 3U) << "the second of two came twice";
}

std::size_t collect(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

TEST_F(FaultTable, Control_LibcurlAlonePassesACutBodyAsWhole) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
    talk.cut();
  });
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> bare{curl_easy_init(),
                                                                 curl_easy_cleanup};
  const std::string target = url();
  const std::string authorities = identity().certificate.string();
  std::string body;
  curl_easy_setopt(bare.get(), CURLOPT_URL, target.c_str());
  curl_easy_setopt(bare.get(), CURLOPT_CAINFO, authorities.c_str());
  curl_easy_setopt(bare.get(), CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(bare.get(), CURLOPT_WRITEDATA, &body);
  EXPECT_EQ(curl_easy_perform(bare.get()), CURLE_OK);
  EXPECT_EQ(body, "0123456789") << "of whatever there was to come";
}

TEST_F(FaultTable, AServerThatDiesOverAPostOnANewConnection) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.cut();
  });
  for (const bool repeatable : {false, true}) {
    const auto answer = post(url(), repeatable);
    EXPECT_EQ(answer.outcome, Outcome::Ambiguous) << told(answer);
    EXPECT_EQ(answer.attempts, 1);
  }
  EXPECT_EQ(peer_->requests().size(), 2U);
}

TEST_F(FaultTable, ACertificateOfAnotherName) {
  peer(
      [](Talk& talk) {
        talk.readRequest();
        talk.write(wholeAnswer("done"));
      },
      {.address = "0.0.0.0"});
  EXPECT_EQ(told(get(url("/", "service.test"))), "NotSent 0 CERTIFICATE_REFUSED");
  EXPECT_EQ(told(get(url("/", "127.0.0.2"))), "NotSent 0 CERTIFICATE_REFUSED")
      << "loopback is no exception";
  EXPECT_TRUE(peer_->requests().empty());
  EXPECT_EQ(told(get(url("/", "localhost"))), "Ok 200 ");
}

TEST_F(FaultTable, ACertificateThatNobodyKnowsOrThatHasEnded) {
  const auto stranger = folder().make("stranger");
  const auto ended = folder().make("ended", -1);
  const auto answering = [](Talk& talk) {
    talk.readRequest();
    talk.write(wholeAnswer("done"));
  };
  peer_ = std::make_unique<FaultPeer>(answering, stranger);
  EXPECT_EQ(told(get(url())), "NotSent 0 CERTIFICATE_REFUSED");
  EgressOptions believing = options();
  believing.ca_file = ended.certificate;
  open(std::move(believing));
  peer_ = std::make_unique<FaultPeer>(answering, ended);
  EXPECT_EQ(told(get(url())), "NotSent 0 CERTIFICATE_REFUSED");
}

TEST_F(FaultTable, TlsBefore12IsNotSpoken) {
  peer([](Talk& talk) { talk.readRequest(); }, {.tls_max = TLS1_1_VERSION});
  EXPECT_EQ(told(get(url())), "NotSent 0 TLS_FAILED");
}

struct Cut {
  const char* name;
  std::string_view bytes;
  bool clean;
  const char* told;
  FaultPeer::Skin skin = FaultPeer::Skin::Tls;
};

class CutBody : public EgressTest, public ::testing::WithParamInterface<Cut> {};

TEST_P(CutBody, IsNeverPassedAsWhole) {
  const Cut& cut = GetParam();
  peer(
      [&cut](Talk& talk) {
        talk.readRequest();
        talk.write(cut.bytes);
        if (cut.clean) {
          talk.endCleanly();
        } else {
          talk.cut();
        }
      },
      {.skin = cut.skin});
  const auto answer = get(cut.skin == FaultPeer::Skin::Tls ? url() : plainUrl());
  EXPECT_EQ(told(answer), cut.told);
  if (!answer.isAnswered()) {
    EXPECT_EQ(answer.body, "");
  }
}

constexpr const char* kIncomplete = "Ambiguous 200 ANSWER_INCOMPLETE";
constexpr std::string_view kTenOf40 = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n0123456789";
constexpr std::string_view kOneChunk =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n";
constexpr std::string_view kLastChunk =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
constexpr std::string_view kNoLength = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789";

INSTANTIATE_TEST_SUITE_P(
    FaultTable, CutBody,
    ::testing::Values(
        Cut{"LengthAndGoodbye", kTenOf40, true, kIncomplete},
        Cut{"LengthBare", kTenOf40, false, kIncomplete},
        Cut{"NothingOfItAndGoodbye", kCutHead, true, kIncomplete},
        Cut{"ChunksAndGoodbye", kOneChunk, true, kIncomplete},
        Cut{"ChunksBare", kOneChunk, false, kIncomplete},
        Cut{"NoChunkAndGoodbye", kChunkedHead, true, kIncomplete},
        Cut{"UntilTheEndBare", kNoLength, false, kIncomplete},
        Cut{"UntilTheEndAndGoodbye", kNoLength, true, kIncomplete},
        Cut{"InClearUntilTheEnd", kNoLength, true, kIncomplete, FaultPeer::Skin::Plain},
        Cut{"AnotherCodingUntilTheEnd",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n0123", true, kIncomplete},
        Cut{"Control_LastChunk", kLastChunk, false, "Ok 200 "},
        Cut{"HeadAlone", "HTTP/1.1 200 OK\r\nContent-", true, "Ambiguous 200 ANSWER_INCOMPLETE"}),
    [](const auto& one) { return std::string{one.param.name}; });

/// A listener whose queue is full: who connects hears nothing.
class FullQueue {
 public:
  FullQueue() {
    socklen_t size = sizeof address_;
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    auto* const any = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(sockets_[0], any, size), 0);
    EXPECT_EQ(::listen(sockets_[0], 0), 0);
    ::getsockname(sockets_[0], any, &size);
    for (int i = 0; i < 4; ++i) {
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(sockets_.back(), any, size));
    }
  }
  ~FullQueue() {
    for (const int socket : sockets_) ::close(socket);
  }
  FullQueue(const FullQueue&) = delete;
  FullQueue& operator=(const FullQueue&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  sockaddr_in address_{};
  std::vector<int> sockets_;
};

TEST_F(FaultTable, AServerThatDoesNotEvenAccept) {
  const FullQueue queue;
  const auto answer = post(fmt::format("https://127.0.0.1:{}/", queue.port()), false, kDeadline);
  EXPECT_EQ(told(answer), "NotSent 0 DEADLINE_EXCEEDED");
  expectInTime(answer);
}

TEST_F(FaultTable, APortWhereNobodyListens) {
  peer([](Talk&) {});
  const std::string target = url();
  peer_.reset();
  EXPECT_EQ(told(post(target)), "NotSent 0 NOT_CONNECTED");
}

TEST_F(FaultTable, ANameServerThatHangsHoldsUpNobodyElse) {
  std::promise<void> released;
  const auto gate = released.get_future().share();
  const auto asked = std::make_shared<std::atomic<int>>(0);
  EgressOptions hanging = options();
  hanging.names.lookup = [gate, asked](const std::string& name) {
    if (name == "localhost") return Addresses{"127.0.0.1"};
    ++*asked;
    gate.wait();
    return Addresses{"127.0.0.1"};
  };
  open(std::move(hanging));
  peer([](Talk& talk) {
    talk.readRequest();
    talk.write(wholeAnswer("done"));
  });
  std::vector<std::future<OutboundAnswer>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(
        std::async(std::launch::async, [this] { return get("https://hangs.test/", kDeadline); }));
  }
  EXPECT_EQ(told(get(url("/", "localhost"))), "Ok 200 ");
  for (auto& one : waiting) {
    const auto answer = one.get();
    EXPECT_EQ(told(answer), "NotSent 0 DEADLINE_EXCEEDED");
    expectInTime(answer);
  }
  EXPECT_EQ(*asked, 1) << "a name is looked up once for all who wait for it";
  released.set_value();
}

TEST_F(FaultTable, ANameWithoutAddress) {
  EgressOptions empty = options();
  empty.names.lookup = [](const std::string&) { return Addresses{}; };
  open(std::move(empty));
  EXPECT_EQ(told(post("https://nowhere.test/")), "NotSent 0 NAME_NOT_FOUND");
}

TEST_F(FaultTable, AnswersLongerThanTheyMayBe) {
  EgressOptions small = options();
  small.body_bytes_max = 1000;
  small.head_bytes_max = 1000;
  open(std::move(small));
  const std::string long_text(2000, 'x');
  peer([&](Talk& talk) {
    const std::string request = talk.readRequest();
    if (request.starts_with("GET /body")) talk.write(wholeAnswer(long_text));
    if (request.starts_with("GET /head")) talk.write(wholeAnswer("", "X: " + long_text + "\r\n"));
    if (request.starts_with("GET /trailer"))
      talk.write(std::string{kChunkedHead} + "0\r\nX: " + long_text + "\r\n\r\n");
    if (request.starts_with("GET /early"))
      talk.write(wholeAnswer("early", "").insert(0, "HTTP/1.1 103 Early\r\nX: y\r\n\r\n"));
  });
  EXPECT_EQ(told(get(url("/body"))), "Ambiguous 200 ANSWER_TOO_LARGE");
  EXPECT_EQ(told(get(url("/head"))), "Ambiguous 200 ANSWER_TOO_LARGE");
  EXPECT_EQ(told(get(url("/trailer"))), "Ambiguous 200 ANSWER_TOO_LARGE");
  const auto early = get(url("/early"));
  EXPECT_EQ(told(early), "Ok 200 ");
  EXPECT_FALSE(early.header("x")) << "what an interim answer says is not the answer's";
}

TEST_F(FaultTable, AnswersThatTogetherHoldTooMuch) {
  EgressOptions small = options();
  small.body_bytes_max = 1000;
  small.connections_per_host = 64;
  open(std::move(small));
  peer(
      [](Talk& talk) {
        talk.readRequest();
        talk.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'x'));
        talk.hang();
      },
      {.skin = Skin::Plain});
  constexpr milliseconds kTimeForAll{1000};
  const auto askTwenty = [&](const char* plugin, auto& waiting) {
    for (int i = 0; i < 20; ++i) {
      OutboundRequest request;
      request.url = plainUrl();
      OutboundCaller caller;
      caller.plugin = plugin;
      caller.deadline = std::chrono::steady_clock::now() + kTimeForAll;
      waiting.push_back(std::async(
          std::launch::async, [this, request, caller] { return egress_->send(request, caller); }));
    }
  };
  const auto codesOf = [&](std::initializer_list<const char*> plugins) {
    std::vector<std::future<OutboundAnswer>> waiting;
    for (const char* plugin : plugins) askTwenty(plugin, waiting);
    std::map<std::string, int> codes;
    for (auto& one : waiting) ++codes[told(one.get())];
    return codes;
  };
  auto codes = codesOf({"stripe"});
  EXPECT_EQ(codes["Ambiguous 200 OVERLOADED"], 3) << "17 x 900 bytes are half of what is held";
  EXPECT_EQ(codes["Ambiguous 200 DEADLINE_EXCEEDED"], 17);
  codes = codesOf({"stripe", "plaid", "twilio"});
  EXPECT_EQ(codes["Ambiguous 200 OVERLOADED"], 25) << "35 x 900 bytes are held for all";
  EXPECT_EQ(codes["Ambiguous 200 DEADLINE_EXCEEDED"], 35);
  EXPECT_EQ(get(plainUrl(), kDeadline).code, "DEADLINE_EXCEEDED") << "there is room again";
}

TEST_F(FaultTable, WhatIsNoHttp) {
  for (const char* nonsense : {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\r\n\r\n"}) {
    peer([nonsense](Talk& talk) {
      talk.readRequest();
      talk.write(nonsense);
      talk.endCleanly();
    });
    const auto answer = post(url());
    EXPECT_EQ(answer.outcome, Outcome::Ambiguous) << nonsense << ": " << told(answer);
  }
}

}  // namespace
}  // namespace bulkhead::host::egress::test
