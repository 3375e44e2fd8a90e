#include "app/change_desk.hpp"

#include <algorithm>
#include <future>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using nlohmann::json;

HttpRequest asking(std::string wait_ms) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/admin/plugins/a/reload";
  if (!wait_ms.empty()) request.query.emplace_back("wait_ms", std::move(wait_ms));
  return request;
}

HttpRequest lookingAt(const std::string& id) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/admin/changes/" + id;
  request.path_parameters.emplace_back("id", id);
  return request;
}

class ChangeDeskTest : public testing::Test {
 protected:
  ~ChangeDeskTest() override {
    if (!let_go_) letGo();
  }

  /// A route whose change takes until letGo().
  HostRoute slow() {
    HostRoute route;
    route.answer = [this](const HttpRequest&) {
      released_.wait();
      return HttpResponse::json(200, R"({"made":true})");
    };
    return desk_.take(route);
  }
  void letGo() {
    let_go_ = true;
    release_.set_value();
  }
  json show(const std::string& id) {
    return json::parse(desk_.routes().at(1).answer(lookingAt(id)).body);
  }
  json list() { return json::parse(desk_.routes().at(0).answer({}).body)["data"]; }
  static std::string idOf(const HttpResponse& response) {
    return json::parse(response.body).value("change", "");
  }

 private:
  std::promise<void> release_;
  const std::shared_future<void> released_{release_.get_future().share()};
  bool let_go_ = false;

 protected:
  ChangeDesk desk_;
};

TEST_F(ChangeDeskTest, AQuickOneIsAnsweredAsWithoutADesk) {
  HostRoute route;
  route.answered_on = AnsweredOn::AdminLane;
  route.answer = [](const HttpRequest&) { return HttpResponse::json(200, R"({"made":true})"); };
  const HostRoute taken = desk_.take(route);
  EXPECT_EQ(taken.answered_on, AnsweredOn::ChangeLane) << "nobody waits on that of administration";
  const HttpResponse answer = taken.answer(asking(""));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"made":true})");
}

TEST_F(ChangeDeskTest, ARefusalIsAnswered) {
  HostRoute route;
  route.answer = [](const HttpRequest&) -> HttpResponse {
    throw Error::conflict("PLUGIN_BUSY", "Another one runs.");
  };
  const HttpResponse answer = desk_.take(route).answer(asking(""));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(json::parse(answer.body)["error"].value("code", ""), "PLUGIN_BUSY");
  EXPECT_EQ(list().at(0).value("state", ""), "failed");
}

TEST_F(ChangeDeskTest, ASlowOneGoesOnAndCanBeLookedAt) {
  const HttpResponse begun = slow().answer(asking("1"));
  EXPECT_EQ(begun.status, 202);
  const std::string id = idOf(begun);
  const std::pair<std::string, std::string> location{"Location", "/api/admin/changes/" + id};
  EXPECT_EQ(std::count(begun.headers.begin(), begun.headers.end(), location), 1);
  EXPECT_EQ(show(id).value("state", ""), "running");
  EXPECT_TRUE(show(id)["answer"].is_null());
  letGo();
  EXPECT_TRUE(desk_.drain(std::chrono::seconds{9}));
  const json done = show(id);
  EXPECT_EQ(done.value("state", ""), "done") << done;
  EXPECT_EQ(done.value("status", 0), 200);
  EXPECT_EQ(done["answer"].value("made", false), true);
  EXPECT_EQ(done.value("request", ""), "POST /api/admin/plugins/a/reload");
}

TEST_F(ChangeDeskTest, OneMoreThanMayRunIsRefusedAndLeavesNoTrace) {
  const HostRoute route = slow();
  for (std::size_t i = 0; i < ChangeDesk::kAtOnce; ++i)
    EXPECT_EQ(route.answer(asking("0")).status, 202);
  try {
    route.answer(asking("0"));
    FAIL() << "it was begun";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "OVERLOADED");
  }
  EXPECT_EQ(list().size(), ChangeDesk::kAtOnce);
  EXPECT_FALSE(desk_.drain(std::chrono::milliseconds{1})) << "negative control: they run";
}

TEST_F(ChangeDeskTest, OfThoseThatHaveEndedTheLastOnesAreKept) {
  HostRoute route;
  route.answer = [](const HttpRequest&) { return HttpResponse::json(200, "{}"); };
  const HostRoute taken = desk_.take(route);
  const std::string first = idOf(slow().answer(asking("0")));
  for (std::size_t i = 0; i < ChangeDesk::kKept + 2 * ChangeDesk::kAtOnce; ++i)
    EXPECT_EQ(taken.answer(asking("")).status, 200);
  EXPECT_EQ(list().size(), ChangeDesk::kKept + ChangeDesk::kAtOnce);
  EXPECT_EQ(show(first).value("state", ""), "running") << "one that runs is not forgotten";
  EXPECT_THROW(show("nobody"), Error);
}

TEST_F(ChangeDeskTest, TheWaitIsANumberWithinItsBounds) {
  for (const char* wait : {"-1", "soon", "120001", ""}) {
    HttpRequest request = asking("0");
    request.query[0].second = wait;
    EXPECT_THROW(slow().answer(request), Error) << wait;
  }
  EXPECT_TRUE(list().empty()) << "none was begun";
}

}  // namespace
}  // namespace bulkhead::host
