#include "security/key_store.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "host/security/key_fixture.hpp"

namespace bulkhead::host {
namespace {

class Keys : public ::testing::Test, protected KeyFixture {
 protected:
  std::string createCode(const std::function<void(NewApiKey&)>& spoil) {
    NewApiKey wanted;
    wanted.name = "desk";
    wanted.scopes = {"booking:read"};
    wanted.tenants = {"clinic"};
    spoil(wanted);
    return codeOf([&] { keys->createKey(wanted); });
  }
};

TEST_F(Keys, AKeyIsForTenantsOrForTheInstallation) {
  tenant("clinic");
  const auto outcome = [&](std::vector<std::string> tenants, std::vector<std::string> scopes) {
    return codeOf([&] { key(std::move(tenants), std::move(scopes)); });
  };
  EXPECT_EQ(outcome({"clinic"}, {"*"}), "none");
  EXPECT_EQ(outcome({"clinic"}, {"admin"}), "VALIDATION_ERROR");
  EXPECT_EQ(outcome({"clinic"}, {"booking:read", "admin"}), "VALIDATION_ERROR");
  EXPECT_EQ(outcome({}, {"admin", "monitoring:read"}), "none");
  EXPECT_EQ(outcome({}, {"*"}), "none");
  EXPECT_EQ(outcome({}, {"admin", "booking:read"}), "VALIDATION_ERROR") << "whose bookings?";
}

TEST_F(Keys, AKeyIsShownOnceAndKeptAsAHash) {
  const Tenant clinic = tenant("clinic");
  const CreatedApiKey created = key({"clinic"});
  const auto parts = parseApiKey(created.text);
  ASSERT_TRUE(parts);
  EXPECT_EQ(created.record.tenants, std::vector<std::string>{clinic.id});
  ASSERT_EQ(keys->listKeys().size(), 1U);
  EXPECT_TRUE(equalHashes(keys->listKeys()[0].secret_hash, hashSecret(parts->secret)));

  store->checkpoint(data::within());
  for (const char* name : {"db/host.db", "keys.snapshot"}) {
    std::ifstream file{folder / name, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_NE(bytes.find(parts->id), std::string::npos) << name;
    EXPECT_EQ(bytes.find(parts->secret), std::string::npos) << name;
  }
}

TEST_F(Keys, SurviveARestart) {
  tenant("clinic");
  key({"clinic"}, {"booking:write", "booking:read", "booking:read"});
  keys = openKeys();
  ASSERT_TRUE(keys->refresh());
  const auto& stored = keys->directory()->keys().at(0).key;
  EXPECT_EQ(stored.scopes, (std::vector<std::string>{"booking:read", "booking:write"}));
  EXPECT_EQ(keys->directory()->onlyTenant()->slug, "clinic");
  EXPECT_EQ(keys->directory()->onlyTenant()->time_zone, "Europe/Berlin");
}

TEST_F(Keys, TheMirrorAfterChangesIsWhatTheDatabaseHolds) {
  const Tenant first = tenant("first");
  tenant("second");
  const auto kept = key({"first", "second"});
  const auto revoked = key({"second"});
  keys->revokeKey(revoked.record.id);
  keys->setTenantStatus("first", TenantStatus::Suspended);
  const auto mirrored = keys->directory();
  const auto fresh = openKeys();
  ASSERT_TRUE(fresh->refresh());
  for (const auto& entry : fresh->directory()->keys()) {
    const auto* same = mirrored->findKey(entry.key.id);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->key.tenants, entry.key.tenants);
    EXPECT_EQ(same->key.revoked_us, entry.key.revoked_us);
  }
  EXPECT_EQ(mirrored->findTenant(first.id)->status, TenantStatus::Suspended);
  EXPECT_EQ(fresh->directory()->findTenant("first")->status, TenantStatus::Suspended);
  EXPECT_EQ(mirrored->keys().size(), fresh->directory()->keys().size());
  EXPECT_TRUE(mirrored->findKey(kept.record.id)->key.isValidAt(now_us));
}

TEST_F(Keys, WhatIsNotValidIsRefusedByName) {
  tenant("clinic");
  EXPECT_EQ(createCode([](NewApiKey&) {}), "none");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.name = ""; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.name = "a\nb"; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.scopes = {}; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.scopes = {"a b"}; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.requests_per_hour = 0; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([&](NewApiKey& key) { key.expires_us = now_us; }), "VALIDATION_ERROR");
  EXPECT_EQ(createCode([](NewApiKey& key) { key.tenants = {"nobody"}; }), "NOT_FOUND");
  EXPECT_EQ(codeOf([&] { tenant("clinic"); }), "DUPLICATE");
  EXPECT_EQ(codeOf([&] { tenant("Clinic"); }), "VALIDATION_ERROR");
  EXPECT_EQ(codeOf([&] { tenant("-clinic"); }), "VALIDATION_ERROR");
  for (const std::string zone : {"Mars/Olympus", "../../etc/passwd", "/etc/localtime"}) {
    EXPECT_EQ(codeOf([&] { keys->createTenant({"other", "Other", zone}); }), "INVALID_TIME_ZONE");
  }
  EXPECT_EQ(codeOf([&] { keys->revokeKey("nobody"); }), "NOT_FOUND");
  EXPECT_EQ(codeOf([&] { keys->setTenantStatus("nobody", TenantStatus::Active); }), "NOT_FOUND");
  EXPECT_EQ(keys->listTenants().size(), 1U);
  EXPECT_EQ(keys->listKeys().size(), 1U);
}

TEST_F(Keys, ADatabaseThatIsAwayLocksNobodyOutForAWhile) {
  tenant("clinic");
  const auto created = key({"clinic"});
  ASSERT_TRUE(keys->refresh());
  EXPECT_FALSE(keys->stale());

  takeDatabaseAway();
  EXPECT_FALSE(keys->refresh());
  EXPECT_TRUE(keys->stale());
  EXPECT_TRUE(keys->trusted());
  EXPECT_NE(keys->directory()->findKey(created.record.id), nullptr);
  EXPECT_EQ(codeOf([&] { key({"clinic"}); }), "DATABASE_UNAVAILABLE");

  now_us += 3601 * kSecondUs;
  EXPECT_FALSE(keys->trusted()) << "stale_max bounds it";

  bringDatabaseBack();
  EXPECT_TRUE(keys->refresh()) << "no restart is needed";
  EXPECT_FALSE(keys->stale());
  EXPECT_TRUE(keys->trusted());
}

TEST_F(Keys, WithoutADatabaseAndASnapshotNothingIsTrusted) {
  takeDatabaseAway();
  EXPECT_FALSE(keys->trusted());
  EXPECT_FALSE(keys->refresh());
  EXPECT_FALSE(keys->trusted());
}

TEST_F(Keys, LastUseIsStoredAtMostOnceAMinute) {
  tenant("clinic");
  const auto created = key({"clinic"});
  const auto use = [&] { *keys->directory()->findKey(created.record.id)->used_us = now_us; };
  const auto stored = [&] { return keys->listKeys().at(0).last_used_us; };
  keys->storeLastUsed();
  EXPECT_EQ(stored(), std::nullopt) << "unused";

  const std::int64_t first = now_us;
  use();
  keys->storeLastUsed();
  EXPECT_EQ(stored(), first);
  now_us += 59 * kSecondUs;
  use();
  const auto writes = store->statistics().writes;
  keys->storeLastUsed();
  EXPECT_EQ(store->statistics().writes, writes);
  EXPECT_EQ(stored(), first);
  now_us += 2 * kSecondUs;
  use();
  keys->storeLastUsed();
  EXPECT_EQ(stored(), now_us);
}

TEST_F(Keys, UseIsRememberedAcrossRefreshes) {
  tenant("clinic");
  const auto created = key({"clinic"});
  *keys->directory()->findKey(created.record.id)->used_us = 5;
  ASSERT_TRUE(keys->refresh());
  EXPECT_EQ(*keys->directory()->findKey(created.record.id)->used_us, 5);
}

}  // namespace
}  // namespace bulkhead::host
