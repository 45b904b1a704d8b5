-- Models, evaluations, artifacts, datasets and alerts, for those who read.

-- name: list_models
SELECT DISTINCT model FROM millrace.model_version ORDER BY model

-- name: list_model_versions  row: ModelVersion
-- Newest first; with $2 not null only those with this artifact; at most $3.
SELECT v.model, v.version, v.artifact, v.algorithm, v.manifest, v.metrics, v.params, v.run, v.task, v.map_index,
       millrace.micros(v.created_at) AS created_at, '' AS not_shipped, n.cause, n.reason
FROM millrace.model_version AS v LEFT JOIN millrace.not_shipped AS n USING (model, artifact)
WHERE v.model = $1 AND ($2::text IS NULL OR v.artifact = $2)
ORDER BY v.version DESC LIMIT $3

-- name: list_deployable  row: Deployable
SELECT model, artifact, v.artifact IS NOT NULL AS registered, '' AS not_shipped, n.cause, n.reason
FROM (SELECT DISTINCT model, artifact FROM millrace.model_version) AS v
     FULL JOIN millrace.not_shipped AS n USING (model, artifact)
ORDER BY model, artifact

-- name: list_evaluations  row: Evaluation
SELECT model, champion, challenger, decision, report, run, task, map_index, millrace.micros(at) AS at
FROM millrace.evaluation WHERE model = $1 ORDER BY pos DESC LIMIT $2

-- name: list_artifacts  row: Artifact
SELECT digest, kind, name, bytes, rows, schema, inputs, run, task, map_index,
       millrace.micros(created_at) AS created_at
FROM millrace.artifact WHERE run = $1 ORDER BY pos

-- name: get_artifact  row: Artifact
SELECT digest, kind, name, bytes, rows, schema, inputs, run, task, map_index,
       millrace.micros(created_at) AS created_at
FROM millrace.artifact WHERE digest = $1 ORDER BY pos LIMIT 1

-- name: list_datasets  row: Dataset
SELECT dataset, artifact, rows, run, millrace.micros(updated_at) AS updated_at FROM millrace.dataset ORDER BY dataset

-- name: get_dataset  row: Dataset
SELECT dataset, artifact, rows, run, millrace.micros(updated_at) AS updated_at FROM millrace.dataset WHERE dataset = $1

-- name: list_alerts  row: Alert
SELECT seq, severity, title, text, owner, run, task, millrace.micros(at) AS at
FROM millrace.alert ORDER BY pos DESC LIMIT $1

-- name: artifacts_named
-- All that must be in the store of artifacts.
SELECT digest FROM millrace.artifact UNION SELECT unnest(millrace.named_artifacts())
