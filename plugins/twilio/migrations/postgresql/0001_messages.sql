-- expand
CREATE TABLE message (
  id           TEXT    NOT NULL PRIMARY KEY,
  tenant       TEXT    NOT NULL,
  reference    TEXT    NOT NULL,
  recipient    TEXT    NOT NULL,
  sender       TEXT    NOT NULL,
  text         TEXT    NOT NULL,
  sid          TEXT    UNIQUE,
  progress     TEXT    NOT NULL CHECK (progress IN ('queued', 'sent', 'delivered', 'undelivered', 'failed')),
  error_code   TEXT,
  segments     BIGINT,
  attempted_us BIGINT,
  created_us   BIGINT  NOT NULL,
  UNIQUE (tenant, reference)
);
CREATE INDEX message_by_recipient ON message (recipient, created_us);
