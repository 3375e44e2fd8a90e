#include "capabilities/event_carrier.hpp"

#include <fmt/format.h>
#include <future>
#include <map>
#include <mutex>

#include <bulkhead/error.hpp>

#include "host/capabilities/event_carrier_fixture.hpp"

namespace bulkhead::host {
namespace {

using bank::await;
using bank::Clerk;
using bank::Lodger;
using bank::Teller;
using Json = nlohmann::json;

/// A version that neither publishes nor listens.
class Mute final : public Plugin {
 public:
  explicit Mute(Registrar&) {}
};

// Goal: a version without events may come while those of the one before are on their way. Method:
// the listener's store is held, so that the page is being kept when the publisher has no desk any
// more.
TEST_F(EventCarrierTest, APublisherMayLoseItsEventsWhileTheyAreCarried) {
  clerk_.start();
  begin();
  publish(0, 1);
  ASSERT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 1); }));
  std::promise<void> held;
  std::promise<void> release;
  std::once_flag once;
  auto writer = std::async(std::launch::async, [&] {
    Clerk::last->host.write([&](Transaction&) {
      std::call_once(once, [&] {
        held.set_value();
        release.get_future().wait();
      });
    });
  });
  held.get_future().wait();
  publish(1, 1);
  Lodger<Mute> mute{"teller", {}, nullptr, clock_};
  mute.start();
  const auto is_being_kept = [&] {  // its desk has one thread
    try {
      carrier_.ask("clerk", R"({"verb":"figures"})", std::chrono::milliseconds{100});
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  ASSERT_TRUE(await(is_being_kept));
  carrier_.admit(teller_.compartment, *mute.home);
  release.set_value();
  writer.get();
  EXPECT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 2); })) << "it had been taken";
  carrier_.admit(teller_.compartment, *teller_.home);
  carrier_.ring("teller");
  publish(2, 1);
  EXPECT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 3); })) << "and once each";
}

TEST_F(EventCarrierTest, WhatIsPublishedHasItsEffectOnce) {
  clerk_.start();
  begin();
  publish(0, 50);
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() >= 50; }));
  EXPECT_EQ(sorted(Clerk::last->entries()), sorted(ids(0, 50)));
  EXPECT_TRUE(await([&] { return outboxPending() == 0; })) << "what all have got goes";
  EXPECT_EQ(outcomes("done"), 50);
}

TEST_F(EventCarrierTest, AKeyIsPublishedOnceForEver) {
  clerk_.start();
  begin();
  EXPECT_TRUE(Teller::last->publish("deposited", R"({"amount":1})", {.key = "k0"}));
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() == 1 && outboxPending() == 0; }));
  EXPECT_FALSE(Teller::last->publish("deposited", R"({"amount":1})", {.key = "k0"}));
  EXPECT_TRUE(Teller::last->publish("closed", "{}", {.key = "k0"})) << "another event";
  // the control: without a key the same is published twice
  EXPECT_TRUE(Teller::last->publish("deposited", R"({"amount":1})"));
  EXPECT_TRUE(Teller::last->publish("deposited", R"({"amount":1})"));
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() == 3; }));
}

TEST_F(EventCarrierTest, WhatDoesNotCommitIsNotPublished) {
  clerk_.start();
  begin();
  EXPECT_THROW(Teller::last->host.write([](Transaction& write) {
    Teller::last->events.publish(write, "deposited", R"({"amount":1})", {.key = "k9"});
    throw Error::conflict("NO", "No.");
  }),
               Error);
  publish(0, 1);
  ASSERT_TRUE(await([&] { return !Clerk::last->entries().empty(); }));
  EXPECT_EQ(Clerk::last->entries(), ids(0, 1));
}

TEST_F(EventCarrierTest, WhoIsClosedGetsItWhenItIsBack) {
  begin();
  publish(0, 3, "s");
  EXPECT_EQ(outboxPending(), 3) << "it is enabled and wants it";
  clerk_.start();
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() == 3; }));
  EXPECT_EQ(Clerk::last->entries(), ids(0, 3));
}

