// What is forgotten, what never is, and that nobody who reads or writes is the worse for it.
#include "engine/pg/history.h"

#include <signal.h>

#include <filesystem>
#include <thread>

#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "engine/store/load_run.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
constexpr Duration kDay = hours{24};
constexpr Duration kRetention = 90 * kDay;

class PgWithHistory final : public StoreUnderTest {
 public:
  Stores stores() override { return store_.stores(); }
  FakeClock& clock() override { return clock_; }
  Database& database() { return *database_; }
  PgStore& store() { return store_; }

 private:
  FakeClock clock_;
  std::unique_ptr<Database> database_ = open_database(fresh_database());
  PgStore store_{*database_, &clock_};
};

/// Decades after the first period, which holds all that was there at the upgrade.
class HistoryTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    clock().pass(50 * 365 * kDay);
    lead();
    keep();
  }

  Database& database() { return static_cast<PgWithHistory&>(*store_).database(); }
  PgStore& store() { return static_cast<PgWithHistory&>(*store_).store(); }
  History history() { return {database(), clock(), kRetention}; }
  std::string sql(const std::string& text) { return query(database(), text); }

  /// As the leader does each minute; returns how many periods were dropped.
  std::size_t keep() {
    const auto kept = history().keep();
    EXPECT_TRUE(kept.ok()) << kept.error().to_string();
    EXPECT_TRUE(history().sweep().ok());
    return kept ? kept->periods_dropped.size() : 0;
  }
  /// So far that all that ended by now has ended long enough ago; an engine runs all the while.
  void let_it_grow_old() {
    for (Duration passed{}; passed < kRetention + 3 * period_width(kRetention); passed += kDay) {
      clock().pass(kDay);
      keep();
    }
  }

  /// A DAG of one task, `train`, so that runs can be loaded.
  void register_dag() {
    DagSpec spec;
    spec.id = "flights";
    TaskSpec task;
    task.id = "train";
    task.op = "noop";
    spec.tasks = {task};
    auto dag = Dag::make(std::move(spec));
    ASSERT_OK(dag);
    version_ = dag->version();
    DagRegistered body;
    body.dag = dag->id();
    body.version = version_;
    body.spec = Dag::to_json(dag->spec());
    append({event({}, body)});
  }
  RunRow start() {
    RunRow row;
    row.run = new_id();
    row.dag = "flights";
    row.version = version_;
    row.trace_id = "0123456789abcdef0123456789abcdef";
    row.created_at = now();
    RunCreated created;
    created.dag = row.dag;
    created.version = row.version;
    created.trace_id = row.trace_id;
    Batch out = batch({event(row.run, created)});
    out.runs_created.push_back(row);
    EXPECT_TRUE(stores().journal.append(out).ok());
    return row;
  }
  void write_log(const RunRow& run) {
    const LogChunk chunk{run.run, "train", -1, 1, 0, "hello\n", now()};
    ASSERT_OK(stores().logs.append(std::span(&chunk, 1)));
  }
  std::string log_of(const RunRow& run) {
    return stores().logs.read(run.run, "train", -1, 1, 0, 100).value_or("(error)");
  }
  Command command(const std::string& key = "") {
    Command out;
    out.id = new_id();
    out.kind = "trigger_run";
    out.idempotency_key = key;
    out.created_at = now();
    return out;
  }

  std::string version_;
};

TEST_P(HistoryTest, PeriodsFollowEachOtherAndReachAhead) {
  const auto periods = history().periods();
  ASSERT_OK(periods);
  ASSERT_GE(periods->size(), 3u);
  EXPECT_FALSE(periods->front().starts.has_value());
  for (std::size_t i = 1; i < periods->size(); ++i) {
    EXPECT_EQ(static_cast<int>(i) + 1, (*periods)[i].number);
    EXPECT_EQ((*periods)[i - 1].ends, (*periods)[i].starts);
  }
  EXPECT_GE(periods->back().ends, now() + period_width(kRetention));
  const auto again = history().keep();
  ASSERT_OK(again);
  EXPECT_EQ(0, again->periods_added);
}

TEST_P(HistoryTest, WithoutARetentionNothingIsDropped) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  clock().pass(100 * 365 * kDay);
  History everything(database(), clock(), std::nullopt);
  const auto kept = everything.keep();
  ASSERT_OK(kept);
  EXPECT_TRUE(kept->periods_dropped.empty());
  EXPECT_OK(stores().runs.run(run.run));
}

