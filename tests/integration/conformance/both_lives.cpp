#include "both_lives.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kSettings =
    "given_text = what was given \xe2\x82\xac\n"
    "given_integer = 9000000000\n"
    "given_number = -2.5e-3\n"
    "given_boolean = false\n"
    "secret = the-operators-own-secret\n"
    "limits.streams = 8\n"
    "limits.failures = 0\n";  // many of them are wanted here
constexpr std::size_t kToldBytesMax = 4096;

void replaceAll(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// "timestamp":"..." of an error's body.
void hideTimes(std::string& text) {
  constexpr std::string_view kName = "\"timestamp\":\"";
  for (auto at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1)) {
    const auto begin = at + kName.size();
    text.replace(begin, text.find('"', begin) - begin, "now");
  }
}

bool isOfTheMoment(std::string_view name) {
  return name == "date" || name == "server-timing" || name == "x-response-time";
}

}  // namespace

Life::Life(std::string isolation, std::string plugin)
    : isolation_{std::move(isolation)}, plugin_{std::move(plugin)} {
  folder_.installHostile(plugin_, fmt::format("isolation = {}\n{}", isolation_, kSettings));
  host_ =
      std::make_unique<HostProcess>(folder_, Environment{{"LOG_LEVEL", "DEBUG"},
                                                         {"EGRESS_ALLOW_NETWORKS", "127.0.0.0/8"},
                                                         {"EGRESS_PLAIN_HTTP", "true"}});
  if (!host_->awaitReady()) return;
  const HttpAnswer made = host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})");
  tenant_ = made.json().value("id", "");
  ready_ = made.status == 201 && host_->plugin(plugin_).value("state", "") == "running";
}

pid_t Life::workerId() const {
  pid_t child = 0;
  for (const auto& task : fs::directory_iterator{fmt::format("/proc/{}/task", host_->id())}) {
    if (std::ifstream{task.path() / "children"} >> child) return child;
  }
  return 0;
}

void Life::reset(std::string_view test) {
  test_ = test;
  requests_ = 0;
  transcript_.clear();
}

Fields Life::nextIds() {
  last_id_ = fmt::format("{}-{}", test_, ++requests_);
  return {{"X-Request-Id", last_id_},
          {"traceparent", fmt::format("00-{:032x}-{:016x}-01", requests_, requests_)}};
}

HttpAnswer Life::send(std::string_view method, std::string_view path, std::string_view body,
                      const Fields& headers) {
  Fields all = nextIds();
  all.insert(all.end(), headers.begin(), headers.end());
  return tellAnswer(
      fmt::format("{} {}", method, path),
      host_->keyed("salon").send(method, fmt::format("/api/{}/v1{}", plugin_, path), body, all));
}

HttpAnswer Life::getPublic(std::string_view path, const Fields& headers) {
  Fields all = nextIds();
  all.insert(all.end(), headers.begin(), headers.end());
  return tellAnswer(fmt::format("GET {}", path),
                    host_->client().get(fmt::format("/api/{}/v1{}", plugin_, path), all));
}

json Life::probe(std::string_view of, std::string_view member) {
  const HttpAnswer answer = get(fmt::format("/probes/{}/{}", of, member));
  EXPECT_EQ(answer.status, 200) << of << '.' << member << ": " << answer.body << answer.fault;
  return answer.json();
}

HttpAnswer Life::tellAnswer(std::string_view what, HttpAnswer answer) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : answer.headers) {
    if (!isOfTheMoment(name)) lines.push_back(fmt::format("{}: {}\n", name, value));
  }
  std::string text =
      fmt::format("{} -> {} {}\n{}\n", what, answer.status, answer.fault, fmt::join(lines, ""));
  const bool is_long = answer.body.size() > kToldBytesMax;
  text += is_long ? fmt::format("{} bytes, {:x}", answer.body.size(),
                                std::hash<std::string>{}(answer.body))
                  : answer.body;
  transcript_.push_back(steady(std::move(text)));
  return answer;
}

void Life::tell(std::string_view what, const json& told) {
  transcript_.push_back(steady(fmt::format("{}: {}", what, told.dump())));
}

std::string Life::steady(std::string text) const {
  replaceAll(text, tenant_, "<tenant>");
  hideTimes(text);
  return text;
}

std::vector<json> Life::logLines(std::string_view message_begin) const {
  std::vector<json> lines;
  for (json line : host_->logLines()) {
    if (!line.is_object() || !line.value("message", "").starts_with(message_begin)) continue;
    for (const char* name : {"timestamp", "thread", "spanId"}) line.erase(name);
    lines.push_back(std::move(line));
  }
  return lines;
}

void BothLives::begin(const std::string& plugin) {
  plugin_ = plugin;
  lives_ = {std::make_unique<Life>("inprocess", plugin), std::make_unique<Life>("worker", plugin)};
  for (const auto& life : lives_) {
    ASSERT_TRUE(life->isReady()) << life->host().logText();
    ASSERT_EQ(life->host().plugin(plugin).value("isolation", ""), life->name());
  }
}

void BothLives::TearDownTestSuite() {
  for (const auto& life : lives_) {
    if (!life->isReady()) continue;
    EXPECT_EQ(life->host().plugin(plugin_).value("generation", 0), 1)
        << "it never died: " << life->host().logText();
    EXPECT_EQ(life->host().stop(), 0) << life->host().logText();
  }
  lives_ = {};
}

void BothLives::inBothLives(const std::function<void(Life&)>& body) {
  for (const auto& life : lives_) {
    const testing::ScopedTrace trace{__FILE__, __LINE__, life->name()};
    life->reset(testing::UnitTest::GetInstance()->current_test_info()->name());
    body(*life);
  }
  const auto& left = inProcess().transcript();
  const auto& right = worker().transcript();
  EXPECT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    EXPECT_EQ(left[i], right[i]) << "it can be told in which life it was";
}

}  // namespace bulkhead::integration
