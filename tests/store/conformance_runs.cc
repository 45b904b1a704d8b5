#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

std::vector<Uuid> ids(const Result<std::vector<RunRow>>& rows) {
  std::vector<Uuid> out;
  if (rows.ok())
    for (const RunRow& row : *rows) out.push_back(row.run);
  return out;
}

RunFilter filter(std::string_view dag, std::optional<RunStatus> status = {},
                 std::optional<Uuid> before = {}, std::size_t limit = 50) {
  RunFilter out{.status = status, .before = before, .limit = limit};
  if (!dag.empty()) out.dag = DagKey(kDefaultNamespace, dag);
  return out;
}

TaskRow ended(const Uuid& run, std::string task, int map_index, TaskState state, Time at) {
  TaskRow row;
  row.run = run;
  row.task = std::move(task);
  row.map_index = map_index;
  row.state = state;
  row.attempt = 2;
  row.ended_at = at;
  return row;
}

TEST_P(StoreTest, ARunIsReadBackAsItWasCreated) {
  lead();
  const RunRow given = start_run("flights", RunType::scheduled, *parse_rfc3339("2001-02-01"));
  const auto got = stores().runs.run(given.run);
  ASSERT_OK(got);
  EXPECT_EQ(given.run, got->run);
  EXPECT_EQ(given.dag, got->dag);
  EXPECT_EQ("default", got->namespace_);
  EXPECT_EQ(given.version, got->version);
  EXPECT_EQ(RunType::scheduled, got->type);
  EXPECT_EQ(RunStatus::queued, got->status);
  EXPECT_FALSE(got->started_at.has_value());
  EXPECT_EQ(given.logical_date, got->logical_date);
  EXPECT_FALSE(got->interval_start.has_value());
  EXPECT_EQ(given.params, got->params);
  EXPECT_TRUE(got->trigger.is_null());
  EXPECT_EQ(given.trace_id, got->trace_id);
  EXPECT_EQ(given.actor, got->actor);
  EXPECT_EQ(given.reason, got->reason);
  EXPECT_EQ(given.created_at, got->created_at);
  EXPECT_FALSE(got->finished_at.has_value());
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(new_id()));
}

TEST_P(StoreTest, RunsAreListedNewestFirstInPages) {
  lead();
  std::vector<RunRow> rows;
  for (int i = 0; i < 7; ++i) rows.push_back(start_run(i % 2 ? "odd" : "even"));
  finish_run(rows[0], RunStatus::failed);
  finish_run(rows[1], RunStatus::success);
  RunReader& runs = stores().runs;

  EXPECT_EQ((std::vector{rows[6].run, rows[5].run, rows[4].run}),
            ids(runs.runs(filter("", {}, {}, 3))));
  EXPECT_EQ((std::vector{rows[3].run, rows[2].run}),
            ids(runs.runs(filter("", {}, rows[4].run, 2))));
  EXPECT_EQ((std::vector{rows[5].run, rows[3].run, rows[1].run}), ids(runs.runs(filter("odd"))));
  EXPECT_EQ((std::vector{rows[0].run}), ids(runs.runs(filter("", RunStatus::failed))));
  EXPECT_EQ((std::vector{rows[1].run}), ids(runs.runs(filter("odd", RunStatus::success))));
  EXPECT_EQ((std::vector{rows[5].run, rows[3].run}),
            ids(runs.runs(filter("odd", RunStatus::queued))));
  EXPECT_EQ((std::vector{rows[3].run}),
            ids(runs.runs(filter("odd", RunStatus::queued, rows[5].run))));
  EXPECT_TRUE(ids(runs.runs(filter("", RunStatus::running))).empty());
  EXPECT_TRUE(ids(runs.runs(filter("", RunStatus::cancelled))).empty());
}

TEST_P(StoreTest, TheNewestRunsOfEachDagAreListedTogether) {
  lead();
  for (const char* dag : {"odd", "even", "idle"})
    append({event({}, DagRegistered{dag, "v1", Json::object(), "s", "b", {}})});
  std::vector<RunRow> rows;
  for (int i = 0; i < 7; ++i) rows.push_back(start_run(i % 2 ? "odd" : "even"));
  start_run("not_registered");
  finish_run(rows[6], RunStatus::failed);
  const auto newest = stores().runs.newest_of_each_dag(2);
  ASSERT_OK(newest);
  EXPECT_EQ((std::vector{rows[6].run, rows[4].run, rows[5].run, rows[3].run}), ids(newest));
  EXPECT_EQ(RunStatus::failed, newest->front().status);
  EXPECT_EQ(RunStatus::queued, newest->back().status);
}