// The control of the one before: who is switched off is not waited for.
TEST_F(EventCarrierTest, WhoIsDisabledIsNotWaitedFor) {
  clerk_.compartment->enter(PluginState::Disabled, "by an operator");
  begin();
  publish(0, 3);
  carrier_.ring("teller");
  EXPECT_TRUE(await([&] { return outboxPending() == 0; }));
}

TEST_F(EventCarrierTest, ThoseOfASubjectWaitForTheFirst) {
  clerk_.start();
  begin();
  Teller::last->publish("deposited", R"({"amount":1,"then":"later"})",
                        {.subject = "s", .key = "k0"});
  publish(1, 2, "s");
  publish(7, 1, "other");
  ASSERT_TRUE(await([&] { return Clerk::last->entries() == ids(7, 1) && outcomes("retry") == 1; }));
  clock_.moved_us += 2'000'000;
  carrier_.ring("clerk");
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() == 4; }));
  const auto entries = Clerk::last->entries();
  EXPECT_EQ((std::vector<std::string>{entries.begin() + 1, entries.end()}), ids(0, 3));
}

TEST_F(EventCarrierTest, OneThatFailsAlwaysIsDeadAndCanBeReplayed) {
  clerk_.start();
  begin();
  Teller::last->publish("deposited", R"({"amount":1,"then":"never"})",
                        {.subject = "s", .key = "k0"});
  publish(1, 1, "s");
  for (int failed = 1; failed < 3; ++failed) {
    ASSERT_TRUE(await([&] { return outcomes("retry") == failed; }));
    clock_.moved_us += 10'000'000;
    carrier_.ring("clerk");
  }
  ASSERT_TRUE(await([&] { return outcomes("dead") == 1; }));
  ASSERT_TRUE(await([&] { return Clerk::last->entries() == ids(1, 1); })) << "it holds up nobody";
  const Json dead = ask("clerk", {{"verb", "list"}, {"state", "dead"}}).at("messages");
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].at("attempts"), 3);
  EXPECT_EQ(dead[0].at("error"), "NEVER: Never.");
  ASSERT_TRUE(await([&] {
    for (const auto& one : carrier_.figures())
      if (one.plugin == "clerk" && !one.inbox.empty() && one.inbox[0].dead == 1) return true;
    return false;
  })) << "operators are told";
  EXPECT_TRUE(await([&] {
    const PluginStatus status = clerk_.compartment->status();
    return status.impairment == "messages" && status.reason == "1 messages of bank/1 are dead.";
  }));
  EXPECT_EQ(ask("clerk", {{"verb", "replay"}, {"seq", dead[0].at("seq")}}).at("replayed"), true);
  carrier_.ring("clerk");
  ASSERT_TRUE(await([&] { return outcomes("retry") == 3; })) << "as if it had never failed";
  EXPECT_EQ(ask("clerk", {{"verb", "replay"}, {"seq", dead[0].at("seq")}}).at("replayed"), false);
}

