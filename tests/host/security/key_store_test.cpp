#include "security/key_store.hpp"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include "data/audit_log.hpp"
#include "host/security/key_fixture.hpp"
#include "security/key_snapshot.hpp"

namespace bulkhead::host {
namespace {

class Keys : public ::testing::Test, protected KeyFixture {
 protected:
  /// Oldest first.
  std::vector<data::AuditRow> audit() {
    std::vector<data::AuditRow> rows;
    store->read([&](data::Transaction& open) { rows = data::audit::list(open, {}); },
                data::within());
    std::reverse(rows.begin(), rows.end());
    return rows;
  }
  std::vector<std::string> actions() {
    std::vector<std::string> names;
    for (const auto& row : audit()) names.push_back(row.entry.action);
    return names;
  }
  std::string createCode(const std::function<void(NewApiKey&)>& spoil) {
    NewApiKey wanted;
    wanted.name = "desk";
    wanted.scopes = {"booking:read"};
    wanted.tenants = {"clinic"};
    spoil(wanted);
    return codeOf([&] { keys->createKey(wanted, kOperator); });
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
  keys->revokeKey(revoked.record.id, kOperator);
  keys->setTenantStatus("first", TenantStatus::Suspended, kOperator);
  const auto mirrored = keys->directory();
  const auto fresh = openKeys();
  ASSERT_TRUE(fresh->refresh());
  const auto read = fresh->directory();
  for (const auto& entry : read->keys()) {
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

TEST_F(Keys, ARotatedKeyHandsOnWhatItWas) {
  tenant("clinic");
  NewApiKey wanted{"desk", {"booking:read"}, {"clinic"}, 60, 1000, now_us + 100 * kSecondUs};
  const auto old = keys->createKey(wanted, kOperator);
  now_us += 10 * kSecondUs;
  const auto next = keys->rotateKey(old.record.id, {.overlap = std::chrono::seconds{5}}, kOperator);
  EXPECT_EQ(next.record.rotated_from, old.record.id);
  EXPECT_EQ(next.record.scopes, old.record.scopes);
  EXPECT_EQ(next.record.tenants, old.record.tenants);
  EXPECT_EQ(next.record.requests_per_minute, 60);
  EXPECT_EQ(next.record.requests_per_hour, 1000);
  EXPECT_EQ(next.record.expires_us, now_us + 100 * kSecondUs) << "as long a life";
  EXPECT_NE(next.text, old.text);
  const auto fresh = openKeys();
  ASSERT_TRUE(fresh->refresh());
  for (const auto* store_or_mirror : {fresh.get(), keys.get()}) {
    const auto directory = store_or_mirror->directory();
    EXPECT_EQ(directory->findKey(old.record.id)->key.expires_us, now_us + 5 * kSecondUs);
    EXPECT_EQ(directory->findKey(next.record.id)->key.rotated_from, old.record.id);
  }
}

TEST_F(Keys, AnOverlapNeverLengthensALife) {
  tenant("clinic");
  NewApiKey wanted{"desk", {"booking:read"}, {"clinic"}, {}, {}, now_us + 3 * kSecondUs};
  const auto old = keys->createKey(wanted, kOperator);
  keys->rotateKey(old.record.id, {.overlap = std::chrono::hours{1}}, kOperator);
  EXPECT_EQ(keys->directory()->findKey(old.record.id)->key.expires_us, now_us + 3 * kSecondUs);
}

// A second successor would leave one alive that nobody knows of, and an ended key would live again.
TEST_F(Keys, OnlyAKeyThatLivesIsRotatedAndOnlyOnce) {
  tenant("clinic");
  const auto rotate = [&](const std::string& id, std::chrono::seconds overlap) {
    return codeOf([&] { keys->rotateKey(id, {.overlap = overlap}, kOperator); });
  };
  const auto old = key({"clinic"});
  EXPECT_EQ(rotate("nobody", std::chrono::seconds{1}), "NOT_FOUND");
  EXPECT_EQ(rotate(old.record.id, std::chrono::seconds{-1}), "VALIDATION_ERROR");
  EXPECT_EQ(rotate(old.record.id, std::chrono::hours{24 * 91}), "VALIDATION_ERROR");
  EXPECT_EQ(rotate(old.record.id, std::chrono::seconds{9}), "none");
  EXPECT_EQ(rotate(old.record.id, std::chrono::seconds{9}), "ALREADY_ROTATED");
  const auto revoked = key({"clinic"});
  keys->revokeKey(revoked.record.id, kOperator);
  EXPECT_EQ(rotate(revoked.record.id, std::chrono::seconds{9}), "KEY_NOT_VALID");
  NewApiKey short_lived{"desk", {"booking:read"}, {"clinic"}, {}, {}, now_us + kSecondUs};
  const auto expired = keys->createKey(short_lived, kOperator);
  now_us += kSecondUs;
  EXPECT_EQ(rotate(expired.record.id, std::chrono::seconds{9}), "KEY_NOT_VALID");
  EXPECT_EQ(keys->listKeys().size(), 4U) << "what was refused made no key";
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
    EXPECT_EQ(codeOf([&] {
                keys->createTenant({"other", "Other", zone}, kOperator);
              }),
              "INVALID_TIME_ZONE");
  }
  EXPECT_EQ(codeOf([&] { keys->revokeKey("nobody", kOperator); }), "NOT_FOUND");
  EXPECT_EQ(codeOf([&] { keys->setTenantStatus("nobody", TenantStatus::Active, kOperator); }),
            "NOT_FOUND");
  EXPECT_EQ(keys->listTenants().size(), 1U);
  EXPECT_EQ(keys->listKeys().size(), 1U);
}

TEST_F(Keys, EachChangeIsInTheAuditWithItsMaker) {
  const Tenant clinic = tenant("clinic");
  const auto old = key({"clinic"});
  const auto next = keys->rotateKey(old.record.id, {}, kOperator);
  keys->revokeKey(next.record.id, kOperator);
  keys->setTenantStatus("clinic", TenantStatus::Suspended, kOperator);
  keys->setTenantStatus("clinic", TenantStatus::Active, kOperator);
  EXPECT_THAT(actions(), testing::ElementsAre("tenant.create", "key.create", "key.rotate",
                                              "key.revoke", "tenant.suspend", "tenant.resume"));
  const auto rows = audit();
  for (const auto& row : rows) {
    EXPECT_EQ(row.entry.at_us, now_us);
    EXPECT_EQ(row.entry.actor, "key:operator");
    EXPECT_EQ(row.entry.origin, "192.0.2.9");
    EXPECT_EQ(row.entry.request_id, "request-1");
    for (const auto& text : {row.entry.before.value_or(""), row.entry.after.value_or("")}) {
      for (const auto* made : {&old, &next}) {
        EXPECT_EQ(text.find(toHex(made->record.secret_hash)), std::string::npos);
        EXPECT_EQ(text.find(parseApiKey(made->text)->secret), std::string::npos);
      }
    }
  }
  EXPECT_EQ(rows[0].entry.object, "tenant:" + clinic.id);
  EXPECT_FALSE(rows[0].entry.before);
  EXPECT_EQ(rows[2].entry.object, "key:" + old.record.id);
  EXPECT_THAT(*rows[2].entry.after, testing::HasSubstr(next.record.id));
  EXPECT_THAT(*rows[4].entry.before, testing::HasSubstr(R"("status":"active")"));
  EXPECT_THAT(*rows[4].entry.after, testing::HasSubstr(R"("status":"suspended")"));
}

TEST_F(Keys, WhatIsRefusedOrChangesNothingIsInNoAudit) {
  tenant("clinic");
  const auto created = key({"clinic"});
  keys->revokeKey(created.record.id, kOperator);
  const auto before = actions();
  keys->revokeKey(created.record.id, kOperator);
  keys->setTenantStatus("clinic", TenantStatus::Active, kOperator);
  EXPECT_EQ(codeOf([&] { tenant("clinic"); }), "DUPLICATE");
  EXPECT_EQ(codeOf([&] { key({"nobody"}); }), "NOT_FOUND");
  EXPECT_EQ(codeOf([&] { keys->rotateKey(created.record.id, {}, kOperator); }), "KEY_NOT_VALID");
  EXPECT_EQ(actions(), before);
}

// Neither without the other: where the audit cannot be written, nothing happens.
TEST_F(Keys, AChangeThatCannotBeAuditedIsNotMade) {
  tenant("clinic");
  const auto created = key({"clinic"});
  data::run(
      *store,
      "CREATE TRIGGER full BEFORE INSERT ON bulkhead_audit BEGIN SELECT RAISE(ABORT, 'full'); "
      "END");
  EXPECT_NE(codeOf([&] { tenant("other"); }), "none");
  EXPECT_NE(codeOf([&] { key({"clinic"}); }), "none");
  EXPECT_NE(codeOf([&] { keys->revokeKey(created.record.id, kOperator); }), "none");
  EXPECT_NE(codeOf([&] { keys->rotateKey(created.record.id, {}, kOperator); }), "none");
  EXPECT_EQ(keys->listTenants().size(), 1U);
  ASSERT_EQ(keys->listKeys().size(), 1U);
  EXPECT_TRUE(keys->listKeys()[0].isValidAt(now_us));
  EXPECT_TRUE(keys->directory()->findKey(created.record.id)->key.isValidAt(now_us));
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

// Goal: a host that asks each second, since others may change its keys, writes no file each second.
TEST_F(Keys, TheSnapshotIsWrittenWithNewsAndNowAndThen) {
  const auto written = [&] {
    return loadKeySnapshot(folder / "keys.snapshot").value().verified_us;
  };
  tenant("clinic");
  now_us += 60 * kSecondUs;
  ASSERT_TRUE(keys->refresh());
  const std::int64_t first = now_us;
  EXPECT_EQ(written(), first);
  now_us += 5 * kSecondUs;
  ASSERT_TRUE(keys->refresh());
  EXPECT_EQ(written(), first);
  data::run(*store, "UPDATE tenant SET name = 'Another'");
  ASSERT_TRUE(keys->refresh());
  EXPECT_EQ(written(), now_us) << "news";
  now_us += 30 * kSecondUs;
  ASSERT_TRUE(keys->refresh());
  EXPECT_EQ(written(), now_us) << "now and then";
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
