#include "security/schema.hpp"

namespace bulkhead::host {

const std::vector<data::Migration>& hostMigrations() {
  static const std::vector<data::Migration> kMigrations{{1, "tenants_and_keys", R"sql(
CREATE TABLE tenant (
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  created_us BIGINT NOT NULL
);
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL CHECK (length(secret_hash) = 64),
  requests_per_minute BIGINT CHECK (requests_per_minute > 0),
  requests_per_hour BIGINT CHECK (requests_per_hour > 0),
  created_us BIGINT NOT NULL,
  expires_us BIGINT,
  last_used_us BIGINT,
  revoked_us BIGINT
);
CREATE TABLE api_key_scope (
  api_key TEXT NOT NULL REFERENCES api_key (id),
  scope TEXT NOT NULL,
  PRIMARY KEY (api_key, scope)
);
CREATE TABLE api_key_tenant (
  api_key TEXT NOT NULL REFERENCES api_key (id),
  tenant TEXT NOT NULL REFERENCES tenant (id),
  PRIMARY KEY (api_key, tenant)
);
)sql"},
                                                        {2, "key_rotation", R"sql(
ALTER TABLE api_key ADD COLUMN rotated_from TEXT REFERENCES api_key (id);
CREATE INDEX api_key_rotated_from ON api_key (rotated_from);
)sql"}};
  return kMigrations;
}

}  // namespace bulkhead::host
