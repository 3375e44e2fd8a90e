#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <set>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kExitTemporary = 75;

/// A client that keeps its connection for as long as the host wants it to.
class KeptConnection {
 public:
  explicit KeptConnection(std::uint16_t port) : port_{port} {}
  ~KeptConnection() { close(); }
  KeptConnection(const KeptConnection&) = delete;
  KeptConnection& operator=(const KeptConnection&) = delete;

  /// The status; 0 when there was no whole answer.
  int ask(const std::string& request) {
    if (socket_ < 0 && !open()) return 0;
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      return failed();
    std::string text;
    std::size_t head = 0;
    while ((head = text.find("\r\n\r\n")) == std::string::npos) {
      if (!read(text)) return failed();
    }
    const std::size_t length = lengthIn(text);
    while (text.size() < head + 4 + length) {
      if (!read(text)) return failed();
    }
    if (text.find("Connection: close") < head) close();
    return std::atoi(text.c_str() + 9);
  }

 private:
  bool open() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{9, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return true;
    close();
    return false;
  }

  bool read(std::string& text) {
    std::array<char, 65536> part;
    const ssize_t size = ::recv(socket_, part.data(), part.size(), 0);
    if (size <= 0) return false;
    text.append(part.data(), static_cast<std::size_t>(size));
    return true;
  }

  static std::size_t lengthIn(const std::string& text) {
    const auto field = text.find("Content-Length: ");
    return field == std::string::npos ? 0 : std::stoul(text.substr(field + 16, 12));
  }

  int failed() {
    close();
    return 0;
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  std::uint16_t port_;
  int socket_ = -1;
};

std::string request(std::string_view method, std::string_view path, std::string_view body = {}) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, path, kApiKey, body.size(), body);
}

