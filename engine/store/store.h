// The store: one narrow interface for each role. Each has two implementations (MemStore,
// PostgreSQL), which one conformance suite tests (tests/store/conformance.h). All calls are
// thread-safe and block until done. Errors:
//  - `unavailable`: the call may or may not have taken effect; try again.
//  - `fenced`: an engine with a newer epoch leads; stop writing.
//  - `conflict`, `not_found`.
//
// Lists are newest first and have at most `limit` items. `before` (exclusive) gets the next page.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/subscription.h"
#include "engine/core/backfill.h"
#include "engine/core/schedule.h"
#include "engine/store/appended_rows.h"
#include "engine/store/backfill_rows.h"
#include "engine/store/rows.h"

namespace millrace {

/// The shard whose leader writes the journal.
inline constexpr std::string_view kMainShard = "main";

/// One group commit: events in order, and the rows of projections that follow from them. `project`
/// (engine/store/projection.h) adds the rows.
struct Batch {
  std::int64_t epoch = 0;
  std::int64_t first_seq = 0;  // of events[0]; the others follow without gaps
  std::vector<Event> events;
  // Applied in this order. `project` leaves out what a later event of the batch undoes.
  std::vector<RunRow> runs_created;  // as running
  std::vector<Uuid> runs_reopened;
  std::vector<std::pair<Uuid, TaskRow>>
      tasks_cleared;                  // rows to delete; map_index -1: all rows of the task
  std::vector<RunRow> runs_finished;  // of their end: status, finished_at, outputs, error
  std::vector<TaskRow> tasks_ended;   // each replaces the row of its instance, if there is one
  std::map<std::pair<Uuid, int>, ScopedName>
      task_ids;  // of events with effects: (run, task index) → id in the namespace of the DAG
};

/// The events. Only the leader writes them; all other state follows from them.
class Journal {
 public:
  virtual ~Journal() = default;
  /// In one transaction, all or nothing:
  ///  - checks that the epoch is the current one;
  ///  - appends the events, numbered from first_seq (Event::seq is not read);
  ///  - writes the projections, including those of DAGs, which follow from the events alone;
  ///  - applies the effects of the events (`sourced_effects`, engine/store/effect_rows.h);
  ///  - stores the answers in CommandHandled; a command keeps its first answer.
  ///
  /// After an `unavailable`, the caller appends the same batch again. If it was committed before
  /// (same epoch, first_seq and length), it is accepted and changes nothing. `conflict`: first_seq
  /// is not last_seq()+1, or the DAG has a scheduled run of the same logical date already.
  virtual Status append(const Batch& batch) = 0;
  /// 0 if the journal is empty.
  virtual Result<std::int64_t> last_seq() = 0;
  /// Events with seq > after, in order. If retention has dropped some of them, the list begins with
  /// the first event from which the journal is complete.
  virtual Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) = 0;
  /// All events of one run, in order. Of a run that retention has dropped, some last events may be
  /// left.
  virtual Result<std::vector<Event>> read_run(const Uuid& run) = 0;
  /// Calls `on_change` soon after any engine has appended events. The call comes from a thread of
  /// the store or from the thread that appended, without a lock held. Calls are debounced and may
  /// be spurious. All callbacks of the store are called until their Subscription ends; they must be
  /// brief.
  virtual Subscription subscribe(std::function<void()> on_change) = 0;
};

struct Lease {
  std::int64_t epoch = 0;
  Duration ttl{};
};

/// Which engine leads a shard. No wall clock is used, neither the store's nor an engine's. An
/// engine takes a lease over after it has seen no renewal of it for `ttl` of its own steady time.
class Leadership {
 public:
  virtual ~Leadership() = default;
  /// nullopt while the lease of another owner has not run out, as far as this engine has seen. The
  /// engine has to call this repeatedly. A new lease has a greater epoch than all earlier ones.
  /// `former` is an owner that the engine knows to be dead; its lease ends at once.
  virtual Result<std::optional<Lease>> acquire(std::string_view shard, std::string_view owner,
                                               Duration ttl, std::string_view former = {}) = 0;
  /// `fenced` if the epoch is no longer the current one. A lease that has run out can be renewed as
  /// long as no other engine has taken it over.
  virtual Status renew(std::string_view shard, std::int64_t epoch, Duration ttl) = 0;
  /// Ends the lease, so that another engine can take over at once. From then on, the epoch is
  /// fenced. `fenced` if it was fenced already.
  virtual Status release(std::string_view shard, std::int64_t epoch) = 0;
};

/// A command that was stored now, and not by an earlier request.
struct AcceptedCommand {
  Command command;
  std::chrono::steady_clock::time_point asked;  // before it became visible
};

