#include "bench/scale.h"

#include <chrono>
#include <functional>

#include "bench/floor.h"
#include "bench/http_get.h"
#include "bench/many_runs.h"
#include "bench/rig.h"
#include "engine/api/api.h"
#include "engine/follow/feed.h"
#include "engine/pg/history.h"
#include "engine/pg/pg_store.h"

namespace millrace::bench {
namespace {

using std::chrono::hours;

constexpr int kDags = 20, kTasks = 10, kScaleRequests = 300;
constexpr double kScaleGoalMs = 20;
constexpr Duration kDay = hours{24}, kRetention = 90 * kDay;

double seconds_since(std::chrono::steady_clock::time_point before) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

/// A clock that the bench sets: months of history are made and forgotten in minutes.
class SetClock final : public Clock {
 public:
  Time now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now();
  }
  void set(Time now) { now_ = now; }

 private:
  Time now_{};
};

/// Ten tasks, of which the first writes a line and perhaps another one fails.
std::string dag_yaml(const std::string& id, bool fails) {
  std::string yaml =
      "dag: " + id + "\ntasks:\n  say: {operator: command, with: {argv: [/bin/echo, hello]}}\n";
  for (int i = 1; i < kTasks; ++i)
    yaml += "  t" + std::to_string(i) + ": {needs: say, operator: " +
            (fails && i == 1 ? "fail, with: {message: on purpose}" : "noop") + "}\n";
  return yaml;
}

Status run_templates(Rig& rig) {
  for (int i = 0; i < kDags; ++i) {
    const std::string dag = "dag_" + std::to_string(i);
    MR_CHECK(rig.put_dag(dag_yaml(dag, false)));
    MR_CHECK(rig.time_runs({dag}, kTasks));
  }
  MR_CHECK(rig.put_dag(dag_yaml("broken", true)));
  MR_CHECK(rig.time_runs({"broken"}, kTasks - 1));
  return {};
}

/// The paths that a metric asks for, in turn.
struct Question {
  std::string name;
  std::function<std::string(const Uuid& run, int i)> path;
};

std::vector<Question> questions() {
  const auto of_run = [](const std::string& rest) {
    return [rest](const Uuid& run, int) { return "/api/v1/runs/" + run.to_string() + rest; };
  };
  const auto dag = [](int i) { return "dag_" + std::to_string(i % kDags); };
  return {
      {"runs", [](const Uuid&, int) { return "/api/v1/runs?limit=50"; }},
      {"runs_page",
       [](const Uuid& run, int) { return "/api/v1/runs?limit=50&before=" + run.to_string(); }},
      {"runs_of_dag", [=](const Uuid&, int i) { return "/api/v1/runs?limit=50&dag=" + dag(i); }},
      {"runs_failed", [](const Uuid&, int) { return "/api/v1/runs?limit=50&status=failed"; }},
      {"runs_success", [](const Uuid&, int) { return "/api/v1/runs?limit=50&status=success"; }},
      {"runs_running", [](const Uuid&, int) { return "/api/v1/runs?limit=50&status=running"; }},
      {"runs_of_dag_success",
       [=](const Uuid&, int i) { return "/api/v1/runs?limit=50&status=success&dag=" + dag(i); }},
      // None has failed: the search must not walk through all that went well.
      {"runs_of_dag_failed",
       [=](const Uuid&, int i) { return "/api/v1/runs?limit=50&status=failed&dag=" + dag(i); }},
      {"run", of_run("")},
      {"tasks", of_run("/tasks")},
      {"task", of_run("/tasks/say")},
      {"attempts", of_run("/tasks/say/attempts")},
      {"log", of_run("/tasks/say/logs")},
      {"artifacts", of_run("/artifacts")},
      {"dags", [](const Uuid&, int) { return "/api/v1/dags"; }},
      {"dag", [=](const Uuid&, int i) { return "/api/v1/dags/" + dag(i); }},
  };
}

Status add_latency(Report& report, const std::string& name, const std::vector<double>& ms) {
  report.add({"scale", "scale." + name + "_p50_ms", median(ms), "ms", std::nullopt, "", true});
  const double p99 = quantile(ms, 0.99);
  report.add({"scale", "scale." + name + "_p99_ms", p99, "ms", std::nullopt, "<= 20 ms",
              p99 <= kScaleGoalMs});
  return {};
}

Status ask_everything(Report& report, int port, const std::vector<Uuid>& runs,
                      std::int64_t last_seq) {
  HttpGet http(port);
  for (const auto& question : questions()) {
    std::vector<double> ms;
    for (int i = -20; i < kScaleRequests; ++i) {  // the first ones warm connections and plans
      const auto n = static_cast<std::size_t>(i + 20);
      const std::string path = question.path(runs[n * 7919 % runs.size()], i + 20);
      const auto before = std::chrono::steady_clock::now();
      MR_CHECK(http.get(path));
      if (i >= 0) ms.push_back(seconds_since(before) * 1e3);
    }
    MR_CHECK(add_latency(report, question.name, ms));
  }
  std::vector<double> ms;
  for (int i = 0; i < kScaleRequests; ++i) {
    const std::int64_t after = last_seq / (kScaleRequests + 1) * (i + 1);
    const auto before = std::chrono::steady_clock::now();
    MR_CHECK(http.stream_until("/api/v1/events?after=" + std::to_string(after),
                               "id: " + std::to_string(after + 100) + "\n"));
    ms.push_back(seconds_since(before) * 1e3);
  }
  return add_latency(report, "events_100", ms);
}

Status measure_api(Report& report, const std::string& dsn, const Catalog& catalog) {
  DatabaseOptions options;
  options.dsn = dsn;
  MR_TRY(const auto database, Database::open(options));
  PgStore store(*database);
  const SystemClock clock;
  api::ApiConfig config;
  config.http.port = 0;
  follow::Feed feed(store.stores(), clock);
  api::Api server(config, store.stores(), catalog, clock, feed, system_entropy());
  feed.start();
  MR_CHECK(server.start());
  MR_TRY(const auto runs, some_runs(dsn, 1000));
  MR_TRY(const auto last_seq, store.stores().journal.last_seq());
  return ask_everything(report, server.port(), runs, last_seq);
}

/// Everything grows old at once; how long until it is gone, and how long one append waited for it.
Status measure_retention(Report& report, History& history, const std::string& dsn) {
  MR_TRY(const Weight before, weight(dsn));
  const auto began = std::chrono::steady_clock::now();
  MR_TRY(const auto kept, history.keep());
  const double seconds = seconds_since(began);
  MR_TRY(const Weight after, weight(dsn));
  if (after.tasks > 0) return internal_error(std::to_string(after.tasks) + " tasks are still here");
  report.add({"scale", "scale.dropped_periods", static_cast<double>(kept.periods_dropped.size()),
              "", std::nullopt, "", true});
  report.add({"scale", "scale.dropped_gib",
              static_cast<double>(before.bytes - after.bytes) / (1u << 30), "GiB", std::nullopt, "",
              true});
  report.add({"scale", "scale.drop_s", seconds, "s", std::nullopt, "", true});
  return {};
}

}  // namespace

