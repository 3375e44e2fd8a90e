-- expand
CREATE TABLE verification_key (
  id        TEXT    NOT NULL PRIMARY KEY,
  x         BYTEA    NOT NULL,
  y         BYTEA    NOT NULL,
  looked_us BIGINT  NOT NULL
);
