-- works with: 2
-- History that can be forgotten. What grows with every run, task, log line, command and prediction is cut into
-- partitions by time, one set of them a period; a period that nobody needs any more is dropped as files, and not
-- deleted row by row. (An engine of version 1 finds runs by an index that is gone, so it may not run on this.)
--
-- * Runs, and what hangs on a run or a command, are cut by its id: a UUIDv7 begins with its time, so that the primary
--   keys stay as they are and a look-up by id touches one partition.
-- * The journal is cut by the time of its rows. Cut by `seq`, a boundary would have to be foreseen in events, which a
--   quiet year never reaches and a busy hour overruns. That a `seq` stands only once is checked in each partition;
--   across them the fence and the check of the journal's end see to it, as they always did.
-- * Each table has a partition `_rest` for what no period covers: strays of a clock that jumped, and whatever must
--   outlive its period (open runs; artifacts that a model, a deployment or a dataset names).
--
-- Not cut: what is rare and must stay. DAGs and their versions, model versions, evaluations, datasets, deployments; and
-- the marks, which hold one row each.

-- The oldest schema version whose program may run on this one; null: none but its own.
ALTER TABLE millrace.migration ADD COLUMN works_with int;

-- ---------------------------------------------------------------------------------------------- unique for long

-- A unique index cannot span partitions unless it has their key. These two promises last longer than a period, and so
-- stand in small tables of their own.

-- One run for each logical date of a schedule. The newest of a DAG tells where the schedule goes on, and always stays.
CREATE TABLE millrace.scheduled_run (
  dag text COLLATE "C",
  logical_date timestamptz,
  run uuid NOT NULL,
  PRIMARY KEY (dag, logical_date)
);
INSERT INTO millrace.scheduled_run (dag, logical_date, run)
SELECT dag, logical_date, run FROM millrace.run WHERE type = 'scheduled' AND logical_date IS NOT NULL;

-- A key whose command has been forgotten may be used again.
CREATE TABLE millrace.command_key (
  namespace text COLLATE "C",
  idempotency_key text COLLATE "C",
  command uuid NOT NULL,
  PRIMARY KEY (namespace, idempotency_key)
);
INSERT INTO millrace.command_key (namespace, idempotency_key, command)
SELECT namespace, idempotency_key, command FROM millrace.command WHERE idempotency_key IS NOT NULL;

DROP INDEX millrace.run_scheduled;
DROP INDEX millrace.command_idempotency;

-- ---------------------------------------------------------------------------------------------- ends

-- Which of a DAG's runs went wrong is asked often; without its DAG beside the status, the answer is a walk through all
-- that went well.
ALTER TABLE millrace.run_end ADD COLUMN dag text COLLATE "C";
UPDATE millrace.run_end AS e SET dag = r.dag FROM millrace.run AS r WHERE r.run = e.run;
ALTER TABLE millrace.run_end ALTER COLUMN dag SET NOT NULL;

-- ---------------------------------------------------------------------------------------------- periods

-- Periods follow each other without a gap. Which have been dropped stays on record.
CREATE TABLE millrace.period (
  number int PRIMARY KEY,
  starts timestamptz NOT NULL,  -- '-infinity' of the first
  ends timestamptz NOT NULL,    -- exclusive
  dropped_at timestamptz,
  last_seq bigint               -- of a dropped one: the journal is whole only after this
);

