// What the instances of a mapped task see, and that a start costs no more because there are many.
#include <gtest/gtest.h>
#include <time.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

/// `list` gives `rows`, which `each` maps over; it reads one param and one output of `list`.
class Mapped : public ::testing::Test {
 protected:
  void start(PlannerOptions options) {
    DagSpec spec;
    spec.id = "mapped";
    spec.params = {{"word", Json::object({{"type", "string"}, {"default", "first"}})}};
    spec.tasks.resize(2);
    spec.tasks[0].id = "list";
    spec.tasks[0].op = "fake";
    spec.tasks[1].id = "each";
    spec.tasks[1].op = "fake";
    spec.tasks[1].needs = {"list"};
    spec.tasks[1].foreach = "${{ tasks.list.outputs.rows }}";
    spec.tasks[1].with = Json::object(
        {{"text", "${{ params.word }} ${{ tasks.list.outputs.name }} ${{ item }} ${{ index }}"}});
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    planner_.emplace(options, 1, Rng(1));
    ASSERT_TRUE(
        planner_
            ->register_dag({std::make_shared<const Dag>(*std::move(made)), "m.yaml", ".", {}}, now_)
            .ok());
    TriggerRun input;
    input.dag = "mapped";
    input.run = run_;
    ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
  }

  /// Ends `list` with so many rows.
  void list(std::string_view name, int rows) {
    Json items = Json::array();
    for (int i = 0; i < rows; ++i) items.push_back("row " + std::to_string(i));
    const auto begun = starts();
    ASSERT_EQ(1u, begun.size());
    planner_->complete(
        {begun[0].key,
         Outcome{Done{Json::object({{"name", name}, {"rows", std::move(items)}}), {}}}, false},
        now_);
  }

  std::vector<StartAttempt> starts() {
    std::vector<StartAttempt> out;
    for (auto& action : planner_->take_actions())
      if (auto* start = std::get_if<StartAttempt>(&action)) out.push_back(std::move(*start));
    return out;
  }
  void end(const StartAttempt& attempt, Result<Outcome> outcome = Outcome{Done{}}) {
    planner_->complete({attempt.key, std::move(outcome), false}, now_);
  }

  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::optional<Planner> planner_;
};

TEST_F(Mapped, EachInstanceSeesItsItem) {
  start({});
  list("a", 3);
  std::vector<std::string> seen;
  for (auto begun = starts(); !begun.empty(); begun = starts())
    for (const auto& one : begun) {
      seen.push_back(one.with["text"].as_string());
      end(one);
    }
  EXPECT_EQ((std::vector<std::string>{"first a row 0 0", "first a row 1 1", "first a row 2 2"}),
            seen);
}

TEST_F(Mapped, AfterARetryTheySeeWhatTheirUpstreamGivesNow) {
  start({});
  list("old", 2);
  for (auto begun = starts(); !begun.empty(); begun = starts())
    for (const auto& one : begun) end(one, invalid_argument("no"));
  ASSERT_TRUE(planner_->retry_run({run_, {"list"}}, {}, now_).ok());
  list("new", 1);
  const auto begun = starts();
  ASSERT_EQ(1u, begun.size());
  EXPECT_EQ("first new row 0 0", begun[0].with["text"].as_string());
}

TEST_F(Mapped, AWatermarkIsTheLargestOfTheInstancesWhicheverEndsLast) {
  start({});
  list("a", 4);
  const std::vector<Json> read = {"2026-11-26", "2026-11-27", "2026-11-20", 7};
  std::size_t ended = 0;
  for (auto begun = starts(); !begun.empty(); begun = starts())
    for (const auto& one : begun) {
      const Json& mark = read.at(ended++);
      end(one, Outcome{Done{Json::object({{"watermark", mark}}), {SetWatermark{"orders", mark}}}});
    }
  ASSERT_EQ(ended, read.size());
  std::vector<Json> outputs, marks;
  std::vector<std::string> errors;
  for (const Event& event : planner_->take_events()) {
    if (const auto* done = std::get_if<TaskSucceeded>(&event.body);
        done != nullptr && done->outputs.contains("watermark")) {
      outputs.push_back(done->outputs["watermark"]);
      for (const Effect& effect : done->effects)
        marks.push_back(std::get<SetWatermark>(effect).value);
    }
    if (const auto* failed = std::get_if<TaskFailed>(&event.body))
      errors.push_back(failed->error.message);
  }
  EXPECT_EQ(outputs, (std::vector<Json>{"2026-11-26", "2026-11-27", "2026-11-20"}));
  EXPECT_EQ(marks, (std::vector<Json>{"2026-11-26", "2026-11-27"}));
  EXPECT_EQ(errors, std::vector<std::string>{
                        "the watermark of dataset 'orders' is \"2026-11-27\" (a date or time), and "
                        "cannot become 7 (a number); name a column of the same type in watermark, "
                        "or another dataset"});
}

// A batch of events, and the queue of a pool, do not grow with the map.
TEST_F(Mapped, OfAWideMapOnlySomeAreQueuedAtATime) {
  constexpr int kItems = 6'000, kMostQueued = 4096;
  for (const char* executor : {"process", "thread"}) {
    PlannerOptions options;
    options.pool("process").slots = options.pool("thread").slots = 4;
    options.executor_of = [executor](const std::string&) { return executor; };
    start(options);
    list("a", kItems);
    int ended = 0;
    for (auto begun = starts(); !begun.empty(); begun = starts()) {
      EXPECT_LE(planner_->take_events().size(), static_cast<std::size_t>(kMostQueued) + 20);
      EXPECT_LE(planner_->queued_tasks(), kMostQueued);
      for (const auto& one : begun) {
        EXPECT_EQ(one.key.ref.map_index, ended++);
        planner_->began({one.key, now_}, now_);
        end(one);
      }
    }
    EXPECT_EQ(ended, kItems) << executor;
    EXPECT_EQ(planner_->find_run(run_)->status, RunStatus::success);
  }
}

TEST_F(Mapped, TakesAMillionItemsAtMost) {
  const auto run_with = [this](int items) {
    start({});
    Json rows = Json::array();
    for (int i = 0; i < items; ++i) rows.push_back({});
    const auto begun = starts();
    end(begun.at(0), Outcome{Done{Json::object({{"name", ""}, {"rows", std::move(rows)}}), {}}});
    return planner_->find_run(run_);
  };
  EXPECT_EQ(run_with(100'001)->tasks[1].instances.size(), 100'001u);
  const struct Run* const refused = run_with(1'000'001);
  EXPECT_EQ(refused->status, RunStatus::failed);
  EXPECT_EQ(refused->tasks[1].instances[0].error.message,
            "foreach gave 1000001 items; the most is 1000000");
}

double seconds_of_this_thread() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Four times the items, four times the work; it was sixteen times when each start copied the list.
TEST_F(Mapped, AStartCostsNoMoreBecauseThereAreManyItems) {
  const auto work_of = [this](int items) {
    start({});
    list("a", items);
    const double before = seconds_of_this_thread();
    int ended = 0;
    for (auto begun = starts(); !begun.empty(); begun = starts())
      for (const auto& one : begun) {
        end(one);
        ++ended;
      }
    EXPECT_EQ(items, ended);
    return seconds_of_this_thread() - before;
  };
  const double few = work_of(2'000), many = work_of(8'000);
  EXPECT_LT(many, 10 * few) << few << " s, " << many << " s";
}

}  // namespace
}  // namespace millrace
