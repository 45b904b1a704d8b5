// hot_paths NAME COUNT: does one thing COUNT times, the same way each time, so that the
// instructions of a run with more, less those of a run with fewer, are what it costs.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/dag.h"
#include "engine/core/expression.h"
#include "engine/exec/frame.h"
#include "engine/exec/light_lane.h"
#include "engine/exec/protocol.h"
#include "engine/pg/journal_rows.h"
#include "engine/sched/leader.h"
#include "engine/store/command.h"
#include "engine/store/load_run.h"
#include "engine/store/mem_store.h"

namespace {

using namespace millrace;

class StillClock final : public Clock {
 public:
  Time now() const override { return Time{std::chrono::hours{500'000}}; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
};

/// Every attempt ends well as soon as somebody looks.
class InstantExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override {
    for (auto& attempt : attempts) ended_.push_back({attempt.key, Outcome{Done{}}});
  }
  void cancel(const AttemptKey&, bool) override {}
  void kill_all() override { ended_.clear(); }
  std::vector<Input> take() {
    std::vector<Input> out;
    for (auto& result : std::exchange(ended_, {})) out.emplace_back(std::move(result));
    return out;
  }

 private:
  std::vector<AttemptResult> ended_;
};

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "hot_paths: %s\n", error.to_string().c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  return *std::move(result);
}

std::shared_ptr<const Dag> dag_of(int tasks, bool chained) {
  DagSpec spec;
  spec.id = "hot";
  for (int i = 0; i < tasks; ++i) {
    TaskSpec task;
    task.id = "t" + std::to_string(i);
    task.op = "noop";
    if (chained && i > 0) task.needs = {"t" + std::to_string(i - 1)};
    spec.tasks.push_back(std::move(task));
  }
  return std::make_shared<const Dag>(must(Dag::make(std::move(spec))));
}

/// The production leader on the store of the tests.
struct Office {
  StillClock clock;
  MemStore store{clock};
  InstantExecutor executor;
  Rng rng{7};
  std::unique_ptr<Leader> leader;

  explicit Office(std::shared_ptr<const Dag> dag) {
    const auto stores = store.stores();
    const auto lease = must(stores.leadership.acquire(kMainShard, "hot", std::chrono::hours{1}));
    PlannerOptions options;
    options.executor_of = [](const std::string&) { return kThreadExecutor; };
    leader = must(Leader::take_office(options, *lease, stores, executor, clock, Rng(7)));
    must(leader->step({RegisterDag{std::move(dag), "hot.yaml", "", {}}}));
  }

  Uuid run() {
    Command command = make_command(TriggerRun{.dag = "hot"}, {});
    command.id = Uuid::v7(clock.now(), rng);
    must(store.stores().inbox.submit(command));
    for (std::vector<Input> inputs = {CommandsWaiting{}}; !inputs.empty(); inputs = executor.take())
      must(leader->step(std::move(inputs)));
    return command.id;
  }
};

/// Runs of one DAG of `tasks` tasks, `count` tasks in all: what the DAG itself costs is paid once.
void run_tasks(int count, int tasks, bool chained) {
  Office office(dag_of(tasks, chained));
  for (int begun = 0; begun < count; begun += tasks) {
    const Uuid run = office.run();
    if (must(office.store.stores().runs.run(run)).status != RunStatus::success)
      fail(internal_error("the run did not succeed"));
  }
}

/// What one append of a thousand tasks sends to PostgreSQL.
void encode_rows(int count) {
  Office office(dag_of(1000, false));
  const auto events = must(office.store.stores().journal.read_run(office.run()));
  for (int i = 0; i < count; ++i)
    if (pg::journal_columns(1, events).events.take().size() < events.size())
      fail(internal_error("the events are not in the rows"));
}

void fold_a_run(int count) {
  Office office(dag_of(1000, false));
  const Uuid run = office.run();
  const auto stores = office.store.stores();
  for (int i = 0; i < count; ++i) must(load_run(stores.journal, stores.runs, run));
}

void read_events(int count) {
  std::string text;
  append_json(text, AttemptStarted{{3, -1}, 1, 5, {}});
  for (int i = 0; i < count; ++i) must(event_from_json(must(Json::parse(text))));
}

void talk_to_a_runner(int count) {
  exec::StartMessage start;
  start.op = "command";
  start.with = Json::object({{"argv", Json::array({"/bin/true"})}});
  start.info.dag_id = start.info.task_id = "hot";
  start.info.run_id = "01890000-0000-7000-8000-000000000000";
  exec::DoneMessage done;
  for (int i = 0; i < count; ++i) {
    start.id = done.id = i;
    const auto there = must(exec::encode(exec::EngineMessage{start}));
    must(exec::decode_engine_message(std::string_view(there).substr(exec::kFrameHeaderBytes)));
    const auto back = must(exec::encode(exec::RunnerMessage{done}));
    must(exec::decode_runner_message(std::string_view(back).substr(exec::kFrameHeaderBytes)));
  }
}

struct Noop {
  static constexpr std::string_view name = "noop";
  static constexpr std::string_view doc = "Does nothing.";
  static constexpr int version = 1;
  static auto params() { return std::tuple{}; }
  Result<Outcome> run(OperatorContext&) const { return Outcome{Done{}}; }
};

class NoArtifacts final : public Artifacts {
 public:
  Result<StoredArtifact> put_file(const std::filesystem::path&) override { return none(); }
  Result<StoredArtifact> put_text(std::string_view) override { return none(); }
  Result<StoredArtifact> get(std::string_view) const override { return none(); }
  Result<std::string> read(std::string_view, std::size_t) const override { return none(); }

