#include <thread>

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

Event queued(const Uuid& run, int task, Time at) { return {0, run, at, TaskQueued{{task, -1}}}; }

TEST_P(StoreTest, AnEmptyJournalEndsAtZero) {
  EXPECT_EQ(0, last_seq());
  const auto events = stores().journal.read(0, 10);
  ASSERT_OK(events);
  EXPECT_TRUE(events->empty());
}

TEST_P(StoreTest, EventsComeBackInOrderWithTheirSeq) {
  lead();
  const Uuid a = new_id(), b = new_id();
  // Interleaved on purpose: a store may keep the events of one run together, but not reorder them.
  std::vector<Event> events;
  for (int i = 0; i < 30; ++i) {
    events.push_back(queued(i % 3 == 0 ? a : i % 3 == 1 ? b : Uuid{}, i, now()));
    if (i % 4 == 0) clock().pass(Duration{137});
  }
  const std::vector<Event> first(events.begin(), events.begin() + 17),
      second(events.begin() + 17, events.end());
  append(first);
  append(second);
  EXPECT_EQ(30, last_seq());

  const auto all = stores().journal.read(0, 100);
  ASSERT_OK(all);
  ASSERT_EQ(30u, all->size());
  for (std::size_t i = 0; i < 30; ++i) {
    const Event& got = (*all)[i];
    EXPECT_EQ(static_cast<std::int64_t>(i) + 1, got.seq);
    EXPECT_EQ(events[i].run, got.run);
    EXPECT_EQ(events[i].at, got.at);
    EXPECT_EQ(to_json(events[i].body), to_json(got.body));
  }
}

TEST_P(StoreTest, ReadPagesFromAnySeq) {
  lead();
  const Uuid a = new_id(), b = new_id();
  for (int round = 0; round < 3; ++round) {
    std::vector<Event> events;
    for (int i = 0; i < 7; ++i) events.push_back(queued(i % 2 ? a : b, round * 7 + i, now()));
    append(events);
  }
  for (std::int64_t after = 0; after <= 21; ++after)
    for (const std::size_t limit : {1u, 2u, 5u, 100u}) {
      const auto page = stores().journal.read(after, limit);
      ASSERT_OK(page);
      ASSERT_EQ(std::min<std::size_t>(limit, static_cast<std::size_t>(21 - after)), page->size());
      for (std::size_t i = 0; i < page->size(); ++i)
        EXPECT_EQ(after + 1 + static_cast<std::int64_t>(i), (*page)[i].seq);
    }
}

