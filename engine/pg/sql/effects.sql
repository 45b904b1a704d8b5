-- What effects and DAG events change, in the transaction of the append that brings them.

-- name: put_dag
INSERT INTO millrace.dag (namespace, dag, version, source, base_dir, registered_at, updated_at)
VALUES ($1, $2, $3, $4, $5, millrace.instant($6), millrace.instant($6))
ON CONFLICT (namespace, dag) DO UPDATE
SET version = excluded.version, source = excluded.source,
    base_dir = excluded.base_dir, updated_at = excluded.updated_at, retired = NULL, out_of_order = NULL

-- name: put_dag_version
INSERT INTO millrace.dag_version (namespace, dag, version, spec, registered_at)
VALUES ($1, $2, $3, $4::text::json, millrace.instant($5))
ON CONFLICT (namespace, dag, version) DO NOTHING

-- name: pause_dag
UPDATE millrace.dag SET paused = $3, updated_at = millrace.instant($4) WHERE namespace = $1 AND dag = $2

-- name: retire_dag
UPDATE millrace.dag SET retired = $3, updated_at = millrace.instant($4) WHERE namespace = $1 AND dag = $2

-- name: put_resource
INSERT INTO millrace.resource (kind, namespace, name, version, source, registered_at, updated_at)
VALUES ($1, $2, $3, $4, $5, millrace.instant($6), millrace.instant($6))
ON CONFLICT (kind, namespace, name) DO UPDATE
SET version = excluded.version, source = excluded.source, updated_at = excluded.updated_at, retired = NULL

-- name: put_resource_version
INSERT INTO millrace.resource_version (kind, namespace, name, version, spec, registered_at)
VALUES ($1, $2, $3, $4, $5::text::json, millrace.instant($6))
ON CONFLICT (kind, namespace, name, version) DO NOTHING

-- name: retire_resource
UPDATE millrace.resource SET retired = $4, updated_at = millrace.instant($5)
WHERE kind = $1 AND namespace = $2 AND name = $3

-- name: mark_dag_out_of_order
UPDATE millrace.dag SET out_of_order = nullif($3, '') WHERE namespace = $1 AND dag = $2

-- name: move_schedule
UPDATE millrace.dag
SET schedule_from = coalesce(millrace.instant($3), schedule_from), schedule_all_until = millrace.instant($4)
WHERE namespace = $1 AND dag = $2

-- name: put_dag_file_error
INSERT INTO millrace.dag_file_error (source, diagnostics, at) VALUES ($1, $2::text::json, millrace.instant($3))
ON CONFLICT (source) DO UPDATE SET diagnostics = excluded.diagnostics, at = excluded.at

-- name: clear_dag_file_error
DELETE FROM millrace.dag_file_error WHERE source = $1

-- name: put_artifacts
INSERT INTO millrace.artifact (digest, kind, name, bytes, rows, schema, inputs, run, task, map_index, created_at)
SELECT u.digest, u.kind, u.name, u.bytes, u.rows, u.schema::json, u.inputs::text[], u.run, u.task, u.map_index,
       millrace.instant(u.created_at)
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::uuid[],
            $9::text[], $10::int[], $11::bigint[]) WITH ORDINALITY
  AS u (digest, kind, name, bytes, rows, schema, inputs, run, task, map_index, created_at, place)
ORDER BY u.place
ON CONFLICT (run, task, map_index, name, digest) DO NOTHING

-- name: put_model_version
-- The next number of the model. Only the leader writes, and it holds the fence: nobody takes the same number.
INSERT INTO millrace.model_version (namespace, model, version, artifact, algorithm, manifest, metrics, params, run, task,
                                    map_index, created_at)
SELECT $1::text, $2::text,
       coalesce((SELECT max(version) FROM millrace.model_version WHERE namespace = $1::text AND model = $2::text), 0) + 1,
       $3::text, $4::text, $5::text, $6::text::json, $7::text::json, $8::uuid, $9::text, $10::int, millrace.instant($11)
ON CONFLICT (namespace, model, run, task, map_index, artifact) DO NOTHING

-- name: put_evaluation
INSERT INTO millrace.evaluation (model, namespace, champion, challenger, decision, report, run, task, map_index, at)
VALUES ($1, $2, $3, $4, $5, $6::text::json, $7, $8, $9, millrace.instant($10))

-- name: put_dataset
INSERT INTO millrace.dataset (dataset, namespace, artifact, rows, run, task, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, millrace.instant($7))
ON CONFLICT (namespace, dataset) DO UPDATE
SET artifact = excluded.artifact, rows = excluded.rows, run = excluded.run, task = excluded.task,
    updated_at = excluded.updated_at

-- name: put_alert
INSERT INTO millrace.alert (seq, namespace, severity, title, text, owner, run, task, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, millrace.instant($9))

-- name: lock_deployment  row: Deployment
SELECT model, namespace, champion, candidate, weight, last_good, revision,
       millrace.micros(updated_at) AS updated_at, champion_version, candidate_version, last_good_version,
       owner_run, owner_task, owner_map_index
FROM millrace.deployment_state WHERE namespace = $1 AND model = $2 FOR UPDATE

-- name: version_to_deploy
-- $1 namespace, $2 model, $3 artifact, $4 the run that deploys it.
SELECT millrace.version_at($1, $2, $3, $4, NULL)

-- name: put_deployment
INSERT INTO millrace.deployment (namespace, model, champion, candidate, weight, last_good, revision, updated_at,
                                 champion_version, candidate_version, last_good_version,
                                 owner_run, owner_task, owner_map_index, described)
VALUES ($1, $2, $3, $4, $5, $6, $7, millrace.instant($8), $9, $10, $11, $12, $13, $14, $7)
ON CONFLICT (namespace, model) DO UPDATE
SET champion = excluded.champion, candidate = excluded.candidate, weight = excluded.weight,
    last_good = excluded.last_good, revision = excluded.revision, updated_at = excluded.updated_at,
    champion_version = excluded.champion_version, candidate_version = excluded.candidate_version,
    last_good_version = excluded.last_good_version, owner_run = excluded.owner_run,
    owner_task = excluded.owner_task, owner_map_index = excluded.owner_map_index, described = excluded.described

-- name: put_deployment_event
INSERT INTO millrace.deployment_event (model, namespace, revision, action, artifact, version, weight, reason, evidence,
                                       run, actor, on_behalf_of, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::json, $10, $11, $12, millrace.instant($13))

-- name: put_not_shipped
INSERT INTO millrace.not_shipped (namespace, model, artifact, cause, reason, run, actor, on_behalf_of, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, millrace.instant($9))
ON CONFLICT (namespace, model, artifact) DO UPDATE
SET cause = excluded.cause, reason = excluded.reason, run = excluded.run, actor = excluded.actor,
    on_behalf_of = excluded.on_behalf_of, at = excluded.at

-- name: remove_not_shipped
DELETE FROM millrace.not_shipped WHERE namespace = $1 AND model = $2 AND artifact = $3
