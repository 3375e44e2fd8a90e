#include "security/key_snapshot.hpp"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host {
namespace {

KeySnapshot example() {
  ApiKeyRecord key;
  key.id = "abcdefghijkl";
  key.name = "desk";
  key.secret_hash = hashSecret("secret");
  key.scopes = {"booking:read", "booking:write"};
  key.tenants = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  key.requests_per_minute = 60;
  key.created_us = 5;
  key.revoked_us = 9;
  return {77,
          {{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "clinic", "Clinic", "UTC", TenantStatus::Suspended, 3}},
          {key}};
}

class SnapshotFile : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  const std::filesystem::path path = folder / "keys.snapshot";
};

TEST_F(SnapshotFile, ComesBackAsItWas) {
  ASSERT_TRUE(saveKeySnapshot(path, example()));
  const auto loaded = loadKeySnapshot(path);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->verified_us, 77);
  EXPECT_EQ(loaded->tenants.at(0).slug, "clinic");
  EXPECT_EQ(loaded->tenants.at(0).status, TenantStatus::Suspended);
  const ApiKeyRecord& key = loaded->keys.at(0);
  EXPECT_EQ(key.secret_hash, example().keys[0].secret_hash);
  EXPECT_EQ(key.scopes, example().keys[0].scopes);
  EXPECT_EQ(key.tenants, example().keys[0].tenants);
  EXPECT_EQ(key.requests_per_minute, 60);
  EXPECT_EQ(key.requests_per_hour, std::nullopt);
  EXPECT_EQ(key.revoked_us, 9);
}

TEST_F(SnapshotFile, IsForItsOwnerOnlyAndIgnoredWhenItIsNot) {
  ASSERT_TRUE(saveKeySnapshot(path, example()));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ::chmod(path.c_str(), 0640);
  EXPECT_FALSE(loadKeySnapshot(path));
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(loadKeySnapshot(path));
}

TEST_F(SnapshotFile, DamageIsNoSnapshot) {
  EXPECT_FALSE(loadKeySnapshot(path));
  ASSERT_TRUE(saveKeySnapshot(path, example()));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_FALSE(loadKeySnapshot(path));
}

TEST_F(SnapshotFile, AFailedSaveLeavesTheOldOne) {
  ASSERT_TRUE(saveKeySnapshot(path, example()));
  std::filesystem::create_directory(fmt::format("{}.{}.new", path.string(), ::getpid()));
  EXPECT_FALSE(saveKeySnapshot(path, {}));
  EXPECT_EQ(loadKeySnapshot(path)->keys.size(), 1U);
}

}  // namespace
}  // namespace bulkhead::host
