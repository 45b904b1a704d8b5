#include "tests/sim/careless.h"

#include "engine/store/effect_rows.h"
#include "tests/sim/journal_wrapper.h"

namespace millrace::sim {

class CarelessStores::LeadershipSeam final : public Leadership {
 public:
  LeadershipSeam(Leadership& real, Removed removed) : real_(real), removed_(removed) {}
  std::int64_t newest_epoch = 0;

  Result<std::optional<Lease>> acquire(std::string_view shard, std::string_view owner, Duration ttl,
                                       std::string_view former) override {
    if (removed_ == Removed::lease_expiry && newest_epoch > 0)
      static_cast<void>(real_.release(shard, newest_epoch));
    auto lease = real_.acquire(shard, owner, ttl, former);
    if (lease && *lease) newest_epoch = (*lease)->epoch;
    return lease;
  }
  Status renew(std::string_view shard, std::int64_t epoch, Duration ttl) override {
    return real_.renew(shard, epoch, ttl);
  }
  Status release(std::string_view shard, std::int64_t epoch) override {
    return real_.release(shard, epoch);
  }

 private:
  Leadership& real_;
  Removed removed_;
};

/// Alerts are what shows of effects here.
class CarelessStores::RegistrySeam final : public Registry {
 public:
  RegistrySeam(Registry& real, Removed removed) : real_(real), removed_(removed) {}

  void write_late(const Batch& batch) {
    const auto effects = sourced_effects(batch);
    if (!effects) return;
    for (const auto& [source, effect] : *effects)
      if (const auto* alert = std::get_if<RaiseAlert>(effect))
        late_.push_back(AlertRow::of(source, *alert));
  }
  Result<AppendedList> appended(std::size_t place, const AppendedFilter& filter,
                                std::size_t limit) override {
    if (removed_ == Removed::effect_transaction && place == place_of<AlertRow>())
      return AppendedList(late_);
    return real_.appended(place, filter, limit);
  }
  Result<std::vector<ModelKey>> models() override { return real_.models(); }
  Result<std::vector<ModelVersionRow>> model_versions(const ModelKey& model) override {
    return real_.model_versions(model);
  }
  Result<ModelVersionRow> model_version(const ModelKey& model, std::string_view artifact) override {
    return real_.model_version(model, artifact);
  }
  Result<std::vector<DeployableRow>> deployable() override { return real_.deployable(); }
  Result<std::vector<EvaluationRow>> evaluations(const ModelKey& model,
                                                 std::size_t limit) override {
    return real_.evaluations(model, limit);
  }
  Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) override {
    return real_.artifacts(run);
  }
  Result<ArtifactRow> artifact(std::string_view digest) override { return real_.artifact(digest); }
  Result<DatasetRow> dataset(const DatasetKey& name) override { return real_.dataset(name); }
  Result<std::vector<DatasetRow>> datasets() override { return real_.datasets(); }
  Result<std::vector<WatermarkRow>> newest_watermarks() override {
    return real_.newest_watermarks();
  }

 private:
  Registry& real_;
  Removed removed_;
  std::vector<AlertRow> late_;
};

class CarelessStores::JournalSeam final : public JournalWrapper {
 public:
  JournalSeam(Journal& real, LeadershipSeam& leadership, RegistrySeam& registry, Removed removed)
      : JournalWrapper(real), leadership_(leadership), registry_(registry), removed_(removed) {}

  Status append(const Batch& batch) override {
    switch (removed_) {
      case Removed::epoch_fence:
        return append_loosely(batch, leadership_.newest_epoch);
      case Removed::exactly_once_append:
        return append_loosely(batch, batch.epoch);
      case Removed::projection_transaction:
        return append_without_rows(batch);
      case Removed::one_run_per_date:
        return append_any_date(batch);
      case Removed::effect_transaction: {
        const Status done = real_.append(batch);
        // A second transaction, which fails as often as any call of the store.
        if (done && real_.last_seq()) registry_.write_late(batch);
        return done;
      }
      case Removed::durable_first:
        static_cast<void>(real_.append(batch));
        return {};
      default:
        return real_.append(batch);
    }
  }

