// Traffic belongs to the task that watches it: whatever ends a canary task returns its traffic, and
// nothing but a registered version that was neither refused nor withdrawn ever gets any.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;
const std::string kOld(64, 'a'), kNew(64, 'b'), kOther(64, 'c');
const char* const kModel = "m";

class CanaryPlanner : public ::testing::Test {
 protected:
  CanaryPlanner() : planner_(options(), 1, Rng(7)) {
    DagSpec spec;
    spec.id = "ship";
    spec.max_active_runs = 4;
    spec.tasks.resize(1);
    spec.tasks[0].id = "canary";
    spec.tasks[0].op = "fake";
    spec.tasks[0].timeout = 1min;
    auto made = Dag::make(std::move(spec));
    dag_ = std::make_shared<const Dag>(*std::move(made));
    EXPECT_TRUE(planner_.register_dag({dag_, "ship.yaml", ".", {}}, now_).ok());
    ModelState state;
    state.serving.champion = kOld;
    state.versions = {kOld, kNew, kOther};
    planner_.restore_model(kModel, state);
  }
  static PlannerOptions options() {
    PlannerOptions out;
    out.max_losses = 1;
    return out;
  }

  AttemptKey trigger(const Uuid& run) {
    TriggerRun input;
    input.dag = "ship";
    input.run = run;
    EXPECT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    return started();
  }
  /// The attempt that was started last.
  AttemptKey started() {
    AttemptKey key;
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) key = start->key;
    return key;
  }
  void end(const AttemptKey& key, Result<Outcome> outcome, bool lost = false) {
    planner_.complete({key, std::move(outcome), lost, now_}, now_);
  }
  static Outcome traffic(const std::string& candidate, double weight = 5) {
    Defer defer;
    defer.after = 15s;
    defer.event = "deployment/m";
    defer.checkpoint = Json::object({{"step", 0}});
    defer.effects = {SetTraffic{kModel, candidate, weight, "step 1"}};
    return defer;
  }
  /// A canary that has begun and waits; `looking`: its next look is under way.
  AttemptKey open_canary(const Uuid& run, const std::string& candidate, bool looking) {
    AttemptKey key = trigger(run);
    end(key, traffic(candidate));
    if (looking) {
      now_ += 15s;
      planner_.tick(now_);
      key = started();
    }
    planner_.take_events();
    return key;
  }
  /// Effects of the events so far, of one kind.
  template <typename T>
  std::vector<T> effects() {
    for (auto& event : planner_.take_events()) seen_.push_back(std::move(event));
    std::vector<T> out;
    for (const Event& event : seen_)
      if (const auto* list = effects_of(event.body))
        for (const Effect& effect : *list)
          if (const auto* e = std::get_if<T>(&effect)) out.push_back(*e);
    return out;
  }
  void expect_returned(const std::string& candidate) {
    const auto back = effects<RollbackModel>();
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0].artifact, candidate);
    EXPECT_TRUE(back[0].candidate_only);
    EXPECT_TRUE(back[0].blameless) << "an end that judged nothing is no mark against the model";
    // The next canary of the same candidate can start.
    seen_.clear();
    const AttemptKey next = trigger(Uuid{9, 9});
    end(next, traffic(candidate));
    EXPECT_EQ(effects<SetTraffic>().size(), 1u);
  }
  void forget_events() {
    planner_.take_events();
    seen_.clear();
  }
  Status command(Effect effect) {
    return planner_.request_effects({std::move(effect)}, Origin("ada", "why"), now_);
  }
  Error error_of_failure() {
    for (auto& event : planner_.take_events()) seen_.push_back(std::move(event));
    for (const Event& event : seen_) {
      if (const auto* failed = std::get_if<TaskFailed>(&event.body)) return failed->error;
      if (const auto* again = std::get_if<AttemptFailed>(&event.body)) return again->error;
    }
    return internal_error("nothing failed");
  }

  Time now_ = *parse_rfc3339("2026-01-01T00:00:00Z");
  Planner planner_;
  std::shared_ptr<const Dag> dag_;
  std::vector<Event> seen_;
  const Uuid run_{1, 1};
};

