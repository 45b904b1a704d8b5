// World: the production planner and leader on a MemStore, with attempts that follow a script. Time
// is moved by hand until `go_live`; from then on a thread answers commands as the engine does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/base/clock.h"
#include "engine/sched/leader.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"

namespace millrace::testing {

/// Stands where it was put, until `run`; then it is the machine's. `steady` is the machine's, and
/// what was moved by hand. Thread-safe.
class StoryClock final : public Clock {
 public:
  explicit StoryClock(Time start) : start_(to_micros(start)), micros_(start_) {}
  Time now() const override { return live_ ? system_.now() : from_micros(micros_); }
  std::chrono::steady_clock::time_point steady() const override {
    return system_.steady() + std::chrono::microseconds{micros_ - start_};
  }
  void move_to(Time time) { micros_ = to_micros(time); }
  void run() { live_ = true; }

 private:
  const SystemClock system_;
  const std::int64_t start_;
  std::atomic<std::int64_t> micros_;
  std::atomic<bool> live_{false};
};

/// How an attempt goes. Without an outcome it never ends.
struct Play {
  Duration takes{};
  std::optional<Result<Outcome>> outcome = Result<Outcome>(Done{});
  std::string log;
};
using Script = std::function<Play(const StartAttempt&)>;

class ScriptedExecutor final : public Executor {
 public:
  ScriptedExecutor(const Clock& clock, LogStore& logs, Script script)
      : clock_(clock), logs_(logs), script_(std::move(script)) {}
  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key, bool at_once) override;
  void kill_all() override { running_.clear(); }

  /// When there is something to report next.
  std::optional<Time> next_end() const;
  std::vector<AttemptReport> take_reports();

 private:
  struct Running {
    Time end;
    AttemptResult result;
  };
  const Clock& clock_;
  LogStore& logs_;
  Script script_;
  std::vector<Running> running_;  // those that will end
  std::vector<AttemptBegan> began_;
};

class World {
 public:
  explicit World(Script script = {}, Time start = SystemClock().now());
  ~World();  // stops

  Stores stores() { return store_.stores(); }
  MemStore& store() { return store_; }
  StoryClock& clock() { return clock_; }

  void add_dag(DagSpec spec, std::string source = "");
  void report_file(std::string source, Json diagnostics);
  /// Puts a command into the inbox; the next step carries it out.
  template <Kinded T>
  Command submit(const T& input) {
    return put(make_command(input, Origin("ada", "by hand")));
  }
  /// Moves the clock and lets everything happen that is due on the way.
  void advance(Duration duration);
  void go_live();
  /// Ends the thread; nothing happens any more.
  void stop();
  /// Called after each durable step, from the thread that made it.
  void on_step(std::function<void()> callback) { on_step_ = std::move(callback); }
  /// While paused, no command is answered: the engine is away.
  void pause(bool paused);

 private:
  Command put(Command command);
  void step(std::vector<Input> inputs);
  void live();

  StoryClock clock_;
  MemStore store_;
  ScriptedExecutor executor_;
  Rng rng_{7};
  std::map<std::string, Json> file_errors_;  // of report_file
  std::unique_ptr<Leader> leader_;
  std::function<void()> on_step_;
  std::mutex stepping_;  // leader and executor are of whoever steps
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false, stopping_ = false, paused_ = false;
  std::thread thread_;
  Subscription commands_;
};

/// A DAG of `noop` tasks: {"a", "b:a", "c:a,b"} reads "b needs a, c needs a and b".
DagSpec make_dag(std::string id, const std::vector<std::string>& tasks);

}  // namespace millrace::testing
