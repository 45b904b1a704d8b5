// Migrations, and the schema that they make.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "engine/base/file.h"
#include "engine/core/event.h"
#include "engine/core/task_state.h"
#include "engine/pg/append_statement.h"
#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "engine/pg/sql_text.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

using testing::open_database;
using testing::query;

TEST(Migrations, AreNumberedWithoutGaps) {
  int expected = 1;
  for (const auto& migration : pg::all_migrations()) EXPECT_EQ(expected++, migration.number);
  EXPECT_GT(expected, 1);
}

TEST(Migrations, RunOnceHoweverOftenAsked) {
  const auto database = open_database(testing::empty_database());
  ASSERT_TRUE(migrate(*database).ok());
  const std::string first =
      query(*database, "SELECT max(applied_at)::text FROM millrace.migration");
  ASSERT_TRUE(migrate(*database).ok());
  EXPECT_EQ(first, query(*database, "SELECT max(applied_at)::text FROM millrace.migration"));
  EXPECT_EQ(std::to_string(pg::all_migrations().size()),
            query(*database, "SELECT count(*) FROM millrace.migration"));
}

TEST(Migrations, ManyMayStartAtOnce) {
  const std::string dsn = testing::empty_database();
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      const Status status = migrate(*open_database(dsn));
      EXPECT_TRUE(status.ok()) << status.error().to_string();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::to_string(pg::all_migrations().size()),
            query(*open_database(dsn), "SELECT count(*) FROM millrace.migration"));
}

TEST(Migrations, ANewerSchemaIsRefused) {
  const auto database = open_database(testing::fresh_database());
  query(*database, "INSERT INTO millrace.migration (number, name) VALUES (999, 'of the future')");
  const Status status = migrate(*database);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorCode::unsupported, status.error().code);
  EXPECT_NE(std::string::npos, status.error().message.find("schema version 999"));
  EXPECT_NE(std::string::npos, status.error().message.find("versions up to"));
}

TEST(Migrations, ANewerSchemaThatWorksWithThisProgramIsAccepted) {
  const auto database = open_database(testing::fresh_database());
  const std::string known = std::to_string(pg::all_migrations().size());
  query(*database, "INSERT INTO millrace.migration (number, name, works_with) VALUES (999, 'x', " +
                       known + ")");
  const Status status = migrate(*database);
  EXPECT_TRUE(status.ok()) << status.error().to_string();
  // Every one that came since counts, not only the last.
  query(*database,
        "INSERT INTO millrace.migration (number, name, works_with) VALUES (998, 'y', 998)");
  EXPECT_EQ(ErrorCode::unsupported, migrate(*database).error().code);
}

TEST(Migrations, SayWhichProgramsMayGoOn) {
  for (const auto& migration : pg::all_migrations()) {
    EXPECT_GE(migration.works_with, 1) << migration.name;
    EXPECT_LE(migration.works_with, migration.number) << migration.name;
  }
  const auto database = open_database(testing::fresh_database());
  for (const auto& migration : pg::all_migrations().subspan(1))
    EXPECT_EQ(std::to_string(migration.works_with),
              query(*database, "SELECT works_with FROM millrace.migration WHERE number = " +
                                   std::to_string(migration.number)));
}