// As in Airflow: a DAG run beyond max_active_runs is `queued` and has no start_date.
TEST_P(StoreTest, ARunIsQueuedUntilItsFirstEventAfterItsCreation) {
  lead();
  const RunRow begun = start_run(), waits = start_run();
  const Time later = now() + std::chrono::minutes(3);
  Event queued = event(begun.run, TaskQueued{{0, -1}});
  queued.at = later;
  append({queued});
  RunReader& runs = stores().runs;
  const auto running = runs.run(begun.run);
  ASSERT_OK(running);
  EXPECT_EQ(RunStatus::running, running->status);
  EXPECT_EQ(later, running->started_at);
  const auto still = runs.run(waits.run);
  ASSERT_OK(still);
  EXPECT_EQ(RunStatus::queued, still->status);
  EXPECT_FALSE(still->started_at.has_value());
  EXPECT_EQ((std::vector{begun.run}), ids(runs.runs(filter("", RunStatus::running))));
  EXPECT_EQ((std::vector{waits.run}), ids(runs.runs(filter("", RunStatus::queued))));
  EXPECT_EQ((std::vector{begun.run, waits.run}), ids(runs.open_runs()));

  finish_run(begun, RunStatus::success);
  const auto ended = runs.run(begun.run);
  ASSERT_OK(ended);
  EXPECT_EQ(RunStatus::success, ended->status);
  EXPECT_EQ(later, ended->started_at);
}

// Dates that fire together are written together: only the first run begins with the append.
TEST_P(StoreTest, ARunThatIsNotTheFirstOfItsBatchIsQueuedAsWell) {
  lead();
  std::vector<Event> events;
  std::vector<RunRow> rows;
  std::vector<Uuid> created;
  for (const char* dag : {"flights", "sales"}) {
    RunRow row;
    row.run = new_id();
    row.dag = dag;
    row.version = digest('d');
    row.params = Json::object();
    row.created_at = now();
    events.push_back(
        event(row.run,
              RunCreated{dag, row.version, RunType::manual, {}, {}, {}, row.params, {}, "", {}}));
    rows.push_back(row);
    created.push_back(row.run);
  }
  Batch both = batch(events);
  both.runs_created = rows;
  ASSERT_OK(stores().journal.append(both));
  for (const Uuid& run : created) {
    const auto row = stores().runs.run(run);
    ASSERT_OK(row);
    EXPECT_EQ(RunStatus::queued, row->status) << row->dag;
    EXPECT_FALSE(row->started_at.has_value()) << row->dag;
  }
  const Time later = now() + std::chrono::minutes(3);
  Event begins = event(created[1], TaskQueued{{0, -1}});
  begins.at = later;
  append({begins});
  EXPECT_EQ(later, stores().runs.run(created[1])->started_at);
}

TEST_P(StoreTest, ARunThatBeginsInTheBatchThatCreatesItIsNotQueued) {
  lead();
  RunRow row;
  row.run = new_id();
  row.dag = "flights";
  row.version = digest('d');
  row.created_at = now();
  RunCreated created;
  created.dag = row.key();
  created.version = row.version;
  Event queued = event(row.run, TaskQueued{{0, -1}});
  queued.at = now() + std::chrono::milliseconds(7);
  Batch out = batch({event(row.run, created), event({}, DagPaused{"flights", true, {}}), queued});
  out.runs_created.push_back(row);
  ASSERT_OK(stores().journal.append(out));
  const auto got = stores().runs.run(row.run);
  ASSERT_OK(got);
  EXPECT_EQ(RunStatus::running, got->status);
  EXPECT_EQ(queued.at, got->started_at);
}

TEST_P(StoreTest, OpenRunsAreThoseThatHaveNotFinishedOldestFirst) {
  lead();
  std::vector<RunRow> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(start_run());
  finish_run(rows[1], RunStatus::success);
  finish_run(rows[3], RunStatus::cancelled);
  EXPECT_EQ((std::vector{rows[0].run, rows[2].run, rows[4].run}), ids(stores().runs.open_runs()));
  const auto finished = stores().runs.run(rows[3].run);
  ASSERT_OK(finished);
  EXPECT_EQ(RunStatus::cancelled, finished->status);
  EXPECT_EQ(now(), finished->finished_at);
}

