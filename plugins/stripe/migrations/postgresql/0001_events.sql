CREATE TABLE event (
  id          TEXT    NOT NULL PRIMARY KEY,
  type        TEXT    NOT NULL,
  object_id   TEXT,
  livemode    BIGINT  NOT NULL CHECK (livemode IN (0, 1)),
  api_version TEXT,
  created_s   BIGINT  NOT NULL,
  received_us BIGINT  NOT NULL,
  payload     TEXT    NOT NULL
);
CREATE INDEX event_by_receipt ON event (received_us, id);
CREATE INDEX event_by_object ON event (type, object_id, created_s);
