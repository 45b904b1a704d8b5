// Which dates a schedule makes up: after a change, an unpausing, a sleep, a clock that was wrong.
// Expected dates are counted by hand.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

Time at(std::string_view text) { return *parse_rfc3339(text); }

class Scheduling : public ::testing::Test {
 protected:
  Scheduling() {
    spec_.id = "x";
    spec_.max_active_runs = 1000;
    spec_.tasks.resize(1);
    spec_.tasks[0].id = "only";
    spec_.tasks[0].op = "fake";
    spec_.schedule = CronSpec{"0 * * * *", "UTC", DstPolicy::run_once};
  }
  void put() {
    auto made = Dag::make(spec_);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    auto dag = std::make_shared<const Dag>(*std::move(made));
    SyncDags folder{"/dags", {{dag, "/dags/x.yaml", "/dags", {}}}, {}, {}, {}, {"x"}, true};
    planner_.sync_dags(folder, now_);
  }
  void remove() { planner_.sync_dags({"/dags", {}, {}, {}, {}, {"x"}, true}, now_); }
  void pause(bool paused) { ASSERT_TRUE(planner_.pause_dag({"x", paused}, {}, now_).ok()); }
  /// The logical dates of the runs that begin until `until`, as the loop wakes: separated by
  /// spaces.
  std::string runs_until(std::string_view until) {
    planner_.tick(now_);
    for (auto next = planner_.next_wakeup(); next && *next <= at(until);
         next = planner_.next_wakeup()) {
      now_ = std::max(now_, *next);
      planner_.tick(now_);
    }
    now_ = at(until);
    return take_dates();
  }
  /// Nothing runs until then: the machine sleeps.
  std::string wake_at(std::string_view when) {
    now_ = at(when);
    planner_.tick(now_);
    return take_dates();
  }
  /// The wall clock is set, and the leader reads which dates have a run.
  void set_clock(std::string_view to) {
    planner_.clock_was_set(at(to) - now_);
    now_ = at(to);
    std::vector<Time> known;
    for (const Time date : dates_) {
      if (date <= now_) known.clear();
      known.push_back(date);
    }
    planner_.take_scheduled_dates({{"x", known}}, now_);
  }
  std::string take_dates() {
    std::string out;
    for (const auto& event : planner_.take_events()) {
      const auto* created = std::get_if<RunCreated>(&event.body);
      if (created == nullptr) continue;
      out += (out.empty() ? "" : " ") + format_rfc3339(*created->logical_date).substr(5, 11);
      if (created->type == RunType::scheduled)
        EXPECT_TRUE(dates_.insert(*created->logical_date).second) << "a second run of a date";
    }
    return out;
  }
  std::string interval_of(std::string_view logical_date) {
    TriggerRun input;
    input.dag = "x";
    input.run = Uuid{1, ++triggered_};
    input.logical_date = format_rfc3339(at(logical_date));
    EXPECT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    const RunCreated& created = planner_.find_run(*input.run)->created;
    return format_rfc3339(*created.interval_start).substr(0, 16) + " " +
           format_rfc3339(*created.interval_end).substr(0, 16);
  }

  Time now_ = at("2026-03-01T10:30:00Z");
  DagSpec spec_;
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  std::uint64_t triggered_ = 0;
  std::set<Time> dates_;  // that have a run
};

TEST_F(Scheduling, AManualRunHasTheIntervalOfItsLogicalDate) {
  spec_.schedule->expression = "@monthly";
  put();
  EXPECT_EQ(interval_of("2026-03-01"), "2026-02-01T00:00 2026-03-01T00:00");
  // Airflow's infer_manual_data_interval: the last interval that is complete by then.
  EXPECT_EQ(interval_of("2026-03-15"), "2026-02-01T00:00 2026-03-01T00:00");
  spec_.schedule.reset();
  put();
  EXPECT_EQ(interval_of("2026-03-01"), "2026-03-01T00:00 2026-03-01T00:00");
}