TEST_P(StoreTest, AClearedRunIsOpenAgainAndItsRowsAreGone) {
  lead();
  const RunRow run = start_run();
  Batch ends = batch({event(run.run, TaskFailed{{0, -1}, 1, internal_error("x"), {}, {}})});
  ends.tasks_ended = {ended(run.run, "a", -1, TaskState::success, now()),
                      ended(run.run, "b", -1, TaskState::failed, now()),
                      ended(run.run, "m", 0, TaskState::success, now()),
                      ended(run.run, "m", 1, TaskState::failed, now()),
                      ended(run.run, "n", 0, TaskState::failed, now()),
                      ended(run.run, "n", 1, TaskState::failed, now())};
  ASSERT_OK(stores().journal.append(ends));
  finish_run(run, RunStatus::failed);

  Batch clear = batch({event(run.run, TasksCleared{{{1, -1}}, {}})});
  clear.runs_reopened.push_back(run.run);
  clear.tasks_cleared = {{run.run, ended(run.run, "b", -1, {}, {})},
                         {run.run, ended(run.run, "m", 1, {}, {})},
                         {run.run, ended(run.run, "n", -1, {}, {})}};
  ASSERT_OK(stores().journal.append(clear));
  auto tasks = stores().runs.tasks(run.run);
  ASSERT_OK(tasks);
  ASSERT_EQ(2u, tasks->size());
  EXPECT_EQ("a", (*tasks)[0].task);
  EXPECT_EQ("m", (*tasks)[1].task);
  EXPECT_EQ(0, (*tasks)[1].map_index);
  EXPECT_EQ((std::vector{run.run}), ids(stores().runs.open_runs()));
  EXPECT_EQ(RunStatus::running, stores().runs.run(run.run)->status);
  EXPECT_FALSE(stores().runs.run(run.run)->finished_at.has_value());

  Batch anew = batch({event(run.run, TaskSucceeded{{1, -1}, 2, {}, {}})});
  anew.tasks_ended = {ended(run.run, "b", -1, TaskState::success, now())};
  ASSERT_OK(stores().journal.append(anew));
  finish_run(run, RunStatus::success);
  EXPECT_EQ(3u, stores().runs.tasks(run.run)->size());
  EXPECT_TRUE(stores().runs.open_runs()->empty());
  EXPECT_EQ(RunStatus::success, stores().runs.run(run.run)->status);
}

TEST_P(StoreTest, OneBatchMayClearAndEndAgain) {
  lead();
  const RunRow run = start_run();
  Batch first = batch({event(run.run, TaskFailed{{0, -1}, 1, internal_error("x"), {}, {}})});
  first.tasks_ended = {ended(run.run, "a", -1, TaskState::failed, now())};
  ASSERT_OK(stores().journal.append(first));
  finish_run(run, RunStatus::failed);
  Batch both = batch({event(run.run, TasksCleared{{{0, -1}}, {}}),
                      event(run.run, RunFinished{RunStatus::success})});
  both.runs_reopened = {run.run};
  both.tasks_cleared = {{run.run, ended(run.run, "a", -1, {}, {})}};
  both.tasks_ended = {ended(run.run, "a", -1, TaskState::success, now())};
  RunRow done = run;
  done.status = RunStatus::success;
  done.finished_at = now();
  both.runs_finished = {done};
  ASSERT_OK(stores().journal.append(both));
  ASSERT_EQ(1u, stores().runs.tasks(run.run)->size());
  EXPECT_EQ(TaskState::success, stores().runs.tasks(run.run)->front().state);
  EXPECT_EQ(RunStatus::success, stores().runs.run(run.run)->status);
  EXPECT_TRUE(stores().runs.open_runs()->empty());
}