TEST_F(EventCarrierTest, AnInboxOfItsOwnKeepsOncePerKey) {
  clerk_.start();
  begin();
  const auto keep = [](std::string_view key, std::string_view type) {
    return Clerk::last->host.write([&](Transaction& write) {
      return Clerk::last->inbox.keep(write, {.key = key, .type = type, .body = "\xff raw"});
    });
  };
  EXPECT_TRUE(keep("one", "once"));
  EXPECT_FALSE(keep("one", "once"));
  EXPECT_TRUE(keep("two", "twice"));
  ASSERT_TRUE(await([&] { return outcomes("retry") == 1 && outcomes("done") == 1; }));
  clock_.moved_us += 2'000'000;
  carrier_.ring("clerk");
  ASSERT_TRUE(await([&] { return outcomes("done") == 2; }));
  EXPECT_EQ(Clerk::last->entries(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(Clerk::last->outside_runs, 3);
}

TEST_F(EventCarrierTest, TheContractSaysWhatIsAnEvent) {
  const auto refusal = [](std::string_view event, std::string_view payload) {
    try {
      Teller::last->publish(event, payload);
    } catch (const Error& error) {
      return error.code();
    }
    return std::string{"none"};
  };
  EXPECT_EQ(refusal("robbed", "{}"), "EVENT_REFUSED");
  EXPECT_EQ(refusal("deposited", "{}"), "EVENT_REFUSED");
  EXPECT_EQ(refusal("deposited", "no JSON"), "EVENT_REFUSED");
  EXPECT_EQ(refusal("closed", "{\"a\":\"" + std::string(300'000, 'x') + "\"}"), "EVENT_REFUSED");
  EXPECT_EQ(refusal("deposited", R"({"amount":1})"), "none");
}

/// The steps of an event's way, one at a time; whatever process dies between two of them, the next
/// one begins anew with what the stores know.
class StepTest : public ::testing::Test {
 protected:
  StepTest() {
    teller_.start();
    clerk_.start();
  }

  template <class Type>
  static Json ask(Lodger<Type>& lodger, const Json& request) {
    for (const auto& route : lodger.home->routes()) {
      if (route->kind == EntryKind::Desk) return enter(lodger, route, "DESK", request.dump(), {});
    }
    return {};
  }
  template <class Type>
  static Json enter(Lodger<Type>& lodger, const std::shared_ptr<const RegisteredRoute>& route,
                    const char* method, std::string body, Fields parameters) {
    HttpRequest request;
    request.method = method;
    request.path = route->path;
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.path_parameters = std::move(parameters);
    std::promise<MessageCall::Outcome> answered;
    auto outcome = answered.get_future();
    const auto call = std::make_shared<MessageCall>(
        route, std::chrono::steady_clock::now() + std::chrono::seconds{20}, std::move(request),
        [&](MessageCall::Outcome end) { answered.set_value(std::move(end)); });
    EXPECT_TRUE(lodger.compartment->submit(call));
    const auto end = outcome.get();
    EXPECT_TRUE(end.answer && end.answer->status == 200);
    return end.answer ? Json::parse(end.answer->body, nullptr, false) : Json{};
  }

  /// Goes the way from its beginning, and dies after `steps` of it; true when it came to its end.
  bool go(int steps) {
    const auto dies = [&] { return steps-- == 0; };
    if (dies()) return false;
    Json page = ask(teller_, {{"verb", "next"},
                              {"capability", "bank/1"},
                              {"consumer", "clerk"},
                              {"expired_us", 1'000'000'000'000}});
    if (dies()) return false;
    if (acknowledges_first_ && !page.at("events").empty()) advance(page);
    if (acknowledges_first_ && dies()) return false;
    for (auto& event : page["events"]) {
      event["source"] = "bank/1";
      event["provider"] = "teller";
    }
    if (!page.at("events").empty())
      ask(clerk_, {{"verb", "keep"}, {"messages", page.at("events")}});
    if (dies()) return false;
    if (!acknowledges_first_ && !page.at("events").empty()) advance(page);
    if (dies()) return false;
    const Json due = ask(clerk_, {{"verb", "agenda"}, {"limit", 32}}).at("due");
    if (dies()) return false;
    for (const auto& one : due) {
      for (const auto& route : clerk_.home->routes()) {
        if (route->takes("bank/1", one.at("type").get<std::string>()))
          enter(clerk_, route, "MESSAGE", "{}",
                {{"seq", std::to_string(one.at("seq").get<std::int64_t>())}});
      }
      if (dies()) return false;
    }
    return true;
  }
  void advance(const Json& page) {
    const Json seq = page.at("events").back().at("seq");
    ask(teller_,
        {{"verb", "advance"}, {"capability", "bank/1"}, {"consumer", "clerk"}, {"seq", seq}});
    ask(teller_, {{"verb", "settle"},
                  {"capability", "bank/1"},
                  {"consumers", {"clerk"}},
                  {"through", seq},
                  {"expired_us", 1'000'000'000'000}});
  }
  /// A death after each number of steps, then the whole way: what has come of 4 events.
  std::vector<std::string> afterDeaths() {
    constexpr int kSteps = 12;
    for (int i = 0; i < 4; ++i)
      Teller::last->publish("deposited", R"({"amount":1})", {.key = std::to_string(i)});
    for (int steps = 0; steps < kSteps; ++steps) go(steps);
    go(1000);
    auto entries = Clerk::last->entries();
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  SystemClock clock_;
  Lodger<Teller> teller_{"teller", bank::provided(), nullptr, clock_};
  Lodger<Clerk> clerk_{"clerk", bank::wanted(), nullptr, clock_};
  bool acknowledges_first_ = false;
  const std::vector<std::string> once_{"deposited:0", "deposited:1", "deposited:2", "deposited:3"};
};

TEST_F(StepTest, DeathBetweenEveryTwoStepsLosesNothingAndDoublesNothing) {
  EXPECT_EQ(afterDeaths(), once_) << ask(clerk_, {{"verb", "list"}});
  EXPECT_TRUE(ask(teller_, {{"verb", "figures"}}).at("outbox").empty());
}

// The control: what is acknowledged before it is kept is lost with whoever dies in between.
TEST_F(StepTest, AcknowledgedBeforeItIsKeptItIsLost) {
  acknowledges_first_ = true;
  EXPECT_LT(afterDeaths().size(), once_.size());
}

// The control: without its key a message that is brought again is another one.
TEST_F(StepTest, WithoutTheKeyItHasItsEffectTwice) {
  clerk_.store->write(
      [](data::Transaction& transaction) {
        transaction.send("DROP INDEX bulkhead_inbox_id", nullptr, 0);
      },
      std::chrono::steady_clock::now() + std::chrono::seconds{5});
  EXPECT_GT(afterDeaths().size(), once_.size());
}

/// What a plugin cannot register.
template <class Wish>
class Wishful final : public Plugin {
 public:
  explicit Wishful(Registrar& registrar) { Wish{}(registrar); }
};

template <class Wish>
std::string refusalOf(bool has_store, Wish) {
  SystemClock clock;
  SilentLog log;
  SilentMetrics metrics;
  HomeOptions options;
  options.plugin = "wishful";
  options.has_store = has_store;
  options.capabilities = {{"bank/1"}, {{"cards/1", false}}, {}};
  PluginHome home{bulkhead::detail::Door<Wishful<Wish>>::table(), std::move(options),
                  HomeServices{clock, log, metrics}};
  try {
    home.create();
  } catch (const Error& error) {
    return error.message();
  }
  return "none";
}

void ignoreMessage(const Message&) {}

struct ListensToWhatItDoesNotWant {
  void operator()(Registrar& registrar) const {
    registrar.onEvent("bank/1", "deposited", ignoreMessage);
  }
};
struct Listens {
  void operator()(Registrar& registrar) const {
    registrar.onEvent("cards/1", "issued", ignoreMessage);
  }
};
struct PublishesForOthers {
  void operator()(Registrar& registrar) const { registrar.events("cards/1"); }
};
struct ListensTwice {
  void operator()(Registrar& registrar) const {
    for (int i = 0; i < 2; ++i) registrar.onEvent("cards/1", "issued", ignoreMessage);
  }
};

TEST(MessageRegistration, WhatIsRefusedIsRefusedByName) {
  EXPECT_EQ(refusalOf(true, ListensToWhatItDoesNotWant{}),
            "plugin.json does not want 'bank/1', whose event deposited it listens to.");
  EXPECT_EQ(refusalOf(true, PublishesForOthers{}),
            "plugin.json does not say that it provides 'cards/1', whose events it publishes.");
  EXPECT_EQ(refusalOf(false, Listens{}),
            "cards/1/events/issued: events and messages live in the plugin's store, and "
            "plugin.json says \"store\": false.");
  EXPECT_EQ(refusalOf(true, ListensTwice{}), "cards/1/events/issued has two handlers.");
  EXPECT_EQ(refusalOf(true, Listens{}), "none");
}

}  // namespace
}  // namespace bulkhead::host
