// What is forgotten, what never is, and that nobody who reads or writes is the worse for it.
#include <signal.h>

#include <filesystem>
#include <thread>

#include "engine/store/load_run.h"
#include "tests/pg/history_fixture.h"

namespace millrace::testing {
namespace {

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

// PostgreSQL has no estimate of a table before it is analyzed.
TEST_P(HistoryTest, TheRunsAndTasksOfASmallPeriodAreCounted) {
  for (int i = 0; i < 3; ++i) {
    const RunRow run = start_run();
    succeed(run.run, {});
    finish_run(run, RunStatus::success);
  }
  const auto periods = history().periods();
  ASSERT_OK(periods);
  std::int64_t runs = 0, tasks = 0;
  for (const auto& period : *periods) {
    runs += period.runs;
    tasks += period.tasks;
  }
  EXPECT_EQ(3, runs);
  EXPECT_EQ(3, tasks);
}

// Above 32 MiB (migration 0007) the number of rows is what PostgreSQL estimates.
TEST_P(HistoryTest, CountsOfALargePeriodAreMarkedAsEstimates) {
  const RunRow run = start_run();
  sql("INSERT INTO millrace.task_instance (run, task, map_index, state, attempt, ended_at, error) "
      "SELECT '" +
      run.run.to_string() +
      "', 'a', i, 'failed', 1, now(), repeat('x', 1900) FROM generate_series(1, 18000) AS i");
  const auto of_the_run = [&] {
    const auto periods = history().periods();
    for (const Period& period : *periods)
      if (period.tasks > 0) return period;
    return Period{};
  };
  EXPECT_EQ(18'000, of_the_run().tasks);  // never analyzed: counted
  EXPECT_FALSE(of_the_run().tasks_estimated);
  sql("ANALYZE millrace.task_instance");
  EXPECT_TRUE(of_the_run().tasks_estimated);
  EXPECT_FALSE(of_the_run().runs_estimated);
}

TEST_P(HistoryTest, WithoutARetentionNothingIsDropped) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  clock().pass(100 * 365 * kDay);
  History everything(database(), clock(), std::nullopt, &clock());
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

TEST_P(HistoryTest, ABackfillGoesWithItsDatesLongAfterItsEndAndAnOpenOneStays) {
  BackfillCreated created;
  created.dag = "flights";
  created.dates = {now()};
  const Uuid ended = new_id(), open = new_id();
  for (const Uuid& id : {ended, open}) {
    created.backfill = id;
    append({event({}, created)});
  }
  append({event({}, BackfillEnded{ended, BackfillState::completed})});
  clock().pass(kRetention - kDay);
  keep();
  EXPECT_OK(stores().backfills.backfill(ended));
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().backfills.backfill(ended));
  EXPECT_TRUE(stores().backfills.dates(ended, 0, 10)->empty());
  EXPECT_OK(stores().backfills.backfill(open));
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
  for (Duration passed{}; passed < kRetention + 4 * period_width(kRetention); passed += kDay) {
    clock().pass(kDay);
    ASSERT_OK(history().keep());
  }
  EXPECT_FALSE(stores().inbox.result(first.id)->has_value());
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
  history().stop_comparing();  // no engine watched the clock meanwhile
  pass_watched(kDay + hours{1});
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
  pass_without_drops(kRetention + 3 * period_width(kRetention));
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
  history().stop_comparing();
  EXPECT_GE(pass_days(static_cast<int>(expired->size()) * period_width(kRetention)),
            expired->size());
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(run.run));
}

TEST_P(HistoryTest, TwoThatKeepHistoryAtOnceDoNotDisturbEachOther) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  pass_without_drops(kRetention + 3 * period_width(kRetention));
  ASSERT_GE(history().expired()->size(), 2u);
  const std::size_t before = std::stoul(dropped());
  std::vector<std::thread> keepers;
  for (int i = 0; i < 4; ++i)
    keepers.emplace_back([&] {
      History mine(database(), clock(), kRetention, &clock());
      const auto kept = mine.keep();  // or another one was at it
      EXPECT_TRUE(kept.ok() || kept.error().code == ErrorCode::unavailable)
          << kept.error().to_string();
    });
  for (auto& keeper : keepers) keeper.join();
  EXPECT_EQ(std::to_string(before + 1), dropped());  // one period for each period's time
  EXPECT_EQ("0", sql("SELECT count(*) FROM (SELECT number FROM millrace.period GROUP BY number "
                     "HAVING count(*) > 1) AS twice"));
}

TEST_P(HistoryTest, WhoReadsForLongIsNotDisturbedAndHoldsNobodyUp) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  pass_without_drops(kRetention + 3 * period_width(kRetention));
  history().stop_comparing();
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
  EXPECT_EQ(keep(), 1u);
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
  // Every run that is listed can be loaded, and is open, as its events say.
  const auto runs = stores().runs.runs({});
  ASSERT_OK(runs);
  ASSERT_EQ(6u, runs->size());
  for (const RunRow& row : *runs) {
    EXPECT_EQ(load_run(stores().journal, stores().runs, row.run)->status, RunStatus::running);
    EXPECT_EQ(row.status, RunStatus::queued) << "nothing has started yet";
  }
}

INSTANTIATE_TEST_SUITE_P(PostgreSQL, HistoryTest,
                         ::testing::Values(Backend{
                             "PgStore", [] { return std::make_unique<PgWithHistory>(); }}),
                         name_of);

}  // namespace
}  // namespace millrace::testing
