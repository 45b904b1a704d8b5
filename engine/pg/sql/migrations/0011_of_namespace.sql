-- works with: 10
-- Runs and alerts of one namespace, newest first.
CREATE INDEX run_of_namespace ON millrace.run (namespace, run);
CREATE INDEX run_end_bad_of_namespace ON millrace.run_end (namespace, status, run) WHERE status <> 'success';
CREATE INDEX alert_of_namespace ON millrace.alert (namespace, pos);