Status run_scale(Report& report, const std::filesystem::path& state, std::int64_t task_rows) {
  MR_TRY(const auto rig, Rig::start(state, 4));
  MR_CHECK(run_templates(*rig));

  SetClock clock;
  DatabaseOptions options;
  options.dsn = rig->dsn();
  MR_TRY(const auto database, Database::open(options));
  History history(*database, clock, kRetention);
  // After the first period, which holds what is there already.
  ManyRuns wish{task_rows / kTasks, SystemClock().now() + 3 * kDay, {}};
  wish.end = wish.begin + kRetention;
  // Not to the end: that would forget the runs that are to be copied. Periods reach ahead.
  for (Time at = wish.begin; at < wish.end - 5 * kDay; at += kDay) {
    clock.set(at);
    MR_CHECK(history.keep());
  }
  const auto began = std::chrono::steady_clock::now();
  MR_CHECK(copy_runs(rig->dsn(), wish));
  PgStore store(*database);
  MR_CHECK(store.write_marks());  // as the engine does while it works
  MR_TRY(const Weight full, weight(rig->dsn()));
  report.add({"scale", "scale.task_rows", static_cast<double>(full.tasks), "rows", std::nullopt, "",
              true});
  report.add({"scale", "scale.database_gib", static_cast<double>(full.bytes) / (1u << 30), "GiB",
              std::nullopt, "", true});
  report.add({"scale", "scale.generate_s", seconds_since(began), "s", std::nullopt, "", true});
  MR_CHECK(measure_api(report, rig->dsn(), bench_catalog()));

  clock.set(wish.end + kRetention + 2 * period_width(kRetention));
  return measure_retention(report, history, rig->dsn());
}

}  // namespace millrace::bench
