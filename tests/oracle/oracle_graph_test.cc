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
  void start(TaskRef ref, int attempt = 1) {
    say(AttemptDispatched{ref, attempt, epoch_});
    say(AttemptStarted{ref, attempt, epoch_, {}});
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

DagSpec repeating(OnMax on_max) {
  DagSpec spec;
  spec.id = "repeating";
  spec.tasks.resize(1);
  spec.tasks[0].id = "only";
  spec.tasks[0].op = "fake";
  spec.tasks[0].repeat = {.until = "outputs.enough", .max = 2, .delay = {}, .on_max = on_max};
  return spec;
}

/// The rule that the last of these iterations breaks. Each says whether it is enough.
std::string_view broken_by(std::vector<bool> repeated, EventBody last, OnMax on_max) {
  History history(repeating(on_max));
  const TaskRef only{0, -1};
  int attempt = 0;
  for (const bool enough : repeated) {
    history.start(only, ++attempt);
    history.say(TaskRepeated{only, attempt, {}, Json::object({{"enough", enough}}), {}});
  }
  history.start(only, ++attempt);
  history.say(std::move(last));
  return history.broken();
}

TEST(OracleGraph, ATaskRepeatsUntilItIsEnoughAndNoLonger) {
  const TaskRef only{0, -1};
  const Json enough = Json::object({{"enough", true}}), little = Json::object({{"enough", false}});
  const auto succeeds = [&](int attempt, const Json& outputs) {
    return TaskSucceeded{only, attempt, outputs, {}};
  };
  const auto fails = [&](int attempt) {
    return TaskFailed{only, attempt, permanent(unavailable("max")), little, {}};
  };
  EXPECT_EQ("projections", broken_by({}, succeeds(1, enough), OnMax::fail)) << "no event is wrong";
  EXPECT_EQ("projections", broken_by({false}, succeeds(2, enough), OnMax::fail));
  EXPECT_EQ("projections", broken_by({false}, succeeds(2, little), OnMax::succeed));
  EXPECT_EQ("projections", broken_by({false}, fails(2), OnMax::fail));
  EXPECT_EQ("iterations", broken_by({}, succeeds(1, little), OnMax::succeed)) << "too early";
  EXPECT_EQ("iterations", broken_by({false}, succeeds(2, little), OnMax::fail));
  EXPECT_EQ("iterations", broken_by({true}, succeeds(2, enough), OnMax::fail)) << "after enough";
  EXPECT_EQ("iterations", broken_by({false, false}, succeeds(3, enough), OnMax::fail)) << "max";
  EXPECT_EQ("iterations", broken_by({}, fails(1), OnMax::fail)) << "too early";
  EXPECT_EQ("iterations", broken_by({false}, fails(2), OnMax::succeed));
}

/// create → work → drop, where drop is the teardown of create.
DagSpec tearing_down() {
  DagSpec spec;
  spec.id = "tearing_down";
  spec.tasks.resize(3);
  for (std::size_t i = 0; i < 3; ++i) spec.tasks[i].op = "fake";
  spec.tasks[0].id = "create";
  spec.tasks[1].id = "work";
  spec.tasks[1].needs = {"create"};
  spec.tasks[2].id = "drop";
  spec.tasks[2].needs = {"create", "work"};
  spec.tasks[2].teardown.setups = {"create"};
  return spec;
}

constexpr TaskRef kCreate{0, -1}, kWork{1, -1}, kDrop{2, -1};

/// The rule that is broken when `last` follows the end of create and of work.
std::string_view broken_after(EventBody create, EventBody work, std::vector<EventBody> last) {
  History history(tearing_down());
  history.start(kCreate);
  history.say(std::move(create));
  history.say(std::move(work));
  for (EventBody& body : last) history.say(std::move(body));
  return history.broken();
}

TEST(OracleGraph, ATeardownRunsAfterItsSetupSucceeded) {
  const EventBody created = TaskSucceeded{kCreate, 1, {}, {}};
  const EventBody not_created = TaskFailed{kCreate, 1, permanent(unavailable("no")), {}, {}};
  const EventBody no_work = TaskCancelled{kWork}, could_not = TaskUpstreamFailed{kWork};
  const EventBody starts = AttemptDispatched{kDrop, 1, 1}, skips = TaskSkipped{kDrop, ""};
  const EventBody cancel = RunCancelRequested{{}, false}, force = RunCancelRequested{{}, true};
  const EventBody ends = TaskCancelled{kDrop}, asked = TaskCancelRequested{kDrop, {}};
  EXPECT_EQ("projections", broken_after(created, no_work, {starts})) << "no event is wrong";
  EXPECT_EQ("projections", broken_after(not_created, could_not, {skips}));
  EXPECT_EQ("projections", broken_after(created, no_work, {force, ends}));
  EXPECT_EQ("projections", broken_after(created, no_work, {asked, ends}));
  EXPECT_EQ("edges", broken_after(not_created, could_not, {starts}));
  EXPECT_EQ("edges", broken_after(created, TaskQueued{kWork}, {starts})) << "work goes on";
  EXPECT_EQ("teardowns", broken_after(created, no_work, {cancel, skips}));
  EXPECT_EQ("teardowns", broken_after(created, no_work, {cancel, ends}));
  EXPECT_EQ("teardowns", broken_after(created, no_work, {cancel, TaskUpstreamFailed{kDrop}}));
}

TEST(OracleGraph, ATeardownHandlesNoFailureAndFailsTheRunOnlyWithFailRun) {
  const auto broken = [](bool fail_run, TaskState work, TaskState drop, RunStatus status) {
    DagSpec spec = tearing_down();
    spec.tasks[2].teardown.fail_run = fail_run;
    History history(std::move(spec));
    history.start(kCreate);
    history.say(TaskSucceeded{kCreate, 1, {}, {}});
    for (const auto& [ref, state] : {std::pair(kWork, work), std::pair(kDrop, drop)}) {
      history.start(ref);
      if (state == TaskState::success)
        history.say(TaskSucceeded{ref, 1, {}, {}});
      else
        history.say(TaskFailed{ref, 1, permanent(unavailable("no")), {}, {}});
    }
    history.say(RunFinished{status});
    return history.broken();
  };
  constexpr TaskState kGood = TaskState::success, kBad = TaskState::failed;
  EXPECT_EQ("projections", broken(false, kGood, kBad, RunStatus::success)) << "no event is wrong";
  EXPECT_EQ("projections", broken(true, kGood, kBad, RunStatus::failed));
  EXPECT_EQ("projections", broken(true, kBad, kGood, RunStatus::failed));
  EXPECT_EQ("run_status", broken(false, kGood, kBad, RunStatus::failed));
  EXPECT_EQ("run_status", broken(false, kBad, kGood, RunStatus::success));
  EXPECT_EQ("run_status", broken(true, kGood, kBad, RunStatus::success));
}

/// The rule that is broken when `last` follows these ends of a and b; d depends on them so.
std::string_view broken_by_depends(const std::string& depends, std::vector<EventBody> ends,
                                   EventBody last) {
  DagSpec spec;
  spec.id = "depending";
  spec.tasks.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    spec.tasks[i].id = std::string(1, "abd"[i]);
    spec.tasks[i].op = "fake";
  }
  spec.tasks[2].needs = {"a", "b"};
  spec.tasks[2].depends = depends;
  History history(std::move(spec));
  for (EventBody& end : ends) {
    history.start(*task_of(end));
    history.say(std::move(end));
  }
  history.say(std::move(last));
  return history.broken();
}

