// Projections are nothing but a fold of the journal: runs go wrong in every way there is, and then
// the tables are compared with what the events alone amount to.
#include <gtest/gtest.h>

#include <map>

#include "engine/core/planner.h"
#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "engine/store/load_run.h"
#include "engine/store/projection.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace {
namespace {

TaskSpec task(std::string id, std::vector<std::string> needs, int retries = 0) {
  TaskSpec spec;
  spec.id = std::move(id);
  spec.op = "noop";
  spec.needs = std::move(needs);
  spec.retries.max = retries;
  spec.retries.initial = std::chrono::seconds{1};
  return spec;
}

std::shared_ptr<const Dag> example_dag() {
  DagSpec spec;
  spec.id = "example";
  spec.tasks = {task("ingest", {}, 2), task("train", {"ingest"}, 1), task("evaluate", {"train"}),
                task("undo", {"evaluate"})};
  spec.tasks[1].foreach = Json::array({"logistic", "xgboost", "linear"});
  spec.tasks[3].condition = "failure()";
  auto dag = Dag::make(std::move(spec));
  EXPECT_TRUE(dag.ok()) << dag.error().to_string();
  return std::make_shared<const Dag>(std::move(*dag));
}

/// The planner on a store, with attempts that end as chance will have it.
class Course {
 public:
  Course(Stores stores, testing::FakeClock& clock, std::uint64_t seed)
      : stores_(stores), clock_(clock), rng_(seed) {
    const auto lease = stores_.leadership.acquire(kMainShard, "one", std::chrono::hours{1});
    epoch_ = (*lease)->epoch;
    planner_ = std::make_unique<Planner>(PlannerOptions{}, epoch_, Rng(seed + 1));
    EXPECT_TRUE(planner_->register_dag({dag_, "example.yaml", ".", {}}, now()).ok());
  }

  void run_steps(int n) {
    for (int i = 0; i < n; ++i) {
      step();
      commit();
    }
  }

 private:
  Time now() { return clock_.now(); }

  void step() {
    const auto chance = rng_.below(10);
    if (chance < 2 || runs_.empty()) {
      trigger();
    } else if (chance == 2) {
      (void)planner_->cancel_run({pick(runs_)}, Origin("ada", "enough"), now());
    } else if (chance == 3) {
      retry();
    } else if (!started_.empty()) {
      complete();
    }
    clock_.pass(std::chrono::milliseconds{rng_.below(900)});
    planner_->tick(now());
  }

  const Uuid& pick(const std::vector<Uuid>& from) { return from[rng_.below(from.size())]; }

  void trigger() {
    TriggerRun input;
    input.dag = "example";
    input.run = Uuid::v7(now(), rng_);
    const auto run = planner_->trigger_run(input, Origin("ada", "to see"), now());
    if (run.ok()) runs_.push_back(*run);
  }

  void retry() {
    const Uuid& id = pick(runs_);
    if (planner_->find_run(id) == nullptr) {
      auto run = load_run(stores_.journal, stores_.runs, id);
      ASSERT_OK(run);
      planner_->restore_run(std::move(*run));
    }
    (void)planner_->retry_run({id, {}}, Origin("ada", "again"), now());
  }

  void complete() {
    const auto index = rng_.below(started_.size());
    AttemptResult result{started_[index], Outcome(Done{Json::object({{"rows", 3}}), {}})};
    switch (rng_.below(6)) {
      case 0:
        result.outcome = unavailable("a disk \"full\" {of} nothing");
        break;
      case 1:
        result.outcome = Outcome(Skip{"no need"});
        break;
      case 2:
        result.outcome =
            Outcome(Fail{internal_error("judged"), {}, {RaiseAlert{"error", "t", "x", "o"}}});
        break;
      case 3:
        std::get<Done>(*result.outcome).effects = {
            RegisterModel{"m", testing::digest('a'), "logistic", {}, {}, ""}};
        break;
      default:
        break;
    }
    started_.erase(started_.begin() + static_cast<std::ptrdiff_t>(index));
    planner_->complete(result, now());
  }

