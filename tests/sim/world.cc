#include "tests/sim/world.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>

#include "engine/store/mem_store.h"
#include "tests/sim/careless.h"
#include "tests/sim/dags.h"
#include "tests/sim/engine.h"
#include "tests/sim/late_journal.h"
#include "tests/sim/users.h"

namespace millrace::sim {
namespace {

constexpr Duration kLeaseTtl = std::chrono::seconds{5};
constexpr int kProcessSlots = 3, kThreadSlots = 8, kAheadPerSlot = 1;

/// In every third world attempts survive the engine that started them.
std::shared_ptr<Workplace> draw_workplace(const Options& options) {
  if (options.removed != Removed::nothing || options.seed % 3 != 0) return nullptr;
  return std::make_shared<Workplace>();
}

std::string_view executor_of(const std::string& op) {
  return op == "light" ? kThreadExecutor : kProcessExecutor;
}

class World {
 public:
  explicit World(const Options& options)
      : options_(options),
        script_(options.seed, options.left_out, options.record),
        clock_(*parse_rfc3339("2001-02-01T00:30:00Z")),
        store_(clock_),
        network_(store_.stores().journal),
        careless_(behind_network(), options.removed),
        workplace_(draw_workplace(options)),
        engines_{SimEngine(0, clock_, options.seed, real_slots(), witness_, workplace_),
                 SimEngine(1, clock_, options.seed, real_slots(), witness_, workplace_)} {
    store_.set_fault_hook([this](std::string_view call) { return draw_fault(call); });
    accepted_ = store_.stores().inbox.subscribe([this](const AcceptedCommand* accepted) {
      if (accepted != nullptr) hand_over(*accepted);
    });
    network_.is_late = [this] { return std::exchange(late_, false); };
    Rng rng = rng_of(options_.seed, 0);
    for (std::uint64_t i = 0; i < kDags; ++i) deploy(i, rng);
    expected_.limits = {kProcessSlots, kThreadSlots, PlannerOptions{}.max_losses, executor_of};
    expected_.limits.survives_leader = workplace_ != nullptr;
    expected_.witness = &witness_;
  }

  Verdict run() {
    for (int step = 0; step < options_.chaos_steps; ++step)
      if (script_.begin_step(step)) chaos_step();
    script_.begin_step(options_.chaos_steps);
    script_.note([] { return std::string("the chaos is over"); });
    settle();
    if (verdict_.violation.empty()) {
      const auto judgement = oracle::judge(stores(), expected_);
      verdict_.tally = judgement.tally;
      if (judgement.violation) verdict_.violation = judgement.violation->text();
    }
    if (options_.record) keep_record();
    return verdict_;
  }

 private:
  Stores behind_network() {
    const Stores real = store_.stores();
    return {network_,      real.leadership, real.inbox,   real.runs,     real.logs,
            real.registry, real.serving,    real.cursors, real.backfills};
  }
  Stores stores() { return careless_.stores(); }
  int real_slots() const { return kProcessSlots * believed_slots(); }
  /// How many times what there is.
  int believed_slots() const { return options_.removed == Removed::slot_limit ? 4 : 1; }
  Rng& rng() { return script_.rng(); }
  bool frozen(const SimEngine& engine) const { return engine.frozen_until > clock_.passed(); }

  // --- what goes wrong

  Fault draw_fault(std::string_view call) {
    if (calm_ || in_slow_call_) return Fault::none;
    // Who renews has no second thread to notice that the answer does not come.
    const bool may_be_slow = call != "leadership.renew";
    const StoreFault fault = script_.next_fault(call, call == "journal.append");
    if (fault == StoreFault::none || (fault == StoreFault::slow && !may_be_slow))
      return Fault::none;
    ++verdict_.chaos.store_faults;
    if (fault == StoreFault::before) return Fault::fail_before;
    if (fault == StoreFault::after) return Fault::fail_after;
    if (fault == StoreFault::slow) {
      ++verdict_.chaos.slow_calls;
      in_slow_call_ = true;
      pass(std::chrono::milliseconds{100 + rng().below(8000)});
      in_slow_call_ = false;
      return Fault::none;
    }
    ++verdict_.chaos.late_appends;
    late_ = true;
    return Fault::fail_before;
  }

  void chaos_step() {
    SimEngine& engine = engines_[rng().below(2)];
    if (const auto happening = script_.draw_happening()) {
      happen(*happening, engine);
    } else if (!frozen(engine)) {
      script_.note(
          [&] { return engine.name + (engine.leader ? " works" : " asks for the lease"); });
      if (script_.chance(0.1)) engine.inputs.emplace_back(CommandsWaiting{});  // the backup scan
      if (script_.chance(0.3)) hand_over_late(engine);
      drive(engine, true);
    }
  }

