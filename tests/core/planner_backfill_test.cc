// The runs of a backfill: in which order and how many at a time, and when it is over.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using Strings = std::vector<std::string>;

/// A daily DAG of one task that lets one run at a time begin, and a backfill of the days from
/// 2001-02-01 to 2001-02-05.
class BackfillRuns : public ::testing::Test {
 protected:
  void SetUp() override { declare(1); }

  /// With a param that needs a value unless the version is 1.
  void declare(int version) {
    DagSpec spec;
    spec.id = "daily";
    spec.schedule = CronSpec{"0 0 * * *"};
    spec.max_active_runs = 1;
    spec.doc = "version " + std::to_string(version);
    if (version > 1) spec.params = {{"region", Json::object({{"type", "string"}})}};
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    dag_ = std::make_shared<const Dag>(*Dag::make(std::move(spec)));
    ASSERT_TRUE(planner_.register_dag({dag_, "daily.yaml", ".", {}}, now_).ok());
  }
  CreateBackfill request(int most = 2) {
    CreateBackfill out{.dag = "daily", .from = "2001-02-01", .to = "2001-02-05"};
    out.max_active_runs = most;
    return out;
  }
  void create(const CreateBackfill& input) {
    const auto answer = planner_.create_backfill(input, id_, {}, {}, now_);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    step();
  }
  /// What the events since the last call say of backfills and their runs.
  Strings step() {
    planner_.tick(now_);
    Strings out;
    for (const Event& event : planner_.take_events()) {
      if (const auto* created = std::get_if<RunCreated>(&event.body)) {
        runs_.push_back(event.run);
        out.push_back("run " + format_rfc3339(*created->logical_date).substr(0, 10));
      }
      if (std::holds_alternative<RunFinished>(event.body)) out.emplace_back("end");
      if (const auto* paused = std::get_if<BackfillPaused>(&event.body))
        out.push_back(paused->paused ? "paused " + paused->origin.reason : "resumed");
      if (const auto* ended = std::get_if<BackfillEnded>(&event.body))
        out.emplace_back(name_of(ended->state));
    }
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) attempts_.push_back(start->key);
    return out;
  }
  /// The attempt that was started first ends.
  Strings end_one(bool well = true) {
    const AttemptKey key = attempts_.front();
    attempts_.erase(attempts_.begin());
    planner_.complete({key, well ? Result<Outcome>(Done{}) : invalid_argument("no"), false}, now_);
    return step();
  }

  const Time now_ = *parse_rfc3339("2001-02-10T12:00:00Z");
  const Uuid id_{9, 1};
  std::shared_ptr<const Dag> dag_;
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  std::vector<Uuid> runs_;
  std::vector<AttemptKey> attempts_;
};

TEST_F(BackfillRuns, CreatesTheRunsInOrderAndAtMostMaxActiveRunsAtATime) {
  create(request());
  EXPECT_EQ(2u, runs_.size());
  EXPECT_EQ((Strings{"end", "run 2001-02-03"}), end_one());
  EXPECT_EQ((Strings{"end", "run 2001-02-04"}), end_one(false));
  EXPECT_EQ((Strings{"end", "run 2001-02-05"}), end_one());
  EXPECT_EQ((Strings{"end"}), end_one());
  EXPECT_EQ((Strings{"end", "completed"}), end_one());
}

TEST_F(BackfillRuns, StartsWithTheNewestDateOnRequest) {
  CreateBackfill newest = request(1);
  newest.order = BackfillOrder::newest_first;
  create(newest);
  EXPECT_EQ((Strings{"end", "run 2001-02-04"}), end_one());
}

TEST_F(BackfillRuns, NeitherWaitsForOtherRunsOfTheDagNorCountsForThem) {
  TriggerRun trigger{.dag = "daily", .run = Uuid{1, 1}};
  ASSERT_TRUE(planner_.trigger_run(trigger, {}, now_).ok());
  create(request());
  EXPECT_EQ(3u, attempts_.size());  // a run of the DAG, and two of the backfill
  trigger.run = Uuid{1, 2};
  ASSERT_TRUE(planner_.trigger_run(trigger, {}, now_).ok());
  step();
  EXPECT_EQ(3u, attempts_.size());
  EXPECT_EQ((Strings{"end"}), end_one());  // the other run of the DAG begins
  EXPECT_EQ(3u, attempts_.size());
}

TEST_F(BackfillRuns, LeavesTheScheduleWhereItWas) {
  const auto before = planner_.dags().at("daily").schedule.last;
  create(request());
  EXPECT_EQ(before, planner_.dags().at("daily").schedule.last);
}