TEST_P(HistoryTest, WhatHasEndedGoesWithItsPeriodAndNotBefore) {
  const RunRow run = start_run();
  succeed(run.run, {PublishArtifact{digest('a'), "table", "t", 1, 1, {}, {}}});
  write_log(run);
  finish_run(run, RunStatus::success);
  const auto last = last_seq();
  clock().pass(kRetention - kDay);
  keep();
  EXPECT_OK(stores().runs.run(run.run));
  EXPECT_EQ("hello\n", log_of(run));

  clock().pass(kDay);
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
  EXPECT_CODE(ErrorCode::not_found, stores().registry.artifact(digest('a')));
  EXPECT_EQ("", log_of(run));
  EXPECT_TRUE(stores().runs.tasks(run.run)->empty());
  EXPECT_TRUE(stores().journal.read_run(run.run)->empty());
  EXPECT_TRUE(stores().runs.runs({})->empty());
  // The numbers of events go on though none is left.
  EXPECT_TRUE(stores().journal.read(0, 100)->empty());
  EXPECT_EQ(last, last_seq());
  const RunRow next = start_run();
  const auto events = stores().journal.read(0, 100);
  ASSERT_OK(events);
  ASSERT_EQ(1u, events->size());
  EXPECT_EQ(last + 1, events->front().seq);
  EXPECT_EQ(next.run, events->front().run);
  // Whole tables have gone, and no row was deleted.
  EXPECT_EQ("0", sql("SELECT count(*) FROM millrace.period p WHERE dropped_at IS NOT NULL AND "
                     "to_regclass('millrace.run_' || number) IS NOT NULL"));
}

TEST_P(HistoryTest, ARunThatIsOpenAcrossTheCutLivesOn) {
  register_dag();
  const RunRow run = start(), gone = start();
  append({event(run.run, TaskQueued{{0, -1}})});
  write_log(run);
  finish_run(gone, RunStatus::success);
  ASSERT_OK(store().write_marks());
  clock().pass(20 * kDay);  // into another period
  keep();
  append({event(run.run, AttemptStarted{{0, -1}, 1, epoch_})});
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(gone.run));

  // A leader that takes office finds it, as it was.
  const auto open = stores().runs.open_runs();
  ASSERT_OK(open);
  ASSERT_EQ(1u, open->size());
  EXPECT_EQ(run.run, open->front().run);
  const auto loaded = load_run(stores().journal, stores().runs, run.run);
  ASSERT_OK(loaded);
  EXPECT_EQ(TaskState::running, loaded->instance({0, -1}).state);
  EXPECT_EQ("hello\n", log_of(run));

  // It ends like any other, is shown as long as any other, and then goes.
  TaskSucceeded done;
  done.ref = {0, -1};
  done.attempt = 1;
  Batch end = batch({event(run.run, done)});
  TaskRow row;
  row.run = run.run;
  row.task = "train";
  row.attempt = 1;
  row.ended_at = now();
  end.tasks_ended.push_back(row);
  ASSERT_OK(stores().journal.append(end));
  finish_run(run, RunStatus::success);
  clock().pass(kRetention - kDay);
  keep();
  EXPECT_EQ(RunStatus::success, stores().runs.run(run.run)->status);
  EXPECT_EQ(1u, stores().runs.tasks(run.run)->size());
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
  EXPECT_EQ("", log_of(run));
  EXPECT_TRUE(stores().journal.read_run(run.run)->empty());
}

TEST_P(HistoryTest, ARunThatEndedLateIsKeptFromItsEndOn) {
  const RunRow run = start_run();
  clock().pass(kRetention);
  keep();
  finish_run(run, RunStatus::failed);
  clock().pass(kRetention - kDay);
  keep();
  EXPECT_EQ(RunStatus::failed, stores().runs.run(run.run)->status);
}

TEST_P(HistoryTest, AForgottenRunCannotBeginAnew) {
  register_dag();
  const RunRow run = start();
  finish_run(run, RunStatus::failed);
  // The command was planned just before the period went.
  Batch again = batch({event(run.run, TasksCleared{})});
  again.runs_reopened.push_back(run.run);
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(again));
  EXPECT_TRUE(stores().runs.open_runs()->empty());
  EXPECT_CODE(ErrorCode::not_found, load_run(stores().journal, stores().runs, run.run));
}

