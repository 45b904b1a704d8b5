#include "engine/sched/engine.h"

#include <algorithm>

#include "engine/base/fault_point.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/sched/lease_keeper.h"

namespace millrace {
namespace {

/// A notification that was lost costs seconds, not a run.
constexpr Duration kBackupScan = std::chrono::seconds{2};

}  // namespace

Engine::Engine(EngineOptions options, Stores stores, Executor& executor, const Clock& clock,
               Rng rng)
    : options_(std::move(options)), stores_(stores), executor_(executor), clock_(clock), rng_(rng) {
  executor_.on_report([this](std::vector<AttemptReport> reports) {
    pass(FaultPoint::result_received);
    const MutexLock lock(mutex_);
    if (inputs_.empty()) inputs_.reserve(reports.size());
    for (auto& report : reports)
      std::visit(
          [this](auto& one) REQUIRES(mutex_) {
            inputs_.emplace_back(std::move(one));
            note_input();
          },
          report);
  });
  commands_ =
      stores_.inbox.subscribe([this](const AcceptedCommand* accepted) { notice(accepted); });
}

Engine::~Engine() { stop(); }

void Engine::start() {
  service_.start([this] { loop(); });
}

void Engine::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  service_.stop();
}

void Engine::drain() {
  {
    const MutexLock lock(mutex_);
    draining_ = true;
  }
  add_input(CommandsWaiting{});  // wakes the loop
}

bool Engine::wait_until_drained(Duration patience) {
  MutexLock lock(mutex_);
  return changed_.wait_for(lock, patience,
                           [this] { return !metrics_.leading || metrics_.attempts_in_hand == 0; });
}

void Engine::add_input(Input input) {
  const MutexLock lock(mutex_);
  receive(std::move(input));
}

void Engine::receive(Input input) {
  inputs_.push_back(std::move(input));
  note_input();
}

void Engine::note_input() {
  if (gathering_ != nullptr && gathering_->can_wait(inputs_.back())) return;
  gathering_ = nullptr;
  changed_.notify_all();
}

void Engine::put_dag(RegisterDag dag) {
  {
    const MutexLock lock(mutex_);
    dag_files_.insert_or_assign(dag.dag->key(), dag);
  }
  add_input(std::move(dag));
}

void Engine::put_folder(SyncDags folder) {
  {
    const MutexLock lock(mutex_);
    folder_ = folder;
  }
  add_input(std::move(folder));
}

/// Who does not lead has no use for a command, and begins its term with a look at the inbox.
void Engine::notice(const AcceptedCommand* accepted) {
  const MutexLock lock(mutex_);
  if (!metrics_.leading) return;
  if (accepted != nullptr)
    receive(*accepted);
  else
    receive(CommandsWaiting{});
}

bool Engine::wait_until_leading() {
  MutexLock lock(mutex_);
  changed_.wait(lock, [this]() REQUIRES(mutex_) { return stopping_ || metrics_.leading; });
  return metrics_.leading;
}

bool Engine::pause(Duration duration) {
  MutexLock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this]() REQUIRES(mutex_) { return stopping_; });
}

bool Engine::is_draining() {
  const MutexLock lock(mutex_);
  return draining_;
}

void Engine::loop() {
  do {
    const auto asked = clock_.steady();
    const auto lease = stores_.leadership.acquire(options_.shard, options_.owner,
                                                  options_.lease_ttl, options_.former_owner);
    if (!lease) log::warning("cannot ask for leadership", {{"error", lease.error().message}});
    if (lease && *lease) lead(**lease, asked);
    // Often: a lease counts from when a standby first sees that it was renewed.
  } while (pause(options_.lease_ttl / 20) && !is_draining());
}

