// Many task instances at a glance: the grid of a DAG, the groups of a run, pages of one task.
#include <algorithm>

#include "engine/api/dag_grid.h"
#include "tests/api/fixture.h"
#include "tests/api/sample.h"

namespace millrace::testing {
namespace {

using api::make_grid;
using api::more_urgent;

TaskCountRow count(const Uuid& run, const char* task, TaskState state, int most_attempts = 1) {
  return {run, task, state, 1, most_attempts};
}

// A hand-made example of each rule.
TEST(DagGrid, ShowsTheMostUrgentStateAndTasksOfOldVersionsLast) {
  RunRow newer, older;
  newer.run = *Uuid::parse("00000000-0000-7000-8000-000000000002");
  older.run = *Uuid::parse("00000000-0000-7000-8000-000000000001");
  const std::vector<TaskCountRow> counts{
      count(newer.run, "load", TaskState::success), count(newer.run, "load", TaskState::failed, 3),
      count(newer.run, "extract", TaskState::success), count(older.run, "gone", TaskState::skipped),
      count(older.run, "extract", TaskState::success, 2)};
  const auto grid = make_grid({"extract", "load", "check"}, {newer, older}, counts);
  EXPECT_EQ((std::vector<std::string>{"extract", "load", "check", "gone"}), grid.tasks);
  const auto number = [](TaskState state) { return static_cast<int>(state); };
  EXPECT_EQ((std::vector{number(TaskState::success), number(TaskState::failed), -1, -1}),
            grid.runs[0].cells);
  EXPECT_EQ((std::vector{number(TaskState::success), -1, -1, number(TaskState::skipped)}),
            grid.runs[1].cells);
  EXPECT_EQ((std::vector{1}), grid.runs[0].retried);
  EXPECT_EQ((std::vector{0}), grid.runs[1].retried);
}

TEST(DagGrid, AFailureComesFirstAndASuccessBeforeASkip) {
  EXPECT_EQ(TaskState::failed, more_urgent(TaskState::running, TaskState::failed));
  EXPECT_EQ(TaskState::running, more_urgent(TaskState::running, TaskState::success));
  EXPECT_EQ(TaskState::success, more_urgent(TaskState::skipped, TaskState::success));
  EXPECT_EQ(TaskState::pending, more_urgent(TaskState::pending, TaskState::pending));
}

class GroupsTest : public ApiTest {
 protected:
  void start_sample() {
    world_ = sample_world();
    serve({}, {});
  }
  /// A run of a task with 20 items, of which the script of the sample fails three.
  std::string mapped_run() {
    DagSpec wide = make_dag("half", {"each", "after:each"});
    Json items = Json::array();
    for (int i = 0; i < 20; ++i) items.push_back(i);
    wide.tasks[0].foreach = items;
    wide.tasks[0].continue_on_error = true;
    world_->add_dag(std::move(wide), "dags/half.yaml");
    return finished_run("half");
  }
  static std::int64_t how_many(const Json& group, const Json& names, const std::string& state) {
    const Json states = group["states"];
    return std::ranges::count_if(states.items(), [&](const Json& place) {
      return names.at(static_cast<std::size_t>(place.as_int())).as_string() == state;
    });
  }
};

TEST_F(GroupsTest, TheGridHasAColumnForEachRunNewestFirst) {
  start_sample();
  const auto grid = get("/api/v1/dags/flights_retrain/grid?runs=2").json();
  EXPECT_EQ("ingest", grid["tasks"].at(0).as_string());
  EXPECT_EQ(8u, grid["tasks"].size());
  ASSERT_EQ(2u, grid["runs"].size());
  const auto runs = get("/api/v1/runs?dag=flights_retrain&limit=2").json();
  EXPECT_EQ(runs["runs"].at(0), grid["runs"].at(0)["run"]);
  EXPECT_EQ(8u, grid["runs"].at(0)["cells"].size());
  // The newest run waits in its canary, which only the journal knows.
  const auto state = [&](std::size_t column, std::size_t row) {
    const auto place = grid["runs"].at(column)["cells"].at(row).as_int();
    return grid["states"].at(static_cast<std::size_t>(place)).as_string();
  };
  const auto place_of_canary = [&] {
    std::size_t place = 0;
    while (grid["tasks"].at(place).as_string() != "canary") ++place;
    return place;
  }();
  EXPECT_EQ("success", state(0, 0));
  EXPECT_EQ("deferred", state(0, place_of_canary));
  EXPECT_EQ("skipped", state(1, place_of_canary));  // the challenger of 2001-05 was refused
  const auto older =
      get("/api/v1/dags/flights_retrain/grid?runs=50&before=" + grid["next"].as_string()).json();
  EXPECT_TRUE(older["next"].is_null());
  EXPECT_EQ(grid["next"], grid["runs"].at(1)["run"]["run"]);
  EXPECT_EQ(404, get("/api/v1/dags/flights/grid").status);
  EXPECT_EQ(400, get("/api/v1/dags/flights_retrain/grid?runs=0").status);
}

TEST_F(GroupsTest, AGroupHoldsTheStateOfEachInstance) {
  start_sample();
  const auto run = mapped_run();
  const auto answer = get("/api/v1/runs/" + run + "/task-groups").json();
  ASSERT_EQ(2u, answer["groups"].size());
  const Json each = answer["groups"].at(0), after = answer["groups"].at(1);
  EXPECT_EQ("each", each["task"].as_string());
  EXPECT_TRUE(each["mapped"].as_bool());
  EXPECT_TRUE(each["expanded"].as_bool());
  EXPECT_TRUE(each["continue_on_error"].as_bool());
  EXPECT_EQ(20u, each["states"].size());
  EXPECT_EQ(3, how_many(each, answer["states"], "failed"));
  EXPECT_EQ(17, how_many(each, answer["states"], "success"));
  EXPECT_FALSE(each["ended_at"].is_null());
  EXPECT_FALSE(after["mapped"].as_bool());
  EXPECT_EQ(Json::array({"each"}), after["needs"]);
  EXPECT_EQ(404, get("/api/v1/runs/00000000-0000-7000-8000-000000000000/task-groups").status);
}

TEST_F(GroupsTest, InstancesArePagedByTaskAndState) {
  start_sample();
  const auto tasks = "/api/v1/runs/" + mapped_run() + "/tasks";
  const auto failed = get(tasks + "?task=each&state=failed&limit=2");
  EXPECT_EQ("3", failed.header("Millrace-Total"));
  ASSERT_EQ(2u, failed.json().size());
  EXPECT_EQ(1, failed.json().at(1)["map_index"].as_int());
  EXPECT_TRUE(failed.json().at(1)["continue_on_error"].as_bool());
  EXPECT_EQ("<" + tasks + "?task=each&state=failed&limit=2&offset=2>; rel=\"next\"",
            failed.header("Link"));
  EXPECT_EQ(1u, get(tasks + "?task=each&state=failed&limit=2&offset=2").json().size());

  const auto few = get(tasks + "?per_task=5").json();
  EXPECT_EQ(6u, few.size());
  EXPECT_EQ("after", few.at(5)["task"].as_string());
  EXPECT_EQ(404, get(tasks + "?task=eech").status);
  EXPECT_EQ(400, get(tasks + "?state=broken").status);
}

}  // namespace
}  // namespace millrace::testing