-- The least UUIDv7 of that instant.
CREATE FUNCTION millrace.first_id(at timestamptz) RETURNS uuid
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- The tables that are cut, in the order in which an append locks them, so that the two wait and do not deadlock.
-- `keep` tells which rows outlive their period: $1 are the runs that do, $2 the artifacts that are named.
CREATE FUNCTION millrace.history_table()
  RETURNS TABLE (name text, key text, by_id boolean, keep text)
  LANGUAGE sql IMMUTABLE
  AS $$ VALUES
    ('journal', 'at', false, 'run = ANY ($1)'),
    ('run', 'run', true, 'run = ANY ($1)'),
    ('run_end', 'run', true, 'run = ANY ($1)'),
    ('task_instance', 'run', true, 'run = ANY ($1)'),
    ('command', 'command', true,
     'NOT EXISTS (SELECT FROM millrace.command_result AS r WHERE r.command = t.command)'),
    ('command_result', 'command', true, 'false'),
    ('artifact', 'run', true, 'run = ANY ($1) OR digest = ANY ($2)'),
    ('alert', 'run', true, 'run = ANY ($1)'),
    ('log_chunk', 'run', true, 'run = ANY ($1)'),
    ('prediction_batch', 'batch', true, 'false'),
    ('prediction', 'at', false, 'false'),
    ('serving_window', 'start', false, 'false') $$;

-- The digests that something refers to which stays.
CREATE FUNCTION millrace.named_artifacts() RETURNS text[]
  LANGUAGE sql STABLE
  AS $$ SELECT array(SELECT artifact FROM millrace.model_version
                     UNION SELECT manifest FROM millrace.model_version
                     UNION SELECT artifact FROM millrace.dataset
                     UNION SELECT unnest(ARRAY[champion, candidate, last_good]) FROM millrace.deployment
                     UNION SELECT artifact FROM millrace.deployment_event) $$;

-- Bounds of a period as `FOR VALUES` wants them.
CREATE FUNCTION millrace.period_bound(at timestamptz, by_id boolean) RETURNS text
  LANGUAGE sql STABLE STRICT
  RETURN CASE WHEN at = '-infinity' THEN 'MINVALUE'
              WHEN by_id THEN quote_literal(millrace.first_id(at))
              ELSE quote_literal(at) END;

-- A table like the partition `_rest`, ready to be attached.
CREATE FUNCTION millrace.make_partition(name text, number int) RETURNS void
  LANGUAGE plpgsql
  AS $$
DECLARE
  leaf text := format('millrace.%I', name || '_' || number);
  rest text := format('millrace.%I', name || '_rest');
  options text := (SELECT string_agg(o, ', ') FROM pg_class, unnest(reloptions) AS o WHERE oid = rest::regclass);
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', leaf, rest);
  IF options IS NOT NULL THEN EXECUTE format('ALTER TABLE %s SET (%s)', leaf, options); END IF;
END $$;

-- Puts it under the parent, with what has strayed into `_rest` meanwhile.
CREATE FUNCTION millrace.attach_partition(name text, key text, by_id boolean, number int,
                                          starts timestamptz, ends timestamptz) RETURNS void
  LANGUAGE plpgsql
  AS $$
DECLARE
  leaf text := format('millrace.%I', name || '_' || number);
  rest text := format('millrace.%I', name || '_rest');
  low text := millrace.period_bound(starts, by_id);
  high text := millrace.period_bound(ends, by_id);
BEGIN
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
  EXECUTE format('WITH gone AS (DELETE FROM %s WHERE %I >= %s AND %2$I < %4$s RETURNING *)'
                 ' INSERT INTO %s SELECT * FROM gone', rest, key, low, high, leaf);
  EXECUTE format('ALTER TABLE millrace.%I ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)', name, leaf, low, high);
END $$;

-- Adds the period that follows number `last`, unless somebody has done so. Nobody waits while its tables are made, only
-- for the moment in which they are attached.
CREATE FUNCTION millrace.add_period(last int, ends timestamptz) RETURNS void
  LANGUAGE plpgsql
  AS $$
DECLARE
  before millrace.period := (SELECT p FROM millrace.period AS p ORDER BY p.number DESC LIMIT 1);
BEGIN
  IF before.number <> last THEN RETURN; END IF;
  INSERT INTO millrace.period (number, starts, ends) VALUES (last + 1, before.ends, add_period.ends);
  PERFORM millrace.make_partition(t.name, last + 1) FROM millrace.history_table() AS t;
  PERFORM millrace.attach_partition(t.name, t.key, t.by_id, last + 1, before.ends, add_period.ends)
  FROM millrace.history_table() AS t;
