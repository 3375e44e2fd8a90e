-- expand
CREATE TABLE payment (
  id              TEXT    NOT NULL PRIMARY KEY,
  tenant          TEXT    NOT NULL,
  reference       TEXT    NOT NULL,
  fingerprint     TEXT    NOT NULL,
  session         TEXT,
  intent          TEXT,
  status          TEXT    NOT NULL,
  amount          BIGINT  NOT NULL,
  currency        TEXT    NOT NULL,
  amount_refunded BIGINT  NOT NULL DEFAULT 0,
  checkout_url    TEXT,
  created_s       BIGINT  NOT NULL,
  news_s          BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX payment_by_intent ON payment (intent);
