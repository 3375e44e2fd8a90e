// Plugins whose desks answer what they like, beside others that are well.
#include <algorithm>
#include <fmt/format.h>
#include <malloc.h>
#include <map>
#include <mutex>

#include "host/capabilities/bank.hpp"
#include "host/plugins/idle_home.hpp"

namespace bulkhead::host {
namespace {

using bank::await;
using bank::Clerk;
using bank::Lodger;
using bank::Teller;
using Json = nlohmann::json;

/// A home whose desk and handler a test answers for.
class ScriptedHome final : public IdleHome {
 public:
  /// The answer to a request of the desk, or to "run" of a handler; empty: it is kept waiting.
  using Script = std::function<std::string(const std::string& verb, const Json& request)>;

  /// Without a script there is no desk.
  ScriptedHome(PluginCapabilities capabilities, Script script)
      : IdleHome{script ? routesOf(capabilities) : RegisteredRoutes{}},
        capabilities_{std::move(capabilities)},
        script_{std::move(script)} {}

  bool submit(const std::shared_ptr<HomeCall>& call) override {
    const bool desk = call->route().kind == EntryKind::Desk;
    const Json request = desk ? Json::parse(call->request().body) : Json::object();
    const std::string verb = desk ? request.at("verb").get<std::string>() : "run";
    {
      const std::lock_guard lock{mutex_};
      ++asked_[verb];
    }
    const std::string answer = script_(verb, request);
    if (answer.empty()) {
      const std::lock_guard lock{mutex_};
      kept_[verb] = call;
      return true;
    }
    call->respond(HttpResponse::json(200, answer));
    return true;
  }
  HomeLoad load() const override {
    if (ill) throw std::runtime_error{"something that nobody expected"};
    return {};
  }
  const PluginCapabilities& capabilities() const override { return capabilities_; }

  int asked(const std::string& verb) const {
    const std::lock_guard lock{mutex_};
    const auto found = asked_.find(verb);
    return found == asked_.end() ? 0 : found->second;
  }
  /// Answers the one that is kept waiting.
  bool answer(const std::string& verb, const std::string& text) {
    std::shared_ptr<HomeCall> call;
    {
      const std::lock_guard lock{mutex_};
      call = std::exchange(kept_[verb], nullptr);
    }
    return call && call->respond(HttpResponse::json(200, text));
  }

  std::atomic<bool> ill{false};

 private:
  static RegisteredRoutes routesOf(const PluginCapabilities& capabilities) {
    RegisteredRoutes routes{std::make_shared<const RegisteredRoute>(messageDesk())};
    for (const auto& [capability, required] : capabilities.wants)
      routes.push_back(std::make_shared<const RegisteredRoute>(
          messageHandler(1, capability, "deposited", "{}")));
    return routes;
  }

  const PluginCapabilities capabilities_;
  const Script script_;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
  std::map<std::string, std::shared_ptr<HomeCall>> kept_;
};

/// What the host's own desk would say of a store in which nothing is.
std::string emptyAnswer(const std::string& verb) {
  static const std::map<std::string, std::string> kAnswers{
      {"next", R"({"events":[],"more":false})"},        {"mark", R"({"last":0})"},
      {"listen", R"({"heard":[],"more":false})"},       {"keep", R"({"kept":1,"aside":0})"},
      {"agenda", R"({"due":[],"next_in_us":-1})"},      {"sweep", R"({"more":false})"},
      {"settle", R"({"more":false,"died":0})"},         {"figures", R"({"outbox":[],"inbox":[]})"},
      {"run", R"({"outcome":"done","released":false})"}};
  const auto found = kAnswers.find(verb);
  return found == kAnswers.end() ? "{}" : found->second;
}

class HostileDesk : public ::testing::Test {
 protected:
  HostileDesk() {
    teller_.start();
    clerk_.start();
  }
  ~HostileDesk() override {
    release();
    carrier_.end();
  }

