// What a schedule does with a date while a run of an earlier one is open. The policies and the
// expected courses are those of Temporal's schedules: Skip, BufferOne, BufferAll, CancelOther,
// AllowAll (docs.temporal.io/schedule#overlap-policy).
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::seconds;

Time clock_of(std::string_view text) {
  return *parse_rfc3339("2026-03-01T" + std::string(text) + "Z");
}

/// A DAG whose schedule fires each minute from 00:01 on.
class OverlapTest : public ::testing::Test {
 protected:
  void put(Overlap overlap, int max_active_runs = 16) {
    DagSpec spec;
    spec.id = "x";
    spec.max_active_runs = max_active_runs;
    spec.overlap = overlap;
    spec.catchup = true;
    spec.schedule = CronSpec{"* * * * *", "UTC", DstPolicy::run_once};
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    if (cleans_up_) {
      spec.tasks.resize(2);
      spec.tasks[1].id = "clean";
      spec.tasks[1].op = "fake";
      spec.tasks[1].needs = {"only"};
      spec.tasks[1].condition = "always()";
    }
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_->register_dag({dag_, "x.yaml", ".", {}}, now_).ok());
    note();
  }
  void run_until(std::string_view text) {
    for (auto next = planner_->next_wakeup(); next && *next <= clock_of(text);
         next = planner_->next_wakeup()) {
      now_ = std::max(now_, *next);
      planner_->tick(now_);
    }
    now_ = clock_of(text);
    note();
  }
  void note() {
    for (auto& event : planner_->take_events()) {
      const auto* moved = std::get_if<ScheduleMoved>(&event.body);
      if (moved != nullptr && moved->skipped) skipped_ += minute(*moved->skipped) + " ";
      if (const auto* created = std::get_if<RunCreated>(&event.body))
        if (created->logical_date) dates_[event.run] = minute(*created->logical_date);
      if (const auto* sent = std::get_if<AttemptDispatched>(&event.body))
        if (sent->ref.task == 0) begun_ += dates_[event.run] + " ";
      const auto* finished = std::get_if<RunFinished>(&event.body);
      if (finished != nullptr && finished->status == RunStatus::cancelled)
        cancelled_ += dates_[event.run] + " ";
      events_.push_back(std::move(event));
    }
    for (const auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action))
        attempts_[dates_[start->key.run]] = start->key;
  }
  static std::string minute(Time time) { return format_rfc3339(time).substr(14, 2); }
  /// The attempt of that date's run is over.
  void end(const std::string& date, Result<Outcome> outcome = Outcome{Done{}}) {
    planner_->complete({attempts_.at(date), std::move(outcome), false, now_}, now_);
    note();
  }
  void trigger(const Uuid& run) {
    TriggerRun input;
    input.dag = "x";
    input.run = run;
    ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    note();
  }

  Time now_ = clock_of("00:00:30");
  bool cleans_up_ = false;
  std::shared_ptr<const Dag> dag_;
  std::unique_ptr<Planner> planner_ = std::make_unique<Planner>(PlannerOptions{}, 1, Rng(1));
  std::vector<Event> events_;
  std::map<Uuid, std::string> dates_;
  std::map<std::string, AttemptKey> attempts_;  // by the date of the run
  std::string begun_, skipped_, cancelled_;     // dates, in order
};

TEST_F(OverlapTest, AllowLetsRunsOverlapUpToMaxActiveRuns) {
  put(Overlap::allow, 2);
  run_until("00:04:30");
  EXPECT_EQ(begun_, "01 02 ");
  end("01");
  run_until("00:04:40");
  EXPECT_EQ(begun_, "01 02 03 ");
  EXPECT_EQ(skipped_, "");
}

TEST_F(OverlapTest, SkipLeavesADateOutWhileARunIsOpen) {
  put(Overlap::skip);
  run_until("00:03:30");
  EXPECT_EQ(begun_, "01 ");
  EXPECT_EQ(skipped_, "02 03 ");
  end("01");
  run_until("00:03:50");
  EXPECT_EQ(begun_, "01 ") << "a skipped date is not made up, in spite of catchup";
  run_until("00:04:30");
  EXPECT_EQ(begun_, "01 04 ");
}