// Version 1 had no periods, and kept two promises by indexes of the tables that are cut now.
TEST(Migrations, TheUpgradeToPeriodsKeepsWhatIsThere) {
  const auto database = open_database(testing::empty_database());
  query(*database, std::string(pg::all_migrations()[0].sql));
  query(*database, R"sql(
    INSERT INTO millrace.migration (number, name) VALUES (1, 'first');
    INSERT INTO millrace.journal (seq, batch, batch_events, epoch, run, n, at, events)
    SELECT i, i, 1, 1, millrace_run, 1, now() - i * interval '1 day', '[]'
    FROM generate_series(1, 400) AS i, gen_random_uuid() AS millrace_run;
    INSERT INTO millrace.run (run, dag, namespace, version, type, logical_date, params, trace_id, actor, reason,
                              created_at, created_seq)
    SELECT ('0199' || lpad(to_hex(i), 28, '0'))::uuid, 'd', 'n', 'v', 'scheduled', timestamptz '2026-01-01' +
           i * interval '1 hour', '{}', 't', 'a', 'r', now(), i FROM generate_series(1, 30) AS i;
    INSERT INTO millrace.command (command, kind, body, idempotency_key, namespace, actor, reason, created_at)
    SELECT ('0199' || lpad(to_hex(i), 28, '0'))::uuid, 'k', '{}', 'key' || i, 'n', 'a', 'r', now()
    FROM generate_series(1, 20) AS i;
    INSERT INTO millrace.artifact (digest, kind, name, bytes, rows, inputs, run, task, map_index, created_at)
    SELECT 'd' || i, 'k', 'n', 1, 1, '{}', ('0199' || lpad(to_hex(i), 28, '0'))::uuid, 't', -1, now()
    FROM generate_series(1, 10) AS i)sql");
  const Status status = migrate(*database);
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  EXPECT_EQ(
      "400 30 30 20 20 10",
      query(*database,
            "SELECT concat_ws(' ', (SELECT count(*) FROM millrace.journal), (SELECT count(*) FROM "
            "millrace.run), (SELECT count(*) FROM millrace.scheduled_run), (SELECT count(*) FROM "
            "millrace.command), (SELECT count(*) FROM millrace.command_key), (SELECT count(*) FROM "
            "millrace.artifact))"));
  EXPECT_EQ("400", query(*database, "SELECT millrace.journal_end()"));
  EXPECT_EQ("11", query(*database,
                        "INSERT INTO millrace.artifact (digest, kind, name, bytes, rows, inputs, "
                        "run, task, map_index, "
                        "created_at) SELECT 'new', kind, name, bytes, rows, inputs, run, task, "
                        "map_index, created_at "
                        "FROM millrace.artifact WHERE pos = 1 RETURNING pos"));
}

// A database of before owners and versions of deployments were recorded. Version 4 of `a` was
// trained once more as version 5 after it had been rolled back: the old roll-back is one of
// version 4.
TEST(Migrations, DeploymentsOfAnOlderReleaseTellTheirVersionsAndTheRunOfTheirCanary) {
  const auto database = open_database(testing::empty_database());
  for (const auto& migration : pg::all_migrations().first(3)) {
    query(*database, std::string(migration.sql));
    query(*database, "INSERT INTO millrace.migration (number, name) VALUES (" +
                         std::to_string(migration.number) + ", 'x')");
  }
  query(*database, R"sql(
    INSERT INTO millrace.model_version (model, version, artifact, algorithm, manifest, run, task, map_index, created_at)
    VALUES ('m', 4, 'a', 'x', '', '00000000-0000-0000-0000-000000000004', 't', -1, '2026-01-04'),
           ('m', 5, 'a', 'x', '', '00000000-0000-0000-0000-000000000005', 't', -1, '2026-01-06'),
           ('m', 6, 'b', 'x', '', '00000000-0000-0000-0000-000000000006', 't', -1, '2026-01-06');
    INSERT INTO millrace.evaluation (model, champion, challenger, decision, run, task, map_index, at)
    VALUES ('m', 'c', 'd', 'refuse', '00000000-0000-0000-0000-000000000004', 't', -1, '2026-01-04'),
           ('m', 'c', 'c', 'refuse', '00000000-0000-0000-0000-000000000004', 't', -1, '2026-01-04');
    INSERT INTO millrace.deployment_event (model, revision, action, artifact, weight, reason, run, actor, at)
    VALUES ('m', 1, 'canary', 'a', 5, 'step', '00000000-0000-0000-0000-000000000004', 'engine', '2026-01-05'),
           ('m', 2, 'rollback', 'a', 0, 'bad', '00000000-0000-0000-0000-000000000004', 'engine', '2026-01-05'),
           ('m', 3, 'canary', 'b', 5, 'step', '00000000-0000-0000-0000-000000000006', 'engine', '2026-01-07');
    INSERT INTO millrace.deployment (model, namespace, champion, candidate, weight, last_good, revision, updated_at)
    VALUES ('m', 'default', 'c', 'b', 5, '', 3, '2026-01-07'))sql");
  const Status status = migrate(*database);
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  PgStore store(*database);
  const auto row = store.stores().serving.deployment("m");
  ASSERT_TRUE(row.ok()) << row.error().to_string();
  EXPECT_EQ(6, row->candidate_version);
  EXPECT_EQ("00000000-0000-0000-0000-000000000006", row->owner.run.to_string());
  EXPECT_EQ("", row->owner.task);
  const auto history = store.stores().serving.deployment_history("m", 10);
  ASSERT_TRUE(history.ok()) << history.error().to_string();
  std::vector<int> versions;
  for (const auto& change : *history) versions.push_back(change.version);
  EXPECT_EQ((std::vector<int>{6, 4, 4}), versions);
  const auto deployable = store.stores().registry.deployable();
  ASSERT_TRUE(deployable.ok()) << deployable.error().to_string();
  std::string kept;
  for (const auto& one : *deployable)
    if (!one.not_shipped.empty()) kept += one.artifact + " " + one.not_shipped + "; ";
  EXPECT_EQ("a was rolled back: bad; d was refused by an evaluation; ", kept);
}

