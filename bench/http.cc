#include "bench/http.h"

#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "bench/crowd.h"
#include "bench/dags.h"
#include "bench/http_get.h"
#include "bench/live.h"
#include "engine/base/json.h"

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

constexpr int kTasksPerRun = 5'000, kRequests = 3'000, kEchoes = 2'000, kPauseMs = 3;
constexpr double kGoalMs = 20;
constexpr std::string_view kHost = " HTTP/1.1\r\nHost: 127.0.0.1\r\n";

double ms_since(steady_clock::time_point before) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - before).count();
}

/// Each client is a descriptor here and another one in the server.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Status write_dags(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& id, const std::string& yaml) -> Status {
    std::ofstream file(folder / (id + ".yaml"));
    file << yaml;
    if (!file.flush()) return unavailable("cannot write to " + folder.string());
    return {};
  };
  MR_CHECK(write("wide", loose_tasks("wide", kTasksPerRun, "operator: noop")));
  MR_CHECK(write("steps", chain("steps", 10, "operator: noop")));
  return write("endless", loose_tasks("endless", 1, "operator: wait, with: {for: 1h}"));
}

std::string trigger(const std::string& dag) { return "/api/v1/dags/" + dag + "/runs?wait=60s"; }

/// The DAG files are read in the background.
Status wait_for_dags(int port) {
  HttpGet http(port, /*packs=*/false);
  const auto give_up = steady_clock::now() + std::chrono::seconds{60};
  while (steady_clock::now() < give_up) {
    MR_TRY(const std::string text, http.get("/api/v1/dags"));
    MR_TRY(const Json dags, Json::parse(text));
    if (dags.size() == 3) return {};
    poll(nullptr, 0, 20);
  }
  return make_error(ErrorCode::timeout, "the DAG files were not read in time");
}

/// Real runs, until the journal holds so many events. Returns their number.
Result<std::int64_t> fill_journal(int port, std::int64_t events) {
  MR_CHECK(wait_for_dags(port));
  HttpGet http(port, /*packs=*/false);
  constexpr std::string_view kCounter = "\nmillrace_engine_events_total ";
  for (;;) {
    MR_TRY(const std::string metrics, http.get("/metrics"));
    const auto at = metrics.find(kCounter);
    if (at == std::string::npos) return internal_error("/metrics does not count events");
    const double count = std::strtod(metrics.c_str() + at + kCounter.size(), nullptr);
    if (count >= static_cast<double>(events)) return static_cast<std::int64_t>(count);
    MR_CHECK(http.post(trigger("wide")));
  }
}

Status add(Report& report, const std::string& name, const std::vector<double>& ms, double floor,
           double goal_ms) {
  report.add({"http", "http." + name + "_p50_ms", median(ms), "ms", std::nullopt, "", true});
  const double p99 = quantile(ms, 0.99);
  report.add({"http", "http." + name + "_p99_ms", p99, "ms", floor, goal_ms > 0 ? "<= 20 ms" : "",
              goal_ms <= 0 || p99 <= goal_ms});
  return {};
}

/// With a pause after each, so that they meet all that happens in some seconds.
Result<std::vector<double>> ask(HttpGet& http, const std::string& path, int count) {
  std::vector<double> ms;
  for (int i = -20; i < count; ++i) {
    const auto before = steady_clock::now();
    MR_CHECK(http.get(path));
    if (i >= 0) ms.push_back(ms_since(before));
    poll(nullptr, 0, kPauseMs);
  }
  return ms;
}

/// Short runs, one after the other, so that the streams have events to carry, and a scrape after
/// each of them.
class Background {
 public:
  explicit Background(int port)
      : thread_([this, port] {
          HttpGet http(port);
          while (!stop_ && http.post(trigger("steps")) && http.get("/metrics")) ++runs_;
        }) {}
  ~Background() {
    stop_ = true;
    thread_.join();
  }
  int runs() const { return runs_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> runs_{0};
  std::thread thread_;
};

Status measure(Report& report, int port, const HttpLoad& load) {
  HttpGet http(port);
  const auto before = steady_clock::now();
  MR_CHECK(http.get("/metrics"));
  report.add({"http", "http.first_scrape_ms", ms_since(before), "ms", std::nullopt, "", true});
  MR_CHECK(wait_for_dags(port));

  Crowd crowd(port);
  const std::string host(kHost);
  MR_CHECK(crowd.join(load.streams, "GET /api/v1/events" + host + "\r\n"));
  MR_CHECK(crowd.join(load.waiting, "POST " + trigger("endless") + host +
                                        "Content-Type: application/json\r\n"
                                        "Content-Length: 2\r\n\r\n{}"));
  MR_CHECK(crowd.join(load.idle, "GET /healthz" + host + "\r\n"));
  crowd.listen();
  MR_TRY(const auto first, ask(http, "/healthz", 100));  // all have been answered
  (void)first;
  const Background background(port);
  MR_TRY(const auto echoes, echo_ms(kEchoes));
  const double floor = quantile(echoes, 0.99);
  report.add({"http", "http.echo_p50_ms", median(echoes), "ms", std::nullopt, "", true});
  report.add({"http", "http.echo_p99_ms", floor, "ms", std::nullopt, "", true});
  MR_TRY(const auto health, ask(http, "/healthz", kRequests));
  MR_CHECK(add(report, "healthz", health, floor, kGoalMs));
  MR_TRY(const auto runs, ask(http, "/api/v1/runs?limit=1", kRequests / 10));
  MR_CHECK(add(report, "runs", runs, floor, 0));
  report.add({"http", "http.runs_beside", static_cast<double>(background.runs()), "", std::nullopt,
              "", true});
  report.add({"http", "http.stream_mb", static_cast<double>(crowd.bytes()) / 1e6, "MB",
              std::nullopt, "", true});
  if (crowd.gone() > 0)
    return internal_error(std::to_string(crowd.gone()) + " clients were cut off");
  if (background.runs() == 0) return internal_error("no run ended beside the requests");
  return {};
}

}  // namespace

Status run_http(Report& report, const std::filesystem::path& state, const HttpLoad& load) {
  allow_many_descriptors();
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
  const std::filesystem::path dags = state.string() + "-dags";
  MR_CHECK(write_dags(dags));
  const auto measured = [&]() -> Status {
    {
      MR_TRY(const auto live, Live::start(state, dags));
      const auto began = steady_clock::now();
      MR_TRY(const std::int64_t events, fill_journal(live->port(), load.events));
      report.add({"http", "http.events", static_cast<double>(events), "", std::nullopt, "", true});
      report.add({"http", "http.generate_s", ms_since(began) / 1e3, "s", std::nullopt, "", true});
    }
    MR_TRY(const auto live, Live::start(state, dags));
    report.add({"http", "http.restart_ms", live->ready_s() * 1e3, "ms", std::nullopt, "", true});
    return measure(report, live->port(), load);
  }();
  std::filesystem::remove_all(state, ignored);
  std::filesystem::remove_all(dags, ignored);
  return measured;
}

}  // namespace millrace::bench
