// Events on their way while versions, providers and stores change under them.
#include <chrono>
#include <string>
#include <vector>

#include <bulkhead/error.hpp>

#include "host/capabilities/event_carrier_fixture.hpp"
#include "runtime/outbox.hpp"

namespace bulkhead::host {
namespace {

using bank::await;
using bank::Clerk;
using bank::Lodger;
using bank::Teller;

/// A clerk that has forgotten how to write down deposits, and wants them still.
class Forgetful final : public Plugin {
 public:
  explicit Forgetful(Registrar& registrar) {
    registrar.onEvent("bank/1", "closed", [](const Message&) {});
  }
};

// Goal: what was listened to, and is not for a while, comes when it is again: once, and in its
// order. Method: a version without that listener runs on the same store in between.
TEST_F(EventCarrierTest, WhatCameWhileAVersionDidNotListenComesToTheNextOne) {
  clerk_.start();
  begin();
  publish(0, 1, "s");
  ASSERT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 1); }));
  Lodger<Forgetful> forgetful{"clerk", bank::wanted(), nullptr, clock_};
  forgetful.store = clerk_.store;
  forgetful.start();
  carrier_.admit(forgetful.compartment, *forgetful.home);
  carrier_.ring("clerk");
  publish(1, 2, "s");
  Teller::last->publish("closed", "{}", {.key = "c"});
  ASSERT_TRUE(await([&] { return outcomes("done") == 2; })) << "it listens to that";
  EXPECT_TRUE(await([&] { return outboxPending() == 0; }));
  EXPECT_EQ(ask("clerk", {{"verb", "list"}, {"state", "ignored"}}).at("messages").size(), 2U);
  carrier_.admit(clerk_.compartment, *clerk_.home);
  carrier_.ring("clerk");
  EXPECT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 3); }));
  publish(3, 1, "s");
  ASSERT_TRUE(await([&] { return Clerk::last->entries().size() >= 4; }));
  EXPECT_EQ(Clerk::last->entries(), ids(0, 4));
}

/// A clerk that wants nothing any more.
class Retired final : public Plugin {
 public:
  explicit Retired(Registrar& registrar) : inbox{registrar.inbox("slips", [](const Message&) {})} {}

 private:
  const Inbox inbox;
};

// Goal: the same of a version that neither wants the capability nor has any handler for it.
TEST_F(EventCarrierTest, WhatCameWhileAVersionWantedNothingComesToTheNextOne) {
  clerk_.start();
  Lodger<Retired> retired{"clerk", {}, nullptr, clock_};
  std::mutex mutex;
  auto clerk = clerk_.compartment;
  const auto run = [&](const auto& lodger) {
    const std::lock_guard lock{mutex};
    clerk = lodger.compartment;
    carrier_.admit(lodger.compartment, *lodger.home);
    carrier_.ring("clerk");
  };
  carrier_.begin([&] {
    const std::lock_guard lock{mutex};
    return std::vector{teller_.compartment, clerk};
  });
  publish(0, 1, "s");
  ASSERT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 1); }));
  retired.store = clerk_.store;
  retired.start();
  run(retired);
  for (const int number : {1, 2}) {  // who is waited for is asked again after the first
    publish(number, 1, "s");
    EXPECT_TRUE(await([&] { return outboxPending() == 0; }));
  }
  EXPECT_EQ(ask("clerk", {{"verb", "list"}, {"state", "ignored"}}).at("messages").size(), 2U);
  EXPECT_TRUE(await([&] { return outcomes("ignored") == 2; })) << "they are counted";
  run(clerk_);
  EXPECT_TRUE(await([&] { return Clerk::last->entries() == ids(0, 3); }));
  carrier_.end();
}

