-- works with: 6
-- What a DAG is besides its text: retired, if no file declares it any more; out of order, if the program cannot compile
-- it; and where its schedule goes on after it was changed, unpaused or reset.
ALTER TABLE millrace.dag
  ADD COLUMN retired text,              -- why; null: it is in force
  ADD COLUMN out_of_order text,         -- why; null: it is not
  ADD COLUMN schedule_from timestamptz, -- only later logical dates count
  ADD COLUMN schedule_all_until timestamptz;  -- every missed date up to here is made up