END $$;

-- The end of the journal, wherever it is: its last row may have been dropped.
CREATE FUNCTION millrace.journal_end() RETURNS bigint
  LANGUAGE sql VOLATILE
  AS $$ SELECT greatest((SELECT batch + batch_events - 1 FROM millrace.journal ORDER BY seq DESC LIMIT 1),
                        (SELECT max(last_seq) FROM millrace.period), 0) $$;

-- Drops the period but for what must stay: runs that are open or ended at `cut` or later, what `keep` says above.
-- In one transaction, so that a crash leaves all of it or nothing; the locks are held for the time that it takes to
-- move what stays.
CREATE FUNCTION millrace.drop_period(number int, cut timestamptz) RETURNS void
  LANGUAGE plpgsql
  AS $$
DECLARE
  t record;
  kept uuid[];
  named text[];
  seen bigint := millrace.journal_end();
  dropped_seq bigint;
  leaf text;
BEGIN
  IF NOT EXISTS (SELECT FROM millrace.period AS p WHERE p.number = drop_period.number AND dropped_at IS NULL) THEN
    RETURN;
  END IF;
  -- The look at all runs of the period comes first, without a lock that anybody waits for.
  EXECUTE format('SELECT array_agg(run) FROM (SELECT run FROM %s UNION ALL SELECT run FROM millrace.run_rest) AS r'
                 ' WHERE NOT EXISTS (SELECT FROM millrace.run_end AS e WHERE e.run = r.run AND e.finished_at < $1)',
                 format('millrace.run_%s', number)) INTO kept USING cut;
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    EXECUTE format('LOCK TABLE ONLY millrace.%I IN ACCESS EXCLUSIVE MODE', t.name);
  END LOOP;
  -- What was opened again since that look stands here, or in the mark that has been made of it.
  kept := coalesce(kept, '{}') || array(SELECT run FROM millrace.run_reopened WHERE seq > seen)
          || array(SELECT m.run FROM (SELECT unnest(runs) AS run FROM millrace.open_runs_mark) AS m
                   JOIN millrace.run USING (run)
                   WHERE NOT EXISTS (SELECT FROM millrace.run_end AS e WHERE e.run = m.run AND e.finished_at < cut));
  named := millrace.named_artifacts();
  EXECUTE format('SELECT batch + batch_events - 1 FROM millrace.journal_%s ORDER BY seq DESC LIMIT 1', number)
    INTO dropped_seq;
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    leaf := format('millrace.%I', t.name || '_' || number);
    EXECUTE format('ALTER TABLE millrace.%I DETACH PARTITION %s', t.name, leaf);
    EXECUTE format('INSERT INTO millrace.%I SELECT * FROM %s AS t WHERE %s', t.name || '_rest', leaf, t.keep)
      USING kept, named;
  END LOOP;
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    EXECUTE format('DROP TABLE millrace.%I', t.name || '_' || number);
  END LOOP;
  UPDATE millrace.period AS p
  SET dropped_at = clock_timestamp(), last_seq = coalesce(dropped_seq, 0) WHERE p.number = drop_period.number;
END $$;

-- ---------------------------------------------------------------------------------------------- the tables as they were

-- They become the first period as they are, without a copy of any row: it holds everything until two days from now.
INSERT INTO millrace.period (number, starts, ends)
VALUES (1, '-infinity', date_trunc('day', now(), 'UTC') + interval '2 days');

DROP VIEW millrace.run_state;

DO $$
DECLARE
  t record;
  i record;
  last_pos bigint;
  period millrace.period := (SELECT p FROM millrace.period AS p);
