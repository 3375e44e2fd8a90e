-- expand
CREATE TABLE reply (
  sid        TEXT    NOT NULL PRIMARY KEY,
  document   TEXT    NOT NULL,
  created_us BIGINT  NOT NULL
);
CREATE INDEX reply_by_age ON reply (created_us);