TEST_P(StoreTest, TasksAreListedByNameAndMapIndexWithAllTheyTell) {
  lead();
  const RunRow run = start_run();
  Batch ends = batch({event(run.run, TaskSkipped{{0, -1}, ""})});
  TaskRow failed = ended(run.run, "b", -1, TaskState::failed, now());
  failed.started_at = now() - std::chrono::seconds{3};
  failed.error = "line 1\nline {2}, \"quoted\" \\";
  ends.tasks_ended = {ended(run.run, "m", 10, TaskState::success, now()), failed,
                      ended(run.run, "m", 9, TaskState::upstream_failed, now()),
                      ended(run.run, "B", -1, TaskState::cancelled, now()),
                      ended(run.run, "s", -1, TaskState::skipped, now())};
  ASSERT_OK(stores().journal.append(ends));
  const auto tasks = stores().runs.tasks(run.run);
  ASSERT_OK(tasks);
  ASSERT_EQ(5u, tasks->size());
  EXPECT_EQ("B", (*tasks)[0].task);
  EXPECT_EQ("b", (*tasks)[1].task);
  EXPECT_EQ(9, (*tasks)[2].map_index);
  EXPECT_EQ(TaskState::upstream_failed, (*tasks)[2].state);
  EXPECT_EQ(10, (*tasks)[3].map_index);
  const TaskRow& got = (*tasks)[1];
  EXPECT_EQ(run.run, got.run);
  EXPECT_EQ(TaskState::failed, got.state);
  EXPECT_EQ(2, got.attempt);
  EXPECT_EQ(failed.started_at, got.started_at);
  EXPECT_EQ(failed.ended_at, got.ended_at);
  EXPECT_EQ(failed.error, got.error);
  EXPECT_FALSE((*tasks)[0].started_at.has_value());
}

TEST_P(StoreTest, EndedTasksAreCountedByTaskAndState) {
  lead();
  const RunRow first = start_run(), second = start_run(), empty = start_run();
  Batch ends = batch({event(first.run, TaskSkipped{{0, -1}, ""})});
  TaskRow often = ended(first.run, "m", 2, TaskState::success, now());
  often.attempt = 5;
  ends.tasks_ended = {ended(first.run, "m", 0, TaskState::success, now()),
                      ended(first.run, "m", 1, TaskState::failed, now()), often,
                      ended(first.run, "B", -1, TaskState::cancelled, now()),
                      ended(second.run, "m", -1, TaskState::skipped, now())};
  ASSERT_OK(stores().journal.append(ends));
  const std::vector<Uuid> wanted{second.run, first.run, empty.run};
  const auto counts = stores().runs.task_counts(wanted);
  ASSERT_OK(counts);
  std::vector<std::string> got;
  for (const auto& row : *counts)
    got.push_back(std::string(row.run == first.run ? "first " : "second ") + row.task + " " +
                  std::string(to_string(row.state)) + " " + std::to_string(row.instances) + " " +
                  std::to_string(row.most_attempts));
  EXPECT_EQ((std::vector<std::string>{"first B cancelled 1 2", "first m failed 1 2",
                                      "first m success 2 5", "second m skipped 1 2"}),
            got);
  EXPECT_TRUE(stores().runs.task_counts({})->empty());
}

TEST_P(StoreTest, VersionsOfAResourceAreListedNewestFirst) {
  lead();
  const auto registered = [&](const char* version) {
    return event({}, DagRegistered{{"team", "d"}, version, Json::object(), "s", "b", {}});
  };
  const auto monitor = [&](const char* version) {
    return event({},
                 ResourceRegistered{"monitor", "team", "d", version, Json::object(), "a.yaml", {}});
  };
  append({registered("v1"), monitor("m1")});
  const Time first = now();
  clock().pass(std::chrono::seconds{5});
  append({registered("v2"), monitor("m2")});
  clock().pass(std::chrono::seconds{5});
  append({registered("v1"), monitor("m1")});  // back to the old one: it keeps its age
  for (const std::string kind : {"dag", "monitor"}) {
    const auto rows = stores().runs.resource_versions(kind, "team", "d");
    ASSERT_OK(rows);
    ASSERT_EQ(2u, rows->size()) << kind;
    EXPECT_EQ(kind == "dag" ? "v2" : "m2", (*rows)[0].version);
    EXPECT_EQ(kind == "dag" ? "v1" : "m1", (*rows)[1].version);
    EXPECT_EQ(first + std::chrono::seconds{5}, (*rows)[0].registered_at);
    EXPECT_EQ(first, (*rows)[1].registered_at);
    EXPECT_TRUE(stores().runs.resource_versions(kind, "default", "d")->empty());
  }
}

