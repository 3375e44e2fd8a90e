-- expand
CREATE TABLE verification_key (
  id        TEXT    NOT NULL PRIMARY KEY,
  x         BLOB    NOT NULL,
  y         BLOB    NOT NULL,
  looked_us INTEGER NOT NULL
);
