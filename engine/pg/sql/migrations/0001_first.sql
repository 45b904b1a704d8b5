-- The first schema. Three kinds of tables:
--   the journal, which is the truth; projections of it; and streams that the engine does not decide on (logs,
--   predictions, the inbox).
-- What grows with every task is only ever inserted into, so that it leaves nothing dead behind, and an old
-- transaction that pins the horizon costs nothing. What is updated in place (DAGs, deployments, datasets) changes rarely.

CREATE SCHEMA millrace;

CREATE TABLE millrace.migration (
  number int PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- Instants cross the wire as microseconds since 1970: shorter and quicker than text, and free of any time zone.
CREATE FUNCTION millrace.instant(micros bigint) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN timestamptz '1970-01-01 00:00:00+00' + micros * interval '1 microsecond';
CREATE FUNCTION millrace.micros(at timestamptz) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (extract(epoch FROM at) * 1000000)::bigint;

-- ---------------------------------------------------------------------------------------------- who leads

-- One row per shard; an append holds it in share, so that a takeover waits for the append, and the append sees the takeover.
-- When the lease ends stands in a sequence, `lease_<shard>`: it is renewed many times a minute, a sequence is
-- changed in place, and an updated row would leave a dead one each time.
CREATE TABLE millrace.leader (
  shard text COLLATE "C" PRIMARY KEY CHECK (shard ~ '^[a-z0-9_]{1,40}$'),
  epoch bigint NOT NULL,
  owner text NOT NULL,  -- '' after a release
  since timestamptz NOT NULL
);

CREATE FUNCTION millrace.lease_end(shard text) RETURNS bigint
  LANGUAGE sql VOLATILE STRICT
  AS $$ SELECT coalesce(pg_sequence_last_value(to_regclass('millrace.lease_' || shard)), 0) $$;
CREATE FUNCTION millrace.set_lease_end(shard text, micros bigint) RETURNS bigint
  LANGUAGE sql VOLATILE STRICT
  AS $$ SELECT setval(to_regclass('millrace.lease_' || shard), greatest(micros, 1)) $$;
CREATE FUNCTION millrace.make_lease(shard text) RETURNS void
  LANGUAGE plpgsql VOLATILE STRICT
  AS $$ BEGIN EXECUTE format('CREATE SEQUENCE IF NOT EXISTS millrace.%I', 'lease_' || shard); END $$;

CREATE SEQUENCE millrace.lease_main;

-- ---------------------------------------------------------------------------------------------- the journal

-- A row holds the events that one append brought for one run (or for none), as a JSON array. An append of many
-- interleaved runs makes one row each; `seqs` then tells the place of every event.
CREATE TABLE millrace.journal (
  seq bigint PRIMARY KEY,       -- of its first event
  batch bigint NOT NULL,        -- first seq of the append
  batch_events int NOT NULL,    -- of the whole append
  epoch bigint NOT NULL,
  run uuid,
  n int NOT NULL,
  at timestamptz NOT NULL,      -- of its first event
  seqs int[],                   -- offsets from seq; null: no gaps
  ats bigint[],                 -- microseconds after `at`; null: all at once
  events text NOT NULL          -- text, since checking it again as json would cost more than storing it
) WITH (toast_tuple_target = 8160);
ALTER TABLE millrace.journal ALTER COLUMN events SET STORAGE MAIN;
CREATE INDEX journal_run ON millrace.journal (run, seq) WHERE run IS NOT NULL;

-- ---------------------------------------------------------------------------------------------- projections: DAGs

CREATE TABLE millrace.dag (
  dag text COLLATE "C" PRIMARY KEY,
  namespace text NOT NULL,
  version text NOT NULL,
  source text NOT NULL,
  base_dir text NOT NULL,
  paused boolean NOT NULL DEFAULT false,
  registered_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE TABLE millrace.dag_version (
  dag text COLLATE "C",
  version text COLLATE "C",
  spec json NOT NULL,
  PRIMARY KEY (dag, version)
);
CREATE TABLE millrace.dag_file_error (
  source text COLLATE "C" PRIMARY KEY,
  diagnostics json NOT NULL,
  at timestamptz NOT NULL
);

-- ---------------------------------------------------------------------------------------------- projections: runs

CREATE TABLE millrace.run (
  run uuid PRIMARY KEY,
  dag text COLLATE "C" NOT NULL,
  namespace text NOT NULL,
  version text NOT NULL,
  type text NOT NULL CHECK (type IN ('manual', 'scheduled', 'backfill', 'dataset', 'event')),
  logical_date timestamptz,
  interval_start timestamptz,
  interval_end timestamptz,
  params json NOT NULL,
  trigger json,
  trace_id text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL,
  created_seq bigint NOT NULL  -- first seq of the append that brought it
);
CREATE INDEX run_of_dag ON millrace.run (dag, run);
CREATE INDEX run_created ON millrace.run (created_seq);
CREATE UNIQUE INDEX run_scheduled ON millrace.run (dag, logical_date) WHERE type = 'scheduled';

-- A second table, since updating the first would leave a dead row for every run.
CREATE TABLE millrace.run_end (
  run uuid PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('success', 'failed', 'cancelled')),
  finished_at timestamptz NOT NULL
);
CREATE INDEX run_end_bad ON millrace.run_end (status, run) WHERE status <> 'success';

-- A run that began anew after its end; it loses its row in run_end.
CREATE TABLE millrace.run_reopened (
  seq bigint,
  run uuid,
  PRIMARY KEY (seq, run)
);

-- The runs that were open when the journal ended at `seq`. A start then looks at these and at what came later, and not
-- at all of history.
CREATE TABLE millrace.open_runs_mark (
  seq bigint PRIMARY KEY,
  runs uuid[] NOT NULL
);

CREATE VIEW millrace.run_state AS
  SELECT r.*, coalesce(e.status, 'running') AS status, e.finished_at
  FROM millrace.run r LEFT JOIN millrace.run_end e USING (run);

-- Task instances that have ended; open ones are known from the journal.
CREATE TABLE millrace.task_instance (
  run uuid,
  task text COLLATE "C",
  map_index int,
  state text NOT NULL CHECK (state IN ('success', 'failed', 'skipped', 'upstream_failed', 'cancelled')),
  attempt int NOT NULL,
  started_at timestamptz,
  ended_at timestamptz NOT NULL,
  error text,
  PRIMARY KEY (run, task, map_index)
);

-- ---------------------------------------------------------------------------------------------- the inbox

CREATE TABLE millrace.command (
  command uuid PRIMARY KEY,
  pos bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind text NOT NULL,
  body json NOT NULL,
  idempotency_key text COLLATE "C",
  namespace text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX command_idempotency ON millrace.command (namespace, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE TABLE millrace.command_result (
  command uuid PRIMARY KEY,
  ok boolean NOT NULL,
  result json,
  at timestamptz NOT NULL
);
-- All commands up to `pos` are handled.
CREATE TABLE millrace.inbox_mark (
  pos bigint PRIMARY KEY
);

-- ---------------------------------------------------------------------------------------------- effects

-- Here and below a run of zeros stands for "no run": asked for from outside.
CREATE TABLE millrace.artifact (
  pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  bytes bigint NOT NULL,
  rows bigint NOT NULL,
  schema json,
  inputs text[] NOT NULL,
  run uuid NOT NULL,
  task text COLLATE "C" NOT NULL,
  map_index int NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (run, task, map_index, name, digest)
);
CREATE INDEX artifact_digest ON millrace.artifact (digest, pos);

CREATE TABLE millrace.model_version (
  model text COLLATE "C",
  version int CHECK (version > 0),
  artifact text COLLATE "C" NOT NULL,
  algorithm text NOT NULL,
  manifest text NOT NULL,
  metrics json,
  params json,
  run uuid NOT NULL,
  task text COLLATE "C" NOT NULL,
  map_index int NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (model, version),
  UNIQUE (model, run, task, map_index, artifact)
);

CREATE TABLE millrace.evaluation (
  pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model text COLLATE "C" NOT NULL,
  champion text NOT NULL,
  challenger text NOT NULL,
  decision text NOT NULL,
  report json,
  run uuid NOT NULL,
  task text NOT NULL,
  map_index int NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX evaluation_model ON millrace.evaluation (model, pos);

CREATE TABLE millrace.dataset (
  dataset text COLLATE "C" PRIMARY KEY,
  artifact text NOT NULL,
  rows bigint NOT NULL,
  run uuid NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE millrace.alert (
  pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL,
  severity text NOT NULL,
  title text NOT NULL,
  text text NOT NULL,
  owner text NOT NULL,
  run uuid NOT NULL,
  task text NOT NULL,
  at timestamptz NOT NULL
);

CREATE TABLE millrace.deployment (
  model text COLLATE "C" PRIMARY KEY,
  namespace text NOT NULL,
  champion text NOT NULL,
  candidate text NOT NULL,
  weight float8 NOT NULL CHECK (weight BETWEEN 0 AND 100),
  last_good text NOT NULL,
  revision bigint NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE TABLE millrace.deployment_event (
  model text COLLATE "C",
  revision bigint,
  action text NOT NULL CHECK (action IN ('canary', 'promote', 'rollback')),
  artifact text NOT NULL,
  weight float8 NOT NULL,
  reason text NOT NULL,
  evidence json,
  run uuid NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (model, revision)
);

-- ---------------------------------------------------------------------------------------------- streams

CREATE TABLE millrace.log_chunk (
  run uuid,
  task text COLLATE "C",
  map_index int,
  attempt int,
  first_byte bigint,
  text bytea NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (run, task, map_index, attempt, first_byte)
);

CREATE TABLE millrace.prediction_batch (
  batch uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE millrace.prediction (
  pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch uuid NOT NULL,
  id text NOT NULL,
  model text COLLATE "C" NOT NULL,
  artifact text NOT NULL,
  entity text NOT NULL,
  features json,
  output json,
  latency_us bigint NOT NULL,
  trace_id text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX prediction_model ON millrace.prediction (model, pos);
CREATE TABLE millrace.serving_window (
  pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model text COLLATE "C" NOT NULL,
  artifact text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  start timestamptz NOT NULL,
  requests bigint NOT NULL,
  errors bigint NOT NULL,
  latency_buckets bigint[] NOT NULL,
  latency_sum_us float8 NOT NULL,
  outcomes bigint NOT NULL,
  business_sum float8 NOT NULL,
  business_sum_squares float8 NOT NULL,
  tripped boolean NOT NULL
);
CREATE INDEX serving_window_model ON millrace.serving_window (model, start);
