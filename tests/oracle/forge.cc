#include "tests/oracle/forge.h"

#include <cstdlib>

#include "engine/base/digest.h"
#include "engine/store/projection.h"

namespace millrace::oracle {
namespace {

const Time kDate = *parse_rfc3339("2001-02-01T00:00:00Z");

std::shared_ptr<const Dag> example() {
  DagSpec spec;
  spec.id = "example";
  spec.max_active_runs = 1;
  spec.schedule = CronSpec{"0 * * * *", "UTC", DstPolicy::run_once};
  spec.tasks.resize(2);
  spec.tasks[0].id = "ingest";
  spec.tasks[1].id = "train";
  spec.tasks[1].needs = {"ingest"};
  spec.tasks[1].retries.max = 1;
  for (auto& task : spec.tasks) task.op = "fake";
  auto dag = Dag::make(std::move(spec));
  if (!dag) std::abort();
  return std::make_shared<const Dag>(*std::move(dag));
}

/// Waits for the dataset that `example` updates.
std::shared_ptr<const Dag> waiting() {
  DagSpec spec;
  spec.id = "waiting";
  spec.datasets = {"d"};
  spec.tasks.resize(1);
  spec.tasks[0].id = "read";
  spec.tasks[0].op = "fake";
  auto dag = Dag::make(std::move(spec));
  if (!dag) std::abort();
  return std::make_shared<const Dag>(*std::move(dag));
}

std::vector<Effect> every_effect() {
  const std::string artifact = sha256_hex("a model"), other = sha256_hex("a better one");
  return {PublishArtifact{artifact, "model", "model", 1, -1, {}, {}},
          RegisterModel{"m", artifact, "fake", Json::object(), Json::object(), ""},
          RegisterModel{"m", other, "fake", Json::object(), Json::object(), ""},
          RecordEvaluation{"m", "", artifact, "promote", Json::object()},
          PromoteModel{"m", artifact, "the first"},
          SetTraffic{"m", other, 5, "a canary"},
          UpdateDataset{"d", artifact, 1},
          RaiseAlert{"info", "trained", "", ""},
          SetWatermark{"d", "2001-02-03"},
          SetWatermark{"d", "2001-02-04"}};
}

}  // namespace

/// The real journal, read through a test's eyes.
class Forge::Shown final : public Journal {
 public:
  explicit Shown(Journal& real) : real_(real) {}
  std::vector<Event> events;

  Status append(const Batch& batch) override { return real_.append(batch); }
  Result<std::int64_t> last_seq() override { return real_.last_seq(); }
  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    std::vector<Event> page;
    for (const Event& event : events)
      if (event.seq > after && page.size() < limit) page.push_back(event);
    return page;
  }
  Result<std::vector<Event>> read_run(const Uuid& run) override { return real_.read_run(run); }
  Subscription subscribe(std::function<void()>) override { return {}; }

 private:
  Journal& real_;
};

Forge::Forge()
    : store_(clock_), journal_(std::make_unique<Shown>(store_.stores().journal)), dag_(example()) {
  clock_.time = kDate;
  write_history();
  show([](std::vector<Event>&) {});
}

Forge::~Forge() = default;

