// An engine for one DAG alone (`millrace run`) leaves runs and schedules of others as they are.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

std::shared_ptr<const Dag> dag_of(const std::string& id, const std::string& cron = "") {
  DagSpec spec;
  spec.id = id;
  if (!cron.empty()) spec.schedule = CronSpec{cron, "UTC", DstPolicy::run_once};
  spec.tasks.resize(1);
  spec.tasks[0].id = "a";
  spec.tasks[0].op = "fake";
  return std::make_shared<const Dag>(*Dag::make(std::move(spec)));
}

/// The DAGs of the attempts that were started since the last call.
std::vector<std::string> started(Planner& planner) {
  std::vector<std::string> dags;
  for (const auto& action : planner.take_actions())
    if (const auto* start = std::get_if<StartAttempt>(&action)) dags.push_back(start->info.dag_id);
  return dags;
}

TEST(OnlyDag, OtherRunsAreCreatedAndWaitForTheNextEngine) {
  const Time now = *parse_rfc3339("2001-02-01T00:30:00Z");
  PlannerOptions options;
  options.only_dag = "mine";
  Planner planner(options, 1, Rng(1));
  for (const auto& dag : {dag_of("mine"), dag_of("other", "* * * * *")})
    ASSERT_TRUE(planner.register_dag({dag, dag->id() + ".yaml", ".", {}}, now).ok());
  planner.take_scheduled_dates({}, now);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    TriggerRun input;
    input.dag = i == 1 ? "other" : "mine";
    input.run = Uuid{1, i};
    ASSERT_TRUE(planner.trigger_run(input, {}, now).ok());
  }
  EXPECT_EQ(started(planner), (std::vector<std::string>{"mine"}));
  EXPECT_EQ(planner.find_run(Uuid{1, 1})->instance({0, -1}).state, TaskState::queued);
  planner.tick(now + std::chrono::minutes{5});
  EXPECT_EQ(planner.open_runs(), 2) << "no schedule fires";
  EXPECT_EQ(started(planner), std::vector<std::string>());
}

TEST(OnlyDag, ARunThatItStartsDoesNotWaitForRunsThatDoNotGoOn) {
  const Time now = *parse_rfc3339("2001-02-01T00:30:00Z");
  PlannerOptions options;
  options.only_dag = "mine";
  Planner planner(options, 1, Rng(1));
  DagSpec one_at_a_time = dag_of("other")->spec();
  one_at_a_time.max_active_runs = 1;
  for (const auto& dag :
       {dag_of("mine"), std::make_shared<const Dag>(*Dag::make(std::move(one_at_a_time)))})
    ASSERT_TRUE(planner.register_dag({dag, dag->id() + ".yaml", ".", {}}, now).ok());
  for (std::uint64_t i = 1; i <= 2; ++i) {
    TriggerRun input;
    input.dag = i == 1 ? "other" : "mine";
    input.run = Uuid{1, i};
    ASSERT_TRUE(planner.trigger_run(input, {}, now).ok());
  }
  AttemptKey mine;
  for (const auto& action : planner.take_actions()) mine = std::get<StartAttempt>(action).key;
  Defer wait;
  wait.effects.emplace_back(StartRun{.dag = "other", .wait = true});
  planner.complete({mine, Outcome{wait}, false}, now);
  EXPECT_EQ(started(planner), (std::vector<std::string>{"other"}));
}

}  // namespace
}  // namespace millrace
