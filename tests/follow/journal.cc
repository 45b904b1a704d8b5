#include "tests/follow/journal.h"

#include "engine/store/projection.h"

namespace millrace::testing {

FollowTest::FollowTest() {
  const auto lease = stores().leadership.acquire(kMainShard, "test", std::chrono::minutes{1});
  epoch_ = (*lease)->epoch;
  const Json spec = Json::object(
      {{"id", "flights"},
       {"tasks", Json::array({Json::object({{"id", "load"}}), Json::object({{"id", "train"}})})}});
  append({event({}, DagRegistered{"flights", "v1", spec, "flights.yaml", "/", {}})});
}

Event FollowTest::event(const Uuid& run, EventBody body) const {
  return {0, run, from_micros(1'000'000), std::move(body)};
}

void FollowTest::append(std::vector<Event> events) {
  Batch batch;
  batch.epoch = epoch_;
  batch.first_seq = last_seq() + 1;
  for (const auto& one : events)
    if (const auto* created = std::get_if<RunCreated>(&one.body)) {
      RunRow row;
      row.run = one.run;
      row.dag = created->dag.name;
      row.version = created->version;
      batch.runs_created.push_back(std::move(row));
    }
  batch.events = std::move(events);
  const auto done = stores().journal.append(batch);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
}

Uuid FollowTest::start_run() {
  const Uuid run = ids_.next(clock_.now(), rng_);
  RunCreated created;
  created.dag = "flights";
  created.version = "v1";
  append({event(run, created)});
  return run;
}

std::vector<Event> FollowTest::many(const Uuid& run, std::size_t count) const {
  return std::vector<Event>(count, event(run, TaskQueued{{0, -1}}));
}

}  // namespace millrace::testing
