#include "bench/control.h"

#include <condition_variable>
#include <map>
#include <mutex>

#include "bench/floor.h"
#include "bench/rig.h"
#include "engine/base/clock.h"
#include "engine/core/event.h"

namespace millrace::bench {
namespace {

constexpr std::chrono::seconds kPeriod{10};

std::string due_every_period(int number) {
  return "dag: due_" + std::to_string(number) + "\nschedule: {cron: \"*/" +
         std::to_string(kPeriod.count()) +
         " * * * * *\"}\nmax_active_runs: 16\ntasks:\n  a: {operator: noop}\n";
}

/// Thread-safe.
class Lags {
 public:
  Lags(Time from, std::size_t wanted) : from_(from), wanted_(wanted) {}

  void take(const std::vector<Event>& events) {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    for (const Event& event : events) {
      if (const auto* created = std::get_if<RunCreated>(&event.body))
        note_created(event.run, *created, now);
      else if (std::holds_alternative<TaskSucceeded>(event.body))
        note_ended(event.run, now);
    }
    changed_.notify_all();
  }
  /// False if not all have come in time.
  bool wait(std::chrono::seconds most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return ended_.size() >= wanted_; });
  }
  std::vector<double> created() const { return with_lock(created_); }
  std::vector<double> ended() const { return with_lock(ended_); }

 private:
  void note_created(const Uuid& run, const RunCreated& created, Time now) {
    if (!created.logical_date || *created.logical_date < from_) return;
    if (created_.size() >= wanted_) return;
    dates_.emplace(run, *created.logical_date);
    created_.push_back(milliseconds(now - *created.logical_date));
  }
  void note_ended(const Uuid& run, Time now) {
    if (const auto found = dates_.find(run); found != dates_.end())
      ended_.push_back(milliseconds(now - found->second));
  }
  static double milliseconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1e3;
  }
  std::vector<double> with_lock(const std::vector<double>& of) const {
    const std::lock_guard lock(mutex_);
    return of;
  }

  const SystemClock clock_;
  const Time from_;
  const std::size_t wanted_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Uuid, Time> dates_;
  std::vector<double> created_, ended_;
};

/// The second date after now: all DAGs are registered long before it.
Time first_date() {
  const auto period = std::chrono::duration_cast<Duration>(kPeriod).count();
  return from_micros((to_micros(SystemClock().now()) / period + 2) * period);
}

}  // namespace

Status run_control(Report& report, const std::filesystem::path& state, const FireLoad& load) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  report.add({"control", "control.commit_ms", commit, "ms", std::nullopt, "", true});
  for (int i = 0; i < load.dags; ++i) MR_CHECK(rig->put_dag(due_every_period(i)));
  Lags lags(first_date(),
            static_cast<std::size_t>(load.dags) * static_cast<std::size_t>(load.fires));
  rig->on_batch([&](const std::vector<Event>& events) { lags.take(events); });
  const bool came = lags.wait(kPeriod * (load.fires + 6));
  rig->on_batch({});
  if (!came) return unavailable("not all runs ended in time; the machine may be too slow");
  const auto add = [&](const char* name, const std::vector<double>& samples, double share,
                       const char* goal, double most) {
    const double value = quantile(samples, share);
    report.add(
        {"control", std::string("control.") + name, value, "ms", commit, goal, value <= most});
  };
  constexpr double kNoGoal = 1e9;
  add("run_lag_p50_ms", lags.created(), 0.5, "", kNoGoal);
  add("run_lag_p99_ms", lags.created(), 0.99, "", kNoGoal);
  add("task_lag_p50_ms", lags.ended(), 0.5, "", kNoGoal);
  add("task_lag_p99_ms", lags.ended(), 0.99, "<= commit + 20 ms", commit + 20);
  return {};
}

}  // namespace millrace::bench