const std::string kBeforeNamespaces = R"sql(
    INSERT INTO millrace.dag (dag, namespace, version, source, base_dir, registered_at, updated_at)
    VALUES ('train', 'team', 'v', 's', 'b', now(), now()), ('plain', 'default', 'v', 's', 'b', now(), now());
    INSERT INTO millrace.dag_version (dag, version, spec) VALUES ('train', 'v', '{"n": 1}'), ('plain', 'v', '{"n": 2}');
    INSERT INTO millrace.run (run, dag, namespace, version, type, params, trace_id, actor, reason, created_at, created_seq)
    VALUES ('00000000-0000-0000-0000-000000000001', 'train', 'before', 'v', 'manual', '{}', '', 'grace', '', now(), 1),
           ('00000000-0000-0000-0000-000000000002', 'plain', 'default', 'v', 'scheduled', '{}', '', 'schedule', '', now(), 1);
    INSERT INTO millrace.scheduled_run (dag, logical_date, run)
    VALUES ('train', '2026-01-01', '00000000-0000-0000-0000-000000000001'),
           ('plain', '2026-01-01', '00000000-0000-0000-0000-000000000002');
    INSERT INTO millrace.run_end (run, status, finished_at, dag)
    VALUES ('00000000-0000-0000-0000-000000000001', 'failed', now(), 'train');
    INSERT INTO millrace.model_version (model, version, artifact, algorithm, manifest, run, task, map_index, created_at)
    VALUES ('m', 1, 'a', 'x', '', '00000000-0000-0000-0000-000000000001', 't', -1, now()),
           ('n', 1, 'a', 'x', '', '00000000-0000-0000-0000-000000000002', 't', -1, now());
    INSERT INTO millrace.deployment_event (model, revision, action, artifact, weight, reason, run, actor, at)
    VALUES ('m', 1, 'promote', 'a', 100, '', '00000000-0000-0000-0000-000000000001', 'engine', now()),
           ('m', 2, 'rollback', '', 0, '', '00000000-0000-0000-0000-000000000000', 'grace', now());
    INSERT INTO millrace.deployment (model, namespace, champion, candidate, weight, last_good, revision, updated_at)
    VALUES ('m', 'default', 'a', '', 0, '', 2, now());
    INSERT INTO millrace.dataset (dataset, artifact, rows, run, updated_at)
    VALUES ('d', 'a', 1, '00000000-0000-0000-0000-000000000001', now());
    INSERT INTO millrace.alert (seq, severity, title, text, owner, run, task, at)
    VALUES (1, 'info', 'x', '', '', '00000000-0000-0000-0000-000000000001', 't', now());
    INSERT INTO millrace.serving_window (model, artifact, role, start, requests, errors, latency_buckets, latency_sum_us,
                                         outcomes, business_sum, business_sum_squares, tripped)
    VALUES ('m', 'a', 'champion', now(), 5, 0, '{}', 0, 0, 0, 0, false);
    INSERT INTO millrace.journal (seq, batch, batch_events, epoch, run, n, at, events)
    VALUES (1, 1, 1, 1, '00000000-0000-0000-0000-000000000001', 1, now(),
            '[{"kind":"run_created","dag":"train","version":"v","type":"manual","origin":{"actor":"grace"}}]'),
           (2, 2, 2, 1, NULL, 2, now(),
            '[{"kind":"dag_paused","dag":"plain","paused":true,"origin":{"actor":"grace"}},'
            '{"kind":"effects_requested","effects":[{"kind":"rollback_model","model":"m"}],"origin":{"actor":"grace"}}]')
    )sql";

