-- works with: 2
-- What must be known before traffic moves: who owns a canary, which version was deployed, and which versions were
-- refused or withdrawn.

-- `described` is the revision that the columns beside it are about. An older program makes revisions without them; then
-- they are derived.
ALTER TABLE millrace.deployment
  ADD COLUMN champion_version int,
  ADD COLUMN candidate_version int,
  ADD COLUMN last_good_version int,
  ADD COLUMN owner_run uuid,
  ADD COLUMN owner_task text COLLATE "C",
  ADD COLUMN owner_map_index int,
  ADD COLUMN described bigint;

ALTER TABLE millrace.deployment_event
  ADD COLUMN version int,  -- null: written by an older program
  DROP CONSTRAINT deployment_event_action_check,
  ADD CONSTRAINT deployment_event_action_check CHECK (action IN ('canary', 'promote', 'rollback', 'release'));

-- The version of a model that an artifact went by at that time: the one of the run itself, or else the newest.
CREATE FUNCTION millrace.version_at(model text, artifact text, run uuid, at timestamptz) RETURNS int
  LANGUAGE sql STABLE
  AS $$ SELECT v.version FROM millrace.model_version AS v
        WHERE v.model = version_at.model AND v.artifact = version_at.artifact
              AND (v.run = version_at.run OR version_at.at IS NULL OR v.created_at <= version_at.at)
        ORDER BY (v.run = version_at.run) IS TRUE DESC, v.version DESC LIMIT 1 $$;

CREATE VIEW millrace.deployment_state AS
  SELECT d.model, d.namespace, d.champion, d.candidate, d.weight, d.last_good, d.revision, d.updated_at,
         CASE WHEN d.described = d.revision THEN d.champion_version
              ELSE millrace.version_at(d.model, d.champion, NULL, d.updated_at) END AS champion_version,
         CASE WHEN d.described = d.revision THEN d.candidate_version
              ELSE millrace.version_at(d.model, d.candidate, NULL, d.updated_at) END AS candidate_version,
         CASE WHEN d.described = d.revision THEN d.last_good_version
              ELSE millrace.version_at(d.model, d.last_good, NULL, d.updated_at) END AS last_good_version,
         CASE WHEN d.described = d.revision THEN d.owner_run
              WHEN d.candidate <> '' THEN
                (SELECT nullif(e.run, '00000000-0000-0000-0000-000000000000') FROM millrace.deployment_event AS e
                 WHERE e.model = d.model AND e.action = 'canary' ORDER BY e.revision DESC LIMIT 1)
         END AS owner_run,
         CASE WHEN d.described = d.revision THEN d.owner_task ELSE '' END AS owner_task,
         CASE WHEN d.described = d.revision THEN d.owner_map_index ELSE -1 END AS owner_map_index
  FROM millrace.deployment AS d;

-- Versions that no task may deploy until a person releases them.
CREATE TABLE millrace.not_shipped (
  model text COLLATE "C",
  artifact text COLLATE "C",
  cause text NOT NULL CHECK (cause IN ('refused', 'withdrawn')),
  reason text NOT NULL,
  run uuid NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (model, artifact)
);
INSERT INTO millrace.not_shipped (model, artifact, cause, reason, run, actor, at)
SELECT DISTINCT ON (model, artifact) model, artifact, cause, reason, run, actor, at
FROM (SELECT model, challenger AS artifact, 'refused' AS cause, '' AS reason, run, 'engine' AS actor, at
      FROM millrace.evaluation WHERE decision = 'refuse' AND challenger <> champion
      UNION ALL
      SELECT model, artifact, 'withdrawn', reason, run, actor, at
      FROM millrace.deployment_event WHERE action = 'rollback' AND artifact <> '') AS bad
WHERE NOT EXISTS (SELECT FROM millrace.deployment_event AS e
                  WHERE e.model = bad.model AND e.artifact = bad.artifact AND e.action = 'promote' AND e.at > bad.at)
ORDER BY model, artifact, at DESC;

-- The revision of the deployment that a window measured: by it a canary tells its own windows from older ones, whatever
-- the clock says.
ALTER TABLE millrace.serving_window ADD COLUMN revision bigint NOT NULL DEFAULT 0;
CREATE INDEX serving_window_revision ON millrace.serving_window (model, revision);