 private:
  /// No memory of what was committed.
  Status append_loosely(const Batch& batch, std::int64_t epoch) {
    Batch loose = batch;
    loose.epoch = epoch;
    if (const auto last = real_.last_seq()) loose.first_seq = *last + 1;
    return real_.append(loose);
  }
  Status append_without_rows(const Batch& batch) {
    constexpr std::int64_t kEvery = 50;
    if (batch.first_seq % kEvery != 0) return real_.append(batch);
    Batch events = batch;
    events.tasks_ended.clear();
    return real_.append(events);
  }
  Status append_any_date(const Batch& batch) {
    const Status done = real_.append(batch);
    if (done || done.error().code != ErrorCode::conflict) return done;
    Batch undated = batch;
    for (RunRow& row : undated.runs_created) row.type = RunType::manual;
    return real_.append(undated);
  }

  LeadershipSeam& leadership_;
  RegistrySeam& registry_;
  Removed removed_;
};

class CarelessStores::InboxSeam final : public Inbox {
 public:
  InboxSeam(Inbox& real, Removed removed) : real_(real), removed_(removed) {}

  Result<Command> submit(const Command& command) override {
    if (removed_ != Removed::idempotency_key) return real_.submit(command);
    Command anew = command;
    anew.idempotency_key.clear();
    return real_.submit(anew);
  }
  Result<std::vector<Command>> pending(std::size_t limit) override {
    auto commands = real_.pending(limit);
    if (removed_ != Removed::command_once || !commands) return commands;
    const std::vector<Command> unacknowledged = std::exchange(last_, *commands);
    commands->insert(commands->begin(), unacknowledged.begin(), unacknowledged.end());
    return commands;
  }
  Result<std::optional<CommandResult>> result(const Uuid& command) override {
    return real_.result(command);
  }
  Subscription subscribe(OnCommand f) override { return real_.subscribe(std::move(f)); }

 private:
  Inbox& real_;
  Removed removed_;
  std::vector<Command> last_;
};

class CarelessStores::ReaderSeam final : public RunReader {
 public:
  ReaderSeam(RunReader& real, Removed removed) : real_(real), removed_(removed) {}

  Result<std::vector<RunRow>> open_runs() override {
    if (removed_ == Removed::recovery) return std::vector<RunRow>();
    return real_.open_runs();
  }
  Result<std::vector<DagRow>> dags() override { return real_.dags(); }
  Result<std::vector<RunRow>> runs(const RunFilter& filter) override { return real_.runs(filter); }
  Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) override {
    return real_.newest_of_each_dag(limit);
  }
  Result<RunRow> run(const Uuid& id) override { return real_.run(id); }
  Result<std::vector<TaskRow>> tasks(const Uuid& run) override { return real_.tasks(run); }
  Result<std::vector<TaskCountRow>> task_counts(std::span<const Uuid> runs) override {
    return real_.task_counts(runs);
  }
  Result<DagRow> dag(const DagKey& key) override { return real_.dag(key); }
  Result<bool> has_dag(const DagKey& key) override { return real_.has_dag(key); }
  Result<Json> webhook_of(const DagKey& dag) override { return real_.webhook_of(dag); }
  Result<Json> dag_version(const DagKey& dag, std::string_view version) override {
    return real_.dag_version(dag, version);
  }
  Result<std::vector<DagFileErrorRow>> dag_file_errors() override {
    return real_.dag_file_errors();
  }
  Result<std::vector<ResourceRow>> resources() override { return real_.resources(); }
  Result<Json> resource_version(std::string_view kind, std::string_view name_space,
                                std::string_view name, std::string_view version) override {
    return real_.resource_version(kind, name_space, name, version);
  }
  Result<std::vector<ResourceVersionRow>> resource_versions(std::string_view kind,
                                                            std::string_view name_space,
                                                            std::string_view name) override {
    return real_.resource_versions(kind, name_space, name);
  }
  Result<ScheduledDates> scheduled_dates(Time now) override {
    if (removed_ == Removed::one_run_per_date) return ScheduledDates();
    return real_.scheduled_dates(now);
  }

 private:
  RunReader& real_;
  Removed removed_;
};

CarelessStores::CarelessStores(Stores real, Removed removed)
    : real_(real),
      leadership_(std::make_unique<LeadershipSeam>(real.leadership, removed)),
      registry_(std::make_unique<RegistrySeam>(real.registry, removed)),
      journal_(std::make_unique<JournalSeam>(real.journal, *leadership_, *registry_, removed)),
      inbox_(std::make_unique<InboxSeam>(real.inbox, removed)),
      runs_(std::make_unique<ReaderSeam>(real.runs, removed)) {}

CarelessStores::~CarelessStores() = default;

Stores CarelessStores::stores() {
  return {*journal_,  *leadership_,  *inbox_,       *runs_,         real_.logs,
          *registry_, real_.serving, real_.cursors, real_.backfills};
}

}  // namespace millrace::sim
