CREATE TABLE connection (
  id         TEXT    NOT NULL PRIMARY KEY,
  tenant     TEXT    NOT NULL,
  token      TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('active', 'needs_attention', 'revoked')),
  reason     TEXT,
  news_s     BIGINT  NOT NULL DEFAULT 0,
  created_us BIGINT  NOT NULL
);
CREATE INDEX connection_by_tenant ON connection (tenant, created_us, id);