TEST_F(BackfillRuns, RunsThoughTheDagIsPaused) {
  ASSERT_TRUE(planner_.pause_dag({"daily", true}, {}, now_).ok());
  create(request());
  EXPECT_EQ(2u, runs_.size());
}

TEST_F(BackfillRuns, APauseHoldsBackTheNextRuns) {
  create(request());
  ASSERT_TRUE(planner_.pause_backfill({id_, true}, {}, now_).ok());
  EXPECT_EQ((Strings{"paused ", "end"}), end_one());
  ASSERT_TRUE(planner_.pause_backfill({id_, false}, {}, now_).ok());
  EXPECT_EQ((Strings{"resumed", "run 2001-02-03"}), step());
}

TEST_F(BackfillRuns, ACancellationEndsTheOpenRunsAndStartsNoMore) {
  create(request());
  ASSERT_TRUE(planner_.cancel_backfill({id_}, {}, now_).ok());
  EXPECT_EQ((Strings{"end", "end", "cancelled"}), step());
  const auto again = planner_.cancel_backfill({id_}, {}, now_);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ("backfill " + id_.to_string() + " is not open", again.error().message);
}

TEST_F(BackfillRuns, APausedBackfillThatIsCancelledEnds) {
  create(request());
  ASSERT_TRUE(planner_.pause_backfill({id_, true}, {}, now_).ok());
  ASSERT_TRUE(planner_.cancel_backfill({id_}, {}, now_).ok());
  EXPECT_EQ((Strings{"paused ", "end", "end", "cancelled"}), step());
}

TEST_F(BackfillRuns, WaitsWhileTheDagIsRetiredAndThenTakesItsNewVersion) {
  create(request(1));
  SyncDags none{.folder = "dags"};
  none.seen = {"daily"};
  planner_.sync_dags(none, now_);
  EXPECT_EQ((Strings{"end"}), end_one());
  declare(1);
  EXPECT_EQ((Strings{"run 2001-02-02"}), step());
}

TEST_F(BackfillRuns, PausesWhenItsParamsDoNotFitTheNewVersion) {
  create(request(1));
  declare(2);
  EXPECT_EQ((Strings{"end", "paused DAG 'daily' needs a value for the param 'region'"}), end_one());
}

TEST_F(BackfillRuns, ARunThatIsRetriedCountsAsOpenAgain) {
  create(request(1));
  const Uuid first = runs_.front();
  planner_.complete({attempts_.front(), invalid_argument("no"), false}, now_);
  ASSERT_TRUE(planner_.retry_run({first, {}}, {}, now_).ok());
  EXPECT_EQ((Strings{"end"}), step());
}

TEST_F(BackfillRuns, ASecondBackfillSkipsDatesThatWaitInTheFirst) {
  create(request(2));
  CreateBackfill wider = request();
  wider.from = "2001-01-31";
  const auto answer = planner_.create_backfill(wider, Uuid{9, 2}, {}, {}, now_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(1, answer->dates);
  EXPECT_EQ(5, answer->skipped);
}

TEST_F(BackfillRuns, ARestoredOneGoesOnWhereItWas) {
  create(request(2));
  Planner next{PlannerOptions{}, 2, Rng(2)};
  DagState state;
  state.dag = dag_;
  state.schedule = planner_.dags().at("daily").schedule;
  next.restore_dag(std::move(state));
  Backfill backfill{.id = id_, .dag = "daily", .max_active_runs = 2};
  backfill.dates = *planner_.backfill_dates(request(), {}, now_);
  backfill.next = 2;
  backfill.active = {runs_[0], runs_[1]};
  next.restore_backfill(std::move(backfill));
  for (const Uuid& run : runs_) next.restore_run(*planner_.find_run(run));
  next.recover(now_);
  runs_.clear();
  attempts_.clear();
  planner_ = std::move(next);
  EXPECT_EQ((Strings{}), step());
  EXPECT_EQ((Strings{"end", "run 2001-02-03"}), end_one());
}

// 250 days have a run each; a step creates at most 100.
TEST_F(BackfillRuns, CreatesALargeNumberOfRunsInSeveralSteps) {
  CreateBackfill many{.dag = "daily", .from = "2000-01-01", .to = "2000-09-06"};
  many.max_active_runs = 1000;
  create(many);
  EXPECT_EQ(100u, runs_.size());
  EXPECT_LE(*planner_.next_wakeup(), now_);
  step();
  step();
  EXPECT_EQ(250u, runs_.size());
}

}  // namespace
}  // namespace millrace
