-- works with: 6
-- For `history`: how many rows a table has. Small tables are counted: PostgreSQL has no estimate of a table that was
-- never analyzed, and a database of a few runs would be shown with none. Null: there is no such table.
CREATE FUNCTION millrace.rows_of(relation regclass) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  estimate real;
  counted bigint;
BEGIN
  SELECT reltuples INTO estimate FROM pg_catalog.pg_class WHERE oid = relation;
  IF estimate IS NULL THEN RETURN NULL; END IF;
  IF estimate >= 0 AND pg_catalog.pg_relation_size(relation) > 32 * 1024 * 1024 THEN RETURN estimate::bigint; END IF;
  EXECUTE 'SELECT count(*) FROM ' || relation INTO counted;
  RETURN counted;
END
$$;