/// Commands waiting for the planner.
class Inbox {
 public:
  virtual ~Inbox() = default;
  /// Durable on return. If a command with this id or this idempotency key is stored already,
  /// returns that command; `conflict` if its kind or its body is different.
  virtual Result<Command> submit(const Command& command) = 0;
  /// Commands that have no answer yet, oldest first.
  virtual Result<std::vector<Command>> pending(std::size_t limit) = 0;
  virtual Result<std::optional<CommandResult>> result(const Uuid& command) = 0;
  /// Calls `on_command` soon after a command was submitted, from a thread of the store or of the
  /// submitter. A command that was submitted through this store object is passed to it, once;
  /// `pending` need not be read for it. With nullptr, `pending` may have new commands.
  using OnCommand = std::function<void(const AcceptedCommand* accepted)>;
  virtual Subscription subscribe(OnCommand on_command) = 0;
};

struct RunFilter {
  std::optional<DagKey> dag;  // nullopt: any
  std::string namespace_;     // "" any
  std::optional<RunStatus> status;
  std::optional<Uuid> before;  // ids sort by time
  std::size_t limit = 50;
  std::optional<Uuid> backfill = {};  // nullopt: any run
};

class RunReader {
 public:
  virtual ~RunReader() = default;
  virtual Result<std::vector<RunRow>> runs(const RunFilter& filter) = 0;
  /// The newest runs of each registered DAG, at most `limit` of each. Sorted by namespace and DAG,
  /// then newest first.
  virtual Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) = 0;
  virtual Result<RunRow> run(const Uuid& id) = 0;
  /// Ended task instances of a run, by task and map index.
  virtual Result<std::vector<TaskRow>> tasks(const Uuid& run) = 0;
  /// The ended task instances of these runs, counted by task and state. Sorted by run, task and
  /// state, the latter by its name.
  virtual Result<std::vector<TaskCountRow>> task_counts(std::span<const Uuid> runs) = 0;
  /// Runs that have not finished, oldest first.
  virtual Result<std::vector<RunRow>> open_runs() = 0;
  virtual Result<std::vector<DagRow>> dags() = 0;
  virtual Result<DagRow> dag(const DagKey& key) = 0;
  /// True if the DAG is registered. Does not read the DAG, which may have thousands of tasks.
  virtual Result<bool> has_dag(const DagKey& key) = 0;
  /// `on_webhook` of the DAG's newest version; null: it has none. Does not read the whole DAG.
  virtual Result<Json> webhook_of(const DagKey& dag) = 0;
  /// The spec of any version that was ever registered.
  virtual Result<Json> dag_version(const DagKey& dag, std::string_view version) = 0;
  virtual Result<std::vector<DagFileErrorRow>> dag_file_errors() = 0;
  /// All resources that files declare, DAGs included. Sorted by kind, namespace and name.
  virtual Result<std::vector<ResourceRow>> resources() = 0;
  /// The canonical form of any version that was ever registered; DAGs included.
  virtual Result<Json> resource_version(std::string_view kind, std::string_view name_space,
                                        std::string_view name, std::string_view version) = 0;
  /// Every version that was ever registered, newest first; those of unknown age last. Empty if
  /// there is no such resource.
  virtual Result<std::vector<ResourceVersionRow>> resource_versions(std::string_view kind,
                                                                    std::string_view name_space,
                                                                    std::string_view name) = 0;
  /// The dates that schedules need in order to continue from `now`.
  virtual Result<ScheduledDates> scheduled_dates(Time now) = 0;
};

class LogStore {
 public:
  virtual ~LogStore() = default;
  /// A chunk whose offset is stored already changes nothing, unless it is longer: then it replaces
  /// the stored one.
  virtual Status append(std::span<const LogChunk> chunks) = 0;
  /// The text from `offset` on, at most `limit` bytes, as it was written. It ends at the first gap,
  /// where a chunk has not arrived yet. "" for an attempt without output.
  virtual Result<std::string> read(const Uuid& run, std::string_view task, int map_index,
                                   int attempt, std::int64_t offset, std::size_t limit) = 0;
  /// Where the last chunk ends; 0 for an attempt without output.
  virtual Result<std::int64_t> length(const Uuid& run, std::string_view task, int map_index,
                                      int attempt) = 0;
};

