// Two of one name in two namespaces do not meet: DAGs, runs, schedules, events, datasets, models.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;
const std::string kOld(64, 'a'), kNew(64, 'b');

class Namespaces : public ::testing::Test {
 protected:
  Namespaces() : planner_(PlannerOptions(), 1, Rng(7)) {
    for (const std::string name_space : {"default", "team"}) {
      DagSpec spec;
      spec.id = "same";
      spec.namespace_ = name_space;
      spec.datasets = {"data"};
      spec.on_event = Json::object({{"type", "news"}});
      spec.schedule = CronSpec{"0 * * * *", "UTC", DstPolicy::run_once};
      spec.tasks.resize(1);
      spec.tasks[0].id = "only";
      spec.tasks[0].op = "fake";
      auto made = Dag::make(std::move(spec));
      EXPECT_TRUE(made.ok()) << made.error().to_string();
      const auto dag = std::make_shared<const Dag>(*std::move(made));
      EXPECT_TRUE(planner_.register_dag({dag, name_space + ".yaml", ".", {}}, now_).ok());
      ModelState state;
      state.serving.champion = kOld;
      state.versions = {kOld, kNew};
      planner_.restore_model({name_space, "m"}, state);
    }
    planner_.take_events();
  }
  static Caller in(std::string_view name_space) { return {name_space, {"ada", ""}}; }
  Uuid trigger(std::string_view name_space) {
    const Uuid run{1, ++runs_};
    TriggerRun input{.dag = "same", .run = run};
    EXPECT_TRUE(planner_.trigger_run(input, in(name_space), now_).ok());
    return run;
  }
  /// The DAGs of the runs that were created since the last call.
  std::vector<DagKey> created() {
    std::vector<DagKey> out;
    for (const Event& event : planner_.take_events())
      if (const auto* run = std::get_if<RunCreated>(&event.body)) out.push_back(run->dag);
    return out;
  }
  AttemptKey started() {
    AttemptKey key;
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) key = start->key;
    return key;
  }
  using Keys = std::vector<DagKey>;

  Time now_ = *parse_rfc3339("2026-03-01T00:30:00Z");
  std::uint64_t runs_ = 0;
  Planner planner_;
};

TEST_F(Namespaces, ATriggerStartsTheDagOfItsNamespace) {
  trigger("team");
  EXPECT_EQ(created(), (Keys{{"team", "same"}}));
  const auto absent = planner_.trigger_run({.dag = "same", .run = Uuid{2, 2}}, in("other"), now_);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_NE(absent.error().message.find("in the namespace 'other'"), std::string::npos);
}

TEST_F(Namespaces, AttemptsKnowTheirNamespace) {
  trigger("team");
  for (const auto& action : planner_.take_actions()) {
    ASSERT_TRUE(std::holds_alternative<StartAttempt>(action));
    EXPECT_EQ(std::get<StartAttempt>(action).info.namespace_, "team");
  }
}

TEST_F(Namespaces, APauseStopsOneOfThem) {
  ASSERT_TRUE(planner_.pause_dag({"same", true}, in("default"), now_).ok());
  planner_.take_events();
  now_ += 1h;
  planner_.tick(now_);
  EXPECT_EQ(created(), (Keys{{"team", "same"}})) << "the schedule of the other goes on";
}

TEST_F(Namespaces, ASyncThatLacksOneRetiresOnlyThat) {
  const DagKey gone("team", "same");
  SyncDags folder{"/dags", {}, {}, {"same"}, {}, {"same", gone}, true};
  planner_.sync_dags(folder, now_);
  EXPECT_EQ(planner_.dags().at("same").retired, "");
  EXPECT_NE(planner_.dags().at(gone).retired, "");
}

TEST_F(Namespaces, AnEventStartsTheDagOfItsNamespace) {
  const auto answer = planner_.publish_event({"news", Json::object()}, in("team"), now_);
  EXPECT_EQ(answer.runs.size(), 1u);
  EXPECT_EQ(created(), (Keys{{"team", "same"}}));
}

TEST_F(Namespaces, ADatasetStartsTheDagOfItsNamespace) {
  const std::vector<Effect> effects = {UpdateDataset{"data", kNew, 1}};
  ASSERT_TRUE(planner_.request_effects(effects, in("default"), now_).ok());
  EXPECT_EQ(created(), Keys{"same"});
  ASSERT_TRUE(planner_.request_effects(effects, in("team"), now_).ok());
  EXPECT_EQ(created(), (Keys{{"team", "same"}})) << "it is new content there";
}

TEST_F(Namespaces, ARunOfAnotherNamespaceIsNotThere) {
  const Uuid run = trigger("team");
  EXPECT_FALSE(planner_.cancel_run({run}, in("default"), now_).ok());
  EXPECT_FALSE(planner_.cancel_task({run, "only", {}, false}, in("default"), now_).ok());
  EXPECT_EQ(planner_.retry_run({run, {}}, in("default"), now_).error().code, ErrorCode::not_found);
  EXPECT_TRUE(planner_.cancel_run({run}, in("team"), now_).ok());
}

/// A canary of `m` in one namespace owns no traffic of the other, and is woken by its own changes.
TEST_F(Namespaces, ModelsOfOneNameAreDeployedApart) {
  trigger("team");
  Defer canary;
  canary.after = 15s;
  canary.event = "deployment/m";
  canary.effects = {SetTraffic{"m", kNew, 5, ""}};
  planner_.complete({started(), Outcome(canary), false, now_}, now_);
  canary.effects.clear();  // its own change of the traffic has woken it
  planner_.complete({started(), Outcome(canary), false, now_}, now_);
  planner_.take_events();

  const std::vector<Effect> promote = {PromoteModel{"m", kNew}};
  EXPECT_TRUE(planner_.request_effects(promote, in("default"), now_).ok())
      << "no canary is under way there";
  EXPECT_EQ(started().run, Uuid{}) << "the task of the other namespace waits on";
  const auto back = planner_.request_effects({RollbackModel{"m", "why"}}, in("team"), now_);
  EXPECT_TRUE(back.ok());
  EXPECT_NE(started().run, Uuid{}) << "its own deployment changed";
  for (const Event& event : planner_.take_events())
    if (const auto* asked = std::get_if<EffectsRequested>(&event.body);
        asked != nullptr && std::holds_alternative<RollbackModel>(asked->effects[0]))
      EXPECT_EQ(asked->namespace_, "team");
}

}  // namespace
}  // namespace millrace