void Forge::write_history() {
  take_office();
  say({}, DagRegistered{"example", dag_->version(), Dag::to_json(dag_->spec()), "e.yaml", ".", {}});
  const auto other = waiting();
  say({},
      DagRegistered{"waiting", other->version(), Dag::to_json(other->spec()), "w.yaml", ".", {}});
  say({}, DagPaused{"waiting", true, {}});
  RunCreated scheduled;
  scheduled.dag = "example";
  scheduled.version = dag_->version();
  scheduled.type = RunType::scheduled;
  scheduled.logical_date = kDate;
  say(first, scheduled);
  attempt(first, kIngest, 1);
  succeed(first, kIngest, 1, every_effect());
  RollbackModel back{"m", "its task has ended", Json::object()};
  back.artifact = sha256_hex("a better one");
  back.candidate_only = back.blameless = true;
  say(first, EffectsRequested{{back}, {}});
  attempt(first, kTrain, 1);
  say(first, AttemptStateSaved{kTrain, 1, "job-7"});
  say(first, AttemptFailed{kTrain, 1, unavailable("a moment"), clock_.time});
  attempt(first, kTrain, 2);
  witness.given[mark(first, kTrain, 1)] = "";
  witness.given[mark(first, kTrain, 2)] = "job-7";
  succeed(first, kTrain, 2);
  say(first, RunFinished{RunStatus::success});

  RunCreated asked;
  asked.dag = "example";
  asked.version = dag_->version();
  say(second, asked);
  say({}, CommandHandled{command, true, Json::object({{"run", second.to_string()}})});
  attempt(second, kIngest, 1);
  take_office();
  say(second, AttemptLost{kIngest, 1, ""});
  attempt(second, kIngest, 2);
  succeed(second, kIngest, 2);
  attempt(second, kTrain, 1);
  say(second, TaskFailed{kTrain, 1, permanent(data_invalid("bad")), {}, {}});
  say(second, RunFinished{RunStatus::failed});
  write_backfill();
}

void Forge::write_backfill() {
  BackfillCreated created;
  created.backfill = backfill;
  created.dag = "example";
  created.dates = {kDate};
  say({}, created);
  RunCreated run;
  run.dag = "example";
  run.version = dag_->version();
  run.type = RunType::backfill;
  run.logical_date = kDate;
  run.backfill = backfill;
  say(third, run);
  for (const TaskRef ref : {kIngest, kTrain}) {
    attempt(third, ref, 1);
    succeed(third, ref, 1);
  }
  say(third, RunFinished{RunStatus::success});
  say({}, BackfillEnded{backfill, BackfillState::completed});
}

void Forge::take_office() {
  epoch_ = (*store_.stores().leadership.acquire(kMainShard, "one", std::chrono::hours{1}))->epoch;
}

void Forge::say(const Uuid& run, EventBody body) {
  clock_.time += std::chrono::seconds{1};
  Batch batch;
  batch.epoch = epoch_;
  batch.first_seq = seq_ + 1;
  batch.events.push_back({++seq_, run, clock_.time, std::move(body)});
  const Event& event = batch.events.front();
  if (std::holds_alternative<RunCreated>(event.body))
    runs_.emplace(run, make_run(event, dag_));
  else if (!run.is_nil() && !apply(runs_.at(run), event))
    std::abort();
  if (!run.is_nil()) project(batch, event, runs_.at(run));
  if (!store_.stores().journal.append(batch)) std::abort();
}

void Forge::attempt(const Uuid& run, TaskRef ref, int number) {
  witness.begun.insert(mark(run, ref, number));
  say(run, AttemptDispatched{ref, number, epoch_});
  say(run, AttemptStarted{ref, number, epoch_, {}});
}

void Forge::succeed(const Uuid& run, TaskRef ref, int number, std::vector<Effect> effects) {
  const std::string own = mark(run, ref, number);
  witness.ended.insert(own);
  say(run, TaskSucceeded{ref, number, Json::object({{"mark", own}}), std::move(effects)});
}

std::string Forge::mark(const Uuid& run, TaskRef ref, int number) const {
  return mark_of(run, dag_->task(ref.task).spec.id, ref.map_index, number, epoch_);
}

void Forge::show(const std::function<void(std::vector<Event>&)>& change, bool renumber) {
  journal_->events = *store_.stores().journal.read(0, 1000);
  change(journal_->events);
  std::int64_t seq = 0;
  for (Event& event : journal_->events)
    if (renumber) event.seq = ++seq;
}

Stores Forge::stores() {
  const Stores real = store_.stores();
  return {*journal_,     real.leadership, real.inbox,   real.runs,     real.logs,
          real.registry, real.serving,    real.cursors, real.backfills};
}

Expectations Forge::expectations() {
  Expectations expected;
  expected.limits.process_slots = slots;
  expected.limits.max_losses = 1;
  expected.commands = {command};
  expected.runs_by_key["once"] = {second, Uuid{1, 3}};
  expected.witness = &witness;
  return expected;
}

}  // namespace millrace::oracle
