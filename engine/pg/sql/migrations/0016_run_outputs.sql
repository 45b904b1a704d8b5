-- works with: 10
-- What a run leaves at its end, and why it failed although its tasks did not. A run that a task of another run starts has
-- the type child.
ALTER TABLE millrace.run_end
  ADD COLUMN outputs json,
  ADD COLUMN error text;
ALTER TABLE millrace.run DROP CONSTRAINT run_type_check;
ALTER TABLE millrace.run ADD CONSTRAINT run_type_check
  CHECK (type IN ('manual', 'scheduled', 'backfill', 'dataset', 'event', 'child'));
