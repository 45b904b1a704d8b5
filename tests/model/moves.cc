#include "tests/model/moves.h"

#include "tests/model/journal.h"

namespace millrace::model {
namespace {

constexpr std::array<const char*, kTasks> kTaskNames = {"a", "b"};

class Moves {
 public:
  Moves(const State& from, const Rules& rules, bool say) : from_(from), rules_(rules), say_(say) {}

  std::vector<Move> all() {
    for (int e = 0; e < kEngines; ++e) {
      of_lease(e);
      of_process(e);
      for (int t = 0; t < kTasks; ++t) of_runner(e, t);
      of_loop(e);
    }
    return std::move(moves_);
  }

 private:
  // --- building moves

  const Engine& engine(int e) const { return from_.engines[static_cast<std::size_t>(e)]; }

  /// `change` makes the new state of the old one; a fault needs one that is still to come.
  template <typename Change>
  void add(int e, std::string_view what, Change change, bool fault = false) {
    if (fault && from_.faults == 0) return;
    State to = from_;
    if (fault) --to.faults;
    change(to, to.engines[static_cast<std::size_t>(e)]);
    if (to.broken == Invariant::none) watch(to);
    moves_.push_back({say_ ? sentence(e, what) : "", to});
  }
  static std::string sentence(int e, std::string_view what) {
    return "engine" + std::to_string(e) + (what.starts_with('\'') ? "" : " ") + std::string(what);
  }
  std::string said(const char* what, int t) const {
    return say_ ? std::string(what) + kTaskNames[static_cast<std::size_t>(t)] : "";
  }

  /// What is wrong with the runners.
  static void watch(State& s) {
    for (const Engine& each : s.engines)
      for (std::size_t t = 0; t < kTasks; ++t) {
        if (each.runners[t].work != Work::busy) continue;
        if (each.leaving[t].work != Work::none) s.broken = Invariant::alone;
        if (each.life == Life::leads && each.epoch < s.epoch) s.broken = Invariant::one_leader;
        const Task& known = s.journal.tasks[t];
        if (each.runners[t].epoch == s.epoch && each.runners[t].attempt > known.attempt)
          s.broken = Invariant::durable_first;
      }
  }

  /// Results that were reported survive the office; what runs is killed.
  static void stand_down(Engine& e) {
    for (std::size_t t = 0; t < kTasks; ++t)
      if (e.runners[t].work == Work::done) e.late[t] = e.runners[t];
    const auto late = e.late;
    e = {};
    e.late = late;
  }

  // --- leases

  void of_lease(int e) {
    const Engine& me = engine(e);
    const bool is_free = from_.owner == kEngines || from_.owner == e || !from_.lease_runs;
    if (me.life == Life::idle && (is_free || !rules_.lease_expiry) && !has_ended(from_))
      add(e, "acquires the lease", [&](State& s, Engine& engine) {
        s.owner = static_cast<Byte>(e);
        s.lease_runs = 1;
        engine.life = Life::leads;
        engine.epoch = ++s.epoch;
        engine.valid = 1;
        engine.plan = s.journal;
      });
    const bool holds = in_office(me) && me.valid && me.epoch == from_.epoch;
    if (from_.owner == e && from_.lease_runs && !holds)
      add(e, "'s lease runs out in the store", [](State& s, Engine&) { s.lease_runs = 0; });
    if (me.life == Life::leads && me.valid)
      add(
          e, "cannot renew its lease in time",
          [&](State&, Engine& engine) {
            engine.valid = 0;
            if (rules_.self_fence) stand_down(engine);
          },
          true);
    if (me.life == Life::frozen && me.valid)
      add(e, "'s lease runs out by its own clock",
          [](State&, Engine& engine) { engine.valid = 0; });
    if (me.life != Life::waking) return;
    add(e, "looks after its lease", [](State& s, Engine& engine) {
      if (engine.epoch != s.epoch) return stand_down(engine);
      engine.life = Life::leads;
      engine.valid = s.lease_runs = 1;
    });
  }

  // --- the process