TEST_F(OverlapTest, BufferOneKeepsTheFirstDateThatWasMissed) {
  put(Overlap::buffer_one);
  run_until("00:04:30");
  EXPECT_EQ(begun_, "01 ");
  EXPECT_EQ(skipped_, "03 04 ");
  end("01");
  EXPECT_EQ(begun_, "01 02 ");
  run_until("00:06:30");
  EXPECT_EQ(skipped_, "03 04 06 ") << "05 waits";
  end("02");
  EXPECT_EQ(begun_, "01 02 05 ");
}

TEST_F(OverlapTest, BufferAllRunsEveryDateOneAfterTheOther) {
  put(Overlap::buffer_all, 1);
  run_until("00:04:30");
  EXPECT_EQ(begun_, "01 ");
  for (const char* date : {"01", "02", "03"}) end(date);
  EXPECT_EQ(begun_, "01 02 03 04 ");
  EXPECT_EQ(skipped_, "");
}

TEST_F(OverlapTest, BufferAllHoldsAThousandRunsAtMost) {
  put(Overlap::buffer_all);
  run_until("17:00:30");  // 1,020 dates
  EXPECT_EQ(begun_, "01 ");
  EXPECT_EQ(skipped_.size(), 19 * std::string("00 ").size());
}

TEST_F(OverlapTest, CancelOtherBeginsWhenTheProgramsOfTheOtherAreGone) {
  put(Overlap::cancel_other);
  run_until("00:02:10");
  EXPECT_EQ(cancelled_, "01 ");
  EXPECT_EQ(begun_, "01 ") << "its program has its grace";
  end("01", make_error(ErrorCode::cancelled, "cancelled"));
  EXPECT_EQ(begun_, "01 02 ");
  EXPECT_EQ(skipped_, "");
}

TEST_F(OverlapTest, CancelOtherCancelsWhatWaitsAsWell) {
  put(Overlap::cancel_other);
  run_until("00:04:10");
  EXPECT_EQ(cancelled_, "01 02 03 ");
  EXPECT_EQ(begun_, "01 ");
  end("01", make_error(ErrorCode::cancelled, "cancelled"));
  EXPECT_EQ(begun_, "01 04 ");
}

TEST_F(OverlapTest, CancelOtherWaitsForTasksThatAlwaysRun) {
  cleans_up_ = true;
  put(Overlap::cancel_other);
  run_until("00:02:10");
  EXPECT_EQ(cancelled_, "") << "the task with always() has begun";
  end("01");  // that task
  EXPECT_EQ(cancelled_, "01 ");
}

TEST_F(OverlapTest, RunsThatPeopleAskForDoNotCount) {
  put(Overlap::skip);
  trigger(Uuid{1, 1});
  run_until("00:01:30");
  EXPECT_EQ(skipped_, "");
  EXPECT_EQ(begun_, " 01 ");
}

TEST_F(OverlapTest, AfterASleepTheDatesFollowThePolicyOneByOne) {
  put(Overlap::buffer_one);
  now_ = clock_of("00:05:30");
  planner_->tick(now_);
  note();
  EXPECT_EQ(begun_, "01 ");
  EXPECT_EQ(skipped_, "03 04 05 ") << "02 waits";
}

TEST_F(OverlapTest, HoldsUnderTheNextLeaderToo) {
  put(Overlap::buffer_one);
  run_until("00:02:30");
  std::map<Uuid, millrace::Run> runs;
  SchedulePosition position;
  position.registered_at = clock_of("00:00:30");
  for (const Event& event : events_) {
    if (const auto* created = std::get_if<RunCreated>(&event.body)) {
      runs.emplace(event.run, make_run(event, dag_));
      position.last = created->logical_date;
    } else if (!event.run.is_nil()) {
      ASSERT_TRUE(apply(runs.at(event.run), event).ok());
    }
  }
  planner_ = std::make_unique<Planner>(PlannerOptions{}, 2, Rng(2));
  DagState state;
  state.dag = dag_;
  state.schedule = position;
  planner_->restore_dag(std::move(state));
  for (auto& [id, run] : runs) planner_->restore_run(std::move(run));
  planner_->recover(now_);
  note();
  run_until("00:03:30");
  EXPECT_EQ(begun_, "01 01 ") << "again, because its engine died";
  EXPECT_EQ(skipped_, "03 ");
  end("01");
  EXPECT_EQ(begun_, "01 01 02 ");
}

}  // namespace
}  // namespace millrace
