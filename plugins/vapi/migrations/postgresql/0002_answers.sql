-- expand
CREATE TABLE answer (
  key        TEXT    NOT NULL PRIMARY KEY,
  answer     TEXT    NOT NULL,
  created_us BIGINT  NOT NULL
);
CREATE INDEX answer_by_age ON answer (created_us);
