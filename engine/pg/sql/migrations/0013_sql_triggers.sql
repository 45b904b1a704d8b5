-- works with: 10
-- Runs that are started by SQL. The functions insert a command in the transaction of the caller, so that the run starts
-- if and only if that transaction commits. docs/sql.md describes them for users.
--
-- A role needs USAGE of the schema and EXECUTE of `trigger` and `publish`, and no right on a table: both run with the
-- rights of their owner, and with a fixed search_path.

-- A UUIDv7: the history of commands is cut by the time in their ids.
CREATE FUNCTION millrace.new_id() RETURNS uuid
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN encode(
    set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                            PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                            FROM 1 FOR 6),
                    52, 1), 53, 1), 'hex')::uuid;

CREATE FUNCTION millrace.check_identifier(what text, value text) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF value IS NULL OR value COLLATE "C" !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$' THEN
    RAISE EXCEPTION 'the % % is not valid', what, coalesce(quote_literal(left(value, 128)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use letters, digits, ''_'', ''-'' and ''.'', a letter or digit first, at most 128.';
  END IF;
END $$;

-- The engine reads 64-bit integers and double numbers, and limits size and depth. What it could not read is refused here:
-- it would stay in the inbox for ever.
CREATE FUNCTION millrace.check_json(what text, value jsonb) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  kind text := coalesce(jsonb_typeof(value), 'NULL');
  bytes int := octet_length(value::text);
BEGIN
  IF kind <> 'object' THEN
    RAISE EXCEPTION '% must be a JSON object, but is %', what, kind
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Write {"name": value}.';
  END IF;
  IF bytes > 1048576 THEN
    RAISE EXCEPTION '% has % bytes; at most 1048576 are allowed', what, bytes
      USING ERRCODE = 'program_limit_exceeded', HINT = 'Pass a key or a path, and let the DAG read the data.';
  END IF;
  IF jsonb_path_exists(value, 'strict $.**{101}') THEN
    RAISE EXCEPTION '% is nested deeper than 100', what USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF jsonb_path_exists(value, 'strict $.** ? (@.type() == "number" &&
                                              (@ > 9223372036854775807 || @ < -9223372036854775808))') THEN
    RAISE EXCEPTION '% has a number beyond 64 bits', what
      USING ERRCODE = 'numeric_value_out_of_range', HINT = 'Write it as a text to keep it exactly.';
  END IF;
END $$;

-- Puts a command into the inbox. If the key is in use for the same command, gives the id of that one. A second caller with
-- the same key waits until the first transaction ends.
CREATE FUNCTION millrace.submit_from_sql(kind text, body jsonb, key text, namespace text, reason text) RETURNS uuid
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  id uuid := millrace.new_id();
  earlier record;
BEGIN
  IF octet_length(key) > 255 THEN
    RAISE EXCEPTION 'the key has % bytes; at most 255 are allowed', octet_length(key)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR attempt IN 1..3 LOOP
    IF key <> '' THEN
      INSERT INTO millrace.command_key AS k (namespace, idempotency_key, command)
      VALUES (submit_from_sql.namespace, key, id) ON CONFLICT DO NOTHING;
      IF NOT FOUND THEN
        SELECT c.command, c.kind, c.body::jsonb AS body INTO earlier
        FROM millrace.command_key AS k JOIN millrace.command AS c USING (command)
        WHERE k.namespace = submit_from_sql.namespace AND k.idempotency_key = key;
        IF FOUND THEN
          IF earlier.kind <> submit_from_sql.kind OR earlier.body <> submit_from_sql.body THEN
            RAISE EXCEPTION 'the key % was used for a different request (%)', quote_literal(key), earlier.kind
              USING ERRCODE = 'unique_violation', HINT = 'Choose another key.';
          END IF;
          RETURN earlier.command;
        END IF;
        -- The key is left of a command that history no longer holds.
        DELETE FROM millrace.command_key AS k
        WHERE k.namespace = submit_from_sql.namespace AND k.idempotency_key = key
          AND NOT EXISTS (SELECT 1 FROM millrace.command AS c WHERE c.command = k.command);
        CONTINUE;
      END IF;
    END IF;
    INSERT INTO millrace.command (command, kind, body, idempotency_key, namespace, actor, reason, created_at)
    VALUES (id, kind, body::json, nullif(key, ''), namespace, 'sql:' || session_user, reason, clock_timestamp());
    -- One notification a transaction, at its commit. Engines look around every few seconds without one.
    IF coalesce(current_setting('millrace.notify', true), 'on') <> 'off' THEN
      PERFORM pg_notify('millrace_inbox', '');
    END IF;
    RETURN id;
  END LOOP;
  RAISE EXCEPTION 'another session is storing a command with the key %', quote_literal(key)
    USING ERRCODE = 'serialization_failure';
END $$;

CREATE FUNCTION millrace.trigger(dag text, params jsonb DEFAULT '{}', key text DEFAULT NULL,
                                 namespace text DEFAULT 'default') RETURNS uuid
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  body jsonb := jsonb_build_object('dag', dag);
  why_retired text;
BEGIN
  params := coalesce(params, '{}');
  PERFORM millrace.check_identifier('DAG''s id', dag), millrace.check_identifier('namespace', namespace),
          millrace.check_json('params', params);
  SELECT d.retired INTO why_retired FROM millrace.dag AS d
  WHERE d.namespace = trigger.namespace AND d.dag = trigger.dag;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no DAG % in the namespace %', quote_literal(dag), quote_literal(namespace)
      USING ERRCODE = 'undefined_object', HINT = 'List the DAGs with: millrace dags';
  END IF;
  IF why_retired IS NOT NULL THEN
    RAISE EXCEPTION 'the DAG % is retired: %', quote_literal(dag), why_retired
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Put its file back to run it.';
  END IF;
  -- As the REST interface stores it: no params and no member are the same request.
  IF params <> '{}' THEN body := body || jsonb_build_object('params', params); END IF;
  RETURN millrace.submit_from_sql('trigger_run', body, coalesce(key, ''), namespace, 'millrace.trigger');
END $$;

-- The rules of CloudEvents 1.0.2 for attributes. `specversion`, `id` and `source` have defaults here: the caller is known.
CREATE FUNCTION millrace.check_event(event jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  name text;
  value jsonb;
  text_value text;
  problem text;
BEGIN
  PERFORM millrace.check_json('the event', event);
  -- An attribute that is null is one that is not given; `data` may be null.
  SELECT jsonb_object_agg(e.key, e.value) INTO event FROM jsonb_each(event) AS e
  WHERE e.value <> 'null' OR e.key = 'data';
  event := jsonb_build_object('specversion', '1.0', 'id', millrace.new_id(), 'source', 'postgresql:' || current_database())
           || coalesce(event, '{}');
  FOR name, value IN SELECT * FROM jsonb_each(event) LOOP
    CONTINUE WHEN name IN ('data', 'data_base64');
    text_value := event ->> name;
    problem := CASE
      WHEN name COLLATE "C" !~ '^[a-z0-9]+$' THEN 'has a name of other than lower-case letters and digits'
      WHEN jsonb_typeof(value) NOT IN ('string', 'boolean', 'number')
           OR jsonb_typeof(value) = 'number' AND (value::numeric % 1 <> 0 OR abs(value::numeric) > 2147483647)
        THEN 'must be a text, a boolean or an integer of 32 bits'
      WHEN text_value COLLATE "C" ~ '[\u0001-\u001F\u007F-\u009F]' THEN 'holds a control character'
      WHEN name IN ('id', 'source', 'type') AND octet_length(text_value) > 1024 THEN 'has more than 1024 bytes'
      WHEN name IN ('id', 'source', 'type', 'subject', 'datacontenttype', 'dataschema', 'time', 'specversion')
           AND (jsonb_typeof(value) <> 'string' OR text_value = '') THEN 'must be a text that is not empty'
      WHEN name = 'specversion' AND text_value <> '1.0' THEN 'must be 1.0'
      WHEN name = 'datacontenttype' AND position('/' IN text_value) = 0
        THEN 'is no media type such as application/json'
      WHEN name = 'time' AND text_value !~
           '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$' THEN 'is no RFC 3339 time'
    END;
    IF problem IS NOT NULL THEN
      RAISE EXCEPTION 'the event''s % %', quote_literal(left(name, 64)), problem
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
  END LOOP;
  IF event ? 'data_base64' AND (event ? 'data' OR jsonb_typeof(event -> 'data_base64') <> 'string') THEN
    RAISE EXCEPTION 'the event''s data_base64 must be a text, and there must be no data with it'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT event ? 'type' THEN
    RAISE EXCEPTION 'the event has no type' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Write {"type": "order.paid", "data": {…}}.';
  END IF;
  RETURN event;
END $$;

CREATE FUNCTION millrace.publish(event jsonb, namespace text DEFAULT 'default') RETURNS uuid
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  source text;
  key text;
BEGIN
  PERFORM millrace.check_identifier('namespace', namespace);
  event := millrace.check_event(event);
  source := event ->> 'source';
  -- The key of the REST interface: an event counts once, by whichever way it comes.
  key := octet_length(source) || ':' || source || (event ->> 'id');
  IF octet_length(key) > 200 THEN key := encode(sha256(convert_to(key, 'UTF8')), 'hex'); END IF;
  RETURN millrace.submit_from_sql('publish_event', jsonb_build_object('name', event ->> 'type', 'event', event),
                                  'cloudevent:' || key, namespace, 'CloudEvent from ' || source);
END $$;

-- What was asked for by SQL, and the answers. A role sees its own; the owner and its members see all.
CREATE INDEX command_of_sql ON millrace.command (actor, command) WHERE left(actor, 4) = 'sql:';
CREATE VIEW millrace.triggers WITH (security_barrier) AS
  SELECT c.command AS id,
         CASE c.kind WHEN 'trigger_run' THEN 'trigger' ELSE 'publish' END AS kind,
         c.namespace,
         coalesce(c.body ->> 'dag', c.body ->> 'name') AS name,
         c.idempotency_key AS key,
         substr(c.actor, 5) AS role,
         c.created_at,
         CASE WHEN r.ok IS NULL THEN 'waiting' WHEN r.ok THEN 'accepted' ELSE 'refused' END AS state,
         answer.runs,
         CASE WHEN answer.runs IS NOT NULL AND cardinality(answer.runs) = 1
              THEN coalesce((SELECT e.status FROM millrace.run_end AS e WHERE e.run = answer.runs[1]), 'running')
         END AS run_status,
         answer.error,
         r.at AS answered_at
  FROM millrace.command AS c
  LEFT JOIN millrace.command_result AS r USING (command)
  LEFT JOIN LATERAL (
    SELECT CASE WHEN r.ok AND c.kind = 'trigger_run' THEN ARRAY[(r.result ->> 'run')::uuid]
                WHEN r.ok THEN ARRAY(SELECT run::uuid FROM json_array_elements_text(r.result -> 'runs') AS run) END AS runs,
           CASE WHEN NOT r.ok THEN r.result ->> 'message'
                WHEN c.kind = 'publish_event' THEN
                  (SELECT string_agg((skipped ->> 'dag') || ' was not started: ' || (skipped ->> 'reason'), '; ')
                   FROM json_array_elements(r.result -> 'not_started') AS skipped) END AS error
  ) AS answer ON true
  WHERE left(c.actor, 4) = 'sql:'
    AND (c.actor = 'sql:' || session_user
         OR pg_has_role(session_user, (SELECT nspowner FROM pg_namespace WHERE nspname = 'millrace'), 'MEMBER'));

REVOKE EXECUTE ON FUNCTION millrace.new_id(), millrace.check_identifier(text, text), millrace.check_json(text, jsonb),
  millrace.submit_from_sql(text, jsonb, text, text, text), millrace.trigger(text, jsonb, text, text),
  millrace.check_event(jsonb), millrace.publish(jsonb, text) FROM PUBLIC;
