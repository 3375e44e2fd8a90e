#include "egress/egress.hpp"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "host/egress/egress_fixture.hpp"

namespace bulkhead::host::egress::test {
namespace {

using Talk = FaultPeer::Talk;

void answerAll(Talk& talk) {
  while (!talk.readRequest().empty()) talk.write(wholeAnswer("done"));
}

using EgressRequests = EgressTest;

TEST_F(EgressRequests, WhatIsSentIsWhatWasAskedFor) {
  peer(answerAll);
  OutboundRequest request;
  request.method = "PATCH";
  request.url = url("/v1/refunds?expand=a&b=%20#part");
  request.headers = {
      {"Authorization", "Bearer key"}, {"Content-Type", "text/plain"}, {"X-None", ""}};
  request.body = std::string{"a\0b", 3};
  ASSERT_EQ(told(send(request)), "Ok 200 ");
  EXPECT_EQ(peer_->requests().at(0),
            fmt::format("PATCH /v1/refunds?expand=a&b=%20 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                        "User-Agent: Bulkhead\r\nAuthorization: Bearer key\r\n"
                        "Content-Type: text/plain\r\nX-None:\r\nContent-Length: 3\r\n\r\n",
                        peer_->port()) +
                request.body);
}

TEST_F(EgressRequests, MethodsWithAndWithoutABody) {
  peer(answerAll);
  for (const char* method : {"GET", "DELETE", "OPTIONS", "POST", "PUT"}) {
    OutboundRequest request;
    request.method = method;
    request.url = url();
    ASSERT_EQ(told(send(request)), "Ok 200 ") << method;
    const std::string sent = peer_->requests().back();
    EXPECT_TRUE(sent.starts_with(fmt::format("{} / HTTP/1.1\r\n", method))) << sent;
    const bool has_length = sent.find("Content-Length: 0") != std::string::npos;
    EXPECT_EQ(has_length, std::string_view{method}.starts_with("P")) << sent;
  }
  peer([](Talk& talk) {
    talk.readRequest();
    talk.write("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
  });
  OutboundRequest head;
  head.method = "HEAD";
  head.url = url();
  EXPECT_EQ(told(send(head)), "Ok 200 ") << "its length is that of no body";
}

TEST_F(EgressRequests, AnAnswerHasStatusHeadersBodyAndTheWaitThatItAsksFor) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.write(
        "HTTP/1.1 429 Slow down\r\nContent-Length: 4\r\nRetry-After: 7\r\nX-Two: a\r\n"
        "x-two:  b \r\n\r\nwait");
  });
  const auto answer = get(url());
  EXPECT_EQ(told(answer), "HttpError 429 ");
  EXPECT_EQ(answer.body, "wait");
  EXPECT_EQ(answer.retry_after_s, 7);
  EXPECT_EQ(answer.header("x-two"), "a");
  EXPECT_EQ(answer.headers.back(), (std::pair<std::string, std::string>{"x-two", "b"}));
}

TEST_F(EgressRequests, BodiesOfMegabytesGoBothWays) {
  const std::string large(5 << 20, 'm');
  peer([&](Talk& talk) {
    while (!talk.readRequest().empty()) talk.write(wholeAnswer(large));
  });
  OutboundRequest request;
  request.method = "POST";
  request.url = url();
  request.body = large;
  EXPECT_EQ(send(request).body, large);
  EXPECT_TRUE(peer_->requests().at(0).ends_with(large));
  request.body.resize((8 << 20) + 1);
  EXPECT_EQ(told(send(request)), "Rejected 0 OUTBOUND_REQUEST");
}

TEST_F(EgressRequests, ConnectionsAreKeptAndShared) {
  peer(answerAll);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(told(get(url())), "Ok 200 ");
  EXPECT_EQ(peer_->connections(), 1);
}

