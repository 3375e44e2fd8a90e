#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <iostream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "appointment_store.hpp"
#include "integration/booking/desk_on_sqlite.hpp"
#include "integration/booking/interval_model.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

constexpr int kThreads = 8;
constexpr int kStepsEach = 400;

/// What one step of one client came to. Steps are numbered in the order of their transactions.
struct Event {
  int sequence = 0;
  Instant now{};
  bool is_taken = false;  ///< refused with SLOT_TAKEN
  Appointment one;        ///< as it became, or as it was wanted
};

/// Clients of one desk, each a thread that does whatever comes to its mind.
class DoubleBookingTest : public DeskOnSqlite {
 protected:
  /// All that keeps two visits apart: the triggers, the look before, and the condition of the
  /// write.
  void takeGuardsAway() {
    dropTriggers();
    store_.rewrite("and block_start < $4 and block_end > $3", "and 1 = 0 and $3 < $4");
  }
  void dropTriggers() {
    store_.run(
        "drop trigger appointment_no_overlap_insert;"
        "drop trigger appointment_no_overlap_update;");
    store_.rewrite(", $4) <= $4", ", $4) is not null");
    store_.rewrite("block_start < $3 order by", "block_start < $3 and 1 = 0 order by");
  }

  std::vector<Event> runClients() {
    std::vector<std::vector<Event>> events(kThreads);
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < kThreads; ++i) {
      clients.emplace_back([this, i, &events] {
        std::mt19937 dice{i + 1};
        for (int n = 0; n < kStepsEach; ++n) step(dice, events[i]);
      });
    }
    for (auto& client : clients) client.join();
    std::vector<Event> all;
    for (const auto& part : events) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(),
              [](const Event& a, const Event& b) { return a.sequence < b.sequence; });
    return all;
  }

  std::int64_t overlapsInTable() {
    return store_.count(
        "select count(*) from appointment_resource x join appointment_resource y on "
        "x.tenant = y.tenant and x.resource = y.resource and x.appointment < y.appointment and "
        "x.live and y.live and x.block_start < y.block_end and y.block_start < x.block_end");
  }

  Wish wish(std::mt19937& dice, const std::string& service) const {
    Wish made;
    made.service = service;
    made.resource = dice() % 2 == 0 ? "anna" : "ben";
    made.start = tomorrow() + seconds{900 * (dice() % 240)};
    return made;
  }

 private:
  void step(std::mt19937& dice, std::vector<Event>& events) {
    Event event;
    try {
      host_.write([&](Transaction& write) {
        event.sequence = ++sequence_;
        if (dice() % 16 == 0) store_.advance(seconds{20});
        event.now = fromEpoch(store_.now());
        act(write, dice, event);
      });
      if (event.one.id.empty()) return;
      events.push_back(event);
      remember(event.one.id);
    } catch (const Error& error) {
      static const std::set<std::string> kExpected{"ILLEGAL_TRANSITION", "HOLD_EXPIRED",
                                                   "HOLD_ALREADY_EXTENDED", "SLOT_TAKEN"};
      EXPECT_TRUE(kExpected.contains(error.code())) << error.code() << ": " << error.message();
      event.is_taken = error.code() == "SLOT_TAKEN";
      if (event.is_taken) events.push_back(event);
    }
  }

  void act(Transaction& write, std::mt19937& dice, Event& event) {
    const auto what = dice() % 20;
    if (what < 9) return makeNew(write, dice, event, what < 3);
    const auto found = AppointmentStore::find(write, "t", anyId(dice));
    if (!found) return;
    if (what < 13) return move(write, dice, event, *found);
    if (what < 15 && found->status == Status::Held) return bookHold(write, event, *found);
    if (what == 15 && found->status == Status::Held) {
      event.one = desk_.extend(write, caller(), *found);
      return;
    }
    constexpr Action kActions[] = {Action::Confirm, Action::Decline, Action::Cancel,
                                   Action::CheckIn, Action::NoShow,  Action::UndoNoShow,
                                   Action::Expire,  Action::Complete};
    event.one = *found;
    event.one = desk_.act(write, caller(), *found, kActions[dice() % std::size(kActions)], {});
  }

  void makeNew(Transaction& write, std::mt19937& dice, Event& event, bool held) {
    const Wish wanted = wish(dice, dice() % 4 == 0 ? "exam" : "cut");
    want(event, wanted);
    Appointment draft;
    draft.id = "a" + std::to_string(event.sequence);
    if (held) draft.status = Status::Held;
    event.one = desk_.book(write, caller(), wanted, draft);
  }

  void move(Transaction& write, std::mt19937& dice, Event& event, const Appointment& found) {
    if (dice() % 3 == 0) {
      const std::string other = found.resource == "anna" ? "ben" : "anna";
      event.one = found;
      event.one.resource = other;
      event.one = desk_.reassign(write, caller(), found, other, {});
      return;
    }
    const Wish wanted = wish(dice, found.service);
    want(event, wanted);
    event.one.id = found.id;
    event.one = desk_.reschedule(write, caller(), found, wanted, {});
  }

  void bookHold(Transaction& write, Event& event, const Appointment& found) {
    Appointment terms;
    terms.notes = "held before";
    event.one = desk_.carryOut(write, caller(), desk_.planBookingOf(write, caller(), found, terms));
  }

  /// What a refusal is held against: the time that was asked for.
  static void want(Event& event, const Wish& wanted) {
    event.one.resource = *wanted.resource;
    const seconds after{wanted.service == "exam" ? 600 : 0};
    event.one.block = {wanted.start, wanted.start + seconds{1800} + after};
  }

  void remember(const std::string& id) {
    const std::lock_guard lock{mutex_};
    ids_.push_back(id);
  }
  std::string anyId(std::mt19937& dice) {
    const std::lock_guard lock{mutex_};
    // The latest ones: most of what is older has come to its end.
    const std::size_t recent = std::min<std::size_t>(ids_.size(), 60);
    return recent == 0 ? "" : ids_[ids_.size() - 1 - dice() % recent];
  }

  int sequence_ = 0;  // only under the store's write lock
  std::mutex mutex_;
  std::vector<std::string> ids_;
};