TEST_F(Scheduling, AChangedScheduleBeginsAtItsChange) {
  put();
  EXPECT_EQ(runs_until("2026-03-01T23:03:00Z").substr(0, 23), "03-01T11:00 03-01T12:00");
  spec_.schedule->expression = "2 23 * * *";
  put();
  EXPECT_EQ(runs_until("2026-03-02T23:30:00Z"), "03-02T23:02");
}

TEST_F(Scheduling, AnAddedScheduleOrCatchupBeginsAtItsChange) {
  spec_.schedule.reset();
  put();
  now_ += days{3};
  spec_.schedule = CronSpec{"0 * * * *", "UTC", DstPolicy::run_once};
  put();
  EXPECT_EQ(runs_until("2026-03-04T11:30:00Z"), "03-04T11:00");
  now_ += days{1};
  spec_.catchup = true;
  put();
  EXPECT_EQ(runs_until("2026-03-05T12:00:00Z"), "03-05T12:00");
}

TEST_F(Scheduling, ANewStartWithCatchupIsMadeUpFrom) {
  spec_.schedule.reset();
  put();
  now_ += hours{5};
  spec_.schedule = CronSpec{"0 * * * *", "UTC", DstPolicy::run_once};
  spec_.catchup = true;
  spec_.start = at("2026-03-01T13:00:00Z");
  put();
  EXPECT_EQ(runs_until("2026-03-01T16:00:00Z"), "03-01T13:00 03-01T14:00 03-01T15:00 03-01T16:00");
}

TEST_F(Scheduling, AnotherTextOfTheSameScheduleChangesNothing) {
  spec_.catchup = true;
  put();
  EXPECT_EQ(runs_until("2026-03-01T11:30:00Z"), "03-01T11:00");
  now_ = at("2026-03-01T13:30:00Z");
  spec_.doc = "another text";
  put();
  EXPECT_EQ(wake_at("2026-03-01T13:30:00Z"), "03-01T12:00 03-01T13:00");
}

TEST_F(Scheduling, UnpausingMakesUpWhatThePolicySays) {
  struct Case {
    bool catchup;
    std::optional<OnUnpause> policy;
    std::string dates;
  };
  const std::vector<Case> cases = {
      {false, {}, "03-01T13:00"},  // as Airflow
      {true, {}, "03-01T11:00 03-01T12:00 03-01T13:00"},
      {false, OnUnpause::none, ""},
      {true, OnUnpause::none, ""},
      {false, OnUnpause::last, "03-01T13:00"},
      {true, OnUnpause::last, "03-01T13:00"},
      {false, OnUnpause::all, "03-01T11:00 03-01T12:00 03-01T13:00"},
      {true, OnUnpause::all, "03-01T11:00 03-01T12:00 03-01T13:00"},
  };
  for (const auto& c : cases) {
    planner_ = Planner(PlannerOptions{}, 1, Rng(1));
    dates_.clear();
    now_ = at("2026-03-01T10:30:00Z");
    spec_.catchup = c.catchup;
    spec_.on_unpause = c.policy;
    put();
    pause(true);
    now_ = at("2026-03-01T13:30:00Z");
    pause(false);
    EXPECT_EQ(wake_at("2026-03-01T13:30:00Z"), c.dates) << c.catchup;
    EXPECT_EQ(runs_until("2026-03-01T14:30:00Z"), "03-01T14:00");
  }
}

TEST_F(Scheduling, AFileThatComesBackGoesOnAsIfUnpaused) {
  put();
  remove();
  EXPECT_EQ(runs_until("2026-03-01T13:30:00Z"), "");
  put();
  EXPECT_EQ(runs_until("2026-03-01T14:30:00Z"), "03-01T13:00 03-01T14:00");
}

TEST_F(Scheduling, ASleepWithoutCatchupIsFollowedByTheLatestDateOnly) {
  put();
  EXPECT_EQ(wake_at("2026-03-03T09:59:00Z"), "03-03T09:00");
  EXPECT_EQ(runs_until("2026-03-03T11:00:00Z"), "03-03T10:00 03-03T11:00");
}

