#include "bench/rig.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "bench/counters.h"
#include "engine/artifact/artifact_store.h"
#include "engine/cluster/private_cluster.h"
#include "engine/exec/runner_main.h"
#include "engine/exec/runner_pool.h"
#include "engine/pg/database.h"
#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "engine/sched/engine.h"
#include "engine/spec/load.h"
#include "engine/store/command.h"
#include "operators/catalog.h"

namespace millrace::bench {
namespace {

constexpr auto kPatience = std::chrono::seconds{120};

struct Pooled {
  static constexpr std::string_view name = "pooled";
  static constexpr std::string_view doc = "Does nothing, in a pooled process.";
  static constexpr int version = 1;
  static auto params() { return std::tuple{}; }
  Result<Outcome> run(OperatorContext&) const { return Outcome{Done{}}; }
};

}  // namespace

Catalog bench_catalog() {
  Catalog catalog = builtin_catalog();
  catalog.add<Pooled>();
  return catalog;
}

Result<int> be_runner(const std::filesystem::path& state) {
  MR_TRY(ArtifactStore artifacts, ArtifactStore::open(state / "artifacts"));
  const Catalog catalog = bench_catalog();
  const SystemClock clock;
  return runner_main(catalog, artifacts, clock);
}

/// In the order in which they start.
struct Rig::Parts {
  std::filesystem::path state;
  SystemClock clock;
  Rng rng{system_entropy()};
  Catalog catalog = bench_catalog();
  std::unique_ptr<PrivateCluster> cluster;
  std::unique_ptr<Database> database;
  std::unique_ptr<PgStore> store;
  std::optional<ArtifactStore> artifacts;
  std::unique_ptr<RunnerPool> pool;
  std::unique_ptr<Engine> engine;

  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t durable_events = 0;                      // guarded by mutex
  std::function<void(std::vector<Event>)> on_batch;     // guarded by mutex
  std::chrono::steady_clock::time_point last_batch_at;  // guarded by mutex

