#include "security/key_snapshot.hpp"

#include <Poco/Logger.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

Poco::Logger& logger() {
  return Poco::Logger::get("security");
}

json optional(const std::optional<std::int64_t>& value) {
  return value ? json(*value) : json(nullptr);
}

std::optional<std::int64_t> optionalFrom(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<std::int64_t>();
}

json toJson(const Tenant& tenant) {
  return {{"id", tenant.id},
          {"slug", tenant.slug},
          {"name", tenant.name},
          {"time_zone", tenant.time_zone},
          {"active", tenant.status == TenantStatus::Active},
          {"created_us", tenant.created_us}};
}

json toJson(const ApiKeyRecord& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"secret_hash", toHex(key.secret_hash)},
          {"scopes", key.scopes},
          {"tenants", key.tenants},
          {"requests_per_minute", optional(key.requests_per_minute)},
          {"requests_per_hour", optional(key.requests_per_hour)},
          {"created_us", key.created_us},
          {"expires_us", optional(key.expires_us)},
          {"last_used_us", optional(key.last_used_us)},
          {"revoked_us", optional(key.revoked_us)},
          {"rotated_from", key.rotated_from}};
}

Tenant tenantFrom(const json& object) {
  return {object.at("id"),
          object.at("slug"),
          object.at("name"),
          object.at("time_zone"),
          object.at("active").get<bool>() ? TenantStatus::Active : TenantStatus::Suspended,
          object.at("created_us")};
}

ApiKeyRecord keyFrom(const json& object) {
  ApiKeyRecord key;
  key.id = object.at("id");
  key.name = object.at("name");
  key.secret_hash = hashFromHex(object.at("secret_hash").get<std::string>()).value();
  key.scopes = object.at("scopes").get<std::vector<std::string>>();
  key.tenants = object.at("tenants").get<std::vector<std::string>>();
  key.requests_per_minute = optionalFrom(object.at("requests_per_minute"));
  key.requests_per_hour = optionalFrom(object.at("requests_per_hour"));
  key.created_us = object.at("created_us");
  key.expires_us = optionalFrom(object.at("expires_us"));
  key.last_used_us = optionalFrom(object.at("last_used_us"));
  key.revoked_us = optionalFrom(object.at("revoked_us"));
  key.rotated_from = object.value("rotated_from", "");
  return key;
}

bool writeDurably(const std::string& path, const std::string& text) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(file) == 0;
  return ::close(file) == 0 && synced;
}

bool isPrivate(const std::filesystem::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return S_ISREG(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 077U) == 0;
}

}  // namespace

bool saveKeySnapshot(const std::filesystem::path& path, const KeySnapshot& snapshot) {
  json document{{"version", kVersion},
                {"verified_us", snapshot.verified_us},
                {"tenants", json::array()},
                {"keys", json::array()}};
  for (const Tenant& tenant : snapshot.tenants) document["tenants"].push_back(toJson(tenant));
  for (const ApiKeyRecord& key : snapshot.keys) document["keys"].push_back(toJson(key));

  // during a takeover two hosts write it
  const std::string draft = fmt::format("{}.{}.new", path.string(), ::getpid());
  if (writeDurably(draft, document.dump()) && ::rename(draft.c_str(), path.c_str()) == 0) {
    return true;
  }
  logger().error(fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
  return false;
}

std::optional<KeySnapshot> loadKeySnapshot(const std::filesystem::path& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  if (!isPrivate(path)) {
    logger().error(fmt::format("{} is ignored: others than its owner may touch it", path.string()));
    return std::nullopt;
  }
  try {
    const json document = json::parse(file);
    if (document.at("version") != kVersion) return std::nullopt;
    KeySnapshot snapshot;
    snapshot.verified_us = document.at("verified_us");
    for (const json& tenant : document.at("tenants"))
      snapshot.tenants.push_back(tenantFrom(tenant));
    for (const json& key : document.at("keys")) snapshot.keys.push_back(keyFrom(key));
    return snapshot;
  } catch (const std::exception& exception) {
    logger().error(fmt::format("{} is ignored: {}", path.string(), exception.what()));
    return std::nullopt;
  }
}

}  // namespace bulkhead::host
