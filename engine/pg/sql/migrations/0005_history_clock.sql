-- works with: 2
-- How far the server's clock can be trusted to tell that time has passed: history is dropped by nothing less.

CREATE TABLE millrace.history_clock (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seen timestamptz NOT NULL,   -- the server's clock when an engine last compared it
  agreed bigint NOT NULL,      -- microseconds for which it has gone as steady time did since it was last found set
  since_drop bigint NOT NULL   -- microseconds of the same kind since the last period was dropped
);
-- A database without history has nothing to lose; any other waits a day.
INSERT INTO millrace.history_clock (seen, agreed, since_drop)
SELECT now(), CASE WHEN EXISTS (SELECT FROM millrace.journal) THEN 0 ELSE 86400000000 END, 86400000000 * 365;

-- The first period of a new database held two days more, since migration 0002 cannot know the retention. Now it ends
-- with the hour, and the engine makes the others as wide as the retention wants.
DO $$
DECLARE
  t record;
  new_end timestamptz := date_trunc('hour', now(), 'UTC') + interval '1 hour';
BEGIN
  IF EXISTS (SELECT FROM millrace.journal) OR EXISTS (SELECT FROM millrace.command)
     OR EXISTS (SELECT FROM millrace.prediction_batch) OR (SELECT count(*) FROM millrace.period) <> 1 THEN
    RETURN;
  END IF;
  UPDATE millrace.period SET ends = new_end;
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    EXECUTE format('ALTER TABLE millrace.%I DETACH PARTITION millrace.%I', t.name, t.name || '_1');
    EXECUTE format('ALTER TABLE millrace.%I ATTACH PARTITION millrace.%I FOR VALUES FROM (MINVALUE) TO (%s)',
                   t.name, t.name || '_1', millrace.period_bound(new_end, t.by_id));
  END LOOP;
END $$;
