#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

const Time kFirst = *parse_rfc3339("2001-02-01T00:00:00Z");

Time day(int number) { return kFirst + std::chrono::hours{24 * number}; }

/// The newest date comes first.
BackfillCreated created(const Uuid& id, int dates, const DagKey& dag = "flights") {
  BackfillCreated out;
  out.backfill = id;
  out.dag = dag;
  out.order = BackfillOrder::newest_first;
  out.max_active_runs = 3;
  out.reprocess = Reprocess::failed;
  out.params = Json::object({{"year", 2001}});
  for (int i = dates - 1; i >= 0; --i) out.dates.push_back(day(i));
  out.skipped = 7;
  out.origin = Origin("ada", "a new feature");
  out.origin.on_behalf_of = "grace";
  return out;
}

/// "failed success waiting": of each date, in the order of the runs.
std::string states(Stores stores, const Uuid& backfill) {
  std::string out;
  const auto dates = stores.backfills.dates(backfill, 0, 100);
  EXPECT_OK(dates);
  if (!dates) return out;
  for (const auto& date : *dates)
    out += (out.empty() ? "" : " ") + std::string(millrace::name_of(date.state));
  return out;
}

TEST_P(StoreTest, ABackfillIsReadBackAsItWasCreated) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 3))});
  const auto got = stores().backfills.backfill(id);
  ASSERT_OK(got);
  EXPECT_EQ(id, got->backfill);
  EXPECT_EQ(DagKey("flights"), got->key());
  EXPECT_EQ(BackfillState::running, got->state);
  EXPECT_EQ(BackfillOrder::newest_first, got->order);
  EXPECT_EQ(3, got->max_active_runs);
  EXPECT_EQ(Reprocess::failed, got->reprocess);
  EXPECT_EQ(Json::object({{"year", 2001}}), got->params);
  EXPECT_EQ(day(0), got->first_date);
  EXPECT_EQ(day(2), got->last_date);
  EXPECT_EQ(3, got->dates);
  EXPECT_EQ(7, got->skipped);
  EXPECT_EQ(3, got->waiting);
  EXPECT_EQ("ada", got->actor);
  EXPECT_EQ("grace", got->on_behalf_of);
  EXPECT_EQ("a new feature", got->reason);
  EXPECT_EQ("", got->pause_reason);
  EXPECT_EQ(now(), got->created_at);
  EXPECT_FALSE(got->ended_at.has_value());
  EXPECT_CODE(ErrorCode::not_found, stores().backfills.backfill(new_id()));
}

TEST_P(StoreTest, DatesOfABackfillAreListedInTheOrderOfTheirRunsInPages) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 5))});
  const auto page = stores().backfills.dates(id, 1, 2);
  ASSERT_OK(page);
  ASSERT_EQ(2u, page->size());
  EXPECT_EQ(1, (*page)[0].position);
  EXPECT_EQ(day(3), (*page)[0].logical_date);
  EXPECT_EQ(day(2), (*page)[1].logical_date);
  EXPECT_TRUE(stores().backfills.dates(id, 5, 2)->empty());
}

TEST_P(StoreTest, BackfillsAreListedByDagAndStateNewestFirst) {
  lead();
  const Uuid a = new_id(), b = new_id(), c = new_id();
  append({event({}, created(a, 1)), event({}, created(b, 1, "sales")), event({}, created(c, 1))});
  append({event({}, BackfillPaused{c, true, Origin("ada", "the disk is full")})});
  append({event({}, BackfillEnded{a, BackfillState::completed})});
  const auto list = [&](BackfillFilter filter) {
    std::vector<Uuid> out;
    const auto rows = stores().backfills.backfills(filter);
    EXPECT_OK(rows);
    if (rows)
      for (const auto& row : *rows) out.push_back(row.backfill);
    return out;
  };
  EXPECT_EQ((std::vector{c, b, a}), list({}));
  EXPECT_EQ((std::vector{c, b}), list({.limit = 2}));
  EXPECT_EQ((std::vector{a}), list({.before = b}));
  EXPECT_EQ((std::vector{c, a}), list({.dag = DagKey("flights")}));
  EXPECT_EQ((std::vector{c}), list({.state = BackfillState::paused}));
  EXPECT_TRUE(list({.namespace_ = "team"}).empty());
  const auto open = stores().backfills.open_backfills();
  ASSERT_OK(open);
  ASSERT_EQ(2u, open->size());
  EXPECT_EQ(b, open->front().backfill);
  EXPECT_EQ("the disk is full", open->back().pause_reason);
}