// Right value of all that follow: "whatever ends a canary task returns the traffic by a
// compensating effect decided by the planner".
TEST_F(CanaryPlanner, CancellingAWaitingCanaryReturnsItsTraffic) {
  open_canary(run_, kNew, false);
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, CancellingACanaryInItsLookReturnsItsTraffic) {
  const AttemptKey look = open_canary(run_, kNew, true);
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  end(look, traffic(kNew, 25));  // its report comes too late, and moves nothing
  EXPECT_TRUE(effects<SetTraffic>().empty());
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, ATimeOutReturnsItsTraffic) {
  end(open_canary(run_, kNew, true), make_error(ErrorCode::timeout, "ran longer than its timeout"));
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, ALostRunnerReturnsItsTrafficOnceTheTaskIsGivenUp) {
  AttemptKey look = open_canary(run_, kNew, true);
  end(look, unavailable("the runner died"), true);
  EXPECT_TRUE(effects<RollbackModel>().empty()) << "the next attempt goes on watching";
  look = started();
  end(look, unavailable("the runner died"), true);
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, APermanentErrorReturnsItsTraffic) {
  end(open_canary(run_, kNew, true), invalid_argument("no such parameter"));
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, ASuccessWithoutAPromotionReturnsItsTraffic) {
  end(open_canary(run_, kNew, true), Outcome{Done{}});
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, ASkipReturnsItsTraffic) {
  end(open_canary(run_, kNew, true), Outcome{Skip{"no"}});
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, TrafficThatATaskSetsWithItsEndIsReturnedAtOnce) {
  Done done;
  done.effects = {SetTraffic{kModel, kNew, 5, ""}};
  end(trigger(run_), Outcome{done});
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, APromotionKeepsItsTraffic) {
  Done done;
  done.effects = {PromoteModel{kModel, kNew, "passed"}};
  end(open_canary(run_, kNew, true), Outcome{done});
  EXPECT_TRUE(effects<RollbackModel>().empty());
}

TEST_F(CanaryPlanner, ARollBackOfItsOwnIsNotRepeated) {
  Fail fail;
  fail.error = data_invalid("a breach");
  RollbackModel back{kModel, "a breach", {}};
  back.artifact = kNew;
  fail.effects = {back};
  end(open_canary(run_, kNew, true), Outcome{fail});
  EXPECT_EQ(effects<RollbackModel>().size(), 1u);
}

TEST_F(CanaryPlanner, ANewLeaderReturnsTheTrafficOfACanaryWhoseRunIsOver) {
  ModelState state;
  state.serving = {kOld, kNew, 5, "", {Uuid{5, 5}, "canary", -1}};
  state.versions = {kOld, kNew};
  planner_.restore_model(kModel, state);
  planner_.recover(now_);
  expect_returned(kNew);
}

TEST_F(CanaryPlanner, ANewLeaderGoesOnWithACanaryWhoseTaskIsOpen) {
  AttemptKey key = trigger(run_);
  end(key, traffic(kNew));
  std::optional<millrace::Run> run;
  for (const Event& event : planner_.take_events()) {
    if (event.run != run_) continue;
    if (!run)
      run = make_run(event, dag_);
    else
      ASSERT_TRUE(apply(*run, event).ok());
  }
  planner_ = Planner(options(), 2, Rng(8));
  DagState dag;
  dag.dag = dag_;
  planner_.restore_dag(dag);
  planner_.restore_run(*run);
  ModelState state;
  state.serving = {kOld, kNew, 5, "", {run_, "canary", -1}};
  state.versions = {kOld, kNew};
  planner_.restore_model(kModel, state);
  planner_.recover(now_);
  EXPECT_TRUE(effects<RollbackModel>().empty());
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  expect_returned(kNew);
}

// "a registered version of that model": 64 zeros are none, and a version of another model neither.
TEST_F(CanaryPlanner, RefusesTrafficForWhatIsNoRegisteredVersion) {
  end(trigger(run_), traffic(std::string(64, '0')));
  EXPECT_TRUE(effects<SetTraffic>().empty());
  EXPECT_EQ(error_of_failure().code, ErrorCode::not_found);
  EXPECT_FALSE(error_of_failure().transient());

  forget_events();
  Done done;
  done.effects = {PromoteModel{"unknown", kNew, ""}};
  end(trigger(Uuid{2, 2}), Outcome{done});
  EXPECT_TRUE(effects<PromoteModel>().empty());
}

TEST_F(CanaryPlanner, AcceptsWhatTheSameTaskRegisters) {
  Done done;
  done.effects = {RegisterModel{"fresh", kNew, "linear", {}, {}, ""},
                  PromoteModel{"fresh", kNew, ""}};
  end(trigger(run_), Outcome{done});
  EXPECT_EQ(effects<PromoteModel>().size(), 1u);
}

/// Two tasks judge their candidates against one champion: the second verdict no longer holds once
/// the first is in force.
TEST_F(CanaryPlanner, APromotionIsRefusedWhenTheChampionIsNoLongerTheOneItWasJudgedAgainst) {
  struct Case {
    std::optional<std::string> judged_against;
    bool promoted;
  };
  std::uint64_t run = 1;
  for (const auto& [judged_against, promoted] :
       {Case{"", false}, Case{kNew, false}, Case{kOld, true}, Case{std::nullopt, true}}) {
    forget_events();
    Done done;
    done.effects = {PromoteModel{kModel, kOld, "back"}};
    end(trigger(Uuid{4, run++}), Outcome{done});
    forget_events();
    done.effects = {PromoteModel{kModel, kOther, "", judged_against}};
    end(trigger(Uuid{4, run++}), Outcome{done});
    EXPECT_EQ(effects<PromoteModel>().size(), promoted ? 1u : 0u);
    if (!promoted) EXPECT_EQ(error_of_failure().code, ErrorCode::conflict);
  }
}