TEST_F(EgressRequests, ATimeOfItsOwnIsTheShorterOne) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.hang();
  });
  OutboundRequest request;
  request.url = url();
  request.timeout = milliseconds{200};
  const auto answer = send(request);
  EXPECT_EQ(told(answer), "Ambiguous 0 DEADLINE_EXCEEDED");
  EXPECT_LE(answer.elapsed, milliseconds{200} + kSlack);
  EXPECT_EQ(told(send(request, milliseconds{-1})), "Rejected 0 DEADLINE_EXCEEDED");
}

/// Threads of this process.
int threads() {
  std::ifstream status{"/proc/self/status"};
  std::string word;
  while (status >> word) {
    if (word == "Threads:" && status >> word) return std::atoi(word.c_str());
  }
  return 0;
}

TEST_F(EgressRequests, AHundredThatWaitCostNoThreadAndAllEndInTime) {
  open(options());
  peer([](Talk&) {}, {.skin = Skin::NeverTls});
  const int before = threads();
  constexpr milliseconds kLong{3000};
  constexpr std::size_t kAll = 100;
  constexpr int kConnectionsPerHost = 32;
  std::mutex mutex;
  std::vector<OutboundAnswer> answers;
  std::promise<void> all;
  for (std::size_t i = 0; i < kAll; ++i) {
    OutboundRequest request;
    request.url = url();
    OutboundCaller caller;
    caller.deadline = std::chrono::steady_clock::now() + kLong;
    egress_->begin(std::move(request), std::move(caller), [&](OutboundAnswer answer) {
      const std::lock_guard lock{mutex};
      answers.push_back(std::move(answer));
      if (answers.size() == kAll) all.set_value();
    });
  }
  while (peer_->connections() < kConnectionsPerHost && egress_->inFlight() == kAll) {
    std::this_thread::yield();
  }
  auto ended = all.get_future();
  EXPECT_EQ(ended.wait_for(milliseconds{200}), std::future_status::timeout);  // one more would come
  EXPECT_EQ(peer_->connections(), kConnectionsPerHost);
  EXPECT_LE(threads(), before + kConnectionsPerHost) << "only the peer has a thread for each";
  EXPECT_EQ(egress_->inFlight(), kAll);
  ASSERT_EQ(ended.wait_for(std::chrono::seconds{10}), std::future_status::ready);
  for (const auto& answer : answers) {
    EXPECT_EQ(told(answer), "NotSent 0 DEADLINE_EXCEEDED");
    EXPECT_LE(answer.elapsed, kLong + kSlack);
  }
  EXPECT_EQ(egress_->inFlight(), 0U);
}

TEST_F(EgressRequests, MoreThanItsRoomAreRejected) {
  EgressOptions narrow = options();
  narrow.requests_max = 1;
  open(std::move(narrow));
  peer([](Talk& talk) {
    talk.readRequest();
    talk.hang();
  });
  auto first = std::async(std::launch::async, [this] { return get(url(), kDeadline); });
  while (egress_->inFlight() == 0) std::this_thread::yield();
  EXPECT_EQ(told(get(url())), "Rejected 0 OVERLOADED");
  EXPECT_EQ(told(first.get()), "Ambiguous 0 DEADLINE_EXCEEDED");
}