  void happen(Happening happening, SimEngine& engine) {
    switch (happening) {
      case Happening::crash:
        script_.note([&] { return engine.name + " is killed"; });
        engine.crash();
        ++verdict_.chaos.crashes;
        return;
      case Happening::resignation:
        return resign(engine);
      case Happening::freeze:
        engine.frozen_until = clock_.passed() + std::chrono::seconds{1 + rng().below(30)};
        ++verdict_.chaos.freezes;
        return script_.note([&] { return engine.name + " is frozen for a while"; });
      case Happening::runner_death:
        verdict_.chaos.runner_deaths += engine.executor.kill_runner(rng());
        return script_.note([&] { return "a runner of " + engine.name + " dies"; });
      case Happening::clock_jump:
        return jump();
      case Happening::deployment:
        return deploy_again(rng().below(kDags));
      case Happening::removal:
        return remove(rng().below(kDags));
      case Happening::user:
        if (const auto held = held_task(); held && script_.chance(0.3))
          users_.decide(*held, stores().inbox, clock_, script_, expected_);
        else
          users_.act(stores().inbox, clock_, script_, expected_);
        for (auto& each : engines_)
          if (script_.chance(0.5)) each.inputs.emplace_back(CommandsWaiting{});
        return;
      case Happening::late_append:
        if (network_.deliver_one())
          script_.note([] { return std::string("a late append arrives"); });
        return;
      case Happening::pause:
        script_.note([] { return std::string("time passes"); });
        return pass(chaotic_pause());
    }
  }

  /// One that a leader knows of, if there is any.
  std::optional<HeldTask> held_task() const {
    for (const auto& engine : engines_) {
      if (!engine.leader) continue;
      for (const Uuid& id : engine.leader->planner().open_run_ids()) {
        const Run& run = *engine.leader->planner().find_run(id);
        for (std::size_t t = 0; t < run.tasks.size(); ++t) {
          const auto& instances = run.tasks[t].instances;
          const auto held = std::ranges::find(instances, TaskState::held, &TaskInstance::state);
          if (held == instances.end()) continue;
          const int index = static_cast<int>(held - instances.begin());
          return HeldTask{id, run.dag->key().namespace_, run.dag->tasks()[t].spec.id,
                          run.tasks[t].expanded ? index : -1};
        }
      }
    }
    return std::nullopt;
  }

  /// One of the engines has served the user.
  void hand_over(const AcceptedCommand& accepted) {
    SimEngine& engine = engines_[rng().below(2)];
    if (script_.chance(0.3))
      engine.late_commands.push_back(accepted);
    else if (engine.leader)
      engine.inputs.emplace_back(accepted);
  }

  /// By threads that were held up between the commit and the word of it.
  void hand_over_late(SimEngine& engine) {
    for (AcceptedCommand& accepted : std::exchange(engine.late_commands, {})) {
      if (options_.removed == Removed::hand_over_age) accepted.asked = clock_.steady();
      if (engine.leader) engine.inputs.emplace_back(std::move(accepted));
    }
  }

  void jump() {
    constexpr int kMostMinutes = 60;
    const auto minutes = static_cast<int>(rng().below(2 * kMostMinutes + 1)) - kMostMinutes;
    clock_.jump(std::chrono::minutes{minutes});
    ++verdict_.chaos.clock_jumps;
    script_.note(
        [&] { return "the wall clock is set by " + std::to_string(minutes) + " minutes"; });
  }

  void resign(SimEngine& engine) {
    if (!engine.has_lease || frozen(engine)) return;
    script_.note([&] { return engine.name + " resigns"; });
    ++verdict_.chaos.resignations;
    const auto epoch = engine.epoch;
    engine.leave_office();
    static_cast<void>(stores().leadership.release(kMainShard, epoch));
  }

  void deploy(std::uint64_t number, Rng& draws) {
    const bool deadline = options_.removed != Removed::deadline;
    auto dag = random_dag(dag_key(number), draws, clock_.now(), deadline);
    dags_[number] = std::move(dag);
    declared_.insert(number);
    sync_folder();
  }

  void deploy_again(std::uint64_t number) {
    script_.note([&] { return dag_key(number).text() + " is deployed again"; });
    deploy(number, rng());
    ++verdict_.chaos.deploys;
  }

  /// Its file goes; a later deployment brings it back.
  void remove(std::uint64_t number) {
    if (declared_.erase(number) == 0) return;
    script_.note([&] { return "the file of " + dag_key(number).text() + " is removed"; });
    sync_folder();
  }

  void sync_folder() {
    for (auto& engine : engines_)
      if (engine.leader) engine.inputs.emplace_back(folder());
  }