  /// A plugin of that id, which comes before the others.
  std::shared_ptr<ScriptedHome> add(const std::string& id, PluginCapabilities capabilities,
                                    ScriptedHome::Script script) {
    auto [compartment, home] = admit(id, std::move(capabilities), std::move(script));
    compartments_.push_back(std::move(compartment));
    return home;
  }
  /// The same in the place of one that is there.
  auto admit(const std::string& id, PluginCapabilities capabilities, ScriptedHome::Script script)
      -> std::pair<std::shared_ptr<Compartment>, std::shared_ptr<ScriptedHome>> {
    auto compartment = std::make_shared<Compartment>(Compartment::Options{.id = id});
    compartment->describe("1.0.0", "", "", capabilities);
    auto home = std::make_shared<ScriptedHome>(std::move(capabilities), std::move(script));
    EXPECT_TRUE(compartment->create(home));
    carrier_.admit(compartment, *home);
    EXPECT_TRUE(compartment->start());
    carrier_.ring(id);
    return {std::move(compartment), std::move(home)};
  }
  /// Who is asked by the scripted publisher of cards/1 to be waited for.
  Json settledBy(const std::function<void()>& add_listeners) {
    const auto log = [this](const std::string& verb, const Json& request) {
      const std::lock_guard lock{mutex_};
      if (verb == "mark") return std::string{R"({"last":7})"};
      if (verb == "settle") settled_ = request;
      return verb == "figures" ? std::string{kOneCard} : emptyAnswer(verb);
    };
    add("aaa", {{"cards/1"}, {}, {}}, log);
    add_listeners();
    begin();
    EXPECT_TRUE(await([this] { return !settled().is_null(); }));
    return settled();
  }
  Json settled() {
    const std::lock_guard lock{mutex_};
    return settled_;
  }
  void expectToldAgain(const std::string& held, const std::string& agenda);
  void begin() {
    carrier_.begin([this] {
      auto all = compartments_;
      all.push_back(teller_.compartment);
      all.push_back(clerk_.compartment);
      return all;
    });
  }
  void publish(int number) {
    Teller::last->publish("deposited", R"({"amount":1})", {.key = fmt::format("k{}", number)});
  }
  /// The others are served as ever.
  void expectTheOthersServed(const std::string& beside) {
    const auto before = Clerk::last->entries().size();
    publish(published_++);
    EXPECT_TRUE(await([&] { return Clerk::last->entries().size() == before + 1; })) << beside;
  }
  std::map<std::string, int> outcomes() {
    const std::lock_guard lock{mutex_};
    return outcomes_;
  }
  void release() {
    const std::lock_guard lock{held_};
    holding_ = false;
    let_go_.notify_all();
  }

  static constexpr const char* kOneCard =
      R"({"outbox":[{"source":"cards/1","pending":1,"dead":0,"oldest_us":0}],"inbox":[]})";
  static constexpr const char* kOneDue =
      R"({"due":[{"seq":1,"source":"bank/1","type":"deposited","tenant":"","trace":""}],)"
      R"("next_in_us":-1})";