 private:
  static Error none() { return not_found("there are no artifacts"); }
};

/// From their start to their reports, all at a time as in a wide fan-out.
void run_light_attempts(int count) {
  const SystemClock clock;
  MemStore store(clock);
  NoArtifacts artifacts;
  Catalog catalog;
  catalog.add<Noop>();
  RunnerPoolConfig config;
  config.work_dir = "/nonexistent/state/of/an/engine/work";  // no attempt asks for a folder
  const RunnerPoolParts parts{catalog, artifacts, store.stores().logs, clock, {}};
  exec::Reporter reporter;
  exec::LogWriter logs{parts.logs, [&](auto reports) { reporter.deliver(std::move(reports)); }};
  Mutex mutex;
  ConditionVariable changed;
  int ended = 0;
  reporter.set([&](std::vector<AttemptReport> reports) {
    const MutexLock lock(mutex);
    ended += static_cast<int>(reports.size());
    changed.notify_all();
  });
  std::vector<exec::QueuedAttempt> attempts(static_cast<std::size_t>(count));
  for (auto& attempt : attempts) {
    attempt.start.op = "noop";
    attempt.start.with = Json::object();
    attempt.generation = reporter.generation();
  }
  exec::LightLane lane(config, parts, logs, reporter);
  lane.start(std::move(attempts));
  MutexLock lock(mutex);
  changed.wait(lock, [&] { return ended == count; });
}

void render_parameters(int count) {
  const auto parameters = must(Template::compile(Json::object(
      {{"input", "${{ tasks.build.outputs.table }}"},
       {"label",
        "${{ params.months > 1 && format('{0} months', params.months) || 'a month' }}"}})));
  const Json root = must(Json::parse(
      R"({"params": {"months": 3}, "tasks": {"build": {"outputs": {"table": "sha256:1234"}}}})"));
  Scope scope;
  scope.root = &root;
  for (int i = 0; i < count; ++i) must(parameters.render(scope));
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(int)>, std::less<>> paths = {
      {"loose_task", [](int count) { run_tasks(count, 1000, false); }},
      {"chain_step", [](int count) { run_tasks(count, 100, true); }},
      {"dag_task", [](int count) { static_cast<void>(dag_of(count, true)); }},
      {"journal_rows", encode_rows},
      {"fold_run", fold_a_run},
      {"event_read", read_events},
      {"runner_messages", talk_to_a_runner},
      {"light_attempt", run_light_attempts},
      {"render", render_parameters},
  };
  const auto path = argc == 3 ? paths.find(argv[1]) : paths.end();
  if (path == paths.end()) {
    std::fputs("usage: hot_paths NAME COUNT\n", stderr);
    return 2;
  }
  path->second(std::atoi(argv[2]));
  return 0;
}