  void commit() {
    Batch batch;
    batch.epoch = epoch_;
    batch.first_seq = last_seq_ + 1;
    batch.events = planner_->take_events();
    for (const Event& event : batch.events)
      if (const Run* run = event.run.is_nil() ? nullptr : planner_->find_run(event.run))
        project(batch, event, *run);
    planner_->forget_finished();
    for (auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) started_.push_back(start->key);
    if (batch.events.empty()) return;
    ASSERT_OK(stores_.journal.append(batch));
    last_seq_ += static_cast<std::int64_t>(batch.events.size());
  }

  Stores stores_;
  testing::FakeClock& clock_;
  Rng rng_;
  std::int64_t epoch_ = 0, last_seq_ = 0;
  std::shared_ptr<const Dag> dag_ = example_dag();
  std::unique_ptr<Planner> planner_;
  std::vector<Uuid> runs_;
  std::vector<AttemptKey> started_;
};

std::string text_of(const RunRow& r) {
  return r.run.to_string() + " " + r.dag + " " + r.version + " " + std::string(to_string(r.type)) +
         " " + std::string(to_string(r.status)) + " " + r.params.dump() + " " + r.trace_id + " " +
         r.actor + " " + r.reason + " " + format_rfc3339(r.created_at) + " " +
         (r.finished_at ? format_rfc3339(*r.finished_at) : "-") + " " + r.outputs.dump() + " " +
         r.error;
}

std::string text_of(const TaskRow& t) {
  return t.run.to_string() + " " + t.task + "[" + std::to_string(t.map_index) + "] " +
         std::string(to_string(t.state)) + " " + std::to_string(t.attempt) + " " +
         (t.started_at ? format_rfc3339(*t.started_at) : "-") + " " + format_rfc3339(t.ended_at) +
         " " + t.error;
}

/// All runs as a fold of all events; one that was only created is queued, as readers see it.
std::map<Uuid, Run> fold(Stores stores) {
  std::map<Uuid, Run> runs;
  std::map<Uuid, int> events_of;
  DagCache dags(stores.runs);
  const auto events = stores.journal.read(0, 1'000'000);
  EXPECT_TRUE(events.ok()) << events.error().to_string();
  if (!events) return runs;
  for (const Event& event : *events) {
    ++events_of[event.run];
    if (const auto* created = std::get_if<RunCreated>(&event.body)) {
      auto dag = dags.get(created->dag, created->version);
      EXPECT_TRUE(dag.ok());
      runs.emplace(event.run, make_run(event, *dag));
    } else if (!event.run.is_nil()) {
      const Status folded = apply(runs.at(event.run), event);
      EXPECT_TRUE(folded.ok()) << folded.error().to_string();
    }
  }
  for (auto& [id, run] : runs)
    if (events_of[id] == 1) run.status = RunStatus::queued;
  return runs;
}

std::vector<std::string> rows_of(const Run& run) {
  std::vector<std::string> out = {text_of(run_row(run))};
  std::map<std::pair<std::string, int>, std::string> tasks;
  for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
    const TaskProgress& progress = run.tasks[static_cast<std::size_t>(t)];
    for (int i = 0; i < static_cast<int>(progress.instances.size()); ++i) {
      const TaskRef ref{t, progress.expanded ? i : -1};
      if (!is_end(run.instance(ref).state)) continue;
      const TaskRow row = task_row(run, ref);
      tasks[{row.task, row.map_index}] = text_of(row);
    }
  }
  for (auto& [key, text] : tasks) out.push_back(std::move(text));
  return out;
}