  SyncDags folder() const {
    SyncDags folder;
    folder.folder = "dags";
    for (std::uint64_t i = 0; i < kDags; ++i) {
      if (dags_[i] == nullptr) continue;
      folder.seen.insert(dags_[i]->key());
      if (declared_.contains(i))
        folder.dags.push_back({dags_[i], dags_[i]->key().text() + ".yaml", ".", {}});
    }
    return folder;
  }

  // --- engines

  /// One turn of the engine loop, as Engine has it.
  void drive(SimEngine& engine, bool chaotic) {
    if (engine.leader == nullptr) {
      apply_for_office(engine);
      return;
    }
    if (chaotic && rng().below(2) == 0) keep_lease(engine);
    const bool noticed = engine.lost && (!chaotic || rng().below(2) == 0);
    if (noticed) {
      engine.leave_office();
      return;
    }
    for (auto& report : engine.executor.take_reports(rng(), chaotic))
      std::visit([&](auto& one) { deliver(engine, std::move(one)); }, report);
    const auto report = engine.must_retry ? engine.leader->retry()
                                          : engine.leader->step(std::exchange(engine.inputs, {}));
    engine.must_retry = !report && report.error().transient();
    const bool over = !report && !report.error().transient();
    if (engine.lost || over) {
      if (over) ++refused_;
      engine.leave_office();
    } else if (!report && chaotic && rng().below(5) == 0) {
      script_.note([&] { return engine.name + " is killed amid a failing commit"; });
      engine.crash();
      ++verdict_.chaos.crashes;
    }
  }

  template <typename Report>  // AttemptResult, AttemptBegan or AttemptSaved
  void deliver(SimEngine& engine, Report result) {
    if (options_.removed == Removed::attempt_fence) {
      const Run* run = engine.leader->planner().find_run(result.key.run);
      if (run && run->has(result.key.ref)) {
        result.key.attempt = run->instance(result.key.ref).attempt;
        result.key.epoch = run->instance(result.key.ref).epoch;
        result.key.call = run->instance(result.key.ref).call;
      }
    }
    engine.inputs.emplace_back(std::move(result));
  }

  void apply_for_office(SimEngine& engine) {
    const Duration asked = clock_.passed();
    const auto lease = stores().leadership.acquire(kMainShard, engine.name, kLeaseTtl);
    if (!lease || !*lease) return;
    check_one_leader(engine);
    engine.has_lease = true;
    engine.lost = false;
    engine.epoch = (*lease)->epoch;
    engine.valid_until = asked + kLeaseTtl - kLeaseTtl / 10;
    engine.next_renewal = asked + kLeaseTtl / 3;
    auto leader = Leader::take_office(planner_options(), **lease, stores(), engine.executor, clock_,
                                      Rng(rng().next()));
    if (!leader) {
      engine.has_lease = false;
      ++refused_;
      return;
    }
    ++verdict_.chaos.takeovers;
    engine.leader = *std::move(leader);
    engine.inputs.emplace_back(folder());
  }

  PlannerOptions planner_options() const {
    const int trust = believed_slots();
    PlannerOptions planner;
    PoolOptions& processes = planner.pool("process");
    processes.slots = kProcessSlots * trust;
    processes.ahead_per_slot = kAheadPerSlot;
    processes.short_attempt = std::chrono::seconds{2};
    planner.pool("thread").slots = kThreadSlots * trust;
    planner.executor_of = executor_of;
    return planner;
  }

  /// When one engine leads, no other believes that it does, and none of another's attempts runs:
  /// as long as no engine is frozen. No wall clock counts.
  void check_one_leader(const SimEngine& newcomer) {
    for (const auto& other : engines_) {
      if (&other == &newcomer || !other.has_lease || other.lost) continue;
      if (!verdict_.violation.empty()) continue;
      if (clock_.passed() < other.valid_until)
        verdict_.violation = "one_leader: " + newcomer.name + " leads while the lease of " +
                             other.name + " still runs";
      else if (!frozen(other) && other.executor.busy())
        verdict_.violation = "one_leader: " + newcomer.name + " leads while attempts of " +
                             other.name + " are under way";
    }
  }

  /// What LeaseKeeper does in a thread of its own.
  void keep_lease(SimEngine& engine) {
    const Duration sent = clock_.passed();
    if (!engine.has_lease || engine.lost || frozen(engine) || sent < engine.next_renewal) return;
    const Status renewed = stores().leadership.renew(kMainShard, engine.epoch, kLeaseTtl);
    if (renewed) {
      engine.valid_until = sent + kLeaseTtl - kLeaseTtl / 10;
      engine.next_renewal = sent + kLeaseTtl / 3;
      return;
    }
    engine.next_renewal = sent + kLeaseTtl / 20;
    const bool over = renewed.error().code == ErrorCode::fenced || sent >= engine.valid_until;
    if (!over || options_.removed == Removed::self_fence) return;
    engine.lost = true;
    engine.executor.kill_all();
  }

