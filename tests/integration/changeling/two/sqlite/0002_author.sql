-- expand
ALTER TABLE note ADD COLUMN author TEXT;