// Goal: another provider of the same capability may number its events as the first one did.
TEST_F(EventCarrierTest, EqualEventsOfTwoProvidersAreTwo) {
  clerk_.start();
  Lodger<Teller> rival{"rival", bank::provided(), &carrier_, clock_};
  rival.start();
  carrier_.begin([&] {
    return std::vector{teller_.compartment, rival.compartment, clerk_.compartment};
  });
  publish(0, 1);  // by the rival, which was made last
  teller_.store->write(
      [](data::Transaction& transaction) {
        outbox::publish(transaction, {"bank/1", "deposited", R"({"amount":9})", {}, {}, "k0", {}},
                        {}, 1);
        transaction.send("UPDATE bulkhead_outbox SET created_us = 2000000000000000", nullptr, 0);
      },
      std::chrono::steady_clock::now() + kPatience);
  carrier_.ring("teller");
  EXPECT_TRUE(await([&] { return Clerk::last->entries().size() == 2; }));
  carrier_.end();
}

// Goal: one event that no inbox takes holds up nobody. Method: one with an id that could be
// published once, before another one.
TEST_F(EventCarrierTest, AnEventThatNoInboxTakesIsSetAside) {
  clerk_.start();
  teller_.store->write(
      [](data::Transaction& transaction) {
        transaction.send(
            "INSERT INTO bulkhead_outbox (id, capability, event, tenant, subject, payload, trace, "
            "created_us, keyed, state, error) VALUES (printf('%.*c', 300, 'x'), 'bank/1', "
            "'deposited', '', '', '{\"amount\":1}', '', 2000000000000000, 1, 'new', '')",
            nullptr, 0);
      },
      std::chrono::steady_clock::now() + kPatience);
  publish(1, 1);
  begin();
  EXPECT_TRUE(await([&] { return Clerk::last->entries() == ids(1, 1); }));
  EXPECT_TRUE(await([&] { return outboxPending() == 0; }));
  EXPECT_EQ(ask("teller", {{"verb", "figures"}}).at("outbox")[0].at("dead"), 1);
}

// Goal: a handler whose outcome cannot be written down is not run again as often as something
// rings. Method: the store refuses to finish or to postpone; the carrier is rung without end for a
// while.
TEST_F(EventCarrierTest, WhatCannotBeWrittenDownIsRepeatedMoreAndMoreSeldom) {
  clerk_.start();
  begin();
  const auto alter = [this](const char* sql) {
    clerk_.store->write(
        [sql](data::Transaction& transaction) { transaction.send(sql, nullptr, 0); },
        std::chrono::steady_clock::now() + kPatience);
  };
  alter(
      "CREATE TRIGGER refusal BEFORE UPDATE ON bulkhead_inbox BEGIN "
      "SELECT raise(ABORT, 'no'); END");
  Clerk::last->host.write(
      [&](Transaction& write) { Clerk::last->inbox.keep(write, {.key = "one", .type = "once"}); });
  ASSERT_TRUE(await([&] {
    carrier_.ring("clerk");
    return Clerk::last->outside_runs >= 3;
  })) << "it is tried again";
  const auto at = Clerk::last->outsideAt();
  EXPECT_GE(at[1] - at[0], std::chrono::seconds{1});
  EXPECT_GE(at[2] - at[1], std::chrono::seconds{2});
  alter("DROP TRIGGER refusal");
  EXPECT_TRUE(await([&] { return outcomes("done") == 1; }));
}

// Goal: events are too old by the time that has passed, and not by a wall clock that is set
// forward.
TEST_F(EventCarrierTest, AClockThatIsSetForwardEndsNoEvent) {
  constexpr std::int64_t kDay = 86'400'000'000;
  publish(0, 1);
  const auto died = [&] {
    return ask("teller", {{"verb", "settle"},
                          {"capability", "bank/1"},
                          {"consumers", {"clerk"}},
                          {"through", 100},
                          {"expired_us", 30 * kDay}})
        .at("died");
  };
  clock_.jumped_us = 40 * kDay;
  EXPECT_EQ(died(), 0);
  clock_.jumped_us = 0;
  clock_.moved_us = 40 * kDay;
  EXPECT_EQ(died(), 1) << "the control";
}

}  // namespace
}  // namespace bulkhead::host
