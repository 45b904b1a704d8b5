#include "tests/sim/world.h"

#include <array>
#include <optional>
#include <set>

#include "engine/sched/leader.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"
#include "tests/sim/dags.h"
#include "tests/sim/executor.h"
#include "tests/sim/oracle.h"

namespace millrace::sim {
namespace {

constexpr Duration kLeaseTtl = std::chrono::seconds{5};
constexpr Limits kLimits{.process_slots = 3, .light_slots = 8, .ahead_per_slot = 1};

/// The journal as a careless one would be.
class CarelessJournal final : public Journal {
 public:
  CarelessJournal(Journal& real, Removed removed) : real_(real), removed_(removed) {}
  std::int64_t newest_epoch = 0;

  Status append(const Batch& batch) override {
    if (removed_ == Removed::nothing || removed_ == Removed::attempt_fence)
      return real_.append(batch);
    Batch loose = batch;
    if (removed_ == Removed::journal_fence) loose.epoch = newest_epoch;
    if (const auto last = real_.last_seq())
      loose.first_seq = *last + 1;  // no memory of what was committed
    return real_.append(loose);
  }
  Result<std::int64_t> last_seq() override { return real_.last_seq(); }
  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    return real_.read(after, limit);
  }
  Result<std::vector<Event>> read_run(const Uuid& run) override { return real_.read_run(run); }
  void subscribe(std::function<void()> f) override { real_.subscribe(std::move(f)); }

 private:
  Journal& real_;
  Removed removed_;
};

struct SimEngine {
  SimEngine(int number, FakeClock& clock, Rng& rng)
      : name("engine" + std::to_string(number)), executor(clock, rng) {}
  std::string name;
  FakeExecutor executor;
  std::unique_ptr<Leader> leader;
  std::vector<Input> inputs;
  bool must_retry = false;
  Time frozen_until{};

  void die() {
    leader.reset();
    executor.kill_all();
    inputs.clear();
    must_retry = false;
  }
};

class World {
 public:
  explicit World(const Options& options)
      : options_(options),
        rng_(options.seed),
        clock_(*parse_rfc3339("2001-02-01T00:30:00Z")),
        store_(clock_),
        journal_(store_.stores().journal, options.removed),
        engines_{SimEngine(0, clock_, rng_), SimEngine(1, clock_, rng_)} {
    store_.set_fault_hook([this](std::string_view) { return draw_fault(); });
    for (int i = 0; i < 3; ++i)
      dags_.push_back(random_dag("dag" + std::to_string(i), rng_, clock_.now()));
  }

  Verdict run() {
    calm_ = false;
    for (int i = 0; i < options_.chaos_steps; ++i) chaos_step();
    calm_ = true;
    engines_[1].die();
    engines_[0].frozen_until = {};
    for (int i = 0; i < 10'000 && !done(); ++i) {
      drive(engines_[0]);
      advance(false);
    }
    verdict_.violation = check(stores(), kLimits, accepted_, verdict_);
    return verdict_;
  }

 private:
  Stores stores() {
    Stores s = store_.stores();
    return {journal_, s.leadership, s.inbox, s.runs, s.logs, s.registry, s.serving};
  }

  Fault draw_fault() {
    if (calm_) return Fault::none;
    const double p = rng_.uniform();
    if (p >= 0.06) return Fault::none;
    ++verdict_.store_faults;
    return p < 0.03 ? Fault::fail_before : Fault::fail_after;
  }

  bool done() {
    if (engines_[0].leader == nullptr || engines_[0].must_retry) return false;
    const auto open = stores().runs.open_runs();
    const auto waiting = stores().inbox.pending(1);
    return open && open->empty() && waiting && waiting->empty() && clock_.now() > last_schedule_;
  }

  void chaos_step() {
    SimEngine& engine = engines_[rng_.below(2)];
    const double p = rng_.uniform();
    if (p < 0.02) {
      engine.die();
      ++verdict_.crashes;
    } else if (p < 0.04) {
      engine.frozen_until = clock_.now() + std::chrono::seconds{1 + rng_.below(30)};
    } else if (p < 0.12) {
      user_acts();
    } else if (p < 0.45) {
      advance(true);
    } else if (engine.frozen_until <= clock_.now()) {
      drive(engine);
    }
  }