TEST_P(StoreTest, DagsKeepTheirVersions) {
  lead();
  const Json one = Json::object({{"dag", "flights"}, {"namespace", "team"}, {"n", 1}});
  const Json two = Json::object({{"dag", "flights"}, {"namespace", "team"}, {"n", 2}});
  append({event(
      {}, DagRegistered{{"team", "flights"}, "v1", one, "dags/f.yaml", "dags", {"ada", ""}})});
  const Time first = now();
  clock().pass(std::chrono::seconds{5});
  append(
      {event({}, DagRegistered{{"team", "flights"}, "v2", two, "dags/g.yaml", "dags", {"ada", ""}}),
       event({},
             DagRegistered{"a", "v1", Json::object({{"dag", "a"}}), "dags/a.yaml", "dags", {}})});
  append({event({}, DagPaused{{"team", "flights"}, true, {}})});

  const auto dags = stores().runs.dags();
  ASSERT_OK(dags);
  ASSERT_EQ(2u, dags->size());
  EXPECT_EQ("a", (*dags)[0].dag);
  EXPECT_EQ("default", (*dags)[0].namespace_);
  const auto dag = stores().runs.dag({"team", "flights"});
  ASSERT_OK(dag);
  EXPECT_EQ("v2", dag->version);
  EXPECT_EQ("team", dag->namespace_);
  EXPECT_EQ(two, dag->spec);
  EXPECT_EQ("dags/g.yaml", dag->source);
  EXPECT_EQ("dags", dag->base_dir);
  EXPECT_TRUE(dag->paused);
  EXPECT_EQ(first, dag->registered_at);
  EXPECT_EQ(now(), dag->updated_at);
  EXPECT_FALSE(dag->last_logical_date.has_value());
  EXPECT_EQ(one, *stores().runs.dag_version({"team", "flights"}, "v1"));
  EXPECT_EQ(two, *stores().runs.dag_version({"team", "flights"}, "v2"));
  EXPECT_CODE(ErrorCode::not_found, stores().runs.dag_version({"team", "flights"}, "v3"));
  EXPECT_CODE(ErrorCode::not_found, stores().runs.dag("nope"));
}

TEST_P(StoreTest, ADagReturnsToAnOldVersion) {
  lead();
  const auto registered = [&](const char* version, int n) {
    return event({}, DagRegistered{"d", version, Json::object({{"n", n}}), "s", "b", {}});
  };
  append({registered("v1", 1), registered("v2", 2), registered("v1", 1)});
  EXPECT_EQ("v1", stores().runs.dag("d")->version);
  EXPECT_EQ(1, stores().runs.dag("d")->spec["n"].as_int());
}

TEST_P(StoreTest, TheLastLogicalDateIsThatOfScheduledRuns) {
  lead();
  append({event({}, DagRegistered{"flights", "v1", Json::object(), "s", "b", {}})});
  const Time february = *parse_rfc3339("2001-02-01"), march = *parse_rfc3339("2001-03-01");
  start_run("flights", RunType::scheduled, march);
  start_run("flights", RunType::scheduled, february);
  start_run("flights", RunType::manual, *parse_rfc3339("2001-09-01"));
  EXPECT_EQ(march, stores().runs.dag("flights")->last_logical_date);
  EXPECT_EQ(march, stores().runs.dags()->front().last_logical_date);
}

TEST_P(StoreTest, ScheduledDatesBeginWithTheNewestThatHasPassed) {
  lead();
  for (const char* dag : {"flights", "idle", "later"})
    append({event({}, DagRegistered{dag, "v1", Json::object(), "s", "b", {}})});
  const Time february = *parse_rfc3339("2001-02-01"), march = *parse_rfc3339("2001-03-01"),
             april = *parse_rfc3339("2001-04-01");
  for (const Time date : {april, february, march}) start_run("flights", RunType::scheduled, date);
  start_run("flights", RunType::manual, *parse_rfc3339("2001-03-15"));
  start_run("later", RunType::scheduled, april);
  const auto dates = stores().runs.scheduled_dates(march);
  ASSERT_OK(dates);
  EXPECT_EQ((ScheduledDates{{"flights", {march, april}}, {"later", {april}}}), *dates);
}

TEST_P(StoreTest, ADagIsRetiredUntilItIsRegisteredAgain) {
  lead();
  const auto registered = event({}, DagRegistered{"flights", "v1", Json::object(), "s", "b", {}});
  append({registered, event({}, DagRetired{"flights", "its file is gone", {}})});
  EXPECT_EQ("its file is gone", stores().runs.dag("flights")->retired);
  append({event({}, DagOutOfOrder{"flights", "no such zone"})});
  EXPECT_EQ("no such zone", stores().runs.dags()->front().out_of_order);
  append({event({}, DagOutOfOrder{"flights", ""})});
  EXPECT_EQ("", stores().runs.dag("flights")->out_of_order);
  append({event({}, DagOutOfOrder{"flights", "no such zone"}), registered});
  EXPECT_EQ("", stores().runs.dag("flights")->retired);
  EXPECT_EQ("", stores().runs.dag("flights")->out_of_order);
}