TEST_P(StoreTest, ReadRunGivesTheEventsOfThatRunOnly) {
  lead();
  const Uuid a = new_id(), b = new_id();
  append({queued(a, 0, now()), queued(b, 1, now()), queued(a, 2, now())});
  append({queued(b, 3, now()), queued(a, 4, now())});
  const auto events = stores().journal.read_run(a);
  ASSERT_OK(events);
  ASSERT_EQ(3u, events->size());
  EXPECT_EQ(1, (*events)[0].seq);
  EXPECT_EQ(3, (*events)[1].seq);
  EXPECT_EQ(5, (*events)[2].seq);
  const auto none = stores().journal.read_run(new_id());
  ASSERT_OK(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(StoreTest, TextOfAnyKindSurvives) {
  lead();
  const Uuid run = new_id();
  const std::string nasty = "quote ' double \" back\\slash {brace},comma\n\ttab NULL é 漢 \x01";
  append({event(run, TaskSkipped{{0, -1}, nasty})});
  const auto events = stores().journal.read(0, 1);
  ASSERT_OK(events);
  ASSERT_EQ(1u, events->size());
  EXPECT_EQ(nasty, std::get<TaskSkipped>((*events)[0].body).reason);
}

TEST_P(StoreTest, AnEpochThatNeverLedIsFenced) {
  Batch first = batch({queued(new_id(), 0, now())});
  EXPECT_CODE(ErrorCode::fenced, stores().journal.append(first));
  lead();
  first.epoch = epoch_ + 1;
  EXPECT_CODE(ErrorCode::fenced, stores().journal.append(first));
  EXPECT_EQ(0, last_seq());
}

TEST_P(StoreTest, AnOldEpochIsFencedAndWritesNothing) {
  lead("one");
  const RunRow run = start_run();
  Batch stale = success_batch(run.run, {PromoteModel{"flights", digest('a'), ""}});
  const Uuid command = new_id();
  stale.events.push_back(event({}, CommandHandled{command, true, {}}));
  RunRow created = run;
  created.run = new_id();
  stale.runs_created.push_back(created);
  clock().pass(std::chrono::seconds{11});
  lead("two");

  EXPECT_CODE(ErrorCode::fenced, stores().journal.append(stale));
  EXPECT_EQ(1, last_seq());
  EXPECT_TRUE(stores().runs.tasks(run.run)->empty());
  EXPECT_EQ(1u, stores().runs.runs({})->size());
  EXPECT_CODE(ErrorCode::not_found, stores().serving.deployment("flights"));
  EXPECT_FALSE(stores().inbox.result(command)->has_value());

  Batch fresh = stale;
  fresh.epoch = epoch_;
  EXPECT_OK(stores().journal.append(fresh));
  EXPECT_EQ(3, last_seq());
}

TEST_P(StoreTest, ABatchThatDoesNotFollowTheEndIsAConflict) {
  lead();
  append({queued(new_id(), 0, now()), queued(new_id(), 1, now())});
  Batch gap = batch({queued(new_id(), 2, now())});
  gap.first_seq = 4;
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(gap));
  gap.first_seq = 2;
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(gap));
  gap.first_seq = 1;  // there is such a batch, but of another length
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(gap));
  EXPECT_EQ(2, last_seq());
}

TEST_P(StoreTest, ARepeatedBatchIsAcceptedWithoutASecondEffect) {
  lead();
  const RunRow run = start_run();
  Batch once = success_batch(
      run.run, {RegisterModel{"flights", digest('a'), "logistic", {}, {}, ""},
                PromoteModel{"flights", digest('a'), "first"}, RaiseAlert{"info", "t", "x", "o"}});
  ASSERT_OK(stores().journal.append(once));
  ASSERT_OK(stores().journal.append(once));
  append({queued(run.run, 5, now())});
  ASSERT_OK(stores().journal.append(once));  // also when later ones are there already

  EXPECT_EQ(3, last_seq());
  EXPECT_EQ(1u, stores().registry.model_versions("flights")->size());
  EXPECT_EQ(1, stores().serving.deployment("flights")->revision);
  EXPECT_EQ(1u, stores().registry.alerts(10)->size());
  EXPECT_EQ(1u, stores().runs.tasks(run.run)->size());
}

TEST_P(StoreTest, ABatchWithAnEffectThatCannotBeAppliedWritesNothing) {
  lead();
  const RunRow run = start_run();
  const Batch bad =
      success_batch(run.run, {PublishArtifact{digest('a'), "table", "train", 1, 1, {}, {}},
                              SetTraffic{"flights", digest('b'), 150, "too much"}});
  EXPECT_CODE(ErrorCode::invalid_argument, stores().journal.append(bad));
  EXPECT_EQ(1, last_seq());
  EXPECT_TRUE(stores().registry.artifacts(run.run)->empty());
  EXPECT_TRUE(stores().runs.tasks(run.run)->empty());
}

// Else the journal could be written, and never be read again.
TEST_P(StoreTest, AnEffectThatCouldNotBeReadBackIsRefused) {
  lead();
  const RunRow run = start_run();
  EXPECT_CODE(ErrorCode::invalid_argument, stores().journal.append(success_batch(
                                               run.run, {PromoteModel{"flights", "newest", ""}})));
  EXPECT_CODE(ErrorCode::invalid_argument,
              stores().journal.append(
                  batch({event({}, EffectsRequested{{RollbackModel{"", "no model", {}}}, {}})})));
  EXPECT_EQ(1, last_seq());
}