TEST_P(StoreTest, APauseAndItsReasonAreGoneAfterTheResume) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 1))});
  append({event({}, BackfillPaused{id, true, Origin("ada", "lunch")})});
  append({event({}, BackfillPaused{id, false, Origin("ada", "back")})});
  const auto got = stores().backfills.backfill(id);
  ASSERT_OK(got);
  EXPECT_EQ(BackfillState::running, got->state);
  EXPECT_EQ("", got->pause_reason);
}

TEST_P(StoreTest, ADateFollowsItsRun) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 4))});
  const RunRow a = start_run("flights", RunType::backfill, day(3), id),
               b = start_run("flights", RunType::backfill, day(2), id);
  finish_run(a, RunStatus::failed);
  EXPECT_EQ("failed running waiting waiting", states(stores(), id));
  EXPECT_EQ(a.run, stores().backfills.dates(id, 0, 1)->front().run);
  EXPECT_EQ(id, stores().runs.run(a.run)->backfill);

  Batch again = batch({event(a.run, TasksCleared{{{0, -1}}, {}})});
  again.runs_reopened = {a.run};
  EXPECT_OK(stores().journal.append(again));
  EXPECT_EQ("running running waiting waiting", states(stores(), id));
  finish_run(a, RunStatus::success);
  finish_run(b, RunStatus::cancelled);
  EXPECT_EQ("success cancelled waiting waiting", states(stores(), id));
  const auto counts = stores().backfills.backfill(id);
  ASSERT_OK(counts);
  EXPECT_EQ(1, counts->success);
  EXPECT_EQ(1, counts->cancelled);
  EXPECT_EQ(2, counts->waiting);
  EXPECT_EQ(0, counts->running + counts->failed);
}

TEST_P(StoreTest, ACancellationCancelsTheDatesWithoutARun) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 3))});
  const RunRow run = start_run("flights", RunType::backfill, day(2), id);
  append({event({}, BackfillCancelRequested{id, {}})});
  EXPECT_EQ("running cancelled cancelled", states(stores(), id));
  EXPECT_EQ(BackfillState::cancelling, stores().backfills.backfill(id)->state);
  finish_run(run, RunStatus::cancelled);
  append({event({}, BackfillEnded{id, BackfillState::cancelled})});
  const auto got = stores().backfills.backfill(id);
  ASSERT_OK(got);
  EXPECT_EQ(BackfillState::cancelled, got->state);
  EXPECT_EQ(now(), got->ended_at);
}

TEST_P(StoreTest, RunsAreListedByTheirBackfill) {
  lead();
  const Uuid id = new_id();
  append({event({}, created(id, 3))});
  const RunRow a = start_run("flights", RunType::backfill, day(2), id),
               b = start_run("flights", RunType::backfill, day(1), id);
  start_run("flights");
  finish_run(b, RunStatus::failed);
  const auto list = [&](RunFilter filter) {
    std::vector<Uuid> out;
    filter.backfill = id;
    const auto rows = stores().runs.runs(filter);
    EXPECT_OK(rows);
    if (rows)
      for (const auto& row : *rows) out.push_back(row.run);
    return out;
  };
  EXPECT_EQ((std::vector{b.run, a.run}), list({}));
  EXPECT_EQ((std::vector{a.run}), list({.before = b.run}));
  EXPECT_EQ((std::vector{b.run}), list({.limit = 1}));
  EXPECT_EQ((std::vector{b.run}), list({.status = RunStatus::failed}));
}

TEST_P(StoreTest, FactsNameTheNewestRunOfADateAndTheBackfillThatWillRunIt) {
  lead();
  const Uuid id = new_id(), over = new_id();
  append({event({}, created(id, 2)), event({}, created(over, 4))});
  append({event({}, BackfillCancelRequested{over, {}})});
  const RunRow old = start_run("flights", RunType::scheduled, day(2));
  finish_run(old, RunStatus::success);
  const RunRow newer = start_run("flights", RunType::manual, day(2));
  finish_run(newer, RunStatus::failed);
  const RunRow open = start_run("flights", RunType::manual, day(3));
  start_run("sales", RunType::manual, day(4));
  const std::vector<Time> asked{day(0), day(2), day(3), day(4)};
  const auto facts = stores().backfills.facts("flights", asked);
  ASSERT_OK(facts);
  ASSERT_EQ(3u, facts->size());
  EXPECT_EQ(id, facts->at(day(0)).backfill);
  EXPECT_FALSE(facts->at(day(0)).run.has_value());
  EXPECT_EQ(newer.run, facts->at(day(2)).run);
  EXPECT_EQ(RunStatus::failed, facts->at(day(2)).status);
  EXPECT_FALSE(facts->at(day(2)).backfill.has_value());
  EXPECT_EQ(open.run, facts->at(day(3)).run);
  EXPECT_EQ(RunStatus::running, facts->at(day(3)).status);
}

}  // namespace
}  // namespace millrace::testing
