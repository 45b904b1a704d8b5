-- works with: 10
-- Every name belongs to a namespace, which is the first column of its key. Who asked for a change is a principal; for whom, as
-- the client says, is a column of its own.
--
-- Until now the names of DAGs, models and datasets were unique over all namespaces. A DAG keeps its namespace, with all of
-- its runs. A model, a dataset and an alert get the namespace of the runs that made them.

DROP VIEW millrace.run_state;
DROP VIEW millrace.deployment_state;
DROP FUNCTION millrace.version_at(text, text, uuid, timestamptz);

-- ---------------------------------------------------------------------------------------------- DAGs and runs

ALTER TABLE millrace.dag
  ALTER COLUMN namespace TYPE text COLLATE "C",
  ALTER COLUMN namespace SET DEFAULT 'default',
  DROP CONSTRAINT dag_pkey,
  ADD PRIMARY KEY (namespace, dag);

ALTER TABLE millrace.dag_version ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
UPDATE millrace.dag_version AS v SET namespace = d.namespace
FROM millrace.dag AS d WHERE d.dag = v.dag AND d.namespace <> 'default';
ALTER TABLE millrace.dag_version DROP CONSTRAINT dag_version_pkey, ADD PRIMARY KEY (namespace, dag, version);

ALTER TABLE millrace.scheduled_run ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
UPDATE millrace.scheduled_run AS s SET namespace = d.namespace
FROM millrace.dag AS d WHERE d.dag = s.dag AND d.namespace <> 'default';
ALTER TABLE millrace.scheduled_run DROP CONSTRAINT scheduled_run_pkey, ADD PRIMARY KEY (namespace, dag, logical_date);

DROP INDEX millrace.run_of_dag;
ALTER TABLE millrace.run
  ALTER COLUMN namespace TYPE text COLLATE "C",
  ALTER COLUMN namespace SET DEFAULT 'default',
  ADD COLUMN on_behalf_of text NOT NULL DEFAULT '';
-- Of a DAG that moved to another namespace, the runs follow.
UPDATE millrace.run AS r SET namespace = d.namespace
FROM millrace.dag AS d WHERE d.dag = r.dag AND d.namespace <> r.namespace;
CREATE INDEX run_of_dag ON millrace.run (namespace, dag, run);

DROP INDEX millrace.run_end_bad_of_dag;
ALTER TABLE millrace.run_end ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
UPDATE millrace.run_end AS e SET namespace = d.namespace
FROM millrace.dag AS d WHERE d.dag = e.dag AND d.namespace <> 'default';
CREATE INDEX run_end_bad_of_dag ON millrace.run_end (namespace, dag, status, run) WHERE status <> 'success';

-- ---------------------------------------------------------------------------------------------- models and data

ALTER TABLE millrace.model_version ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.evaluation ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.dataset ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.alert ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.deployment
  ALTER COLUMN namespace TYPE text COLLATE "C",
  ALTER COLUMN namespace SET DEFAULT 'default';
ALTER TABLE millrace.deployment_event
  ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default',
  ADD COLUMN on_behalf_of text NOT NULL DEFAULT '';
ALTER TABLE millrace.not_shipped ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.prediction ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';
ALTER TABLE millrace.serving_window ADD COLUMN namespace text COLLATE "C" NOT NULL DEFAULT 'default';

-- Where a model belongs: to the newest of its runs that is remembered. All that bears its name goes there together.
CREATE TEMP TABLE model_home ON COMMIT DROP AS
SELECT * FROM (
  SELECT DISTINCT ON (made.model) made.model, r.namespace
  FROM (SELECT model, run FROM millrace.model_version
        UNION SELECT model, run FROM millrace.deployment_event
        UNION SELECT model, run FROM millrace.evaluation) AS made
  JOIN millrace.run AS r USING (run)
  ORDER BY made.model, r.run DESC) AS newest
WHERE namespace <> 'default';

UPDATE millrace.model_version AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.evaluation AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.deployment AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.deployment_event AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.not_shipped AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.prediction AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.serving_window AS t SET namespace = h.namespace FROM model_home AS h WHERE h.model = t.model;
UPDATE millrace.dataset AS t SET namespace = r.namespace
FROM millrace.run AS r WHERE r.run = t.run AND r.namespace <> 'default';
UPDATE millrace.alert AS t SET namespace = r.namespace
FROM millrace.run AS r WHERE r.run = t.run AND r.namespace <> 'default';

ALTER TABLE millrace.model_version
  DROP CONSTRAINT model_version_pkey,
  DROP CONSTRAINT model_version_model_run_task_map_index_artifact_key,
  ADD PRIMARY KEY (namespace, model, version),
  ADD UNIQUE (namespace, model, run, task, map_index, artifact);