TEST_P(StoreTest, EffectsOfATaskThatTheBatchDoesNotNameAreRefused) {
  lead();
  Batch nameless = success_batch(new_id(), {RaiseAlert{"info", "t", "x", "o"}});
  nameless.task_ids.clear();
  EXPECT_CODE(ErrorCode::internal, stores().journal.append(nameless));
  EXPECT_EQ(0, last_seq());
}

TEST_P(StoreTest, ASecondScheduledRunOfALogicalDateIsAConflict) {
  lead();
  const Time february = *parse_rfc3339("2001-02-01");
  const RunRow run = start_run("flights", RunType::scheduled, february);
  Batch again = batch({event(new_id(), RunCancelRequested{})});
  RunRow second = run;
  second.run = again.events[0].run;
  again.runs_created.push_back(second);
  EXPECT_CODE(ErrorCode::conflict, stores().journal.append(again));
  EXPECT_EQ(1, last_seq());
  EXPECT_EQ(1u, stores().runs.runs({})->size());
  start_run("flights", RunType::manual, february);
  start_run("other", RunType::scheduled, february);
  EXPECT_EQ(3, last_seq());
}

TEST_P(StoreTest, ABatchOfThousandsIsOneAppend) {
  lead();
  std::vector<Uuid> runs;
  for (int i = 0; i < 50; ++i) runs.push_back(new_id());
  Batch large = batch({});
  for (int i = 0; i < 5000; ++i) {
    const Uuid& run = runs[static_cast<std::size_t>(i) % runs.size()];
    large.events.push_back(event(run, TaskSucceeded{{i, -1}, 1, Json::object({{"n", i}}), {}}));
    TaskRow row;
    row.run = run;
    row.task = "t" + std::to_string(i);
    row.attempt = 1;
    row.ended_at = now();
    large.tasks_ended.push_back(row);
  }
  ASSERT_OK(stores().journal.append(large));
  EXPECT_EQ(5000, last_seq());
  const auto events = stores().journal.read(1234, 2000);
  ASSERT_OK(events);
  ASSERT_EQ(2000u, events->size());
  EXPECT_EQ(1235, events->front().seq);
  EXPECT_EQ(1234, std::get<TaskSucceeded>(events->front().body).outputs["n"].as_int());
  EXPECT_EQ(100u, stores().runs.tasks(runs[7])->size());
}

TEST_P(StoreTest, JournalSubscribersHearOfAppends) {
  Signal signal;
  const Subscription subscription = stores().journal.subscribe(signal.callback());
  lead();
  const int before = signal.count();
  append({queued(new_id(), 0, now())});
  EXPECT_TRUE(signal.wait_for(before + 1));
}

// A writer keeps appending while another takes the lead: whatever the old one was told is durable
// comes before the end that the new one reads, and nothing of it comes after.
TEST_P(StoreTest, NothingOfTheOldLeaderComesAfterATakeover) {
  const std::int64_t old_epoch = lead("one");
  std::atomic<std::int64_t> confirmed = 0;
  const Time at = now();
  std::thread writer([&] {
    const Uuid run{1, 2};
    for (std::int64_t seq = 1;; ++seq) {
      Batch next;
      next.epoch = old_epoch;
      next.first_seq = seq;
      next.events = {queued(run, static_cast<int>(seq), at)};
      if (!stores().journal.append(next).ok()) return;
      confirmed = seq;
      confirmed.notify_one();
    }
  });
  confirmed.wait(0);
  clock().pass(std::chrono::seconds{11});
  const std::int64_t new_epoch = lead("two");
  const std::int64_t end = last_seq();
  EXPECT_GT(new_epoch, old_epoch);
  writer.join();
  EXPECT_EQ(end, last_seq());
  EXPECT_EQ(end, confirmed);
  append({queued({1, 3}, 0, at)});
  EXPECT_EQ(end + 1, last_seq());
}

}  // namespace
}  // namespace millrace::testing
