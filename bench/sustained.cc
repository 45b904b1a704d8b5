#include "bench/sustained.h"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include "bench/dags.h"
#include "bench/http_get.h"
#include "bench/live.h"
#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "engine/pg/database.h"
#include "engine/pg/pg_store.h"
#include "engine/store/command.h"

namespace millrace::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kTasksOfARun = 500;
constexpr double kGoalDeadRows = 1'000, kGoalApiP99Ms = 20, kMb = 1e6;

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Result<double> ask_number(PGconn* connection, const char* sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection, sql), PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
    return unavailable(PQerrorMessage(connection));
  return std::atof(PQgetvalue(result.get(), 0, 0));
}

/// A transaction that sees the database as it is now, and stays open.
Result<Connection> pin_xmin(const std::string& dsn) {
  Connection connection(PQconnectdb(dsn.c_str()), PQfinish);
  PQclear(PQexec(connection.get(), "BEGIN ISOLATION LEVEL REPEATABLE READ"));
  MR_CHECK(ask_number(connection.get(), "SELECT count(*) FROM millrace.dag"));
  return connection;
}

/// Calls `act` at an even pace until it is destroyed; what could not be done in time is made up
/// for.
class Pace {
 public:
  Pace(double per_s, std::function<void()> act)
      : thread_([this, per_s, act = std::move(act)] {
          const auto began = SteadyClock::now();
          std::unique_lock lock(mutex_);
          for (std::int64_t n = 1; !stopping_; ++n) {
            lock.unlock();
            act();
            lock.lock();
            stop_.wait_until(
                lock,
                began + std::chrono::duration_cast<SteadyClock::duration>(
                            std::chrono::duration<double>(static_cast<double>(n) / per_s)),
                [this] { return stopping_; });
          }
        }) {}
  ~Pace() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
  }
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Latencies of the pages that people look at, asked for all the time.
class ApiProbe {
 public:
  explicit ApiProbe(int port)
      : http_(port), pace_(10, [this] {
          const char* paths[] = {"/api/v1/runs?limit=50", "/api/v1/dags", "/metrics"};
          const auto before = SteadyClock::now();
          const bool ok = http_.get(paths[asked_++ % 3]).ok();
          const double ms =
              std::chrono::duration<double, std::milli>(SteadyClock::now() - before).count();
          const std::lock_guard lock(mutex_);
          failed_ += !ok;
          ms_.push_back(ms);
        }) {}

  std::vector<double> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(ms_, {});
  }
  int failed() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  HttpGet http_;
  std::size_t asked_ = 0;
  std::mutex mutex_;
  std::vector<double> ms_;  // guarded by mutex_
  int failed_ = 0;          // guarded by mutex_
  Pace pace_;               // last: it uses everything above
};

struct Minute {
  double rate = 0, resident_mb = 0, dead_rows = 0, database_mb = 0, api_p99_ms = 0;
};

/// Least squares: MB an hour.
double slope_per_hour(const std::vector<Minute>& minutes) {
  const auto n = static_cast<double>(minutes.size());
  double sum_x = 0, sum_y = 0, sum_xy = 0, sum_xx = 0;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const auto x = static_cast<double>(i);
    sum_x += x, sum_y += minutes[i].resident_mb;
    sum_xy += x * minutes[i].resident_mb, sum_xx += x * x;
  }
  const double spread = n * sum_xx - sum_x * sum_x;
  return spread == 0 ? 0 : 60 * (n * sum_xy - sum_x * sum_y) / spread;
}

class Measurement {
 public:
  Measurement(Live& live, PGconn* connection) : live_(live), connection_(connection) {}

  Status wait_a_minute(ApiProbe& probe) {
    std::this_thread::sleep_until(next_);
    next_ += std::chrono::minutes{1};
    Minute minute;
    MR_TRY(const double runs, ask_number(connection_, "SELECT count(*) FROM millrace.run_end"));
    minute.rate = (runs - runs_) * kTasksOfARun / 60;
    runs_ = runs;
    MR_TRY(minute.dead_rows,
           ask_number(connection_, "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables"));
    MR_TRY(minute.database_mb,
           ask_number(connection_, "SELECT pg_database_size(current_database()) / 1e6"));
    minute.resident_mb = static_cast<double>(live_.resident_bytes()) / kMb;
    auto ms = probe.take();
    all_ms_.insert(all_ms_.end(), ms.begin(), ms.end());
    minute.api_p99_ms = ms.empty() ? 0 : quantile(std::move(ms), 0.99);
    minutes_.push_back(minute);
    std::printf(
        "minute %zu: %.0f tasks/s, engine %.1f MB, %.0f dead rows, database %.0f MB, "
        "API p99 %.2f ms\n",
        minutes_.size(), minute.rate, minute.resident_mb, minute.dead_rows, minute.database_mb,
        minute.api_p99_ms);
    std::fflush(stdout);
    return {};
  }

