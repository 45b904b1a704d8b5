-- works with: 6
-- How far each follower of the journal has come. A cursor only moves forward.
CREATE TABLE millrace.followers (
  name text COLLATE "C" PRIMARY KEY,
  seq bigint NOT NULL CHECK (seq >= 0)  -- the last event that it has taken
);
