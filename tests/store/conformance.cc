#include "tests/store/conformance.h"

namespace millrace::testing {

void StoreTest::SetUp() {
  store_ = GetParam().make();
  ASSERT_NE(nullptr, store_);
}

Uuid StoreTest::new_id() {
  clock().pass(std::chrono::milliseconds{1});
  return Uuid::v7(now(), rng_);
}

std::int64_t StoreTest::lead(std::string_view owner) {
  constexpr Duration kTtl = std::chrono::seconds{10};
  auto lease = stores().leadership.acquire(kMainShard, owner, kTtl);
  if (lease.ok() &&
      !lease->has_value()) {  // a dead leader's: it is watched for as long as it lasts
    clock().pass(kTtl);
    lease = stores().leadership.acquire(kMainShard, owner, kTtl);
  }
  EXPECT_TRUE(lease.ok() && lease->has_value()) << "no lease for " << owner;
  if (lease.ok() && *lease) epoch_ = (*lease)->epoch;
  return epoch_;
}

std::int64_t StoreTest::last_seq() {
  const auto last = stores().journal.last_seq();
  EXPECT_TRUE(last.ok()) << last.error().to_string();
  return last.value_or(-1);
}

Event StoreTest::event(const Uuid& run, EventBody body) { return {0, run, now(), std::move(body)}; }

Batch StoreTest::batch(std::vector<Event> events) {
  Batch out;
  out.epoch = epoch_;
  out.first_seq = last_seq() + 1;
  out.events = std::move(events);
  return out;
}

void StoreTest::append(std::vector<Event> events) {
  ASSERT_OK(stores().journal.append(batch(std::move(events))));
}

RunRow StoreTest::start_run(const DagKey& dag, RunType type, std::optional<Time> logical_date,
                            std::optional<Uuid> backfill) {
  RunRow row;
  row.run = new_id();
  row.dag = dag.name;
  row.namespace_ = dag.namespace_;
  row.version = digest('d');
  row.type = type;
  row.logical_date = logical_date;
  row.params = Json::object({{"months", 2}});
  row.trace_id = "0123456789abcdef0123456789abcdef";
  row.actor = "ada";
  row.reason = "she asked \"nicely\", \\ twice";
  row.created_at = now();
  row.backfill = backfill;
  RunCreated created;
  created.dag = row.key();
  created.version = row.version;
  created.type = type;
  created.logical_date = logical_date;
  created.params = row.params;
  created.trace_id = row.trace_id;
  created.origin = {row.actor, row.reason};
  created.backfill = backfill;
  Batch out = batch({event(row.run, created)});
  out.runs_created.push_back(row);
  const Status status = stores().journal.append(out);
  EXPECT_TRUE(status.ok()) << status.error().to_string();
  return row;
}

void StoreTest::finish_run(const RunRow& run, RunStatus status) {
  Batch out = batch({event(run.run, RunFinished{status})});
  RunRow row = run;
  row.status = status;
  row.finished_at = now();
  out.runs_finished.push_back(row);
  ASSERT_OK(stores().journal.append(out));
}

Batch StoreTest::success_batch(const Uuid& run, std::vector<Effect> effects,
                               const std::string& task, int map_index) {
  TaskSucceeded body;
  body.ref = {3, map_index};
  body.attempt = 1;
  body.outputs = Json::object({{"rows", 12}});
  body.effects = std::move(effects);
  Batch out = batch({event(run, std::move(body))});
  out.task_ids[{run, 3}] = {kDefaultNamespace, task};
  TaskRow row;
  row.run = run;
  row.task = task;
  row.map_index = map_index;
  row.attempt = 1;
  row.started_at = row.ended_at = now();
  out.tasks_ended.push_back(row);
  return out;
}

void StoreTest::succeed(const Uuid& run, std::vector<Effect> effects, const std::string& task,
                        int map_index) {
  ASSERT_OK(stores().journal.append(success_batch(run, std::move(effects), task, map_index)));
}

}  // namespace millrace::testing
