// Wrong histories of runs with constructs that the forge's DAG does not have.
#include <gtest/gtest.h>

#include "engine/store/mem_store.h"
#include "tests/oracle/oracle.h"

namespace millrace::oracle {
namespace {

/// A journal of one open run, written by hand. Nothing projects its rows.
class History {
 public:
  explicit History(DagSpec spec) {
    auto made = Dag::make(std::move(spec));
    if (!made) std::abort();
    say({},
        DagRegistered{made->key(), made->version(), Dag::to_json(made->spec()), "e.yaml", ".", {}});
    RunCreated created;
    created.dag = made->key();
    created.version = made->version();
    say(kRun, created);
  }
  void say(EventBody body) { say(kRun, std::move(body)); }
  void start(TaskRef ref) {
    say(AttemptDispatched{ref, 1, epoch_});
    say(AttemptStarted{ref, 1, epoch_, {}});
  }
  /// The rule that is broken first; "projections": no event is wrong.
  std::string_view broken() {
    Expectations expected;
    expected.at_rest = false;
    const Judgement judgement = judge(store_.stores(), expected);
    return judgement.violation ? name_of(judgement.violation->rule) : "";
  }

 private:
  class StillClock final : public Clock {
   public:
    Time now() const override { return *parse_rfc3339("2001-02-01T00:00:00Z"); }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
  };
  static constexpr Uuid kRun{1, 1};

  void say(const Uuid& run, EventBody body) {
    Batch batch;
    batch.epoch = epoch_;
    batch.first_seq = ++seq_;
    batch.events.push_back({seq_, run, clock_.now(), std::move(body)});
    if (!store_.stores().journal.append(batch)) std::abort();
  }

  StillClock clock_;
  MemStore store_{clock_};
  const std::int64_t epoch_ =
      (*store_.stores().leadership.acquire(kMainShard, "one", std::chrono::hours{1}))->epoch;
  std::int64_t seq_ = 0;
};

TEST(OracleGraph, NoMoreInstancesThanMaxActiveAreUnderWay) {
  DagSpec spec;
  spec.id = "mapped";
  spec.tasks.resize(1);
  spec.tasks[0].id = "each";
  spec.tasks[0].op = "fake";
  spec.tasks[0].foreach = Json::array({1, 2});
  spec.tasks[0].foreach_max_active = 1;
  for (const bool ends : {false, true}) {
    History history(spec);
    history.say(TaskExpanded{0, Json::array({1, 2})});
    history.start({0, 0});
    if (ends) history.say(TaskSucceeded{{0, 0}, 1, {}, {}});
    history.start({0, 1});
    EXPECT_EQ(history.broken(), ends ? "projections" : "active_instances");
  }
}

}  // namespace
}  // namespace millrace::oracle
