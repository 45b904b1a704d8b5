-- works with: 10
-- When each version was first registered, and which task updated a dataset. Of versions that are older than this
-- migration only the current one gets a time: when it took effect.
ALTER TABLE millrace.dag_version ADD COLUMN registered_at timestamptz;
ALTER TABLE millrace.resource_version ADD COLUMN registered_at timestamptz;
ALTER TABLE millrace.dataset ADD COLUMN task text NOT NULL DEFAULT '';
UPDATE millrace.dag_version AS v SET registered_at = d.updated_at
FROM millrace.dag AS d WHERE (d.namespace, d.dag, d.version) = (v.namespace, v.dag, v.version);
UPDATE millrace.resource_version AS v SET registered_at = r.updated_at
FROM millrace.resource AS r
WHERE (r.kind, r.namespace, r.name, r.version) = (v.kind, v.namespace, v.name, v.version);
