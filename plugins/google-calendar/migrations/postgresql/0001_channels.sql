-- expand
CREATE TABLE channel (
  id          TEXT    NOT NULL PRIMARY KEY,
  tenant      TEXT    NOT NULL,
  calendar    TEXT    NOT NULL,
  token_hash  TEXT    NOT NULL,
  resource_id TEXT,
  expires_us  BIGINT,
  created_us  BIGINT  NOT NULL
);
CREATE INDEX channel_by_calendar ON channel (tenant, calendar);