TEST_F(CanaryPlanner, OnlyOneOfTwoFirstModelsIsPromoted) {
  for (const std::string& artifact : {kNew, kOther}) {
    Done done;
    done.effects = {RegisterModel{"fresh", artifact, "linear", {}, {}, ""},
                    PromoteModel{"fresh", artifact, "the first model", ""}};
    end(trigger(Uuid{5, artifact == kNew ? 1u : 2u}), Outcome{done});
  }
  ASSERT_EQ(effects<PromoteModel>().size(), 1u);
  EXPECT_EQ(effects<PromoteModel>()[0].artifact, kNew);
  EXPECT_NE(error_of_failure().message.find("was judged against none"), std::string::npos);
}

TEST_F(CanaryPlanner, ASecondCanaryWaitsForTheFirst) {
  open_canary(run_, kNew, false);
  for (const std::string& candidate : {kOther, kNew}) {
    forget_events();
    end(trigger(Uuid{3, candidate == kNew ? 1u : 2u}), traffic(candidate));
    EXPECT_TRUE(effects<SetTraffic>().empty());
    EXPECT_EQ(error_of_failure().code, ErrorCode::conflict);
    EXPECT_TRUE(error_of_failure().transient());
  }
}

TEST_F(CanaryPlanner, AVersionThatWasRolledBackNeedsAPersonsReason) {
  Fail fail;
  fail.error = data_invalid("a breach");
  fail.effects = {RollbackModel{kModel, "p = 1e-191", {}}};
  end(open_canary(run_, kNew, true), Outcome{fail});
  forget_events();

  end(trigger(Uuid{2, 2}), traffic(kNew));
  EXPECT_TRUE(effects<SetTraffic>().empty());
  EXPECT_NE(error_of_failure().message.find("was rolled back"), std::string::npos)
      << error_of_failure().message;
  EXPECT_FALSE(error_of_failure().transient());

  EXPECT_FALSE(command(ReleaseModel{kModel, kNew, ""}).ok()) << "a reason is required";
  EXPECT_FALSE(command(ReleaseModel{kModel, kOther, "typo"}).ok());
  ASSERT_TRUE(command(ReleaseModel{kModel, kNew, "the outcomes were wrong"}).ok());
  forget_events();
  end(trigger(Uuid{2, 3}), traffic(kNew));
  EXPECT_EQ(effects<SetTraffic>().size(), 1u);
}

TEST_F(CanaryPlanner, AVersionThatAnEvaluationRefusedIsNotDeployed) {
  Done done;
  done.effects = {RecordEvaluation{kModel, kOld, kNew, "refuse", {}},
                  RecordEvaluation{kModel, kOld, kOld, "refuse", {}}};
  end(trigger(run_), Outcome{done});
  end(trigger(Uuid{2, 2}), traffic(kNew));
  EXPECT_TRUE(effects<SetTraffic>().empty());
  // Not even where a later evaluation says otherwise: who asks until it fits has proven nothing.
  done.effects = {RecordEvaluation{kModel, kOld, kNew, "promote", {}}};
  end(trigger(Uuid{2, 3}), Outcome{done});
  end(trigger(Uuid{2, 4}), traffic(kNew));
  EXPECT_TRUE(effects<SetTraffic>().empty());
  // A champion that was trained once more, and is no better than itself, is not refused.
  EXPECT_FALSE(command(ReleaseModel{kModel, kOld, "?"}).ok());
}

// "The planner must refuse when the artifact is no longer the candidate."
TEST_F(CanaryPlanner, ATripThatComesAfterThePromotionIsRefused) {
  Done done;
  done.effects = {PromoteModel{kModel, kNew, "passed"}};
  end(open_canary(run_, kNew, true), Outcome{done});
  RollbackModel trip{kModel, "the circuit breaker opened", {}};
  trip.artifact = kNew;
  trip.candidate_only = true;
  const Status refused = command(trip);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_TRUE(effects<RollbackModel>().empty());
}

TEST_F(CanaryPlanner, ATripOfAnotherArtifactIsRefused) {
  open_canary(run_, kNew, false);
  RollbackModel trip{kModel, "", {}};
  trip.artifact = kOther;
  trip.candidate_only = true;
  EXPECT_FALSE(command(trip).ok());
  trip.artifact = kNew;
  EXPECT_TRUE(command(trip).ok());
}

TEST_F(CanaryPlanner, ARollBackWithNothingToGoBackToSaysSo) {
  EXPECT_FALSE(command(RollbackModel{kModel, "", {}}).ok());
  EXPECT_FALSE(command(RollbackModel{"ghost", "", {}}).ok());
  // By name a first champion is taken out of service, so that a broken one can be.
  RollbackModel by_name{kModel, "cannot be loaded", {}};
  by_name.artifact = kOld;
  EXPECT_TRUE(command(by_name).ok());
}

}  // namespace
}  // namespace millrace