  bank::MovedClock clock_;
  std::mutex mutex_;
  std::map<std::string, int> outcomes_;
  std::string nonsense_;
  Json settled_;
  std::mutex held_;
  std::condition_variable let_go_;
  bool holding_ = false;
  bool is_held_ = false;
  int published_ = 0;
  std::vector<std::shared_ptr<Compartment>> compartments_;
  EventCarrier carrier_{
      {std::chrono::hours{24 * 30}, std::chrono::hours{24 * 30}, std::chrono::hours{24 * 90}},
      [this](std::string_view, std::string_view, std::string_view outcome) {
        {
          const std::lock_guard lock{mutex_};
          ++outcomes_[std::string{outcome}];
        }
        std::unique_lock lock{held_};
        is_held_ = holding_;
        let_go_.wait(lock, [this] { return !holding_; });
      }};
  Lodger<Teller> teller_{"teller", bank::provided(), &carrier_, clock_};
  Lodger<Clerk> clerk_{"clerk", bank::wanted(), &carrier_, clock_};
};

// Goal: whatever a desk answers, it harms its own plugin alone. Method: each nonsense as the answer
// to everything, beside an event that has to come through.
TEST_F(HostileDesk, ADeskThatTalksNonsenseHarmsNobodyElse) {
  const auto rogue = [this](const std::string& verb, const Json&) {
    const std::lock_guard lock{mutex_};
    return nonsense_.empty() ? emptyAnswer(verb) : nonsense_;
  };
  nonsense_ = "nonsense";
  const auto provider = add("aaa", bank::provided(), rogue);
  const auto consumer = add("bbb", bank::wanted(), rogue);
  begin();
  for (const std::string& text :
       {std::string{"nonsense"}, std::string{"[]"}, std::string{"{}"}, std::string(9'000'000, ' '),
        std::string{R"({"events":7,"due":7,"last":"x","heard":{},"outbox":7,"inbox":7})"},
        std::string{R"({"events":[{"seq":"one"}],"due":[{}],"next_in_us":1e300})"},
        std::string{R"({"due":[],"next_in_us":9223372036854775807})"},
        std::string{R"({"last":9223372036854775807,"events":[null],"heard":[7],"more":true})"},
        std::string(200'000, '[')}) {
    {
      const std::lock_guard lock{mutex_};
      nonsense_ = text;
    }
    carrier_.ring("aaa");
    carrier_.ring("bbb");
    expectTheOthersServed(text.substr(0, 40));
  }
  EXPECT_GT(provider->asked("figures"), 0);
  for (const auto& one : carrier_.figures()) EXPECT_NE(one.plugin, "aaa");
  EXPECT_EQ(consumer->asked("agenda"), 0) << "it has not said that it knows its handlers";
  {
    const std::lock_guard lock{mutex_};
    nonsense_.clear();
  }
  EXPECT_TRUE(await([&] { return consumer->asked("agenda") > 0; })) << "and is asked again";
}

TEST_F(HostileDesk, ADeskThatAlwaysHasMoreIsAskedAtItsPace) {
  const auto home = add("aaa", bank::wanted(), [](const std::string& verb, const Json&) {
    return verb == "listen" ? R"({"heard":[],"more":true})" : emptyAnswer(verb);
  });
  begin();
  ASSERT_TRUE(await([&] { return home->asked("listen") >= 3; }));
  const auto begun = std::chrono::steady_clock::now();
  const int before = home->asked("listen");
  for (int i = 0; i < 20; ++i) expectTheOthersServed("");
  const int asked = home->asked("listen") - before;
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_LE(asked, took / std::chrono::milliseconds{100} + 1);
}

// Goal: a message's outcome is one of the words that there are: it becomes a label of metrics.
TEST_F(HostileDesk, AnOutcomeThatThereIsNotIsNotTold) {
  const auto home = add("aaa", bank::wanted(), [](const std::string& verb, const Json&) {
    if (verb == "run") return std::string{R"({"outcome":"made up"})"};
    return verb == "agenda" ? std::string{kOneDue} : emptyAnswer(verb);
  });
  begin();
  ASSERT_TRUE(await([&] { return home->asked("run") >= 1; }));
  for (int i = 0; i < 50; ++i) {
    carrier_.ring("aaa");
    expectTheOthersServed("");
  }
  const auto told = outcomes();
  EXPECT_EQ(told.size(), 1U) << "done, of the others";
  EXPECT_FALSE(told.contains("made up"));
  EXPECT_LT(home->asked("run"), 15) << "nor is it tried as often as it rings";
}

// Goal: an exception where nobody expects one keeps only that plugin waiting. Method: one whose
// state cannot be asked for, and which comes before all others.
TEST_F(HostileDesk, AnExceptionOverOneKeepsNothingFromTheOthers) {
  const auto home = add("aaa", bank::wanted(),
                        [](const std::string& verb, const Json&) { return emptyAnswer(verb); });
  home->ill = true;
  compartments_.clear();  // who is waited for is another matter
  begin();
  expectTheOthersServed("one that is ill");
  home->ill = false;
  EXPECT_TRUE(await([&] { return home->asked("listen") > 0; })) << "and it is tried again";
}

// Goal: who is enabled while events are being settled gets what is published from then on. Method:
// a publisher that says how far its log goes, and takes its time over it; meanwhile a listener is
// enabled.
TEST_F(HostileDesk, WhoIsEnabledMeanwhileIsWaitedFor) {
  const auto log = [this](const std::string& verb, const Json& request) {
    const std::lock_guard lock{mutex_};
    if (verb == "mark" && settled_.is_null()) return std::string{};
    if (verb == "settle") settled_ = request;
    return verb == "figures" ? std::string{kOneCard} : emptyAnswer(verb);
  };
  const auto home = add("aaa", {{"cards/1"}, {}, {}}, log);
  add("bbb", {{}, {{"cards/1", false}}, {}},
      [](const std::string& verb, const Json&) { return emptyAnswer(verb); });
  compartments_.back()->enter(PluginState::Disabled, "by an operator");
  begin();
  ASSERT_TRUE(await([&] { return home->asked("mark") == 1; }));
  compartments_.back()->enter(PluginState::Running);
  ASSERT_TRUE(home->answer("mark", R"({"last":7})"));
  ASSERT_TRUE(await([&] { return !settled().is_null(); }));
  EXPECT_EQ(settled().at("consumers"), Json::array({"bbb"}));
  EXPECT_EQ(settled().at("through"), 7) << "and what comes later is not theirs to settle";
}

// Goal: a version from which nobody knows yet what was listened to before it loses nothing. Method:
// one that has no desk, and one whose desk does not say; neither wants anything.
TEST_F(HostileDesk, WhoHasNotSaidWhatItListenedToIsWaitedForIfItGotSomething) {
  const Json settled = settledBy([this] {
    add("bbb", {}, nullptr);
    add("ccc", {}, [](const std::string& verb, const Json&) {
      return verb == "listen" ? std::string{"nonsense"} : emptyAnswer(verb);
    });
  });
  EXPECT_EQ(settled.at("consumers"), Json::array());
  for (const char* id : {"bbb", "ccc"})
    EXPECT_EQ(std::count(settled.at("unsure").begin(), settled.at("unsure").end(), id), 1) << id;
}

/// A version without a handler is at `held` when one with it is told what it listens to.
void HostileDesk::expectToldAgain(const std::string& held, const std::string& agenda) {
  const auto script = [held, agenda](const std::string& verb, const Json&) {
    if (verb == held) return std::string{};
    if (verb == "agenda") return agenda;
    return verb == "listen"
               ? std::string{R"({"heard":[{"source":"bank/1","type":"deposited"}],"more":false})"}
               : emptyAnswer(verb);
  };
  const auto before = add("bbb", {}, script);
  begin();
  if (held == "keep") publish(published_++);  // else it would be kept at any moment, and told again
  ASSERT_TRUE(await([&] { return before->asked(held) == 1; }));
  const auto [compartment, home] =
      admit("bbb", bank::wanted(),
            [](const std::string& verb, const Json&) { return emptyAnswer(verb); });
  ASSERT_TRUE(await([&, next = home] { return next->asked("agenda") > 0; })) << "it was told";
  EXPECT_EQ(home->asked("listen"), 1) << "the control";
  ASSERT_TRUE(before->answer(held, emptyAnswer(held)));
  EXPECT_TRUE(await([&, next = home] { return next->asked("listen") > 1; }));
}

// Goal: what a version sets aside while the next one is told what it listens to is released all the
// same.
TEST_F(HostileDesk, WhatIsSetAsideTooLateIsReleased) {
  expectToldAgain("keep", emptyAnswer("agenda"));
}
TEST_F(HostileDesk, WhatIsIgnoredTooLateIsReleased) {
  expectToldAgain("finish", kOneDue);
}

// Goal: who rings without end while the carrier is busy costs no memory. Method: the carrier is
// held, and rung for a listener two hundred thousand times.
TEST_F(HostileDesk, TheBellIsHeardOnceHoweverOftenItRang) {
  begin();
  {
    const std::lock_guard lock{held_};
    holding_ = true;
  }
  publish(1000);
  ASSERT_TRUE(await([&] {
    const std::lock_guard lock{held_};
    return is_held_;
  }));
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 200'000; ++i) carrier_.ring("clerk");
  EXPECT_LT(mallinfo2().uordblks, before + (std::size_t{1} << 20U));
  release();
  expectTheOthersServed("");
}

}  // namespace
}  // namespace bulkhead::host