// A database of before names belonged to namespaces: DAGs had one, unique over all of them, and
// what their runs made had none.
TEST(Migrations, NamesOfAnOlderReleaseGetTheNamespaceOfTheRunsThatMadeThem) {
  const auto database = open_database(testing::empty_database());
  for (const auto& migration : pg::all_migrations().first(9)) {
    query(*database, std::string(migration.sql));
    query(*database, "INSERT INTO millrace.migration (number, name) VALUES (" +
                         std::to_string(migration.number) + ", 'x')");
  }
  query(*database, kBeforeNamespaces);
  const Status status = migrate(*database);
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  PgStore store(*database);
  const Stores stores = store.stores();
  EXPECT_EQ(1, stores.runs.dag({"team", "train"})->spec["n"].as_int());
  EXPECT_EQ(2, stores.runs.dag("plain")->spec["n"].as_int());
  EXPECT_TRUE(stores.runs.dag({"team", "train"})->last_logical_date.has_value());
  RunFilter failed{.dag = DagKey("team", "train"), .status = RunStatus::failed};
  const auto runs = stores.runs.runs(failed);
  ASSERT_TRUE(runs.ok()) << runs.error().to_string();
  ASSERT_EQ(1u, runs->size()) << "the run has moved with its DAG";
  EXPECT_EQ("local", runs->front().actor) << "a name that nothing had proved";
  EXPECT_EQ("grace", runs->front().on_behalf_of);
  RunFilter scheduled{.dag = "plain"};
  EXPECT_EQ("schedule", stores.runs.runs(scheduled)->front().actor);
  EXPECT_EQ((std::vector<ModelKey>{"n", {"team", "m"}}), *stores.registry.models());
  EXPECT_EQ("a", stores.serving.deployment({"team", "m"})->champion);
  EXPECT_EQ(2u, stores.serving.deployment_history({"team", "m"}, 10)->size());
  EXPECT_EQ("grace", stores.serving.deployment_history({"team", "m"}, 1)->front().on_behalf_of);
  EXPECT_EQ(5, stores.serving.windows({"team", "m"}, Time{})->front().requests);
  EXPECT_EQ("a", stores.registry.dataset({"team", "d"})->artifact);
  EXPECT_EQ("team", stores.registry.alerts(1)->front().namespace_);
  const auto events = stores.journal.read(0, 10);
  ASSERT_TRUE(events.ok()) << events.error().to_string();
  ASSERT_EQ(3u, events->size());
  EXPECT_EQ(DagKey("team", "train"), std::get<RunCreated>((*events)[0].body).dag);
  EXPECT_EQ("grace", std::get<RunCreated>((*events)[0].body).origin.on_behalf_of);
  EXPECT_EQ(DagKey("plain"), std::get<DagPaused>((*events)[1].body).dag);
  EXPECT_EQ("team", std::get<EffectsRequested>((*events)[2].body).namespace_);
}

// Without an index, one run of a small namespace would cost a walk over the runs of all others.
TEST(Schema, RunsAndAlertsOfANamespaceAreFoundByAnIndex) {
  const auto database = open_database(testing::fresh_database());
  query(*database, R"(
    INSERT INTO millrace.run (run, dag, namespace, version, type, params, trace_id, actor, reason, created_at, created_seq)
    SELECT gen_random_uuid(), 'd', CASE WHEN i % 100 = 0 THEN 'team' ELSE 'default' END, 'v', 'manual', '{}', '',
           'local', '', now(), i
    FROM generate_series(1, 20000) AS i;
    INSERT INTO millrace.run_end (run, dag, namespace, status, finished_at)
    SELECT run, dag, namespace, 'failed', now() FROM millrace.run;
    INSERT INTO millrace.alert (seq, namespace, severity, title, text, owner, run, task, at)
    SELECT created_seq, namespace, 'info', '', '', '', run, '', now() FROM millrace.run;
    ANALYZE millrace.run; ANALYZE millrace.run_end; ANALYZE millrace.alert)");
  const auto plan = [&](std::string_view name, const std::vector<std::string>& values) {
    std::string text(pg::find_query(name).sql);
    for (std::size_t i = values.size(); i > 0; --i)
      for (std::size_t at; (at = text.find("$" + std::to_string(i))) != std::string::npos;)
        text.replace(at, 2, values[i - 1]);
    return query(*database, "EXPLAIN (FORMAT JSON) " + text);
  };
  const auto uses = [](const std::string& plan, std::string_view index) {
    return plan.find(index) != std::string::npos;
  };
  EXPECT_TRUE(uses(plan("list_runs_of_namespace", {"NULL", "10", "'team'"}), "_namespace_run_idx"));
  EXPECT_TRUE(
      uses(plan("list_runs_success_of_namespace", {"NULL", "10", "'team'"}), "_namespace_run_idx"));
  EXPECT_TRUE(uses(plan("list_runs_bad_of_namespace", {"NULL", "10", "'failed'", "'team'"}),
                   "_namespace_status_run_idx"));
  EXPECT_TRUE(uses(plan("list_alerts_of", {"'team'", "10"}), "_namespace_pos_idx"));
}