/// Models, evaluations, artifacts, datasets and alerts. Only effects write it.
class Registry {
 public:
  virtual ~Registry() = default;
  virtual Result<std::vector<ModelKey>> models() = 0;
  virtual Result<std::vector<ModelVersionRow>> model_versions(const ModelKey& model) = 0;
  /// The newest version with this artifact.
  virtual Result<ModelVersionRow> model_version(const ModelKey& model,
                                                std::string_view artifact) = 0;
  /// Every version of every model, and every artifact that was refused or withdrawn without being a
  /// registered version.
  virtual Result<std::vector<DeployableRow>> deployable() = 0;
  virtual Result<std::vector<EvaluationRow>> evaluations(const ModelKey& model,
                                                         std::size_t limit) = 0;
  /// All artifacts of a run, in the order of their publication.
  virtual Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) = 0;
  /// The first publication of the artifact.
  virtual Result<ArtifactRow> artifact(std::string_view digest) = 0;
  virtual Result<DatasetRow> dataset(const DatasetKey& name) = 0;
  /// All of them, by namespace and name.
  virtual Result<std::vector<DatasetRow>> datasets() = 0;
  /// The newest watermark of each dataset that has one, by namespace and name.
  virtual Result<std::vector<WatermarkRow>> newest_watermarks() = 0;
  /// The newest rows of one table, newest first. `place` is the index of its row in AppendedRows.
  virtual Result<AppendedList> appended(std::size_t place, const AppendedFilter& filter,
                                        std::size_t limit) = 0;
  template <AppendedRow Row>
  Result<std::vector<Row>> newest_rows(std::size_t limit, const AppendedFilter& filter = {}) {
    MR_TRY(auto rows, appended(place_of<Row>(), filter, limit));
    return std::get<std::vector<Row>>(std::move(rows));
  }
  Result<std::vector<AlertRow>> alerts(std::size_t limit) { return newest_rows<AlertRow>(limit); }
};

/// What the model server reads and writes.
class ServingStore {
 public:
  virtual ~ServingStore() = default;
  /// The deployments of models that have a champion or a candidate, by namespace and name.
  virtual Result<std::vector<DeploymentRow>> deployments() = 0;
  virtual Result<DeploymentRow> deployment(const ModelKey& model) = 0;
  virtual Result<std::vector<DeploymentEventRow>> deployment_history(const ModelKey& model,
                                                                     std::size_t limit) = 0;
  /// Idempotent by batch id.
  virtual Status append(const PredictionBatch& batch) = 0;
  /// Sums of the windows that start at or after `since`, one sum for each (artifact, role). `start`
  /// is that of the earliest window. With `from_revision`, only windows of this revision of the
  /// deployment or a later one count; this condition does not depend on a clock.
  virtual Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since,
                                                     std::int64_t from_revision) = 0;
  Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since) {
    return windows(model, since, 0);
  }
  virtual Result<std::vector<Prediction>> predictions(const ModelKey& model, std::size_t limit) = 0;
  /// Calls `on_change` soon after a deployment has changed, from a thread of the store or from the
  /// thread that appended. Calls may be spurious.
  virtual Subscription subscribe(std::function<void()> on_change) = 0;
};

/// The positions of followers (engine/follow/follower.h) in the journal.
class Cursors {
 public:
  virtual ~Cursors() = default;
  /// The last event that the follower has processed; nullopt if it has never saved a cursor.
  virtual Result<std::optional<std::int64_t>> cursor(std::string_view follower) = 0;
  /// A cursor only moves forward: a smaller `seq` than the stored one changes nothing.
  virtual Status save_cursor(std::string_view follower, std::int64_t seq) = 0;
};

struct BackfillFilter {
  std::optional<DagKey> dag;           // nullopt: any
  std::string namespace_;              // "" any
  std::optional<BackfillState> state;  // nullopt: any
  std::optional<Uuid> before;
  std::size_t limit = 50;
};

/// Backfills and their dates. Events and the ends of runs write them.
class BackfillReader {
 public:
  virtual ~BackfillReader() = default;
  virtual Result<std::vector<BackfillRow>> backfills(const BackfillFilter& filter) = 0;
  virtual Result<BackfillRow> backfill(const Uuid& id) = 0;
  /// Those that have not ended, oldest first.
  virtual Result<std::vector<BackfillRow>> open_backfills() = 0;
  /// Its dates from a position on, in the order of their runs.
  virtual Result<std::vector<BackfillDateRow>> dates(const Uuid& backfill, std::size_t from,
                                                     std::size_t limit) = 0;
  /// What is known of these dates of the DAG; a date of which nothing is known is left out.
  virtual Result<DateFacts> facts(const DagKey& dag, std::span<const Time> dates) = 0;
};

/// The roles of one store, not owned.
struct Stores {
  Journal& journal;
  Leadership& leadership;
  Inbox& inbox;
  RunReader& runs;
  LogStore& logs;
  Registry& registry;
  ServingStore& serving;
  Cursors& cursors;
  BackfillReader& backfills;
};

/// Upper bounds of ServingWindow::latency_buckets, in microseconds. One more bucket counts larger
/// latencies.
inline constexpr std::int64_t kLatencyBoundsUs[] = {
    50,    100,    200,    300,    500,    750,    1'000,   1'500,   2'000,   3'000,    5'000,
    7'500, 10'000, 15'000, 20'000, 30'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};

}  // namespace millrace
