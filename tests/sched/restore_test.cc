// A term begins with what is stored: whatever of it cannot be restored stops only itself.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/sched/leader.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

using std::chrono::hours;

class QuietExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt>) override {}
  void cancel(const AttemptKey&, bool) override {}
  void kill_all() override {}
};

class HandClock final : public Clock {
 public:
  Time now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return steady_; }
  void pass(Duration time) { now_ += time, steady_ += time; }
  /// The wall clock jumps.
  void set_by(Duration by) { now_ += by; }

 private:
  Time now_ = *parse_rfc3339("2026-03-01T10:30:00Z");
  std::chrono::steady_clock::time_point steady_{hours{1}};
};

Json spec_of(const std::string& id, const std::string& zone) {
  DagSpec spec;
  spec.id = id;
  spec.tasks.resize(1);
  spec.tasks[0].id = "only";
  spec.tasks[0].op = "fake";
  Json json = Dag::to_json(spec);
  json.set("schedule", Json::object({{"cron", "0 * * * *"}, {"timezone", zone}, {"dst", "skip"}}));
  return json;
}

class Restore : public ::testing::Test {
 protected:
  /// What another machine, or an older program, has written.
  void write(std::vector<EventBody> bodies, const Uuid& run = {}) {
    const auto lease = take_lease();
    Batch batch;
    batch.epoch = lease.epoch;
    batch.first_seq = *stores_.journal.last_seq() + 1;
    for (auto& body : bodies) {
      if (const auto* created = std::get_if<RunCreated>(&body)) {
        RunRow row;
        row.run = run;
        row.dag = created->dag.name;
        row.version = created->version;
        row.type = created->type;
        row.logical_date = created->logical_date;
        batch.runs_created.push_back(row);
      }
      batch.events.push_back({0, run, clock_.now(), std::move(body)});
    }
    ASSERT_TRUE(stores_.journal.append(batch).ok());
    ASSERT_TRUE(stores_.leadership.release(kMainShard, lease.epoch).ok());
  }
  Lease take_lease() {
    const auto lease = stores_.leadership.acquire(kMainShard, "one", hours{10});
    EXPECT_TRUE(lease.ok() && lease->has_value());
    return **lease;
  }
  std::unique_ptr<Leader> lead() {
    auto leader =
        Leader::take_office(PlannerOptions{}, take_lease(), stores_, executor_, clock_, Rng(1));
    EXPECT_TRUE(leader.ok()) << leader.error().message;
    EXPECT_TRUE((*leader)->step({}).ok());
    return *std::move(leader);
  }
  template <Kinded T>
  Json ask(Leader& leader, const T& input) {
    Command command = make_command(input, {});
    command.id = Uuid::v7(clock_.now(), rng_);
    EXPECT_TRUE(stores_.inbox.submit(command).ok());
    EXPECT_TRUE(leader.step({CommandsWaiting{}}).ok());
    return (*stores_.inbox.result(command.id))->result;
  }
  static void resign(Stores stores, std::unique_ptr<Leader> leader) {
    EXPECT_TRUE(stores.leadership.release(kMainShard, leader->epoch()).ok());
  }

  HandClock clock_;
  MemStore store_{clock_};
  Stores stores_ = store_.stores();
  QuietExecutor executor_;
  Rng rng_{1};
};

TEST_F(Restore, ADagOfAnUnknownZoneStopsOnlyItself) {
  write({DagRegistered{"bad", "v1", spec_of("bad", "US/Nowhere"), "/dags/bad.yaml", "/dags", {}},
         DagRegistered{"good", "v1", spec_of("good", "UTC"), "/dags/good.yaml", "/dags", {}}});
  auto leader = lead();
  const Json refused = ask(*leader, TriggerRun{.dag = "bad"});
  EXPECT_NE(refused.dump().find("out of order: there is no time zone 'US/Nowhere'"),
            std::string::npos)
      << refused.dump();
  EXPECT_TRUE(ask(*leader, TriggerRun{.dag = "good"}).contains("run"));
  const std::string reason = stores_.runs.dag("bad")->out_of_order;
  EXPECT_NE(reason.find("US/Nowhere"), std::string::npos);
  const auto errors = stores_.runs.dag_file_errors();
  ASSERT_EQ(errors->size(), 1u);
  EXPECT_EQ(errors->front().source, "/dags/bad.yaml");
  // Pausing it works, and is kept.
  EXPECT_FALSE(ask(*leader, PauseDag{"bad", true}).contains("code"));
  // The next term finds the same, and writes it no second time.
  resign(stores_, std::move(leader));
  leader = lead();
  const auto events = stores_.journal.read(0, 1000);
  const auto count = [&](std::string_view kind) {
    return std::ranges::count(*events, kind, [](const Event& e) { return kind_of(e.body); });
  };
  EXPECT_EQ(count("dag_out_of_order"), 1);
  EXPECT_EQ(count("dag_file_checked"), 1);
  EXPECT_TRUE(stores_.runs.dag("bad")->paused);
}

TEST_F(Restore, ADagThatCanBeCompiledAgainIsInOrderAgain) {
  write(
      {DagRegistered{"x", "v1", spec_of("x", "UTC"), "/dags/x.yaml", "/dags", {}},
       DagOutOfOrder{"x", "there was no time zone"},
       DagFileChecked{"/dags/x.yaml",
                      Json::array({Json::object({{"code", "out-of-order"}, {"message", "m"}})})}});
  const auto leader = lead();
  EXPECT_EQ(stores_.runs.dag("x")->out_of_order, "");
  EXPECT_TRUE(stores_.runs.dag_file_errors()->empty());
  EXPECT_TRUE(ask(*leader, TriggerRun{.dag = "x"}).contains("run"));
}