// An index that one partition lacks would be found out by who looks into that period, months later.
TEST(Schema, EveryPartitionOfATableIsMadeAlike) {
  const auto database = open_database(testing::fresh_database());
  query(*database, "SELECT millrace.add_period(1, date_trunc('day', now()) + interval '30 days')");
  EXPECT_EQ("", query(*database, R"sql(
    SELECT string_agg(DISTINCT root.relname, ' ')
    FROM pg_inherits JOIN pg_class AS root ON root.oid = inhparent AND root.relkind = 'p'
    JOIN pg_class AS leaf ON leaf.oid = inhrelid
    JOIN pg_class AS rest ON rest.oid = to_regclass('millrace.' || root.relname || '_rest')
    WHERE leaf.reloptions IS DISTINCT FROM rest.reloptions
       OR (SELECT array_agg(how ORDER BY how) FROM
           (SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING', '') AS how
            FROM pg_index WHERE indrelid = leaf.oid) AS own)
          IS DISTINCT FROM
          (SELECT array_agg(how ORDER BY how) FROM
           (SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING', '') AS how
            FROM pg_index WHERE indrelid = rest.oid) AS own))sql"));
}

TEST(Queries, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const auto& q : pg::all_queries()) EXPECT_TRUE(names.insert(q.name).second) << q.name;
  EXPECT_GT(names.size(), 30u);
}

Status understood(Database& database, std::string_view name, std::string_view sql) {
  return database.run<void>([&](pg::Session& session) -> Status {
    session.exec_script("PREPARE " + std::string(name) + " AS " + std::string(sql));
    return {};
  });
}

TEST(Queries, AreAllUnderstoodByAFreshDatabase) {
  const auto database = open_database(testing::fresh_database());
  for (const auto& q : pg::all_queries()) {
    if (q.name.starts_with("append_")) continue;  // a block of what is tried below
    const Status status = understood(*database, q.name, q.sql);
    EXPECT_TRUE(status.ok()) << q.name << ": " << status.error().to_string();
  }
}

/// With or without rows for each of its tables.
Batch batch_with(unsigned parts) {
  Batch batch;
  batch.first_seq = 1;
  RunRow run;
  run.type = (parts & 2) != 0 ? RunType::scheduled : RunType::manual;
  run.logical_date = Time{};
  if ((parts & 1) != 0) batch.runs_created = {run};
  if ((parts & 4) != 0) batch.runs_finished = {run};
  if ((parts & 8) != 0) batch.tasks_ended = {TaskRow{}};
  if ((parts & 16) != 0) batch.events = {{0, {}, {}, CommandHandled{}}};
  return batch;
}

std::size_t parameters_of(const std::string& sql) {
  std::size_t n = 0;
  while (sql.find("$" + std::to_string(n + 1)) != std::string::npos) ++n;
  return n;
}

TEST(Queries, AnAppendIsUnderstoodHoweverItIsPutTogether) {
  const auto database = open_database(testing::fresh_database());
  std::map<std::string, std::string> texts;
  for (unsigned parts = 0; parts < 32; ++parts) {
    const pg::AppendStatement statement(batch_with(parts), std::nullopt);
    const std::string text = statement.text();
    const auto [known, is_new] = texts.emplace(statement.name(), text);
    EXPECT_EQ(known->second, text) << "one name for two texts";
    if (!is_new) continue;
    const Status status = understood(*database, statement.name(), text);
    EXPECT_TRUE(status.ok()) << statement.name() << ": " << status.error().to_string();
    EXPECT_EQ(parameters_of(text), statement.params().size()) << statement.name();
  }
  EXPECT_EQ(24u, texts.size()) << "each table with and without rows, schedules only with runs";
}