  void add_to(Report& report, const SustainedLoad& load, int failed_requests) const {
    std::vector<double> rates;
    for (const auto& minute : minutes_) rates.push_back(minute.rate);
    const double rate = median(rates), wanted = load.tasks_per_s;
    const double dead = minutes_.back().dead_rows, p99 = quantile(all_ms_, 0.99);
    const auto add = [&](const char* name, double value, const char* unit, const char* goal,
                         bool reached) {
      report.add({"sustained", std::string("sustained.") + name, value, unit, std::nullopt, goal,
                  reached});
    };
    add("minutes", static_cast<double>(minutes_.size()), "min", "", true);
    add("tasks_per_s", rate, "1/s", "what was asked for", rate >= 0.99 * wanted);
    add("slowest_minute_per_s", *std::ranges::min_element(rates), "1/s", "", true);
    add("dead_rows", dead, "rows", "< 1000", dead < kGoalDeadRows);
    add("memory_mb", minutes_.back().resident_mb, "MB", "", true);
    add("memory_slope_mb_per_h", slope_per_hour(minutes_), "MB/h", "", true);
    add("database_bytes_per_task",
        (minutes_.back().database_mb - minutes_.front().database_mb) * kMb /
            std::max(1.0, rate * 60 * static_cast<double>(minutes_.size() - 1)),
        "B", "", true);
    add("api_p99_ms", p99, "ms", "<= 20 ms", p99 <= kGoalApiP99Ms);
    add("api_failed", failed_requests, "", "0", failed_requests == 0);
  }

 private:
  Live& live_;
  PGconn* connection_;
  SteadyClock::time_point next_ = SteadyClock::now() + std::chrono::minutes{1};
  double runs_ = 0;
  std::vector<Minute> minutes_;
  std::vector<double> all_ms_;
};

Status measure(Report& report, const std::filesystem::path& state, const SustainedLoad& load) {
  const auto dags = state / "dags";
  std::filesystem::create_directories(dags);
  std::ofstream(dags / "steady.yaml") << loose_tasks("steady", kTasksOfARun, "operator: noop");
  MR_TRY(const auto live, Live::start(state / "state", dags));
  DatabaseOptions options;
  MR_TRY(options.dsn, PrivateCluster::dsn_of(state / "state"));
  MR_TRY(const auto database, Database::open(options));
  PgStore store(*database);
  MR_TRY(const Connection pin, pin_xmin(options.dsn));
  const Connection asking(PQconnectdb(options.dsn.c_str()), PQfinish);

  const SystemClock clock;
  Rng rng(system_entropy());
  std::atomic<int> refused = 0;
  const auto trigger = [&] {
    Command command = make_command(TriggerRun{.dag = "steady"}, Origin("bench", "a steady load"));
    command.id = Uuid::v7(clock.now(), rng);
    command.created_at = clock.now();
    refused += !store.stores().inbox.submit(command);
  };
  Measurement measurement(*live, asking.get());
  {
    ApiProbe probe(live->port());
    const Pace triggers(static_cast<double>(load.tasks_per_s) / kTasksOfARun, trigger);
    for (int i = 0; i < load.minutes; ++i) MR_CHECK(measurement.wait_a_minute(probe));
    measurement.add_to(report, load, probe.failed());
  }
  return refused == 0 ? Status{} : Status{unavailable("not every run could be triggered")};
}

}  // namespace

Status run_sustained(Report& report, const std::filesystem::path& state,
                     const SustainedLoad& load) {
  const auto root = std::filesystem::absolute(state);
  std::filesystem::remove_all(root);
  const Status done = measure(report, root, load);
  std::filesystem::remove_all(root);
  return done;
}

}  // namespace millrace::bench
