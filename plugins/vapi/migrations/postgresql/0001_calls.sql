-- expand
CREATE TABLE call (
  id           TEXT    NOT NULL PRIMARY KEY,
  tenant       TEXT    NOT NULL,
  reference    TEXT,
  vapi_id      TEXT    UNIQUE,
  state        TEXT    NOT NULL CHECK (state IN ('scheduled', 'queued', 'ringing', 'in_progress', 'forwarding', 'ended')),
  ended_reason TEXT,
  attempted_us BIGINT,
  created_us   BIGINT  NOT NULL,
  UNIQUE (tenant, reference)
);