TEST_P(HistoryTest, WhatModelsAndDatasetsNameStays) {
  const RunRow run = start_run();
  succeed(run.run,
          {PublishArtifact{digest('a'), "model", "m", 1, 1, {}, {}},
           PublishArtifact{digest('b'), "table", "named", 1, 1, {}, {}},
           PublishArtifact{digest('c'), "table", "passing", 1, 1, {}, {}},
           RegisterModel{"flights", digest('a'), "logistic", {}, {}, ""},
           UpdateDataset{"flights", digest('b'), 7}, PromoteModel{"flights", digest('a'), ""}});
  finish_run(run, RunStatus::success);
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
  EXPECT_EQ("m", stores().registry.artifact(digest('a'))->name);
  EXPECT_EQ("named", stores().registry.artifact(digest('b'))->name);
  EXPECT_CODE(ErrorCode::not_found, stores().registry.artifact(digest('c')));
  EXPECT_EQ(1u, stores().registry.model_versions("flights")->size());
  EXPECT_EQ(digest('a'), stores().serving.deployment("flights")->champion);
  EXPECT_EQ(digest('b'), stores().registry.dataset("flights")->artifact);
}

TEST_P(HistoryTest, AScheduleGoesOnWhereItWas) {
  register_dag();
  const Time first = now(), second = first + hours{1};
  for (const Time date : {first, second})
    finish_run(start_run("flights", RunType::scheduled, date), RunStatus::success);
  let_it_grow_old();
  EXPECT_EQ(second, stores().runs.dag("flights")->last_logical_date);
  EXPECT_EQ("1", sql("SELECT count(*) FROM millrace.scheduled_run"));
  Batch twice = batch({event(new_id(), RunCreated{})});
  RunRow row;
  row.run = twice.events[0].run;
  row.dag = "flights";
  row.type = RunType::scheduled;
  row.logical_date = second;
  twice.runs_created.push_back(row);
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(twice));
}

TEST_P(HistoryTest, AnAnsweredCommandGoesAndAWaitingOneStays) {
  const Command answered = command("once"), waiting = command("twice");
  ASSERT_OK(stores().inbox.submit(answered));
  ASSERT_OK(stores().inbox.submit(waiting));
  append({event({}, CommandHandled{answered.id, true, {}})});
  let_it_grow_old();
  const auto pending = stores().inbox.pending(10);
  ASSERT_OK(pending);
  ASSERT_EQ(1u, pending->size());
  EXPECT_EQ(waiting.id, pending->front().id);
  EXPECT_FALSE(stores().inbox.result(answered.id)->has_value());
  // The key of the forgotten one is free, the other's is not.
  Command again = command("once"), other = command("twice");
  EXPECT_EQ(again.id, stores().inbox.submit(again)->id);
  EXPECT_EQ(waiting.id, stores().inbox.submit(other)->id);
}

TEST_P(HistoryTest, AKeyIsFreeThoughItsSweepIsStillToCome) {
  const Command first = command("once");
  ASSERT_OK(stores().inbox.submit(first));
  append({event({}, CommandHandled{first.id, true, {}})});
  clock().pass(kRetention + 3 * period_width(kRetention));
  ASSERT_FALSE(history().keep()->periods_dropped.empty());
  EXPECT_EQ("1", sql("SELECT count(*) FROM millrace.command_key"));
  const Command again = command("once");
  EXPECT_EQ(again.id, stores().inbox.submit(again)->id);
}

TEST_P(HistoryTest, PredictionsAndWindowsGoToo) {
  PredictionBatch old;
  old.id = new_id();
  Prediction prediction;
  prediction.id = "r";
  prediction.model = "flights";
  prediction.at = now();
  old.predictions = {prediction};
  ServingWindow window;
  window.model = "flights";
  window.role = "champion";
  window.start = now();
  old.windows = {window};
  ASSERT_OK(stores().serving.append(old));
  EXPECT_EQ(1u, stores().serving.predictions("flights", 10)->size());
  let_it_grow_old();
  EXPECT_TRUE(stores().serving.predictions("flights", 10)->empty());
  EXPECT_TRUE(stores().serving.windows("flights", Time{})->empty());
}

// What was written before its period was made, or by a clock that ran ahead, finds its place later.
TEST_P(HistoryTest, StraysMoveIntoTheirPeriodOnceItIsMade) {
  clock().pass(400 * kDay);
  const RunRow run = start_run();
  succeed(run.run, {});
  EXPECT_EQ("1", sql("SELECT count(*) FROM millrace.run_rest"));
  keep();
  EXPECT_EQ("0", sql("SELECT count(*) FROM millrace.run_rest"));
  EXPECT_EQ("0", sql("SELECT count(*) FROM millrace.journal_rest"));
  EXPECT_OK(stores().runs.run(run.run));
  EXPECT_EQ(1u, stores().runs.tasks(run.run)->size());
  EXPECT_EQ(2u, stores().journal.read_run(run.run)->size());
}