void Engine::lead(const Lease& lease, std::chrono::steady_clock::time_point acquired) {
  // First, so that it ends last: the release of the lease does not wait for its work.
  std::optional<TermServices> services;
  std::atomic<bool> lost = false;
  LeaseKeeper keeper(
      stores_.leadership, options_.shard, lease, clock_, acquired,
      [&] {
        executor_.kill_all();  // nothing of ours may run once another engine can lead
        const MutexLock lock(mutex_);
        lost = true;
        changed_.notify_all();
      },
      [this](auto until) { executor_.lease_runs_until(until); });
  const std::function<bool()> still_leading = [&] { return !lost; };

  // What a former engine of this machine left running must not meet what this one starts.
  executor_.end_strays();
  auto leader =
      Leader::take_office(options_.planner, lease, stores_, executor_, clock_, Rng(rng_.next()));
  if (!leader) {
    log::error("cannot take office", {{"epoch", lease.epoch}, {"error", leader.error().message}});
    return;
  }
  std::vector<Input> first;
  {
    const MutexLock lock(mutex_);
    // What was reported to a former term is of attempts that this one has declared lost, what was
    // handed over to it is in the inbox, and every DAG file is there anyway.
    std::erase_if(inputs_, [](const Input& input) {
      return std::holds_alternative<RegisterDag>(input) ||
             std::holds_alternative<SyncDags>(input) ||
             std::holds_alternative<AcceptedCommand>(input);
    });
    for (const auto& [id, dag] : dag_files_) first.emplace_back(dag);
    if (folder_) first.emplace_back(*folder_);
    metrics_.epoch = lease.epoch;
    metrics_.leading = true;
  }
  changed_.notify_all();
  log::info("leading", {{"epoch", lease.epoch}, {"open_runs", (*leader)->planner().open_runs()}});

  services.emplace(term_services_);
  std::vector<Input> inputs = std::move(first);
  while (commit_or_retry(**leader, (*leader)->step(std::move(inputs)), still_leading)) {
    inputs = take_inputs(**leader, still_leading);
    const MutexLock lock(mutex_);
    if (stopping_) break;
    if (draining_) (*leader)->hold_starts();
  }
  {
    const MutexLock lock(mutex_);
    metrics_.leading = false;
  }
  changed_.notify_all();
  executor_.kill_all();
  if (const Status released = keeper.release(); !released)
    log::warning("cannot release the lease", {{"error", released.error().message}});
}

/// True once the batch is durable; false: this term of leadership is over.
bool Engine::commit_or_retry(Leader& leader, Result<StepReport> report,
                             const std::function<bool()>& still_leading) {
  Duration wait = std::chrono::milliseconds{10};
  while (!report) {
    if (!report.error().transient()) {
      log::error("the journal refused a batch",
                 {{"epoch", leader.epoch()}, {"error", report.error().message}});
      return false;
    }
    log::warning("the journal is away; trying again", {{"error", report.error().message}});
    if (!pause(wait) || !still_leading()) return false;
    wait = std::min<Duration>(wait * 2, std::chrono::seconds{1});
    report = leader.retry();
  }
  publish(leader, *report);
  return still_leading();
}

std::vector<Input> Engine::take_inputs(const Leader& leader,
                                       const std::function<bool()>& still_leading) {
  const std::optional<Time> wakeup = leader.next_wakeup();
  MutexLock lock(mutex_);
  const auto ready = [&]() REQUIRES(mutex_) {
    return stopping_ || !inputs_.empty() || !still_leading();
  };
  const Duration rest = wakeup ? *wakeup - clock_.now() : kBackupScan;
  if (rest > Duration{0}) {
    const Duration patience = std::min(rest, kBackupScan);
    const bool is_idle = !changed_.wait_for(lock, patience, ready) && patience == kBackupScan;
    if (is_idle) return_freed_memory();
    if (inputs_.empty()) inputs_.emplace_back(CommandsWaiting{});
  }
  gather(leader, lock, still_leading);
  return std::exchange(inputs_, {});
}

/// While runners have work in hand, one commit takes more of their results along. Nothing else
/// waits for it, and what can wait does not even wake this thread.
void Engine::gather(const Leader& leader, MutexLock& lock,
                    const std::function<bool()>& still_leading) {
  const Duration slack = leader.slack();
  const auto can_wait = [&](const Input& input) { return leader.can_wait(input); };
  if (slack <= Duration::zero() || inputs_.empty() || !std::ranges::all_of(inputs_, can_wait))
    return;
  gathering_ = &leader;
  changed_.wait_for(lock, slack, [&]() REQUIRES(mutex_) {
    return gathering_ == nullptr || stopping_ || !still_leading();
  });
  gathering_ = nullptr;
}

void Engine::publish(const Leader& leader, StepReport& report) {
  const auto count = static_cast<std::int64_t>(report.events);
  metrics_.batches += count > 0;
  metrics_.events += count;
  metrics_.actions += static_cast<std::int64_t>(report.actions);
  metrics_.commit_us += report.commit.count();
  metrics_.largest_batch = std::max(metrics_.largest_batch.load(), count);
  metrics_.open_runs = leader.planner().open_runs();
  metrics_.running_attempts = leader.planner().running_attempts();
  metrics_.attempts_in_hand = leader.planner().attempts_in_hand();
  metrics_.queued_tasks = leader.planner().queued_tasks();
  metrics_.last_seq = leader.last_seq();
  if (on_step_) on_step_(report);
  if (is_draining()) changed_.notify_all();
}

}  // namespace millrace