TEST_F(Scheduling, ASleepBeyondTheEndIsFollowedByTheLastDate) {
  spec_.end = at("2026-03-01T12:00:00Z");
  put();
  EXPECT_EQ(wake_at("2026-03-03T09:59:00Z"), "03-01T12:00");
}

TEST_F(Scheduling, AStartThatMovesAheadIsWaitedFor) {
  put();
  EXPECT_EQ(runs_until("2026-03-01T11:30:00Z"), "03-01T11:00");
  spec_.start = at("2026-03-01T14:00:00Z");
  put();
  EXPECT_EQ(runs_until("2026-03-01T14:30:00Z"), "03-01T14:00");
}

TEST_F(Scheduling, AMinuteOfWrongClockDoesNotSilenceASchedule) {
  for (const bool catchup : {false, true}) {
    planner_ = Planner(PlannerOptions{}, 1, Rng(1));
    dates_.clear();
    now_ = at("2026-03-01T10:30:00Z");
    spec_.catchup = catchup;
    spec_.schedule->expression = "0 0 * * *";
    put();
    set_clock("2026-03-06T10:30:00Z");
    EXPECT_NE(wake_at("2026-03-06T10:30:00Z"), "");
    set_clock("2026-03-01T10:31:00Z");
    EXPECT_EQ(wake_at("2026-03-01T10:31:00Z"), "");
    // The date of 6 March has a run; with catchup, those before it as well.
    EXPECT_EQ(
        runs_until("2026-03-07T12:00:00Z"),
        catchup ? "03-07T00:00" : "03-02T00:00 03-03T00:00 03-04T00:00 03-05T00:00 03-07T00:00");
  }
}

TEST_F(Scheduling, AClockThatGoesBackRepeatsNoDateAndMakesUpNoneFromBeforeTheDag) {
  for (const bool catchup : {false, true}) {
    planner_ = Planner(PlannerOptions{}, 1, Rng(1));
    dates_.clear();
    now_ = at("2026-03-01T10:30:00Z");
    spec_.catchup = catchup;
    put();
    EXPECT_EQ(runs_until("2026-03-01T12:30:00Z"), "03-01T11:00 03-01T12:00");
    set_clock("2026-03-01T10:45:00Z");
    EXPECT_EQ(runs_until("2026-03-01T12:45:00Z"), "") << "both dates have a run";
    set_clock("2026-01-20T10:45:00Z");
    EXPECT_EQ(wake_at("2026-01-20T10:46:00Z"), "");
    set_clock("2026-03-01T12:50:00Z");
    EXPECT_EQ(runs_until("2026-03-01T14:30:00Z"), "03-01T13:00 03-01T14:00") << catchup;
  }
}

TEST_F(Scheduling, ADagThatWasFirstReadWhileTheClockWasAheadIsScheduled) {
  now_ = at("2026-04-10T10:30:00Z");
  put();
  set_clock("2026-03-01T10:30:00Z");
  EXPECT_EQ(runs_until("2026-03-01T12:30:00Z"), "03-01T11:00 03-01T12:00");
}

TEST_F(Scheduling, AScheduleThatWasChangedWhileTheClockWasAheadGoesOn) {
  put();
  EXPECT_EQ(runs_until("2026-03-01T11:30:00Z"), "03-01T11:00");
  set_clock("2026-04-10T10:30:00Z");
  spec_.schedule->expression = "30 * * * *";
  put();
  set_clock("2026-03-01T11:45:00Z");
  // When it was changed is not known; nothing that may be due is lost.
  EXPECT_EQ(runs_until("2026-03-01T12:45:00Z"), "03-01T11:30 03-01T12:30");
}

TEST_F(Scheduling, AResetMakesUpNothing) {
  spec_.catchup = true;
  put();
  now_ = at("2026-03-05T10:30:00Z");
  ASSERT_TRUE(planner_.reset_schedule({"x"}, {}, now_).ok());
  EXPECT_EQ(runs_until("2026-03-05T12:30:00Z"), "03-05T11:00 03-05T12:00");
}

