-- works with: 10
-- When a run left its queue: with the first event after its creation. The journal knows; nothing else is stored.
-- One row, always; a function of this form becomes part of the query that asks. `created_seq` is where the append that
-- created the run begins: the row with the creation comes there or later, and holds more if the run began at once.
CREATE FUNCTION millrace.run_start(run uuid, created_seq bigint)
  RETURNS TABLE (started_at bigint, open_status text)
  LANGUAGE sql STABLE
  AS $$
    SELECT first.at, CASE WHEN first.at IS NULL THEN 'queued' ELSE 'running' END
    FROM (SELECT (SELECT millrace.micros(j.at)
                         + CASE WHEN starts_with(j.events, '[{"kind":"run_created"') THEN coalesce(j.ats[2], 0) ELSE 0 END
                  FROM millrace.journal AS j
                  WHERE j.run = run_start.run AND j.seq >= run_start.created_seq
                        AND (j.n > 1 OR NOT starts_with(j.events, '[{"kind":"run_created"'))
                  ORDER BY j.seq LIMIT 1) AS at) AS first
  $$;
