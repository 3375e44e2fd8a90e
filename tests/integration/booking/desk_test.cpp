#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "appointment_store.hpp"
#include "integration/booking/desk_on_sqlite.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

class DeskTest : public DeskOnSqlite {
 protected:
  Appointment booked(const std::string& id, Instant start, const std::string& service = "cut") {
    return host_.write([&](Transaction& write) {
      Appointment draft;
      draft.id = id;
      return desk_.book(write, caller(), wish(service, start), draft);
    });
  }

  /// How many of eight clients write over the same version of one appointment.
  int winners() {
    const Appointment seen = booked("one", tomorrow());
    std::atomic<int> won{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, i] {
        Appointment changed = seen;
        changed.notes = "client " + std::to_string(i);
        try {
          host_.write([&](Transaction& write) { desk_.amend(write, caller(), seen, changed); });
          ++won;
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), "VERSION_CONFLICT") << error.message();
        }
      });
    }
    for (auto& client : clients) client.join();
    return won;
  }

  /// The day's free starts of a service.
  std::set<Instant> free(ReadTransaction& read, const std::string& service) {
    const Offer offer = finder_.offer(read, "t", {service, {}, {}});
    SlotFinder::Search search{
        offer.service.shape({}), {tomorrow(), tomorrow() + seconds{86400}}, 1000, caller().now};
    std::set<Instant> starts;
    for (const auto& slot : finder_.find(read, "t", offer, search)) starts.insert(slot.start);
    return starts;
  }

  /// How often the list and the desk differ over the quarters of a day.
  int differences(ReadTransaction& read, const std::string& service,
                  const std::set<Instant>& listed) {
    static const std::set<std::string> kReasons{"SLOT_TAKEN", "OUTSIDE_AVAILABILITY",
                                                "NOTICE_TOO_SHORT", "BEYOND_HORIZON"};
    int found = 0;
    for (int quarter = 0; quarter < 96; ++quarter) {
      const Instant start = tomorrow() + seconds{900 * quarter};
      bool bookable = true;
      try {
        desk_.planBooking(read, caller(), wish(service, start), {});
      } catch (const Error& error) {
        bookable = false;
        EXPECT_TRUE(kReasons.contains(error.code())) << error.code();
      }
      if (bookable != listed.contains(start)) ++found;
    }
    return found;
  }

  void bookAtRandom(std::mt19937& dice, int count, const std::string& prefix) {
    for (int i = 0; i < count; ++i) {
      try {
        booked(prefix + std::to_string(i), tomorrow() + seconds{900 * (dice() % 96)},
               dice() % 2 == 0 ? "cut" : "exam");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), "SLOT_TAKEN");
      }
    }
  }
};

TEST_F(DeskTest, B4_OfManyWritersOverOneVersionOneWins) {
  EXPECT_EQ(winners(), 1);
}

TEST_F(DeskTest, B4_NegativeControl_WithoutTheVersionInTheWriteChangesAreLost) {
  store_.rewrite(" and version = $18 - 1", "");
  store_.rewrite("insert into appointment_history", "insert or ignore into appointment_history");
  EXPECT_GT(winners(), 1);
}

// Goal: each slot that is listed can be booked at that moment, and each time that is not is refused
// for a stated reason. Method: a day filled at random, list and desk compared at every quarter.
TEST_F(DeskTest, B10_WhatIsListedCanBeBookedAndNothingElse) {
  std::mt19937 dice{7};
  for (int round = 0; round < 6; ++round) {
    bookAtRandom(dice, 15, "r" + std::to_string(round) + "-");
    host_.read([&](ReadTransaction& read) {
      for (const char* service : {"cut", "exam"}) {
        EXPECT_EQ(differences(read, service, free(read, service)), 0) << service << round;
      }
    });
  }
}

TEST_F(DeskTest, B10_NegativeControl_AListFromBeforeIsNotHonest) {
  std::mt19937 dice{7};
  const auto before = host_.read([&](ReadTransaction& read) { return free(read, "cut"); });
  bookAtRandom(dice, 60, "r");
  host_.read([&](ReadTransaction& read) { EXPECT_GT(differences(read, "cut", before), 0); });
}

}  // namespace
}  // namespace booking