TEST_F(Scheduling, CatchupInAWindowDropsWhatIsOlder) {
  spec_.catchup = true;
  spec_.catchup_window = hours{3};
  now_ = at("2026-03-01T00:30:00Z");
  put();
  EXPECT_EQ(runs_until("2026-03-01T02:30:00Z"), "03-01T01:00 03-01T02:00");
  // The machine sleeps for ten hours.
  EXPECT_EQ(wake_at("2026-03-01T12:00:00Z"), "03-01T09:00 03-01T10:00 03-01T11:00 03-01T12:00");
  EXPECT_EQ(runs_until("2026-03-01T13:00:00Z"), "03-01T13:00");
}

TEST_F(Scheduling, JitterDoesNotCountAsAgeInTheWindowOfCatchup) {
  spec_.catchup = true;
  spec_.catchup_window = minutes{1};
  spec_.schedule->jitter = minutes{50};
  now_ = at("2026-03-01T00:30:00Z");
  put();
  for (int hour = 1; hour <= 20; ++hour) {
    const Time date = at("2026-03-01") + hours{hour};
    const Time begin = begin_of_date(*Dag::make(spec_), date);
    ASSERT_EQ(planner_.next_wakeup(), begin);
    now_ = begin + std::chrono::seconds{30};  // the engine is busy, for less than the window
    planner_.tick(now_);
    EXPECT_EQ(take_dates(), format_rfc3339(date).substr(5, 11));
  }
  // One that could begin longer ago than the window is dropped.
  const Time last = begin_of_date(*Dag::make(spec_), at("2026-03-01T21:00:00Z"));
  now_ = last + minutes{1} + Duration{1};
  planner_.tick(now_);
  EXPECT_EQ(take_dates(), "");
}

TEST_F(Scheduling, JitterDelaysTheRunAndKeepsItsDate) {
  spec_.schedule->jitter = minutes{10};
  now_ = at("2026-03-01T00:30:00Z");
  put();
  for (int hour = 1; hour <= 20; ++hour) {
    const Time date = at("2026-03-01") + hours{hour};
    const auto next = planner_.next_wakeup();
    ASSERT_TRUE(next);
    EXPECT_GE(*next, date);
    EXPECT_LE(*next, date + minutes{10});
    now_ = *next - Duration{1};
    planner_.tick(now_);
    EXPECT_EQ(take_dates(), "");
    now_ = *next;
    planner_.tick(now_);
    EXPECT_EQ(take_dates(), format_rfc3339(date).substr(5, 11));
  }
}

TEST_F(Scheduling, JitterIsTheSameEachTimeApartForEachDagAndBelowTheGap) {
  spec_.schedule->jitter = hours{24};
  const Dag one = *Dag::make(spec_);
  spec_.id = "y";
  const Dag other = *Dag::make(spec_);
  std::set<Time> begins;
  for (int hour = 0; hour < 100; ++hour) {
    const Time date = at("2026-03-01") + hours{hour};
    const Time begin = begin_of_date(one, date);
    EXPECT_EQ(begin, begin_of_date(one, date));
    EXPECT_LT(begin, date + hours{1}) << "before the next date";
    begins.insert(begin);
    begins.insert(begin_of_date(other, date));
  }
  EXPECT_GT(begins.size(), 190U);
}

TEST_F(Scheduling, AnotherIntervalIsAChangedSchedule) {
  spec_.schedule = CronSpec{};
  spec_.schedule->every = hours{1};
  now_ = at("2026-03-01T00:30:00Z");
  put();
  EXPECT_EQ(runs_until("2026-03-01T02:30:00Z"), "03-01T01:00 03-01T02:00");
  EXPECT_EQ(interval_of("2026-03-01T02:00:00Z"), "2026-03-01T01:00 2026-03-01T02:00");
  DagSpec to = spec_;
  to.schedule->every = minutes{30};
  EXPECT_EQ(begin_of_changed(spec_, to, now_), now_);
  to = spec_;
  to.schedule->except = {*parse_day_range("2026-03-05")};
  to.schedule->jitter = minutes{1};
  EXPECT_EQ(begin_of_changed(spec_, to, now_), std::nullopt);
}

}  // namespace
}  // namespace millrace