ALTER TABLE millrace.dataset DROP CONSTRAINT dataset_pkey, ADD PRIMARY KEY (namespace, dataset);
ALTER TABLE millrace.deployment DROP CONSTRAINT deployment_pkey, ADD PRIMARY KEY (namespace, model);
ALTER TABLE millrace.deployment_event DROP CONSTRAINT deployment_event_pkey, ADD PRIMARY KEY (namespace, model, revision);
ALTER TABLE millrace.not_shipped DROP CONSTRAINT not_shipped_pkey, ADD PRIMARY KEY (namespace, model, artifact);
DROP INDEX millrace.evaluation_model;
CREATE INDEX evaluation_model ON millrace.evaluation (namespace, model, pos);
DROP INDEX millrace.prediction_model;
CREATE INDEX prediction_model ON millrace.prediction (namespace, model, pos);
DROP INDEX millrace.serving_window_model;
CREATE INDEX serving_window_model ON millrace.serving_window (namespace, model, start);
DROP INDEX millrace.serving_window_revision;
CREATE INDEX serving_window_revision ON millrace.serving_window (namespace, model, revision);

-- ---------------------------------------------------------------------------------------------- the journal

-- What names a DAG or a model of another namespace than `default` says so.
DO $$
DECLARE
  d record;
  kind text;
BEGIN
  FOR d IN SELECT dag, namespace FROM millrace.dag WHERE namespace <> 'default' LOOP
    FOREACH kind IN ARRAY ARRAY['dag_registered', 'dag_paused', 'dag_retired', 'dag_out_of_order', 'schedule_moved',
                                'run_created'] LOOP
      UPDATE millrace.journal
      SET events = replace(events, format('"kind":"%s","dag":"%s"', kind, d.dag),
                           format('"kind":"%s","namespace":"%s","dag":"%s"', kind, d.namespace, d.dag))
      WHERE position(format('"kind":"%s","dag":"%s"', kind, d.dag) IN events) > 0;
    END LOOP;
  END LOOP;
  FOR d IN SELECT model, namespace FROM model_home LOOP
    FOREACH kind IN ARRAY ARRAY['rollback_model', 'release_model'] LOOP
      UPDATE millrace.journal
      SET events = replace(events,
                           format('{"kind":"effects_requested","effects":[{"kind":"%s","model":"%s"', kind, d.model),
                           format('{"kind":"effects_requested","namespace":"%s","effects":[{"kind":"%s","model":"%s"',
                                  d.namespace, kind, d.model))
      WHERE position(format('{"kind":"effects_requested","effects":[{"kind":"%s","model":"%s"', kind, d.model)
                     IN events) > 0;
    END LOOP;
  END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- who asked

-- `actor` was what clients called themselves. Now it is the principal's name: a part of the engine, or `local` until
-- access control is on.
ALTER TABLE millrace.command
  ADD COLUMN token text NOT NULL DEFAULT '',
  ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
  ADD COLUMN on_behalf_of text NOT NULL DEFAULT '';
ALTER TABLE millrace.not_shipped ADD COLUMN on_behalf_of text NOT NULL DEFAULT '';
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['run', 'command', 'deployment_event', 'not_shipped'] LOOP
    EXECUTE format('UPDATE millrace.%I SET actor = ''local'', on_behalf_of ='
                   ' CASE WHEN actor IN (''api'', ''cli'') THEN '''' ELSE actor END'
                   ' WHERE actor NOT IN (''engine'', ''schedule'', ''file'', ''model server'', ''demo'')', name);
  END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- views

CREATE VIEW millrace.run_state AS
  SELECT r.*, coalesce(e.status, 'running') AS status, e.finished_at
  FROM millrace.run r LEFT JOIN millrace.run_end e USING (run);

-- The version of a model that an artifact went by at that time: the one of the run itself, or else the newest.
CREATE FUNCTION millrace.version_at(namespace text, model text, artifact text, run uuid, at timestamptz) RETURNS int
  LANGUAGE sql STABLE
  AS $$ SELECT v.version FROM millrace.model_version AS v
        WHERE v.namespace = version_at.namespace AND v.model = version_at.model AND v.artifact = version_at.artifact
              AND (v.run = version_at.run OR version_at.at IS NULL OR v.created_at <= version_at.at)
        ORDER BY (v.run = version_at.run) IS TRUE DESC, v.version DESC LIMIT 1 $$;

CREATE VIEW millrace.deployment_state AS
  SELECT d.namespace, d.model, d.champion, d.candidate, d.weight, d.last_good, d.revision, d.updated_at,
         CASE WHEN d.described = d.revision THEN d.champion_version
              ELSE millrace.version_at(d.namespace, d.model, d.champion, NULL, d.updated_at) END AS champion_version,
         CASE WHEN d.described = d.revision THEN d.candidate_version
              ELSE millrace.version_at(d.namespace, d.model, d.candidate, NULL, d.updated_at) END AS candidate_version,
         CASE WHEN d.described = d.revision THEN d.last_good_version
              ELSE millrace.version_at(d.namespace, d.model, d.last_good, NULL, d.updated_at) END AS last_good_version,
         CASE WHEN d.described = d.revision THEN d.owner_run
              WHEN d.candidate <> '' THEN
                (SELECT nullif(e.run, '00000000-0000-0000-0000-000000000000') FROM millrace.deployment_event AS e
                 WHERE e.namespace = d.namespace AND e.model = d.model AND e.action = 'canary'
                 ORDER BY e.revision DESC LIMIT 1)
         END AS owner_run,
         CASE WHEN d.described = d.revision THEN d.owner_task ELSE '' END AS owner_task,
         CASE WHEN d.described = d.revision THEN d.owner_map_index ELSE -1 END AS owner_map_index
  FROM millrace.deployment AS d;