  void user_acts() {
    Command command;
    command.created_at = clock_.now();
    command.id = Uuid::v7(clock_.now(), rng_);
    command.origin = {"user", "simulated"};
    const double p = rng_.uniform();
    Uuid run = command.id;
    if (p < 0.6 || triggered_.empty()) {
      command.kind = command::trigger_run;
      command.idempotency_key = "key" + std::to_string(rng_.below(20));
      command.body =
          Json::object({{"dag", "dag" + std::to_string(rng_.below(3))}, {"run", run.to_string()}});
    } else {
      run = triggered_[rng_.below(triggered_.size())];
      command.kind = p < 0.8 ? command::cancel_run : command::retry_run;
      command.body = Json::object({{"run", run.to_string()}});
    }
    const auto stored = stores().inbox.submit(command);
    if (stored && stored->id == command.id && command.kind == command::trigger_run)
      triggered_.push_back(run);
    for (auto& engine : engines_) engine.inputs.emplace_back(CommandsWaiting{});
  }

  /// One turn of the engine loop, as Engine has it.
  void drive(SimEngine& engine) {
    if (engine.leader == nullptr) {
      apply_for_office(engine);
      return;
    }
    if (rng_.below(4) == 0 || calm_) {
      const Status renewed =
          stores().leadership.renew(kMainShard, engine.leader->epoch(), kLeaseTtl);
      if (!renewed && renewed.error().code == ErrorCode::fenced && rng_.below(2) == 0 &&
          options_.removed != Removed::journal_fence) {
        engine.die();  // it learned in time; else the journal's fence has to stop it
        return;
      }
    }
    for (auto& result : engine.executor.take_ended()) deliver(engine, std::move(result));
    const auto report = engine.must_retry ? engine.leader->retry()
                                          : engine.leader->step(std::exchange(engine.inputs, {}));
    engine.must_retry = false;
    if (report) return;
    if (report.error().transient())
      engine.must_retry = true;
    else
      engine.die();
    if (!calm_ && rng_.below(5) == 0) {
      engine.die();
      ++verdict_.crashes;
    }
  }

  void deliver(SimEngine& engine, AttemptResult result) {
    if (options_.removed == Removed::attempt_fence) {
      // Without the fence a late result passes for one of the current attempt.
      if (const Run* run = engine.leader->planner().find_run(result.key.run);
          run && run->has(result.key.ref)) {
        result.key.attempt = run->instance(result.key.ref).attempt;
        result.key.epoch = run->instance(result.key.ref).epoch;
      }
    }
    engine.inputs.emplace_back(std::move(result));
  }

  void apply_for_office(SimEngine& engine) {
    const auto lease = stores().leadership.acquire(kMainShard, engine.name, kLeaseTtl);
    if (!lease || !*lease) return;
    journal_.newest_epoch = (*lease)->epoch;
    PlannerOptions planner;
    planner.process_slots = kLimits.process_slots;
    planner.light_slots = kLimits.light_slots;
    planner.ahead_per_slot = kLimits.ahead_per_slot;
    planner.short_attempt = std::chrono::seconds{2};
    planner.is_light = [](const std::string& op) { return op == "light"; };
    auto leader =
        Leader::take_office(planner, **lease, stores(), engine.executor, clock_, Rng(rng_.next()));
    if (!leader) return;
    ++verdict_.takeovers;
    engine.leader = *std::move(leader);
    engine.inputs.clear();
    for (const auto& dag : dags_)
      engine.inputs.emplace_back(RegisterDag{dag, dag->id() + ".yaml", ".", {}});
  }

  /// To the next thing that can happen; in chaos sometimes a little less, sometimes far beyond a
  /// lease.
  void advance(bool chaotic) {
    std::optional<Time> next;
    const auto consider = [&](const std::optional<Time>& t) {
      if (t && *t > clock_.now()) next = std::min(next.value_or(*t), *t);
    };
    for (const auto& engine : engines_) {
      consider(engine.executor.next_end());
      if (engine.leader) consider(engine.leader->next_wakeup());
    }
    Time target = next.value_or(clock_.now() + std::chrono::seconds{1});
    if (chaotic && rng_.below(20) == 0)
      target = clock_.now() + std::chrono::seconds{rng_.below(20)};
    if (!chaotic) target = std::min(target, clock_.now() + kLeaseTtl * 9 / 10);
    clock_.advance_to(target);
  }

  Options options_;
  Rng rng_;
  FakeClock clock_;
  MemStore store_;
  CarelessJournal journal_;
  std::array<SimEngine, 2> engines_;
  std::vector<std::shared_ptr<const Dag>> dags_;
  std::vector<Uuid> triggered_;
  std::set<Uuid> accepted_;
  Time last_schedule_ = *parse_rfc3339("2001-02-01T02:31:00Z");
  bool calm_ = true;
  Verdict verdict_;
};

}  // namespace

Verdict simulate(const Options& options) { return World(options).run(); }

}  // namespace millrace::sim
