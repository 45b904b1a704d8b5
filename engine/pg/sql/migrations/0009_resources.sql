-- works with: 6
-- Resources of kinds other than DAGs, which have tables of their own, and every version of each.
CREATE TABLE millrace.resource (
  kind text COLLATE "C",
  namespace text COLLATE "C",
  name text COLLATE "C",
  version text NOT NULL,  -- the current one
  source text NOT NULL,
  retired text,           -- why it is not in force
  registered_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (kind, namespace, name)
);
CREATE TABLE millrace.resource_version (
  kind text COLLATE "C",
  namespace text COLLATE "C",
  name text COLLATE "C",
  version text COLLATE "C",
  spec json NOT NULL,
  PRIMARY KEY (kind, namespace, name, version)
);
