-- expand
CREATE TABLE seal_key (
  id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  secret BLOB    NOT NULL
);
CREATE INDEX payment_by_session ON payment (session);
