// What expressions see of the watermarks of datasets.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

class PlannerWatermarks : public ::testing::Test {
 protected:
  PlannerWatermarks() { planner_.emplace(PlannerOptions{}, 1, Rng(1)); }

  void add_dag(const std::string& id, Json with, const std::string& name_space = "default") {
    DagSpec spec;
    spec.id = id;
    spec.namespace_ = name_space;
    spec.tasks.resize(1);
    spec.tasks[0].id = "load";
    spec.tasks[0].op = "fake";
    spec.tasks[0].with = std::move(with);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    const auto dag = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_->register_dag({dag, id + ".yaml", ".", {}}, now_).ok());
  }
  /// The parameters of the task in a new run.
  StartAttempt start(const std::string& dag, const std::string& name_space = "default") {
    TriggerRun input;
    input.dag = dag;
    input.run = Uuid{1, ++runs_};
    EXPECT_TRUE(planner_->trigger_run(input, Caller(name_space, {}), now_).ok());
    planner_->tick(now_);
    StartAttempt out;
    for (auto& action : planner_->take_actions())
      if (auto* found = std::get_if<StartAttempt>(&action)) out = std::move(*found);
    return out;
  }
  void end(const StartAttempt& attempt, Json watermark) {
    planner_->complete(
        {attempt.key, Outcome{Done{Json::object(), {SetWatermark{"orders", std::move(watermark)}}}},
         false},
        now_);
  }

  Time now_{std::chrono::hours(1)};
  std::optional<Planner> planner_;
  std::uint64_t runs_ = 0;
};

TEST_F(PlannerWatermarks, ATaskReadsHowFarTheLastRunCame) {
  add_dag("load", Json::object({{"since", "${{ watermarks.orders }}"}}));
  const StartAttempt first = start("load");
  EXPECT_EQ(first.with["since"], Json());
  end(first, 500);
  const StartAttempt second = start("load");
  EXPECT_EQ(second.with["since"], Json(500));
  end(second, 300);  // below the last one
  EXPECT_EQ(start("load").with["since"], Json(500));
}

TEST_F(PlannerWatermarks, ANameInBracketsWorks) {
  add_dag("load", Json::object({{"since", "${{ watermarks['orders'] }}"}}));
  end(start("load"), "2026-11-29");
  EXPECT_EQ(start("load").with["since"], Json("2026-11-29"));
}

TEST_F(PlannerWatermarks, AreThoseOfTheNamespaceOfTheRun) {
  add_dag("load", Json::object({{"since", "${{ watermarks.orders }}"}}));
  add_dag("load", Json::object({{"since", "${{ watermarks['orders'] }}"}}), "team");
  end(start("load"), 7);
  EXPECT_EQ(start("load", "team").with["since"], Json());
}

}  // namespace
}  // namespace millrace