std::vector<std::string> open_runs(Stores stores) {
  const auto rows = stores.runs.open_runs();
  EXPECT_TRUE(rows.ok()) << rows.error().to_string();
  std::vector<std::string> ids;
  if (!rows) return ids;
  for (const RunRow& row : *rows) ids.push_back(row.run.to_string());
  return ids;
}

class RebuildTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RebuildTest, TheTablesAreTheFoldOfTheJournal) {
  const auto database = testing::open_database(testing::fresh_database());
  testing::FakeClock clock;
  PgStore store(*database, &clock);
  Course(store.stores(), clock, GetParam()).run_steps(250);

  const auto folded = fold(store.stores());
  EXPECT_GT(folded.size(), 5u);
  std::vector<std::string> expected, found, expected_open;
  for (const auto& [id, run] : folded) {
    for (auto& text : rows_of(run)) expected.push_back(std::move(text));
    if (is_open(run.status)) expected_open.push_back(id.to_string());
    found.push_back(text_of(*store.stores().runs.run(id)));
    const auto tasks = store.stores().runs.tasks(id);
    ASSERT_OK(tasks);
    for (const TaskRow& row : *tasks) found.push_back(text_of(row));
  }
  EXPECT_EQ(expected, found);

  // Also when the search for open runs starts at a mark.
  for (const bool marked : {false, true}) {
    if (marked) ASSERT_OK(store.write_marks());
    EXPECT_EQ(expected_open, open_runs(store.stores()))
        << (marked ? "from the mark" : "without a mark");
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RebuildTest, ::testing::Values(1, 2, 3, 4));

// Within a minor version a program goes on while a newer one has upgraded the schema under it:
// columns and tables that it does not know, plans that are made anew.
TEST(UpgradeTest, AProgramGoesOnAfterANewerOneHasUpgradedTheSchema) {
  const auto database = testing::open_database(testing::fresh_database());
  testing::FakeClock clock;
  PgStore store(*database, &clock);
  Course course(store.stores(), clock, 17);
  course.run_steps(60);
  const auto newer = testing::open_database(database->dsn());
  testing::query(*newer, R"sql(
    ALTER TABLE millrace.run ADD COLUMN color text;
    ALTER TABLE millrace.task_instance ADD COLUMN weight int NOT NULL DEFAULT 1;
    ALTER TABLE millrace.journal ADD COLUMN note text;
    CREATE INDEX run_color ON millrace.run (color);
    CREATE TABLE millrace.of_the_future (id int);
    INSERT INTO millrace.migration (number, name, works_with) SELECT max(number) + 1, 'of the future', max(number)
    FROM millrace.migration)sql");
  ASSERT_OK(migrate(*newer));  // as this program's next start would do
  const auto before = fold(store.stores()).size();
  course.run_steps(120);
  const auto folded = fold(store.stores());
  EXPECT_GT(folded.size(), before);
  for (const auto& [id, run] : folded) {
    const auto row = store.stores().runs.run(id);
    ASSERT_OK(row);
    EXPECT_EQ(text_of(run_row(run)), text_of(*row));
    EXPECT_EQ(rows_of(run).size() - 1, store.stores().runs.tasks(id)->size());
  }
}

TEST(OpenRunsMarkTest, RunsThatOpenCloseAndReopenAroundAMarkAreFound) {
  const auto database = testing::open_database(testing::fresh_database());
  testing::FakeClock clock;
  PgStore store(*database, &clock);
  Course course(store.stores(), clock, 99);
  for (int round = 0; round < 8; ++round) {
    course.run_steps(30);
    ASSERT_OK(store.write_marks());
    course.run_steps(5);
    std::vector<std::string> expected;
    for (const auto& [id, run] : fold(store.stores()))
      if (is_open(run.status)) expected.push_back(id.to_string());
    EXPECT_EQ(expected, open_runs(store.stores()));
  }
  EXPECT_EQ("1", testing::query(*database, "SELECT count(*) FROM millrace.open_runs_mark"));
}

}  // namespace
}  // namespace millrace
