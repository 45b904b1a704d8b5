// The store: narrow roles, each with two implementations (MemStore, PostgreSQL) under one
// conformance suite (tests/store/conformance.h). All calls are thread-safe and block until done;
// errors: `unavailable` (nothing is known to have happened; ask again), `fenced` (a newer epoch
// leads: stop writing), `conflict`, `not_found`.
//
// Lists are newest first, at most `limit` long; `before` (exclusive) pages on.
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
#include "engine/core/schedule.h"
#include "engine/store/appended_rows.h"
#include "engine/store/rows.h"

namespace millrace {

/// The journal belongs to the leader of this shard.
inline constexpr std::string_view kMainShard = "main";

/// One group commit: events in order, and the projection rows that follow from them (`project` in
/// engine/store/projection.h fills them in).
struct Batch {
  std::int64_t epoch = 0;
  std::int64_t first_seq = 0;  // of events[0]; the rest follow without gaps
  std::vector<Event> events;
  // Applied in this order; `project` drops what a later event of the same batch undoes.
  std::vector<RunRow> runs_created;  // as running
  std::vector<Uuid> runs_reopened;
  std::vector<std::pair<Uuid, TaskRow>>
      tasks_cleared;                  // their rows go; map_index -1: all rows of the task
  std::vector<RunRow> runs_finished;  // status and finished_at count
  std::vector<TaskRow> tasks_ended;   // each replaces the row of its instance, if there is one
  std::map<std::pair<Uuid, int>, ScopedName>
      task_ids;  // (run, task index) → id in the namespace of the DAG, of events that carry effects
};

/// What is true. One writer: the leader.
class Journal {
 public:
  virtual ~Journal() = default;
  /// One transaction: proves the epoch, appends the events, writes the projections (also those of
  /// DAGs, which follow from the events alone), applies the effects of the events (`effects_of`,
  /// engine/store/effect_rows.h) and stores CommandHandled answers; a command's first answer stays.
  /// All or nothing. Event::seq is not read: events are numbered from first_seq. A batch whose
  /// first_seq is not last_seq()+1 is a `conflict`; one that was already committed whole (same
  /// epoch, first_seq and length, after an `unavailable`) is accepted without a second effect. A
  /// second scheduled run of one DAG and logical date is a `conflict`.
  virtual Status append(const Batch& batch) = 0;
  /// 0 when empty.
  virtual Result<std::int64_t> last_seq() = 0;
  /// Events with seq > after, in order. A journal that has forgotten its beginning goes on with the
  /// first event from which it is whole.
  virtual Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) = 0;
  /// All events of one run, in order; of a forgotten one perhaps the last few.
  virtual Result<std::vector<Event>> read_run(const Uuid& run) = 0;
  /// Calls back soon after events were appended by anyone: from a thread of the store or of who
  /// appended, without a lock held. Debounced; may be spurious. Here and below, a callback is
  /// called until its Subscription ends, and must be brief.
  virtual Subscription subscribe(std::function<void()> on_change) = 0;
};

struct Lease {
  std::int64_t epoch = 0;
  Duration ttl{};
};

/// Who leads a shard. No wall clock counts, neither the store's nor an engine's: an asker that has
/// seen the same lease without a renewal for `ttl` of its own steady time takes it over.
class Leadership {
 public:
  virtual ~Leadership() = default;
  /// nullopt while another owner's lease runs, as far as this asker has seen: it has to ask again
  /// and again. A new lease has a greater epoch than any before. `former` is an owner that the
  /// asker knows to be dead; its lease ends at once.
  virtual Result<std::optional<Lease>> acquire(std::string_view shard, std::string_view owner,
                                               Duration ttl, std::string_view former = {}) = 0;
  /// `fenced` if the epoch is no longer the current one (a lapsed one that no engine took over
  /// still is).
  virtual Status renew(std::string_view shard, std::int64_t epoch, Duration ttl) = 0;
  /// Lets the next one take over at once; from then on the epoch is fenced. `fenced` if it was
  /// already.
  virtual Status release(std::string_view shard, std::int64_t epoch) = 0;
};

/// A command that was not there before.
struct AcceptedCommand {
  Command command;
  std::chrono::steady_clock::time_point asked;  // before it could be seen by anyone
};

/// Commands waiting for the planner.
class Inbox {
 public:
  virtual ~Inbox() = default;
  /// Durable on return. With an idempotency key that is there already, the stored command comes
  /// back instead: its id tells (the same body; another body is a `conflict`).
  virtual Result<Command> submit(const Command& command) = 0;
  /// Not yet handled, oldest first.
  virtual Result<std::vector<Command>> pending(std::size_t limit) = 0;
  virtual Result<std::optional<CommandResult>> result(const Uuid& command) = 0;
  /// Calls back, from a thread of the store or of the submitter, soon after a command was submitted
  /// by anyone. One that was accepted from this very store object comes along, once, and need not
  /// be looked for in `pending`; with nullptr, something may be there.
  using OnCommand = std::function<void(const AcceptedCommand* accepted)>;
  virtual Subscription subscribe(OnCommand on_command) = 0;
};

struct RunFilter {
  std::optional<DagKey> dag;  // nullopt: any
  std::string namespace_;     // "" any
  std::optional<RunStatus> status;
  std::optional<Uuid> before;  // ids sort by time
  std::size_t limit = 50;
};