  // --- time

  std::optional<Duration> until_next_thing() const {
    std::optional<Duration> next;
    const auto consider = [&](std::optional<Duration> in) {
      if (in) next = std::max(Duration{0}, std::min(next.value_or(*in), *in));
    };
    for (const auto& engine : engines_) {
      consider(engine.executor.until_next_end());
      if (!engine.leader) continue;
      if (const auto wakeup = engine.leader->next_wakeup()) consider(*wakeup - clock_.now());
    }
    return next;
  }

  /// To the next thing that can happen; sometimes a little less, sometimes far beyond a lease.
  Duration chaotic_pause() {
    if (rng().below(20) == 0) return std::chrono::seconds{rng().below(20)};
    return std::min<Duration>(until_next_thing().value_or(std::chrono::seconds{1}),
                              std::chrono::seconds{60});
  }

  /// Keepers have their turns meanwhile.
  void pass(Duration duration) {
    const Duration end = clock_.passed() + duration;
    for (;;) {
      Duration next = end;
      for (const auto& engine : engines_)
        if (engine.has_lease && !engine.lost)
          next = std::min(next, std::max(engine.next_renewal, engine.frozen_until));
      clock_.pass(std::max(Duration{0}, next - clock_.passed()));
      for (auto& engine : engines_) keep_lease(engine);
      if (clock_.passed() >= end) return;
      clock_.pass(std::chrono::milliseconds{1});
    }
  }

  // --- the end

  /// One engine, a sound store, and time enough for everything.
  void settle() {
    constexpr int kMostTurns = 20'000, kIdleTurns = 20, kMostRefusals = 20;
    const Duration latest = clock_.passed() + std::chrono::hours{48};
    calm_ = true;
    engines_[1].crash();
    engines_[0].frozen_until = {};
    refused_ = 0;
    int idle = 0;
    for (int i = 0; i < kMostTurns && idle < kIdleTurns && refused_ < kMostRefusals; ++i) {
      if (clock_.passed() > latest) return;
      network_.deliver_one();
      SimEngine& engine = engines_[0];
      if (const auto held = held_task())
        users_.decide(*held, stores().inbox, clock_, script_, expected_);
      if (engine.leader) engine.inputs.emplace_back(CommandsWaiting{});
      drive(engine, false);
      if (is_done()) return;
      if (engine.has_lease && !stores().leadership.renew(kMainShard, engine.epoch, kLeaseTtl))
        engine.leave_office();  // it was frozen, and another has led meanwhile
      const auto next = until_next_thing();
      // Nothing will ever happen any more, unless the lease of the other has still to run out.
      idle = next || !engine.leader ? 0 : idle + 1;
      clock_.pass(next.value_or(std::chrono::seconds{engine.leader ? 1 : 60}));
    }
  }

  void keep_record() {
    verdict_.script = script_.lines();
    const auto events = stores().journal.read(0, 1'000'000);
    if (!events) return;
    for (const Event& event : *events)
      verdict_.journal.push_back(std::to_string(event.seq) + " " + format_rfc3339(event.at) + " " +
                                 event.run.to_string().substr(24) + " " +
                                 to_json(event.body).dump());
  }

  bool is_done() {
    if (engines_[0].leader == nullptr || engines_[0].must_retry) return false;
    const auto open = stores().runs.open_runs();
    const auto waiting = stores().inbox.pending(1);
    return open && open->empty() && waiting && waiting->empty() && clock_.now() > last_schedule_;
  }

  Options options_;
  Script script_;
  SimClock clock_;
  MemStore store_;
  LateJournal network_;
  CarelessStores careless_;
  oracle::Witness witness_;
  oracle::Expectations expected_;
  const std::shared_ptr<Workplace> workplace_;  // null: each engine has its own
  std::array<SimEngine, 2> engines_;
  std::array<std::shared_ptr<const Dag>, kDags> dags_;
  std::set<std::uint64_t> declared_;  // by a file
  Users users_;
  Time last_schedule_ = *parse_rfc3339("2001-02-01T02:31:00Z");
  bool calm_ = false, in_slow_call_ = false, late_ = false;
  int refused_ = 0;
  Verdict verdict_;
  Subscription accepted_;
};

}  // namespace

Verdict simulate(const Options& options) { return World(options).run(); }

std::string rule_of(const Verdict& verdict) {
  return verdict.violation.substr(0, verdict.violation.find(':'));
}

}  // namespace millrace::sim