// Goal: a plugin that sends without end leaves room for the others. Method: as many as it may have
// hang; control: another plugin's is answered all the same.
TEST_F(EgressRequests, OnePluginHasHalfOfTheRoomAtMost) {
  EgressOptions narrow = options();
  narrow.requests_max = 4;
  open(std::move(narrow));
  peer([](Talk& talk) {
    if (talk.readRequest().find("/hang") != std::string::npos) talk.hang();
    talk.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  std::vector<std::future<OutboundAnswer>> hung;
  for (int i = 0; i < 2; ++i)
    hung.push_back(std::async(std::launch::async, [this, url = url("/hang")] {
      OutboundRequest request;
      request.url = url;
      OutboundCaller caller;
      caller.plugin = "stripe";
      caller.deadline = std::chrono::steady_clock::now() + kDeadline;
      return egress_->send(request, caller);
    }));
  while (egress_->inFlight() < 2) std::this_thread::yield();
  EXPECT_EQ(told(get(url())), "Rejected 0 OVERLOADED");
  plugin_ = "plaid";
  EXPECT_EQ(told(get(url())), "Ok 200 ");
  for (auto& one : hung) EXPECT_EQ(told(one.get()), "Ambiguous 0 DEADLINE_EXCEEDED");
  plugin_ = "stripe";
  EXPECT_EQ(told(get(url())), "Ok 200 ") << "its places are free again";
}

// The same of names: those of one plugin's that nobody resolves leave threads for the others'.
TEST_F(EgressRequests, LookUpsThatHangLeaveThreadsForOthers) {
  struct Servers {
    std::promise<void> promise;
    std::shared_future<void> released = promise.get_future().share();
    std::atomic<int> hanging{0};
  };
  const auto servers = std::make_shared<Servers>();
  EgressOptions few = options();
  few.names.threads_max = 4;
  few.names.lookup = [servers](const std::string& name) {
    if (name.starts_with("hang")) {
      ++servers->hanging;
      servers->released.wait();
    }
    return Addresses{"127.0.0.1"};
  };
  open(std::move(few));
  peer([](Talk& talk) {
    talk.readRequest();
    talk.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  std::promise<void> all;
  std::atomic<int> ended{0};
  for (int i = 0; i < 8; ++i) {
    OutboundRequest request;
    request.url = url("/", fmt::format("hang{}.example", i));
    OutboundCaller caller;
    caller.plugin = "stripe";
    caller.deadline = std::chrono::steady_clock::now() + kDeadline;
    egress_->begin(std::move(request), caller, [&](const OutboundAnswer& answer) {
      EXPECT_EQ(told(answer), "NotSent 0 DEADLINE_EXCEEDED");
      if (++ended == 8) all.set_value();
    });
  }
  while (servers->hanging < 2) std::this_thread::yield();
  plugin_ = "plaid";
  EXPECT_EQ(told(get(url("/", "localhost"))), "Ok 200 ");
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
  EXPECT_EQ(servers->hanging, 2) << "half of the threads, and the others never began";
  servers->promise.set_value();
}

// Goal: what a dead worker had asked for does not go out any more, and what is on its way ends.
// Method: one that waits for its name, one that was sent. Control: what nobody gave up goes on.
TEST_F(EgressRequests, WhatNobodyWaitsForEnds) {
  const auto released = std::make_shared<std::promise<void>>();
  EgressOptions slow = options();
  slow.names.lookup = [stays = released->get_future().share()](const std::string&) {
    stays.wait();
    return Addresses{"127.0.0.1"};
  };
  open(std::move(slow));
  std::atomic<int> requests{0};
  peer([&](Talk& talk) {
    talk.readRequest();
    ++requests;
    talk.hang();
  });
  const auto begin = std::chrono::steady_clock::now();
  auto unsent = std::async(std::launch::async, [this] { return get(url("/", "localhost")); });
  auto sent = std::async(std::launch::async, [this] { return get(url()); });
  while (requests == 0 || egress_->inFlight() < 2) std::this_thread::yield();
  EXPECT_EQ(sent.wait_for(milliseconds{50}), std::future_status::timeout) << "the control";
  given_up_.request_stop();
  EXPECT_EQ(told(unsent.get()), "NotSent 0 GIVEN_UP");
  EXPECT_EQ(told(sent.get()), "Ambiguous 0 GIVEN_UP");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
  EXPECT_EQ(told(get(url())), "Rejected 0 GIVEN_UP");
  released->set_value();
  EXPECT_EQ(egress_->inFlight(), 0U);
  EXPECT_EQ(requests, 1) << "the other one never went out";
}

// Names that no transfer needs any more are forgotten: those that come again are found again.
TEST_F(EgressRequests, AForgottenNameIsFoundAgain) {
  open(options());
  peer(
      [](Talk& talk) {
        talk.readRequest();
        talk.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      },
      {.skin = Skin::Plain});
  for (int i = 0; i < 30; ++i) {
    const std::string name = fmt::format("n{}.example", i % 10);
    EXPECT_EQ(told(get(fmt::format("http://{}:{}/", name, peer_->port()))), "Ok 200 ") << i;
  }
}

TEST_F(EgressRequests, ItsEndEndsWhatIsOnItsWay) {
  peer([](Talk& talk) {
    talk.readRequest();
    talk.hang();
  });
  open(options());
  std::promise<OutboundAnswer> promised;
  OutboundRequest request;
  request.url = url();
  OutboundCaller caller;
  caller.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  egress_->begin(std::move(request), std::move(caller),
                 [&](OutboundAnswer answer) { promised.set_value(std::move(answer)); });
  while (peer_->requests().empty()) std::this_thread::yield();
  egress_.reset();
  EXPECT_EQ(told(promised.get_future().get()), "Ambiguous 0 SHUTTING_DOWN");
}

TEST_F(EgressRequests, EachEndIsCountedByPluginHostAndOutcome) {
  peer(answerAll);
  EgressOptions counted = options();
  std::vector<std::string> counts;
  counted.on_completed = [&](const OutboundRecord& record) {
    counts.push_back(
        fmt::format("{} {} {}", record.plugin, record.host, static_cast<int>(record.outcome)));
  };
  open(std::move(counted));
  get(url());
  get("https://169.254.169.254/");
  get("no url");
  egress_.reset();
  EXPECT_EQ(counts, (std::vector<std::string>{"stripe 127.0.0.1 0", "stripe 169.254.169.254 4",
                                              "stripe  4"}));
}

TEST_F(EgressRequests, AFileOfAuthoritiesThatIsNotThereIsAMistake) {
  EgressOptions wrong = options();
  wrong.ca_file = folder().path() / "none.pem";
  EXPECT_THROW(open(std::move(wrong)), Error);
  EgressOptions network = options();
  network.allowed_networks = {"everywhere"};
  EXPECT_THROW(open(std::move(network)), Error);
}

/// nginx with TLS on a free port of loopback; ends with this object.
class Nginx {
 public:
  static constexpr const char* kProgram = "/usr/sbin/nginx";

  Nginx(const std::filesystem::path& folder, const host::test::PemFiles& identity,
        std::uint16_t port)
      : log_{folder / "nginx.log"} {
    const auto conf = folder / "nginx.conf";
    std::ofstream{conf} << fmt::format(
        "daemon off; master_process off; pid {0}/nginx.pid; error_log {0}/nginx.err;\n"
        "events {{}}\nhttp {{\n log_format seen '$connection $status'; access_log {1} seen;\n"
        " client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;\n"
        " uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n"
        " server {{ listen 127.0.0.1:{2} ssl; ssl_certificate {3}; ssl_certificate_key {4};\n"
        "  location / {{ return 200 'from nginx'; }} }} }}\n",
        folder.string(), log_.string(), port, identity.certificate.string(), identity.key.string());
    process_ = ::fork();
    if (process_ == 0) {
      ::execl(kProgram, kProgram, "-c", conf.c_str(), "-e", (folder / "nginx.err").c_str(),
              nullptr);
      ::_exit(127);
    }
  }
  ~Nginx() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  std::set<std::string> connections() const {
    std::ifstream in{log_};
    std::set<std::string> all;
    for (std::string connection, status; in >> connection >> status;) all.insert(connection);
    return all;
  }

 private:
  std::filesystem::path log_;
  pid_t process_ = -1;
};

TEST_F(EgressRequests, ARealServerOverOneConnection) {
  if (!std::filesystem::exists(Nginx::kProgram)) GTEST_SKIP() << "nginx is not installed";
  peer(answerAll);
  const std::uint16_t port = peer_->port();
  peer_.reset();
  const auto place = folder().path() / "nginx";
  std::filesystem::create_directories(place);
  const Nginx nginx{place, identity(), port};
  const std::string target = fmt::format("https://localhost:{}/", port);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!get(target).isOk() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {
    const auto answer = get(target);
    ASSERT_EQ(told(answer), "Ok 200 ");
    EXPECT_EQ(answer.body, "from nginx");
  }
  EXPECT_EQ(nginx.connections().size(), 1U);
}

}  // namespace
}  // namespace bulkhead::host::egress::test