class RunReader {
 public:
  virtual ~RunReader() = default;
  virtual Result<std::vector<RunRow>> runs(const RunFilter& filter) = 0;
  /// The newest runs of each DAG that is registered, at most so many of each; by namespace and DAG,
  /// newest first.
  virtual Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) = 0;
  virtual Result<RunRow> run(const Uuid& id) = 0;
  /// Ended task instances of a run, by task and map index.
  virtual Result<std::vector<TaskRow>> tasks(const Uuid& run) = 0;
  /// Runs that have not finished, oldest first.
  virtual Result<std::vector<RunRow>> open_runs() = 0;
  virtual Result<std::vector<DagRow>> dags() = 0;
  virtual Result<DagRow> dag(const DagKey& key) = 0;
  /// Whether it is registered: a DAG of thousands of tasks need not be read for it.
  virtual Result<bool> has_dag(const DagKey& key) = 0;
  /// The spec of any version that was ever registered.
  virtual Result<Json> dag_version(const DagKey& dag, std::string_view version) = 0;
  virtual Result<std::vector<DagFileErrorRow>> dag_file_errors() = 0;
  /// What files declare, DAGs included; by kind, namespace and name.
  virtual Result<std::vector<ResourceRow>> resources() = 0;
  /// The canonical form of any version that was ever registered, of a DAG as well.
  virtual Result<Json> resource_version(std::string_view kind, std::string_view name_space,
                                        std::string_view name, std::string_view version) = 0;
  /// What a schedule must know to go on from `now`.
  virtual Result<ScheduledDates> scheduled_dates(Time now) = 0;
};

class LogStore {
 public:
  virtual ~LogStore() = default;
  /// A piece that is there already (same offset) changes nothing, a longer one replaces it.
  virtual Status append(std::span<const LogChunk> chunks) = 0;
  /// Text from `offset` on, at most `limit` bytes, joined; bytes as they were written. It ends at a
  /// gap: what comes after a piece that has not arrived yet is not shown before it. "" for an
  /// attempt without output.
  virtual Result<std::string> read(const Uuid& run, std::string_view task, int map_index,
                                   int attempt, std::int64_t offset, std::size_t limit) = 0;
  /// Where the last piece ends; 0 for an attempt without output.
  virtual Result<std::int64_t> length(const Uuid& run, std::string_view task, int map_index,
                                      int attempt) = 0;
};

/// What operators and people ask of models, data and deployments. Written only by effects.
class Registry {
 public:
  virtual ~Registry() = default;
  virtual Result<std::vector<ModelKey>> models() = 0;
  virtual Result<std::vector<ModelVersionRow>> model_versions(const ModelKey& model) = 0;
  /// The newest version with this artifact.
  virtual Result<ModelVersionRow> model_version(const ModelKey& model,
                                                std::string_view artifact) = 0;
  /// Every version of every model, and what was refused or withdrawn without being one.
  virtual Result<std::vector<DeployableRow>> deployable() = 0;
  virtual Result<std::vector<EvaluationRow>> evaluations(const ModelKey& model,
                                                         std::size_t limit) = 0;
  /// In the order of their publication.
  virtual Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) = 0;
  /// Its first publication.
  virtual Result<ArtifactRow> artifact(std::string_view digest) = 0;
  virtual Result<DatasetRow> dataset(const DatasetKey& name) = 0;
  /// All of them, by namespace and name.
  virtual Result<std::vector<DatasetRow>> datasets() = 0;
  /// The newest rows of the table at this place of AppendedRows, newest first.
  virtual Result<AppendedList> appended(std::size_t place, std::size_t limit) = 0;
  template <AppendedRow Row>
  Result<std::vector<Row>> newest_rows(std::size_t limit) {
    MR_TRY(auto rows, appended(place_of<Row>(), limit));
    return std::get<std::vector<Row>>(std::move(rows));
  }
  Result<std::vector<AlertRow>> alerts(std::size_t limit) { return newest_rows<AlertRow>(limit); }
};

/// What the model server reads and writes.
class ServingStore {
 public:
  virtual ~ServingStore() = default;
  /// Of models that have a champion or a candidate, by namespace and name.
  virtual Result<std::vector<DeploymentRow>> deployments() = 0;
  virtual Result<DeploymentRow> deployment(const ModelKey& model) = 0;
  virtual Result<std::vector<DeploymentEventRow>> deployment_history(const ModelKey& model,
                                                                     std::size_t limit) = 0;
  /// Idempotent by batch id.
  virtual Status append(const PredictionBatch& batch) = 0;
  /// Sums of the windows that start at or after `since`, one for each (artifact, role); `start` is
  /// the earliest. With a revision: only of windows in which the deployment had it or a later one;
  /// that does not depend on any clock.
  virtual Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since,
                                                     std::int64_t from_revision) = 0;
  Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since) {
    return windows(model, since, 0);
  }
  virtual Result<std::vector<Prediction>> predictions(const ModelKey& model, std::size_t limit) = 0;
  /// Calls back soon after a deployment changed: from a thread of the store or of who appended. May
  /// be spurious.
  virtual Subscription subscribe(std::function<void()> on_change) = 0;
};

/// How far followers of the journal have come.
class Cursors {
 public:
  virtual ~Cursors() = default;
  /// The last event that the follower has taken; nullopt of one that never saved.
  virtual Result<std::optional<std::int64_t>> cursor(std::string_view follower) = 0;
  /// A cursor only moves forward: a smaller `seq` than the stored one changes nothing.
  virtual Status save_cursor(std::string_view follower, std::int64_t seq) = 0;
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
};

/// Upper bounds of ServingWindow::latency_buckets, in microseconds; one more bucket takes what is
/// above.
inline constexpr std::int64_t kLatencyBoundsUs[] = {
    50,    100,    200,    300,    500,    750,    1'000,   1'500,   2'000,   3'000,    5'000,
    7'500, 10'000, 15'000, 20'000, 30'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};

}  // namespace millrace