TEST_P(StoreTest, AScheduleKeepsWhereItGoesOn) {
  lead();
  const Time march = *parse_rfc3339("2001-03-01"), april = *parse_rfc3339("2001-04-01");
  append({event({}, DagRegistered{"flights", "v1", Json::object(), "s", "b", {}})});
  EXPECT_FALSE(stores().runs.dag("flights")->schedule_from.has_value());
  append({event({}, ScheduleMoved{"flights", march, {}, {}})});
  append({event({}, ScheduleMoved{"flights", {}, april, {}})});
  const auto dag = stores().runs.dag("flights");
  ASSERT_OK(dag);
  EXPECT_EQ(march, dag->schedule_from);
  EXPECT_EQ(april, dag->schedule_all_until);
}

TEST_P(StoreTest, ResourcesAreListedByKindWithTheirCurrentVersion) {
  lead();
  const Json one = Json::object({{"threshold", 1}}), two = Json::object({{"threshold", 2}});
  append({event({}, ResourceRegistered{"monitor", "default", "drift", "v1", one, "a.yaml", {}}),
          event({}, ResourceRegistered{"feature_view", "fraud", "clicks", "w1", one, "c.yaml", {}}),
          event({}, DagRegistered{"flights", "d1", two, "f.yaml", "/", {}})});
  append({event({}, ResourceRegistered{"monitor", "default", "drift", "v2", two, "b.yaml", {}})});
  append({event({}, ResourceRetired{"feature_view", "fraud", "clicks", "its file is gone", {}})});
  const auto rows = stores().runs.resources();
  ASSERT_OK(rows);
  ASSERT_EQ(3u, rows->size());
  const auto text = [](const ResourceRow& r) {
    return r.kind + " " + r.namespace_ + " " + r.name + " " + r.version + " " + r.source + " " +
           r.retired;
  };
  EXPECT_EQ("dag default flights d1 f.yaml ", text((*rows)[0]));
  EXPECT_EQ("feature_view fraud clicks w1 c.yaml its file is gone", text((*rows)[1]));
  EXPECT_EQ("monitor default drift v2 b.yaml ", text((*rows)[2]));
  EXPECT_EQ(now(), (*rows)[2].registered_at);
  const auto spec = [&](const char* kind, const char* name_space, const char* name,
                        const char* version) {
    return stores().runs.resource_version(kind, name_space, name, version);
  };
  EXPECT_EQ(one, *spec("monitor", "default", "drift", "v1"));
  EXPECT_EQ(two, *spec("monitor", "default", "drift", "v2"));
  EXPECT_EQ(two, *spec("dag", "default", "flights", "d1"));
  EXPECT_EQ(ErrorCode::not_found, spec("monitor", "fraud", "drift", "v1").error().code);
  // One that is put back is in force again.
  append(
      {event({}, ResourceRegistered{"feature_view", "fraud", "clicks", "w1", one, "c.yaml", {}})});
  const auto back = stores().runs.resources();
  ASSERT_OK(back);
  EXPECT_EQ("", (*back)[1].retired);
}

TEST_P(StoreTest, DiagnosticsOfADagFileStandUntilItIsGood) {
  lead();
  Json wrong = Json::array({Json::object({{"line", 3}, {"message", "unknown operator"}})});
  append({event({}, DagFileChecked{"dags/b.yaml", wrong}),
          event({}, DagFileChecked{"dags/a.yaml", wrong})});
  auto errors = stores().runs.dag_file_errors();
  ASSERT_OK(errors);
  ASSERT_EQ(2u, errors->size());
  EXPECT_EQ("dags/a.yaml", (*errors)[0].source);
  EXPECT_EQ(wrong, (*errors)[0].diagnostics);
  EXPECT_EQ(now(), (*errors)[0].at);
  append({event({}, DagFileChecked{"dags/a.yaml", Json::array()})});
  errors = stores().runs.dag_file_errors();
  ASSERT_OK(errors);
  ASSERT_EQ(1u, errors->size());
  EXPECT_EQ("dags/b.yaml", errors->front().source);
}

}  // namespace
}  // namespace millrace::testing