  void of_process(int e) {
    const Engine& me = engine(e);
    if (in_office(me))
      add(
          e, "is killed", [](State&, Engine& engine) { engine = {}; }, true);
    if (me.life == Life::leads)
      add(
          e, "is frozen", [](State&, Engine& engine) { engine.life = Life::frozen; }, true);
    if (me.life == Life::frozen)
      add(e, "is thawed",
          [](State&, Engine& engine) { engine.life = engine.valid ? Life::leads : Life::waking; });
  }

  void of_runner(int e, int t) {
    const auto index = static_cast<std::size_t>(t);
    if (engine(e).leaving[index].work != Work::none)
      add(e, said("'s last process is gone of ", t),
          [=](State&, Engine& engine) { engine.leaving[index] = {}; });
    const Work work = engine(e).runners[index].work;
    if (work != Work::waiting && work != Work::busy) return;
    const auto becomes = [&](Work work) {
      return [=](State&, Engine& engine) { engine.runners[index].work = work; };
    };
    if (work == Work::waiting) {
      add(e, said("'s runner begins ", t), becomes(Work::busy));
      add(e, said("'s runner dies before it begins ", t), becomes(Work::unbegun), true);
      return;
    }
    add(e, said("'s runner has done ", t), becomes(Work::done));
    add(e, said("'s runner dies under ", t), becomes(Work::died), true);
    add(e, said("'s runner hangs in ", t), becomes(Work::hung), true);
  }

  // --- the loop

  void of_loop(int e) {
    const Engine& me = engine(e);
    if (me.life != Life::leads && me.life != Life::waking) return;
    if (me.unsure.act != Act::none) return send_again(e);
    if (!me.recovered) return recover(e);
    for (int t = 0; t < kTasks; ++t) {
      start(e, t);
      complete(e, t);
      pass_deadline(e, t);
      clear(e, t);
      resume(e, t);
    }
    if (is_end(me.plan.tasks[0].state) && me.plan.tasks[0].state != TaskState::success &&
        me.plan.tasks[1].state == TaskState::pending)
      decide(e, "gives b up", {Act::outcome, 1, Cause::upstream_fail, 0, 0});
    if (from_.cancels > 0 && !has_ended_for(me)) cancel(e);
  }

  static bool has_ended_for(const Engine& me) {
    return is_end(me.plan.tasks[0].state) && is_end(me.plan.tasks[1].state);
  }

  /// Commits, and then does what follows. Also: commits, and the answer is lost.
  template <typename Then>
  void decide(int e, std::string_view what, Decision decision, Then then) {
    add(e, what, [&](State& s, Engine& engine) {
      if (!append(s, engine, decision, rules_)) return stand_down(engine);
      if (s.broken != Invariant::none) return;
      fold(engine.plan, decision, rules_);
      then(s, engine);
    });
    add(
        e, say_ ? std::string(what) + ", and never hears of it" : "",
        [&](State& s, Engine& engine) {
          if (!append(s, engine, decision, rules_)) return stand_down(engine);
          engine.unsure = decision;
        },
        true);
  }
  void decide(int e, std::string_view what, Decision decision) {
    decide(e, what, decision, [](State&, Engine&) {});
  }

  void send_again(int e) {
    const Decision decision = engine(e).unsure;
    add(e, "sends its batch again", [&](State& s, Engine& engine) {
      if (rules_.epoch_fence && engine.epoch != s.epoch) return stand_down(engine);
      if (!rules_.exactly_once) append(s, engine, decision, rules_);
      if (s.broken != Invariant::none) return;
      engine.unsure = {};
      fold(engine.plan, decision, rules_);
      carry_out(engine, decision);
    });
  }

  /// What a batch releases once it is known to be durable.
  static void carry_out(Engine& engine, const Decision& decision) {
    Runner& runner = engine.runners[decision.task];
    if (decision.act == Act::dispatch)
      runner = {Work::waiting, decision.attempt, decision.epoch, decision.call};
    if (decision.act == Act::outcome || decision.act == Act::give_back) runner = {};
    if (decision.act == Act::recover) engine.recovered = 1;
    if (decision.act == Act::cancel) end_all(engine);
  }

