-- works with: 17
-- Runs of a DAG for many logical dates, as one object. (An older engine would not create the runs of an open backfill, so it
-- may not run on this.)
CREATE TABLE millrace.backfill (
  backfill uuid PRIMARY KEY,
  dag text COLLATE "C" NOT NULL,
  namespace text COLLATE "C" NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'paused', 'cancelling', 'completed', 'cancelled')),
  date_order text NOT NULL CHECK (date_order IN ('oldest_first', 'newest_first')),
  max_active_runs int NOT NULL CHECK (max_active_runs > 0),
  reprocess text NOT NULL CHECK (reprocess IN ('missing', 'failed', 'all')),
  params json NOT NULL,
  first_date timestamptz NOT NULL,
  last_date timestamptz NOT NULL,
  skipped bigint NOT NULL,
  actor text NOT NULL,
  on_behalf_of text NOT NULL,
  reason text NOT NULL,
  pause_reason text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX backfill_of_dag ON millrace.backfill (namespace, dag, backfill);
CREATE INDEX backfill_open ON millrace.backfill (backfill) WHERE ended_at IS NULL;

CREATE TABLE millrace.backfill_date (
  backfill uuid NOT NULL REFERENCES millrace.backfill ON DELETE CASCADE,
  position int NOT NULL,
  logical_date timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'success', 'failed', 'cancelled')),
  run uuid,
  PRIMARY KEY (backfill, position),
  UNIQUE (backfill, logical_date)
);
CREATE INDEX backfill_date_run ON millrace.backfill_date (run) WHERE run IS NOT NULL;

ALTER TABLE millrace.run ADD COLUMN backfill uuid;
-- The newest run of a date.
CREATE INDEX run_of_date ON millrace.run (namespace, dag, logical_date, run) WHERE logical_date IS NOT NULL;