  Status open(int workers);
  void batch_is_durable(StepReport& report);
  Result<Uuid> trigger(const std::string& dag, Rng& from);
};

Status Rig::Parts::open(int workers) {
  std::filesystem::remove_all(state);
  MR_TRY(cluster, PrivateCluster::start(state));
  DatabaseOptions options;
  options.dsn = cluster->dsn();
  MR_TRY(database, Database::open(options));
  MR_CHECK(migrate(*database));
  store = std::make_unique<PgStore>(*database);
  MR_TRY(ArtifactStore opened, ArtifactStore::open(state / "artifacts"));
  artifacts.emplace(std::move(opened));

  RunnerPoolConfig pool_config;
  pool_config.argv = {"/proc/self/exe", "runner", "--state", state.string()};
  pool_config.slots = static_cast<std::size_t>(workers);
  pool_config.work_dir = state / "work";
  pool = std::make_unique<RunnerPool>(
      pool_config,
      RunnerPoolParts{catalog, *artifacts, store->stores().logs, clock,
                      [](const std::string&, std::string_view name, const Json&) -> Result<Json> {
                        return not_found("a bench has no '" + std::string(name) + "'");
                      }});
  EngineOptions engine_options;
  engine_options.owner = "bench";
  PoolOptions& processes = engine_options.planner.pool("process");
  processes.slots = workers;
  processes.ahead_per_slot = kAttemptsAhead;
  engine_options.planner.executor_of = [this](const std::string& op) {
    return catalog.executor_of(op);
  };
  engine = std::make_unique<Engine>(engine_options, store->stores(), *pool, clock,
                                    Rng(system_entropy()));
  engine->on_step([this](StepReport& report) { batch_is_durable(report); });
  engine->start();
  engine->wait_until_leading();
  return {};
}

void Rig::Parts::batch_is_durable(StepReport& report) {
  if (report.events == 0) return;
  {
    const std::lock_guard lock(mutex);
    if (on_batch) on_batch(std::move(report.durable));
    durable_events += static_cast<std::int64_t>(report.events);
    last_batch_at = std::chrono::steady_clock::now();
  }
  changed.notify_all();
}

Result<Uuid> Rig::Parts::trigger(const std::string& dag, Rng& from) {
  Command command = make_command(TriggerRun{.dag = dag}, Origin("bench", "a measurement"));
  command.id = Uuid::v7(clock.now(), from);
  command.created_at = clock.now();
  MR_CHECK(store->stores().inbox.submit(command));
  return command.id;  // names the run
}

Rig::Rig(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Rig>> Rig::start(const std::filesystem::path& state, int workers) {
  auto parts = std::make_unique<Parts>();
  parts->state = std::filesystem::absolute(state);
  MR_CHECK(parts->open(workers));
  return std::unique_ptr<Rig>(new Rig(std::move(parts)));
}

Rig::~Rig() {
  const auto state = parts_->state;
  parts_->engine->stop();
  parts_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
}

const std::string& Rig::dsn() const { return parts_->database->dsn(); }

Stores Rig::stores() { return parts_->store->stores(); }

std::int64_t Rig::durable_events() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->durable_events;
}

void Rig::on_batch(std::function<void(std::vector<Event>)> callback) {
  const std::lock_guard lock(parts_->mutex);
  parts_->on_batch = std::move(callback);
}

Status Rig::put_dag(const std::string& yaml) {
  LoadedDag loaded = load_dag(yaml, "bench.yaml", parts_->catalog);
  if (!loaded.spec) return invalid_argument(loaded.diagnostics.front().message);
  MR_TRY(Dag dag, Dag::make(*std::move(loaded.spec)));
  RegisterDag wish;
  wish.dag = std::make_shared<const Dag>(std::move(dag));
  wish.source = "bench.yaml";
  const auto version = wish.dag->version();
  const DagKey id = wish.dag->key();
  parts_->engine->put_dag(std::move(wish));
  std::unique_lock lock(parts_->mutex);
  const bool registered = parts_->changed.wait_for(lock, kPatience, [&] {
    const auto row = parts_->store->stores().runs.dag(id);
    return row && row->version == version;
  });
  return registered ? Status{} : Status{make_error(ErrorCode::timeout, "the DAG was not taken")};
}

Result<double> Rig::time_run(const std::string& dag, std::size_t tasks) {
  Parts& parts = *parts_;
  std::int64_t enough = static_cast<std::int64_t>(tasks);  // each task leaves an event or more
  {
    const std::lock_guard lock(parts.mutex);
    enough += parts.durable_events;
  }
  const auto before = std::chrono::steady_clock::now();
  MR_TRY(const Uuid run, parts.trigger(dag, parts.rng));
  {
    // Not by asking the store: that would take the very time that is measured.
    std::unique_lock lock(parts.mutex);
    const auto is_over = [&] {
      return parts.durable_events >= enough && parts.engine->metrics().open_runs == 0;
    };
    if (!parts.changed.wait_for(lock, kPatience, is_over))
      return make_error(ErrorCode::timeout, "the run of '" + dag + "' did not end");
  }
  const std::chrono::duration<double> taken = parts.last_batch_at - before;
  MR_TRY(const RunRow row, parts.store->stores().runs.run(run));
  if (row.status != RunStatus::success)
    return internal_error("the run of '" + dag + "' ended as " +
                          std::string(to_string(row.status)));
  MR_TRY(const auto recorded, parts.store->stores().runs.tasks(run));
  if (recorded.size() != tasks)
    return internal_error("the run of '" + dag + "' recorded " + std::to_string(recorded.size()) +
                          " tasks instead of " + std::to_string(tasks));
  return taken.count();
}

Result<double> Rig::time_runs(const std::vector<std::string>& dags, std::size_t tasks) {
  constexpr std::size_t kClients = 4;
  Parts& parts = *parts_;
  MR_TRY(const Counters first, counters(dsn()));
  const auto before = std::chrono::steady_clock::now();
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> clients;
    for (std::size_t c = 0; c < kClients; ++c)
      clients.emplace_back([&, c] {
        Rng rng(system_entropy());
        for (std::size_t i = c; i < dags.size(); i += kClients)
          if (!parts.trigger(dags[i], rng)) failed = true;
      });
  }
  if (failed) return unavailable("not every run could be triggered");
  for (;;) {
    {
      std::unique_lock lock(parts.mutex);
      if (!parts.changed.wait_for(lock, kPatience,
                                  [&] { return parts.engine->metrics().open_runs == 0; }))
        return make_error(ErrorCode::timeout, "the runs did not end");
    }
    // None is open; it may be that the last triggers have not been taken up yet.
    MR_TRY(const Counters now, counters(dsn()));
    if (now.runs_ended - first.runs_ended < static_cast<std::int64_t>(dags.size())) continue;
    if (now.tasks_succeeded - first.tasks_succeeded != static_cast<std::int64_t>(tasks))
      return internal_error("of " + std::to_string(tasks) + " tasks " +
                            std::to_string(now.tasks_succeeded - first.tasks_succeeded) +
                            " are on record");
    const std::lock_guard lock(parts.mutex);
    return std::chrono::duration<double>(parts.last_batch_at - before).count();
  }
}

}  // namespace millrace::bench
