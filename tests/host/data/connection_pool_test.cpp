#include "data/connection_pool.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

struct Fake {
  int number;
};

class Pool : public ::testing::Test {
 protected:
  std::atomic<int> made{0};
  bool away = false;
  ConnectionPool<Fake> pool{2, [this] {
                              if (away) throw databaseUnavailable();
                              return std::make_unique<Fake>(Fake{++made});
                            }};
};

TEST_F(Pool, ReusesWhatCameBack) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pool.lend(within())->number, 1);
  EXPECT_EQ(made, 1);
}

TEST_F(Pool, S103_WaitsBoundedWhenAllAreLent) {
  const auto first = pool.lend(within());
  const auto second = pool.lend(within());
  EXPECT_EQ(codeOf([&] { pool.lend(within(std::chrono::milliseconds{20})); }), "DATABASE_BUSY");
  EXPECT_EQ(made, 2);
}

TEST_F(Pool, OneThatWaitsGetsTheNextThatComesBack) {
  std::thread waiter;
  {
    const auto first = pool.lend(within());
    const auto second = pool.lend(within());
    waiter = std::thread{[&] { EXPECT_GT(pool.lend(within())->number, 0); }};
  }
  waiter.join();
  EXPECT_EQ(made, 2);
}

TEST_F(Pool, WhatWasDroppedIsMadeAnew) {
  pool.lend(within()).drop();
  EXPECT_EQ(pool.lend(within())->number, 2);
}

TEST_F(Pool, ItIsAliveWhileOneIsThatNobodyFoundBroken) {
  EXPECT_FALSE(pool.isAlive());
  away = true;
  EXPECT_EQ(codeOf([&] { pool.lend(within()); }), "DATABASE_UNAVAILABLE");
  EXPECT_FALSE(pool.isAlive());
  away = false;
  {
    const auto lent = pool.lend(within());
    EXPECT_TRUE(pool.isAlive());
  }
  EXPECT_TRUE(pool.isAlive());
  pool.lend(within()).drop();
  EXPECT_FALSE(pool.isAlive());
  pool.lend(within());
  EXPECT_TRUE(pool.isAlive());
  pool.dropAll();
  EXPECT_FALSE(pool.isAlive());
}

// Goal: when many break at once, who tells it late takes nobody's new one away.
TEST_F(Pool, WhoFindsAnOldOneBrokenDropsNoneThatCameLater) {
  ConnectionPool<Fake> three{3, [this] { return std::make_unique<Fake>(Fake{++made}); }};
  auto early = three.lend(within());
  auto late = three.lend(within());
  early.dropAll();
  EXPECT_EQ(three.lend(within())->number, 3);
  late.dropAll();
  EXPECT_TRUE(three.isAlive());
  EXPECT_EQ(three.lend(within())->number, 3);
}

TEST_F(Pool, DropAllReachesLentOnesWhenTheyComeBack) {
  {
    const auto lent = pool.lend(within());
    pool.dropAll();
  }
  EXPECT_EQ(pool.lend(within())->number, 2);
}

TEST_F(Pool, AFailedMakerGivesItsPlaceBack) {
  away = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(codeOf([&] { pool.lend(within()); }), "DATABASE_UNAVAILABLE");
  }
  away = false;
  EXPECT_EQ(pool.lend(within())->number, 1);
}

}  // namespace
}  // namespace bulkhead::host::data