BEGIN
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    FOR i IN SELECT indexrelid::regclass::text AS old, c.relname FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid
             WHERE indrelid = format('millrace.%I', t.name)::regclass LOOP
      EXECUTE format('ALTER INDEX %s RENAME TO %I', i.old, replace(i.relname, t.name, t.name || '_1'));
    END LOOP;
    EXECUTE format('ALTER TABLE millrace.%I RENAME TO %I', t.name, t.name || '_1');
    EXECUTE format('CREATE TABLE millrace.%I (LIKE millrace.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
                   ' INCLUDING STORAGE) PARTITION BY RANGE (%I)', t.name, t.name || '_1', t.key);
    -- Places are given by the parent, and go on from where they are.
    IF EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = format('millrace.%I', t.name || '_1')::regclass AND attidentity <> '') THEN
      EXECUTE format('SELECT coalesce(max(pos), 0) FROM millrace.%I', t.name || '_1') INTO last_pos;
      EXECUTE format('ALTER TABLE millrace.%I ALTER COLUMN pos DROP IDENTITY', t.name || '_1');
      EXECUTE format('ALTER TABLE millrace.%I ALTER COLUMN pos ADD GENERATED ALWAYS AS IDENTITY (START WITH %s)',
                     t.name, last_pos + 1);
    END IF;
    EXECUTE format('CREATE TABLE millrace.%I PARTITION OF millrace.%I DEFAULT', t.name || '_rest', t.name);
  END LOOP;
END $$;

-- The order of a column `pos` needs no unique index where nothing is found by it alone.
ALTER TABLE millrace.artifact_1 DROP CONSTRAINT artifact_1_pkey;
ALTER TABLE millrace.prediction_1 DROP CONSTRAINT prediction_1_pkey;
ALTER TABLE millrace.serving_window_1 DROP CONSTRAINT serving_window_1_pkey;
ALTER TABLE millrace.alert_1 DROP CONSTRAINT alert_1_pkey;
ALTER TABLE millrace.command_1 DROP CONSTRAINT command_1_pos_key;

ALTER TABLE millrace.journal_rest ADD PRIMARY KEY (seq);
ALTER TABLE millrace.journal_rest SET (toast_tuple_target = 8160);
CREATE INDEX journal_run ON millrace.journal (run, seq) WHERE run IS NOT NULL;

ALTER TABLE millrace.run ADD PRIMARY KEY (run);
CREATE INDEX run_of_dag ON millrace.run (dag, run);
CREATE INDEX run_created ON millrace.run (created_seq);

ALTER TABLE millrace.run_end ADD PRIMARY KEY (run);
CREATE INDEX run_end_bad ON millrace.run_end (status, run) WHERE status <> 'success';
CREATE INDEX run_end_bad_of_dag ON millrace.run_end (dag, status, run) WHERE status <> 'success';

ALTER TABLE millrace.task_instance ADD PRIMARY KEY (run, task, map_index);

ALTER TABLE millrace.command ADD PRIMARY KEY (command);
CREATE INDEX command_pos ON millrace.command (pos);
ALTER TABLE millrace.command_result ADD PRIMARY KEY (command);

ALTER TABLE millrace.artifact ADD UNIQUE (run, task, map_index, name, digest);
CREATE INDEX artifact_digest ON millrace.artifact (digest, pos);
CREATE INDEX alert_pos ON millrace.alert (pos);

ALTER TABLE millrace.log_chunk ADD PRIMARY KEY (run, task, map_index, attempt, first_byte);

ALTER TABLE millrace.prediction_batch ADD PRIMARY KEY (batch);
CREATE INDEX prediction_model ON millrace.prediction (model, pos);
CREATE INDEX serving_window_model ON millrace.serving_window (model, start);

DO $$
DECLARE
  t record;
  period millrace.period := (SELECT p FROM millrace.period AS p);
BEGIN
  FOR t IN SELECT * FROM millrace.history_table() LOOP
    EXECUTE format('ALTER TABLE millrace.%I ATTACH PARTITION millrace.%I FOR VALUES FROM (MINVALUE) TO (%s)',
                   t.name, t.name || '_1', millrace.period_bound(period.ends, t.by_id));
  END LOOP;
END $$;

CREATE VIEW millrace.run_state AS
  SELECT r.*, coalesce(e.status, 'running') AS status, e.finished_at
  FROM millrace.run r LEFT JOIN millrace.run_end e USING (run);
