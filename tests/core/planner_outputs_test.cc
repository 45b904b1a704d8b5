// `outputs` of a DAG: what a run leaves when it has succeeded.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

/// A DAG with the tasks `train` and, after it, `check`, and these outputs.
class RunOutputs : public ::testing::Test {
 protected:
  void start(Json outputs) {
    DagSpec spec;
    spec.id = "d";
    spec.params.push_back({"model", Json::object({{"default", "flights"}})});
    spec.outputs = std::move(outputs);
    for (const char* id : {"train", "check"}) {
      TaskSpec task;
      task.id = id;
      task.op = "fake";
      spec.tasks.push_back(std::move(task));
    }
    spec.tasks[1].needs = {"train"};
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_.register_dag({dag_, "d.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "d";
    input.run = run_;
    ASSERT_TRUE(planner_.trigger_run(input, {}, now_).ok());
  }
  void end_task(Result<Outcome> outcome) {
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action))
        planner_.complete({start->key, outcome, false, now_}, now_);
  }
  static Outcome with(const char* name, Json value) {
    return Done{Json::object({{name, std::move(value)}}), {}};
  }
  const millrace::Run& run() { return *planner_.find_run(run_); }

  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
};

TEST_F(RunOutputs, AreComputedFromTasksParamsAndRunAtItsEnd) {
  start(Json::object({{"auc", "${{ tasks.train.outputs.auc }}"},
                      {"text", "model ${{ params.model }}"},
                      {"verdict", "${{ tasks.check.state }}"},
                      {"fixed", 7}}));
  end_task(with("auc", 0.9));
  EXPECT_TRUE(run().outputs.is_null());
  end_task(Outcome{Done{}});
  EXPECT_EQ(run().status, RunStatus::success);
  EXPECT_EQ(run().outputs.dump(),
            R"({"auc":0.9,"text":"model flights","verdict":"success","fixed":7})");
}

TEST_F(RunOutputs, AreNotComputedForARunThatFailed) {
  start(Json::object({{"auc", "${{ tasks.train.outputs.auc }}"}}));
  end_task(with("auc", 0.9));
  end_task(Outcome{Fail{invalid_argument("too bad"), {}, {}}});
  EXPECT_EQ(run().status, RunStatus::failed);
  EXPECT_TRUE(run().outputs.is_null());
  EXPECT_EQ(run().error, "");
}

TEST_F(RunOutputs, FailTheRunIfOneCannotBeComputed) {
  start(Json::object({{"report", "${{ fromJSON(tasks.train.outputs.text) }}"}}));
  end_task(with("text", "no JSON"));
  end_task(Outcome{Done{}});
  EXPECT_EQ(run().status, RunStatus::failed);
  EXPECT_TRUE(run().outputs.is_null());
  EXPECT_TRUE(run().error.starts_with("outputs/report: ")) << run().error;
  const std::string refusal = planner_.retry_run({run_, {}}, {}, now_).error().message;
  EXPECT_NE(refusal.find("succeeded, and it failed because outputs/report: "), std::string::npos)
      << refusal;
  EXPECT_TRUE(refusal.ends_with("; name the tasks that should run again")) << refusal;
}

TEST_F(RunOutputs, FailTheRunIfTheyAreTooLarge) {
  start(Json::object({{"text", "${{ tasks.train.outputs.text }}"}}));
  end_task(with("text", std::string(300'000, 'x')));
  end_task(Outcome{Done{}});
  EXPECT_EQ(run().status, RunStatus::failed);
  EXPECT_NE(run().error.find("300011 bytes; the most is 262144"), std::string::npos) << run().error;
}

TEST_F(RunOutputs, OfARunThatIsRetriedAreThoseOfItsNewEnd) {
  start(Json::object({{"auc", "${{ tasks.train.outputs.auc }}"}}));
  end_task(with("auc", 0.9));
  end_task(Outcome{Done{}});
  ASSERT_TRUE(planner_.retry_run({run_, {"train"}}, {}, now_).ok());
  EXPECT_TRUE(run().outputs.is_null());
  end_task(with("auc", 0.8));
  end_task(Outcome{Done{}});
  EXPECT_EQ(run().outputs.dump(), R"({"auc":0.8})");
}

TEST(DagOutputs, ThatReadAnUnknownTaskAreRefused) {
  DagSpec spec;
  spec.id = "d";
  spec.tasks.resize(1);
  spec.tasks[0].id = "train";
  spec.tasks[0].op = "fake";
  spec.outputs = Json::object({{"auc", "${{ tasks.trian.outputs.auc }}"}});
  const auto made = Dag::make(std::move(spec));
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().to_string().find("reads the unknown task 'trian'"), std::string::npos)
      << made.error().to_string();
}

}  // namespace
}  // namespace millrace