  static bool is_of(const Task& task, const Runner& runner) {
    return task.attempt == runner.attempt && task.epoch == runner.epoch;
  }
  static bool has_begun(const Runner& runner) {
    return runner.work != Work::none && runner.work != Work::waiting &&
           runner.work != Work::unbegun;
  }

  /// What runs is told to end, and lives on for a while.
  static void end_all(Engine& engine) {
    for (std::size_t t = 0; t < kTasks; ++t)
      if (engine.runners[t].work == Work::busy || engine.runners[t].work == Work::hung)
        engine.leaving[t] = engine.runners[t];
    engine.runners = {};
  }

  void recover(int e) {
    if (!rules_.recovery)
      return add(e, "does not recover", [](State&, Engine& engine) { engine.recovered = 1; });
    decide(e, "recovers", {Act::recover, 0, Cause::enqueue, 0, 0},
           [](State&, Engine& engine) { engine.recovered = 1; });
  }

  void start(int e, int t) {
    const Engine& me = engine(e);
    const Task& task = me.plan.tasks[static_cast<std::size_t>(t)];
    if (is_end(task.state) || task.dispatched || !rules_.next(task.state, Cause::start)) return;
    if (rules_.wait_for_end && me.leaving[static_cast<std::size_t>(t)].work != Work::none) return;
    if (t == 1 && me.plan.tasks[0].state != TaskState::success) return;
    const bool resumes = task.state == TaskState::deferred;
    const auto attempt = static_cast<Byte>(task.attempt + !resumes);
    const Byte call = resumes ? task.call : Byte{0};
    const Decision decision{Act::dispatch, static_cast<Byte>(t), Cause::start, attempt, me.epoch,
                            call};
    decide(e, said("dispatches ", t), decision,
           [&](State&, Engine& engine) { carry_out(engine, decision); });
    if (!rules_.durable_first)
      add(
          e, said("cannot store the dispatch of ", t),
          [&](State&, Engine& engine) { carry_out(engine, decision); }, true);
  }

  void complete(int e, int t) {
    const auto index = static_cast<std::size_t>(t);
    const Runner& runner = engine(e).runners[index];
    const Task& task = engine(e).plan.tasks[index];
    const bool has_news = runner.work == Work::unbegun || has_begun(runner);
    if (has_news && task.dispatched && is_of(task, runner)) {
      const bool begun = has_begun(runner);
      const Decision decision{begun ? Act::start : Act::give_back,
                              static_cast<Byte>(t),
                              Cause::start,
                              runner.attempt,
                              runner.epoch,
                              runner.call};
      decide(e, said(begun ? "hears of the begin of " : "takes back ", t), decision,
             [=](State&, Engine& engine) { carry_out(engine, decision); });
    } else if (runner.work == Work::unbegun) {
      add(e, said("forgets ", t), [=](State&, Engine& engine) { engine.runners[index] = {}; });
    } else if (runner.work == Work::done || runner.work == Work::died) {
      report(e, t, runner, false);
    }
    if (engine(e).late[index].work == Work::done) report(e, t, engine(e).late[index], true);
  }