/// Everything in the schema, as the catalog spells it.
std::string dumped_schema(Database& database) {
  return query(database, R"sql(
    WITH relation AS (
      SELECT c.oid, c.relname, c.relkind, c.reloptions FROM pg_class c
      WHERE c.relnamespace = 'millrace'::regnamespace AND c.relkind IN ('r', 'v', 'p')
        AND (NOT c.relispartition OR c.relname = 'journal_rest')
    ), line (part, name, text) AS (
      SELECT relkind::text, relname, '' FROM relation WHERE false
      UNION ALL
      SELECT '1', r.relname || ' 1' || to_char(a.attnum, '000'),
             CASE r.relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || r.relname || '.' || a.attname || ' ' ||
             format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END ||
             coalesce(' collate ' || (SELECT collname FROM pg_collation
                                      WHERE oid = a.attcollation AND collname <> 'default'), '') ||
             coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') ||
             CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
      UNION ALL
      SELECT '1', r.relname || ' 2' || conname, 'constraint ' || r.relname || ': ' || pg_get_constraintdef(k.oid)
      FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
      UNION ALL
      SELECT '1', r.relname || ' 3' || i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
      FROM relation r JOIN pg_index i ON i.indrelid = r.oid
      UNION ALL
      SELECT '1', relname || ' 4', 'options ' || relname || ': ' || reloptions::text FROM relation
      WHERE reloptions IS NOT NULL
      UNION ALL
      SELECT '1', relname || ' 0', 'partitions of ' || relname || ': ' || pg_get_partkeydef(oid) FROM relation
      WHERE relkind = 'p'
      UNION ALL
      SELECT '1', relname || ' 5', 'view ' || relname || ' as ' || pg_get_viewdef(oid) FROM relation
      WHERE relkind = 'v'
      UNION ALL
      SELECT '2', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'millrace'::regnamespace
      UNION ALL
      SELECT '3', relname, 'sequence ' || relname FROM pg_class
      WHERE relnamespace = 'millrace'::regnamespace AND relkind = 'S' AND relname LIKE 'lease%'
    )
    SELECT string_agg(text, E'\n' ORDER BY part, name COLLATE "C") || E'\n' FROM line)sql");
}

// MILLRACE_UPDATE_GOLDEN=1 writes the file anew.
TEST(Schema, IsTheGoldenOne) {
  const auto database = open_database(testing::fresh_database());
  const std::string schema = dumped_schema(*database);
  const std::string file = MILLRACE_SOURCE_DIR "/tests/pg/schema.golden";
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << schema;
  EXPECT_EQ(read_file(file, 1u << 20).value_or("(missing)"), schema);
}

/// The words of `column IN ('a', 'b')` or its normal form in a CHECK.
std::set<std::string> words_allowed(Database& database, const std::string& table,
                                    const std::string& column) {
  const std::string definition =
      query(database,
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND "
            "conrelid = 'millrace." +
                table + "'::regclass AND conname = '" + table + "_" + column + "_check'");
  std::set<std::string> words;
  for (std::size_t at = definition.find('\''); at != definition.npos;
       at = definition.find('\'', at + 1)) {
    const std::size_t end = definition.find('\'', at + 1);
    words.insert(definition.substr(at + 1, end - at - 1));
    at = end;
  }
  return words;
}

TEST(Schema, KnowsTheEndsOfTheTransitionTable) {
  const auto database = open_database(testing::fresh_database());
  std::set<std::string> ends;
  for (int i = 0; i < kTaskStateCount; ++i)
    if (is_end(static_cast<TaskState>(i))) ends.emplace(to_string(static_cast<TaskState>(i)));
  EXPECT_EQ(ends, words_allowed(*database, "task_instance", "state"));
}

TEST(Schema, KnowsTheTypesAndEndsOfRuns) {
  const auto database = open_database(testing::fresh_database());
  std::set<std::string> types, ends;
  for (const auto type : {RunType::manual, RunType::scheduled, RunType::backfill, RunType::dataset,
                          RunType::event, RunType::child})
    types.emplace(to_string(type));
  for (const auto status : {RunStatus::success, RunStatus::failed, RunStatus::cancelled})
    ends.emplace(to_string(status));
  EXPECT_EQ(types, words_allowed(*database, "run", "type"));
  EXPECT_EQ(ends, words_allowed(*database, "run_end", "status"));
}

}  // namespace
}  // namespace millrace