/// Clients that read and write without a pause, on kept connections and on fresh ones.
class Load {
 public:
  explicit Load(std::uint16_t port) : port_{port} {
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this] { read(false); });
      threads_.emplace_back([this] { read(true); });
    }
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this, i] { write(i); });
  }
  ~Load() { end(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void end() {
    ended_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  int answered() const { return answered_; }
  int failed() const { return failed_; }
  /// The slugs of tenants that the host said are there; once ended.
  const std::set<std::string>& written() const { return written_; }

 private:
  void count(int status, int wanted) { ++(status == wanted ? answered_ : failed_); }

  void read(bool fresh) {
    auto connection = std::make_unique<KeptConnection>(port_);
    while (!ended_) {
      if (fresh) connection = std::make_unique<KeptConnection>(port_);
      count(connection->ask(request("GET", "/health/quick")), 200);
    }
  }

  void write(int number) {
    KeptConnection connection{port_};
    for (int i = 0; !ended_; ++i) {
      const std::string slug = fmt::format("tenant-{}-{}", number, i);
      const int status = connection.ask(
          request("POST", "/api/admin/tenants", fmt::format(R"({{"slug":"{}"}})", slug)));
      count(status, 201);
      if (status != 201) continue;
      const std::lock_guard lock{mutex_};
      written_.insert(slug);
    }
  }

  std::uint16_t port_;
  std::atomic<bool> ended_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> failed_{0};
  std::mutex mutex_;
  std::set<std::string> written_;
  std::vector<std::thread> threads_;
};

/// The slugs among `written` that the host does not have.
std::vector<std::string> missingIn(const HostProcess& host, const std::set<std::string>& written) {
  std::set<std::string> slugs;
  const json document = host.keyed().get("/api/admin/tenants").json();
  for (const json& tenant : document.value("data", json::array()))
    slugs.insert(tenant.value("slug", ""));
  std::vector<std::string> missing;
  std::set_difference(written.begin(), written.end(), slugs.begin(), slugs.end(),
                      std::back_inserter(missing));
  return missing;
}

bool saysSo(const HostProcess& host, std::string_view message) {
  // as text: under load there are many lines
  return await([&] { return host.logText().find(message) != std::string::npos; });
}

constexpr std::string_view kTaken = "The host before has ended: its place is taken";

int rounds() {
  const char* text = std::getenv("BULKHEAD_TAKEOVER_ROUNDS");
  return text == nullptr ? 3 : std::atoi(text);
}

// Goal: a restart by takeover costs no request and no write. Method: readers and writers without a
// pause over several of them; each acknowledged write has to be there at the end.
TEST(Takeover, NoRequestFailsAndNoWriteIsLostOverRestartsUnderLoad) {
  const HostFolder folder;
  folder.install("greeter");
  auto host = std::make_unique<HostProcess>(folder);
  ASSERT_TRUE(host->awaitReady()) << host->logText();
  const std::uint16_t port = host->port();
  Load load{port};
  for (int round = 1; round <= rounds(); ++round) {
    const int before = load.answered();
    auto next = std::make_unique<HostProcess>(
        folder, HostStart::takingOver(fmt::format("host-{}.log", round)));
    ASSERT_EQ(next->port(), port) << next->logText();
    EXPECT_EQ(host->awaitEnd(seconds{20}), 0) << host->logText();
    ASSERT_TRUE(saysSo(*next, kTaken)) << next->logText();
    host = std::move(next);
    EXPECT_TRUE(await([&] { return load.answered() > before + 50; }));
  }
  load.end();
  EXPECT_EQ(load.failed(), 0) << "of " << load.answered();
  EXPECT_THAT(missingIn(*host, load.written()), IsEmpty()) << "of " << load.written().size();
  EXPECT_GT(load.written().size(), 10U);
  EXPECT_EQ(host->stop(), 0);
}

// The control: the same load notices a restart that is none of these.
TEST(Takeover, AStopAndAStartFailRequestsUnderTheSameLoad) {
  const HostFolder folder;
  auto host =
      std::make_unique<HostProcess>(folder, Environment{{"DRAIN_TIMEOUT", "20s"}});  // disks differ
  ASSERT_TRUE(host->awaitReady());
  const std::uint16_t port = host->port();
  Load load{port};
  EXPECT_TRUE(await([&] { return load.answered() > 50; }));
  EXPECT_EQ(host->stop(seconds{30}), 0);
  HostProcess next{folder, {{"PORT", std::to_string(port)}, {"DRAIN_TIMEOUT", "20s"}}};
  EXPECT_TRUE(next.awaitReady());
  load.end();
  EXPECT_GT(load.failed(), 0);
  EXPECT_EQ(next.stop(seconds{30}), 0);
}

TEST(Takeover, WhereNoHostRunsItStartsAsUsual) {
  const HostFolder folder;
  HostProcess host{folder, HostStart::takingOver("host.log")};
  EXPECT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_THAT(host.logText(), HasSubstr("No host runs whose place could be taken"));
  EXPECT_EQ(host.stop(), 0);
}

// Goal: the other listeners are handed over as well. Method: each is asked after the takeover, and
// the files of Unix sockets go with the last host.
TEST(Takeover, EveryListenerIsHandedOver) {
  const HostFolder folder;
  const auto path = folder.path() / "http.sock";
  std::uint16_t management = 0;
  {
    const TakenPort free;
    management = free.number();
  }
  const Environment more{{"UNIX_SOCKET", path.string()},
                         {"MANAGEMENT_PORT", std::to_string(management)},
                         {"BIND_ADDRESS", "127.0.0.1, ::1"}};
  HostProcess first{folder, more};
  ASSERT_TRUE(first.awaitReady()) << first.logText();
  HostProcess second{folder, HostStart::takingOver("second.log", more)};
  EXPECT_EQ(first.awaitEnd(seconds{20}), 0);
  ASSERT_TRUE(saysSo(second, kTaken)) << second.logText();
  EXPECT_EQ(second.port(), first.port());
  EXPECT_EQ(HttpClient{management}.get("/metrics").status, 200);
  EXPECT_EQ(folder
                .runProgram("/usr/bin/curl", {"--silent", "--unix-socket", path.string(),
                                              "http://host/health/quick"})
                .code,
            0);
  EXPECT_EQ(folder.run({"tenant", "list"}).code, 0) << "by the admin socket";
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(second.stop(), 0);
  for (const char* file : {"admin.sock", "takeover.sock"})
    EXPECT_FALSE(std::filesystem::exists(folder.data() / file)) << file;
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Goal: one that dies half-way harms nobody. Method: it is killed while it prepares, in the start
// of a plugin that takes its time; the running one writes on, and the next takeover works.
TEST(Takeover, ANewHostThatDiesHalfWayLeavesTheOldOneAsItWas) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  Load load{host.port()};
  folder.installHostile("start-hangs");
  {
    HostProcess dying{folder, HostStart::takingOver("dying.log")};
    ASSERT_NE(dying.port(), 0) << dying.logText();
    const int before = load.answered();
    EXPECT_TRUE(await([&] { return load.answered() > before + 50; })) << "both are there";
    dying.killHard();
  }
  EXPECT_TRUE(saysSo(host, "The takeover was given up; this host goes on"));
  std::filesystem::remove(folder.settings("start-hangs"));
  HostProcess next{folder, HostStart::takingOver("next.log")};
  EXPECT_EQ(host.awaitEnd(seconds{20}), 0);
  load.end();
  EXPECT_EQ(load.failed(), 0) << "of " << load.answered();
  ASSERT_TRUE(saysSo(next, kTaken)) << next.logText();
  EXPECT_THAT(missingIn(next, load.written()), IsEmpty());
  EXPECT_EQ(next.stop(), 0);
}

TEST(Takeover, AHostThatHangsIsNotReplacedAndSaid) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  host.signal(SIGSTOP);
  HostProcess next{folder, HostStart::takingOver("next.log")};
  EXPECT_EQ(next.awaitEnd(seconds{15}), kExitTemporary);
  EXPECT_THAT(next.errorText(), HasSubstr("has not answered"));
  host.signal(SIGCONT);
  EXPECT_TRUE(host.awaitReady()) << "and goes on";
  EXPECT_EQ(host.stop(), 0);
}

// Goal: an old host that hangs once it has left does not keep the stores. Method: it is stopped in
// its drain, which a half-sent request holds up.
TEST(Takeover, AnOldHostThatDoesNotEndIsKilled) {
  const HostFolder folder;
  const Environment short_drain{{"DRAIN_TIMEOUT", "1s"}};
  HostProcess old{folder, short_drain};
  ASSERT_TRUE(old.awaitReady());
  KeptConnection idle{old.port()};
  ASSERT_EQ(idle.ask(request("GET", "/health/quick")), 200);
  HostProcess next{folder, HostStart::takingOver("next.log", short_drain)};
  ASSERT_TRUE(saysSo(old, "Draining beside the host that serves now"));
  old.signal(SIGSTOP);
  ASSERT_TRUE(saysSo(next, "The host whose place was taken does not stop, and is killed"));
  ASSERT_TRUE(saysSo(next, kTaken));
  EXPECT_EQ(old.awaitEnd(seconds{5}), 128 + SIGKILL);
  EXPECT_EQ(next.keyed().post("/api/admin/tenants", R"({"slug":"after"})").status, 201);
  EXPECT_EQ(next.stop(), 0);
}

// Goal: nothing has to be written for the leases to go over. Method: nobody writes before, and the
// first write after it is one of a plugin's own store.
TEST(Takeover, AQuietHostLeavesItsStoresToo) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  HostProcess next{folder, HostStart::takingOver("next.log")};
  EXPECT_EQ(host.awaitEnd(seconds{20}), 0);
  ASSERT_TRUE(saysSo(next, kTaken)) << next.logText();
  EXPECT_EQ(next.plugin("booking").value("state", ""), "running") << next.logText();
  EXPECT_EQ(next.keyed("salon")
                .post("/api/booking/v1/leads", R"({"name":"Ada","phone":"+493012345678"})",
                      {{"Idempotency-Key", "first"}})
                .status,
            201);
  EXPECT_EQ(next.stop(), 0);
}