TEST_P(HistoryTest, ACrashInTheMiddleLeavesAllOfItOrNothing) {
  const RunRow run = start_run();
  succeed(run.run, {});
  finish_run(run, RunStatus::success);
  const auto last = last_seq();
  clock().pass(kRetention + 3 * period_width(kRetention));
  const auto expired = history().expired();
  ASSERT_OK(expired);
  ASSERT_GE(expired->size(), 2u);
  // The server's side of the connection dies when everything is done but the commit.
  const Status died = database().run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec("upkeep_begins");
      session.exec("drop_period", pg::Params().add((*expired)[1]).add(now() - kRetention));
      ::kill(session.backend(), SIGTERM);
    });
    return {};
  });
  EXPECT_CODE(ErrorCode::unavailable, died);
  EXPECT_OK(stores().runs.run(run.run));
  EXPECT_EQ(1u, stores().runs.tasks(run.run)->size());
  EXPECT_EQ(static_cast<std::size_t>(last), stores().journal.read(0, 100)->size());
  EXPECT_EQ(expired->size(), keep());
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
}

TEST_P(HistoryTest, TwoThatKeepHistoryAtOnceDoNotDisturbEachOther) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  clock().pass(kRetention + 3 * period_width(kRetention));
  std::vector<std::thread> keepers;
  for (int i = 0; i < 4; ++i)
    keepers.emplace_back([&] {
      const auto kept = history().keep();  // or somebody else was at it
      EXPECT_TRUE(kept.ok() || kept.error().code == ErrorCode::unavailable)
          << kept.error().to_string();
    });
  for (auto& keeper : keepers) keeper.join();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
  EXPECT_EQ("0", sql("SELECT count(*) FROM (SELECT number FROM millrace.period GROUP BY number "
                     "HAVING count(*) > 1) AS twice"));
}

TEST_P(HistoryTest, WhoReadsForLongIsNotDisturbedAndHoldsNobodyUp) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  clock().pass(kRetention + 3 * period_width(kRetention));
  const auto reader = open_database(database().dsn());
  const Status read = reader->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec_script("SET LOCAL idle_in_transaction_session_timeout = 0");
      session.exec_script("SELECT count(*) FROM millrace.run");
      const auto kept = history().keep();
      ASSERT_FALSE(kept.ok());
      EXPECT_EQ(ErrorCode::unavailable, kept.error().code) << kept.error().to_string();
      start_run();  // appends go on
      session.exec_script("SELECT count(*) FROM millrace.run");
    });
    return {};
  });
  EXPECT_OK(read);
  EXPECT_GE(keep(), 2u);
}

TEST_P(HistoryTest, TheJournalIsReadFromWhereItIsWhole) {
  register_dag();
  const RunRow kept = start();  // its events stay, but those between have gone
  for (int i = 0; i < 5; ++i) finish_run(start(), RunStatus::success);
  const auto cut = last_seq();
  let_it_grow_old();
  std::vector<Uuid> fresh;
  for (int i = 0; i < 5; ++i) fresh.push_back(start().run);
  const auto events = stores().journal.read(0, 1000);
  ASSERT_OK(events);
  ASSERT_EQ(5u, events->size());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(cut + 1 + static_cast<std::int64_t>(i), (*events)[i].seq);
    EXPECT_EQ(fresh[i], (*events)[i].run);
  }
  EXPECT_EQ(cut + 3, stores().journal.read(cut + 2, 2)->at(0).seq);
  EXPECT_EQ(1u, stores().journal.read_run(kept.run)->size());
  // Every run that is listed can be loaded, and is in the state that its events tell.
  const auto runs = stores().runs.runs({});
  ASSERT_OK(runs);
  ASSERT_EQ(6u, runs->size());
  for (const RunRow& row : *runs)
    EXPECT_EQ(row.status, load_run(stores().journal, stores().runs, row.run)->status);
}

INSTANTIATE_TEST_SUITE_P(PostgreSQL, HistoryTest,
                         ::testing::Values(Backend{
                             "PgStore", [] { return std::make_unique<PgWithHistory>(); }}),
                         name_of);

}  // namespace
}  // namespace millrace::testing