/// Replays the events on a model; returns what does not agree.
struct Verdict {
  int impossible = 0;   ///< done, though another one had the time
  int unjustified = 0;  ///< refused as taken, though nobody had it
  int done = 0;
  int taken = 0;
  IntervalModel model;
};

Verdict judge(const std::vector<Event>& events) {
  Verdict verdict;
  for (const auto& event : events) {
    if (event.is_taken) {
      ++verdict.taken;
      const auto& one = event.one;
      if (!verdict.model.isTaken(one.resource, one.block, event.now, one.id)) ++verdict.unjustified;
    } else {
      ++verdict.done;
      if (!verdict.model.apply(event.one, event.now)) ++verdict.impossible;
    }
  }
  return verdict;
}

// Goal: whatever eight clients do at once to two resources, nobody has a time twice, nobody is
// refused a time that is free, and the table is what the model says. Method: random booking,
// holding, extending, moving, reassigning, cancelling, undoing, and time that passes; the events in
// the order of their transactions on a model of intervals.
TEST_F(DoubleBookingTest, B1_B5_WhateverManyClientsDoTheModelAgrees) {
  const Verdict verdict = judge(runClients());
  std::cout << verdict.done << " done, " << verdict.taken << " taken\n";
  EXPECT_GT(verdict.done, 300);
  EXPECT_GT(verdict.taken, 200);
  EXPECT_EQ(verdict.impossible, 0);
  EXPECT_EQ(verdict.unjustified, 0);
  EXPECT_EQ(overlapsInTable(), 0);
  host_.read([&](ReadTransaction& read) {
    for (const auto& [id, entry] : verdict.model.entries()) {
      const auto stored = AppointmentStore::find(read, "t", id);
      ASSERT_TRUE(stored) << id;
      EXPECT_EQ(nameOf(stored->status), nameOf(entry.status)) << id;
      EXPECT_EQ(stored->resource, entry.resource) << id;
      EXPECT_EQ(stored->block, entry.block) << id;
    }
  });
  EXPECT_EQ(store_.count("select count(*) from appointment"),
            static_cast<std::int64_t>(verdict.model.entries().size()));
}

TEST_F(DoubleBookingTest, B1_NegativeControl_WithoutTheGuardsTheSameTestFindsOverlaps) {
  takeGuardsAway();
  const Verdict verdict = judge(runClients());
  std::cout << verdict.impossible << " impossible of " << verdict.done << ", " << overlapsInTable()
            << " overlaps at the end\n";
  EXPECT_GT(verdict.impossible, 0);
  EXPECT_GT(overlapsInTable(), 0);
}

/// Clients that look in one transaction and write in the next.
class CheckThenInsert : public DoubleBookingTest {
 protected:
  void book() {
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < kThreads; ++i) {
      clients.emplace_back([this, i] {
        std::mt19937 dice{i + 1};
        for (int n = 0; n < 100; ++n) {
          Appointment draft;
          draft.id = "c" + std::to_string(i) + "-" + std::to_string(n);
          try {
            const auto plan = host_.read([&](ReadTransaction& read) {
              return desk_.planBooking(read, caller(), wish(dice, "cut"), draft);
            });
            host_.write([&](Transaction& write) { desk_.carryOut(write, caller(), plan); });
          } catch (const Error& error) {
            EXPECT_EQ(error.code(), "SLOT_TAKEN") << error.message();
          }
        }
      });
    }
    for (auto& client : clients) client.join();
  }
};

TEST_F(CheckThenInsert, B1_TheWriteItselfRefusesWhatWasFreeWhenItWasLookedAt) {
  book();
  EXPECT_EQ(overlapsInTable(), 0);
}

TEST_F(CheckThenInsert, B1_NegativeControl_WithoutTheGuardOfTheWriteItDoubleBooks) {
  dropTriggers();
  book();
  EXPECT_GT(overlapsInTable(), 0);
}

}  // namespace
}  // namespace booking