// Goal: of two hosts one goes on, whatever happens to the old one. Method: it dies, or stands still
// for as long as the new one waits, between the hand-over of its listeners and its leave.
TEST(Takeover, AHostThatDiesMeanwhileIsReplaced) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  HostProcess next{folder, HostStart::takingOver("next.log")};
  host.killHard();
  ASSERT_TRUE(saysSo(next, kTaken)) << next.logText() << next.errorText();
  EXPECT_EQ(next.client().get("/health/quick").status, 200);
  EXPECT_EQ(next.stop(), 0);
}

/// True when the process has a thread of that name.
bool hasThread(pid_t process, std::string_view name) {
  std::error_code gone;
  const auto tasks = std::filesystem::path{"/proc"} / std::to_string(process) / "task";
  for (const auto& task : std::filesystem::directory_iterator{tasks, gone}) {
    std::string comm;
    std::getline(std::ifstream{task.path() / "comm"}, comm);
    if (comm == name) return true;
  }
  return false;
}

// Goal: a host that may yet have to end carries no events: what the other one's versions listen to
// is theirs. Method: the other one stands still from before it is asked to leave; a plugin that
// takes its time to start gives the time for that.
TEST(Takeover, EventsAreCarriedByTheHostThatGoesOn) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  EXPECT_TRUE(hasThread(host.id(), "carrier")) << "the control";
  folder.installHostile("start-hangs");
  HostProcess next{folder, HostStart::takingOver("next.log")};
  ASSERT_NE(next.port(), 0) << next.logText();
  host.signal(SIGSTOP);
  ASSERT_EQ(next.logText().find("\"Ready\""), std::string::npos);
  ASSERT_TRUE(
      await([&] { return next.logText().find("\"Ready\"") != std::string::npos; }, seconds{30}))
      << next.logText();
  EXPECT_FALSE(hasThread(next.id(), "carrier"));
  host.signal(SIGCONT);
  ASSERT_TRUE(saysSo(next, kTaken)) << next.logText();
  EXPECT_TRUE(hasThread(next.id(), "carrier"));
}

