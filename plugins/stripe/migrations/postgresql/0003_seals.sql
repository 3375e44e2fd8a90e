-- expand
CREATE TABLE seal_key (
  id     BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
  secret BYTEA    NOT NULL
);
CREATE INDEX payment_by_session ON payment (session);
-- What is here, and what a version writes that knows of no seals, was made without one.
ALTER TABLE payment ADD COLUMN unsealed BIGINT NOT NULL DEFAULT 1 CHECK (unsealed IN (0, 1));
CREATE TABLE attempt (
  id          TEXT    NOT NULL PRIMARY KEY,
  fingerprint TEXT    NOT NULL,
  form        TEXT    NOT NULL,
  began_us    BIGINT  NOT NULL
);
CREATE INDEX attempt_by_time ON attempt (began_us);
CREATE TABLE refund (
  key      TEXT    NOT NULL PRIMARY KEY,
  id       TEXT    NOT NULL,
  payment  TEXT    NOT NULL,
  status   TEXT    NOT NULL,
  amount   BIGINT  NOT NULL,
  currency TEXT    NOT NULL
);