  void report(int e, int t, const Runner& runner, bool late) {
    const auto index = static_cast<std::size_t>(t);
    const Task& task = engine(e).plan.tasks[index];
    const bool is_current = is_of(task, runner) && (task.call == runner.call || !rules_.call_fence);
    const bool running = task.state == TaskState::running;
    const auto taken = [=](State&, Engine& engine) {
      (late ? engine.late : engine.runners)[index] = {};
    };
    const bool believed = (running && (is_current || !rules_.attempt_fence)) ||
                          (!rules_.cancel_fence && is_current &&
                           task.state == TaskState::cancelled && runner.work == Work::done);
    if (!believed) return add(e, said("refuses a result of ", t), taken);
    const auto outcome = [&](const char* what, Cause cause) {
      decide(e, said(what, t),
             {Act::outcome, static_cast<Byte>(t), cause, runner.attempt, runner.epoch, runner.call},
             taken);
    };
    if (runner.work == Work::died) return outcome("queues again ", Cause::enqueue);
    outcome("records the success of ", Cause::succeed);
    outcome("records the failure of ", Cause::fail);
    if (task.failures < kRetries) outcome("will try again ", Cause::fail_retry);
    if (from_.holds > 0)
      decide(e, said("holds ", t),
             {Act::outcome, static_cast<Byte>(t), Cause::hold, runner.attempt, runner.epoch,
              runner.call},
             [=](State& s, Engine& engine) {
               --s.holds;
               taken(s, engine);
             });
    if (from_.defers == 0) return;
    const Decision defer{Act::outcome,   static_cast<Byte>(t), Cause::defer,
                         runner.attempt, runner.epoch,         runner.call};
    decide(e, said("defers ", t), defer, [&](State& s, Engine& engine) {
      --s.defers;
      taken(s, engine);
    });
    if (from_.faults > 0)
      decide(e, said("defers, by a report that will come again, ", t), defer,
             [&](State& s, Engine& engine) {
               --s.defers;
               --s.faults;
               const Runner again = runner;
               taken(s, engine);
               engine.late[index] = again;
             });
  }

  /// The attempt is killed, unless it comes to its end first.
  void pass_deadline(int e, int t) {
    const auto index = static_cast<std::size_t>(t);
    const Runner runner = engine(e).runners[index];
    const Task& task = engine(e).plan.tasks[index];
    if (!rules_.deadline || task.state != TaskState::running) return;
    if (runner.work != Work::busy && runner.work != Work::hung) return;
    const Cause cause = task.failures < kRetries ? Cause::fail_retry : Cause::fail;
    const Decision decision{Act::outcome, static_cast<Byte>(t), cause,
                            task.attempt, task.epoch,           task.call};
    decide(e, said("ends by its deadline ", t), decision,
           [=](State&, Engine& engine) { engine.runners[index] = {}; });
    if (runner.work == Work::busy)
      decide(e, said("ends by its deadline, just as it is done, ", t), decision,
             [=](State&, Engine& engine) {
               engine.late[index] = runner;
               engine.late[index].work = Work::done;
               engine.runners[index] = {};
             });
  }

  void cancel(int e) {
    decide(e, "cancels the run", {Act::cancel, 0, Cause::cancel, 0, 0},
           [](State& s, Engine& engine) {
             --s.cancels;
             end_all(engine);
           });
    decide(e, "cancels the run, whose attempts are just done",
           {Act::cancel, 0, Cause::cancel, 0, 0}, [](State& s, Engine& engine) {
             --s.cancels;
             for (std::size_t t = 0; t < kTasks; ++t)
               if (has_begun(engine.runners[t]) && engine.runners[t].work != Work::hung) {
                 engine.late[t] = engine.runners[t];
                 engine.late[t].work = Work::done;
               }
             engine.runners = {};
           });
  }

  /// A person resumes a held task.
  void resume(int e, int t) {
    const bool held = engine(e).plan.tasks[static_cast<std::size_t>(t)].state == TaskState::held;
    if (held && rules_.resume)
      decide(e, said("resumes ", t), {Act::resume, static_cast<Byte>(t), Cause::enqueue, 0, 0});
  }

  /// A user asks for a task again.
  void clear(int e, int t) {
    const Plan& plan = engine(e).plan;
    if (from_.retries == 0 || !is_end(plan.tasks[static_cast<std::size_t>(t)].state)) return;
    const TaskState below = plan.tasks[1].state;
    const bool under_way = t == 0 && below != TaskState::pending && !is_end(below);
    if (under_way && rules_.retry_guard) return;
    decide(e, said("clears ", t), {Act::clear, static_cast<Byte>(t), Cause::enqueue, 0, 0},
           [](State& s, Engine&) { --s.retries; });
  }

  const State& from_;
  const Rules& rules_;
  const bool say_;
  std::vector<Move> moves_;
};

}  // namespace

std::vector<Move> moves_from(const State& state, const Rules& rules, bool say) {
  return Moves(state, rules, say).all();
}

}  // namespace millrace::model