// Goal: nor do two hosts carry events while the old one ends what it has begun. Method: it stands
// still in its drain, which a connection holds up.
TEST(Takeover, NoTwoHostsCarryEventsSideBySide) {
  const HostFolder folder;
  HostProcess old{folder};
  ASSERT_TRUE(old.awaitReady());
  KeptConnection idle{old.port()};
  ASSERT_EQ(idle.ask(request("GET", "/health/quick")), 200);
  HostProcess next{folder, HostStart::takingOver("next.log")};
  ASSERT_TRUE(saysSo(old, "Draining beside the host that serves now"));
  old.signal(SIGSTOP);
  ASSERT_TRUE(saysSo(next, "Serving; the host before ends what it has begun"));
  EXPECT_FALSE(hasThread(old.id(), "carrier"));
  EXPECT_FALSE(hasThread(next.id(), "carrier"));
  old.signal(SIGCONT);
  ASSERT_TRUE(saysSo(next, kTaken)) << next.logText();
  EXPECT_TRUE(hasThread(next.id(), "carrier"));
  EXPECT_EQ(next.stop(), 0);
}

TEST(Takeover, AHostThatStandsStillMeanwhileGoesOnAlone) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  HostProcess next{folder, HostStart::takingOver("next.log")};
  host.signal(SIGSTOP);
  EXPECT_EQ(next.awaitEnd(seconds{30}), kExitTemporary) << next.logText();
  EXPECT_THAT(next.errorText(), HasSubstr("it goes on"));
  host.signal(SIGCONT);
  EXPECT_TRUE(saysSo(host, "The takeover was given up; this host goes on")) << host.logText();
  EXPECT_EQ(host.client().get("/health/quick").status, 200);
  EXPECT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"still"})").status, 201);
  EXPECT_EQ(host.stop(), 0);
}

TEST(Takeover, AHostThatIsNotReadyTakesNoPlace) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  folder.configure("stripe", "enabled = true\nrequired = true\n");
  HostProcess next{folder, HostStart::takingOver("next.log")};
  EXPECT_EQ(next.awaitEnd(seconds{15}), kExitTemporary);
  EXPECT_THAT(next.errorText(), HasSubstr("The running host goes on: the plugin 'stripe'"));
  EXPECT_EQ(host.client().get("/health/readiness").status, 200);
  EXPECT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"still"})").status, 201);
  EXPECT_EQ(folder.run({"tenant", "list"}).code, 0) << "its sockets are there";
  EXPECT_EQ(host.stop(), 0);
}

TEST(Takeover, GarbageIsNoSuccessor) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  struct stat status {};
  ASSERT_EQ(stat((folder.data() / "takeover.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder.data() / "takeover.sock").native().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_GT(::send(socket, "garbage", 7, MSG_NOSIGNAL), 0);
  char byte = 0;
  EXPECT_EQ(::recv(socket, &byte, 1, 0), 0) << "it hangs up";
  ::close(socket);
  EXPECT_EQ(host.client().get("/health/quick").status, 200);
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