TEST(OracleGraph, ATaskWithDependsStartsWhenThatIsCertainAndIsLeftOutWhenItIsFalse) {
  const TaskRef a{0, -1}, b{1, -1}, d{2, -1};
  const EventBody good_a = TaskSucceeded{a, 1, {}, {}}, good_b = TaskSucceeded{b, 1, {}, {}};
  const EventBody bad_a = TaskFailed{a, 1, permanent(unavailable("no")), {}, {}};
  const EventBody starts = AttemptDispatched{d, 1, 1}, skips = TaskSkipped{d, ""};
  const EventBody could_not = TaskUpstreamFailed{d};
  EXPECT_EQ("projections", broken_by_depends("a.failed || b", {bad_a}, starts)) << "none is wrong";
  EXPECT_EQ("projections", broken_by_depends("a && b", {bad_a}, could_not));
  EXPECT_EQ("projections", broken_by_depends("a.failed && b.ended", {good_a, good_b}, skips));
  EXPECT_EQ("projections", broken_by_depends("!(a.failed) && b.ended", {good_a, good_b}, starts));
  EXPECT_EQ("edges", broken_by_depends("a.success && b", {good_a}, starts)) << "too early";
  EXPECT_EQ("edges", broken_by_depends("a.ended && b.ended", {good_a}, starts)) << "too early";
  EXPECT_EQ("edges", broken_by_depends("a.failed || b.failed", {good_a, good_b}, starts));
  EXPECT_EQ("edges", broken_by_depends("a && b", {good_a}, skips)) << "too early";
  EXPECT_EQ("edges", broken_by_depends("a && b", {good_a, good_b}, skips)) << "it may start";
  EXPECT_EQ("edges", broken_by_depends("a && b", {bad_a, good_b}, skips)) << "a failure";
  EXPECT_EQ("edges", broken_by_depends("a.failed && b", {good_a, good_b}, could_not));
}

}  // namespace
}  // namespace millrace::oracle