TEST_F(Restore, AnOpenRunThatCannotBeLoadedStopsOnlyItself) {
  const Uuid lost = Uuid::v7(clock_.now(), rng_);
  write({DagRegistered{"x", "old", spec_of("x", "US/Nowhere"), "/dags/x.yaml", "/dags", {}},
         DagRegistered{"x", "new", spec_of("x", "UTC"), "/dags/x.yaml", "/dags", {}}});
  write({RunCreated{"x", "old", RunType::manual, {}, {}, {}, Json::object(), {}, "", {}}}, lost);
  auto leader = lead();
  EXPECT_TRUE(ask(*leader, TriggerRun{.dag = "x"}).contains("run"));
  const Json refused = ask(*leader, CancelRun{lost});
  EXPECT_NE(refused.dump().find("is out of order: there is no time zone"), std::string::npos)
      << refused.dump();
  const auto alerts = stores_.registry.alerts(10);
  ASSERT_EQ(alerts->size(), 1u);
  EXPECT_EQ(alerts->front().title, "run " + lost.to_string() + " of DAG 'x' is out of order");
  resign(stores_, std::move(leader));
  leader = lead();
  EXPECT_EQ(stores_.registry.alerts(10)->size(), 1u) << "one alert, however many terms";
  EXPECT_EQ(stores_.runs.run(lost)->status, RunStatus::queued);
}

/// A run of a date to come: it was created while the clock was ahead.
TEST_F(Restore, AScheduleGoesOnAfterAClockThatWasAheadInAFormerTerm) {
  const Time now = clock_.now();
  const Time ahead = std::chrono::floor<hours>(now) + std::chrono::days{40};
  write({DagRegistered{"x", "v1", spec_of("x", "UTC"), "/dags/x.yaml", "/dags", {}}});
  write({RunCreated{"x", "v1", RunType::scheduled, ahead, ahead, ahead, Json::object(), {}, "", {}},
         RunFinished{}},
        Uuid::v7(now, rng_));
  const auto leader = lead();
  EXPECT_LE(leader->next_wakeup().value_or(ahead), now + hours{1});
  EXPECT_TRUE(leader->planner().dags().at("x").schedule.taken.contains(ahead));
}

TEST_F(Restore, AScheduleGoesOnWhenTheClockIsSetBackWithinATerm) {
  write({DagRegistered{"x", "v1", spec_of("x", "UTC"), "/dags/x.yaml", "/dags", {}}});
  clock_.set_by(std::chrono::days{40});
  const auto leader = lead();  // while the clock is ahead
  clock_.pass(hours{1});
  ASSERT_TRUE(leader->step({}).ok());
  const auto ahead = stores_.runs.dag("x")->last_logical_date;
  ASSERT_TRUE(ahead.has_value());
  clock_.set_by(-std::chrono::days{40});
  ASSERT_TRUE(leader->step({}).ok());
  EXPECT_LE(leader->next_wakeup().value_or(*ahead), clock_.now() + hours{1});
  clock_.pass(hours{1});
  ASSERT_TRUE(leader->step({}).ok());
  RunFilter filter;
  filter.dag = "x";
  // Two dates of the wrong clock, the one that passed meanwhile, and the next.
  EXPECT_EQ(stores_.runs.runs(filter)->size(), 4u);
}

TEST_F(Restore, ASetScheduleWaitsUntilItsDatesCanBeRead) {
  write({DagRegistered{"x", "v1", spec_of("x", "UTC"), "/dags/x.yaml", "/dags", {}}});
  const auto leader = lead();
  store_.set_fault_hook([](std::string_view call) {
    return call == "runs.scheduled_dates" ? Fault::fail_before : Fault::none;
  });
  clock_.set_by(std::chrono::days{2});
  ASSERT_TRUE(leader->step({}).ok());
  EXPECT_FALSE(stores_.runs.dag("x")->last_logical_date.has_value());
  store_.set_fault_hook({});
  ASSERT_TRUE(leader->step({}).ok());
  EXPECT_TRUE(stores_.runs.dag("x")->last_logical_date.has_value());
}

TEST_F(Restore, ADateWithoutOffsetIsMeantInTheDagsZone) {
  write({DagRegistered{"x", "v1", spec_of("x", "America/New_York"), "/d/x.yaml", "/d", {}}});
  const auto leader = lead();
  const Json answer = ask(*leader, TriggerRun{.dag = "x", .logical_date = "2026-03-01"});
  const auto run = stores_.runs.run(*Uuid::parse(answer["run"].as_view()));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(format_rfc3339(*run->logical_date), "2026-03-01T05:00:00Z");
  EXPECT_EQ(format_rfc3339(*run->interval_start), "2026-03-01T04:00:00Z");
}

TEST_F(Restore, AnEventAnswersWhatItStarted) {
  Json spec = spec_of("x", "UTC");
  spec.set("on_event", Json::object({{"type", "news"}}));
  write({DagRegistered{"x", "v1", spec, "/dags/x.yaml", "/dags", {}}});
  const auto leader = lead();
  const PublishEvent news{"news", Json::object()};
  Json answer = ask(*leader, news);
  EXPECT_EQ(answer["runs"].size(), 1u);
  ask(*leader, PauseDag{"x", true});
  answer = ask(*leader, news);
  EXPECT_EQ(answer["runs"].size(), 0u);
  EXPECT_EQ(answer["not_started"].at(0)["reason"].as_string(), "it is paused");
}

}  // namespace
}  // namespace millrace
