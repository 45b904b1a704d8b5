#include "bench/follow.h"

#include <poll.h>

#include <chrono>
#include <optional>

#include "bench/counters.h"
#include "bench/crowd.h"
#include "bench/dags.h"
#include "bench/rig.h"
#include "engine/api/api.h"
#include "engine/follow/feed.h"

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

constexpr int kTasks = 1'000;  // of a run
constexpr double kGoalPercent = 5;
constexpr std::string_view kRequest = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Sample {
  double tasks_per_s = 0;   // while a run is under way
  double cpu_us = 0;        // of everything, for each event
  double events_per_s = 0;  // over the whole time
};

/// Runs of `kTasks`, begun so often that the journal grows by `events_per_s`.
Result<Sample> measure(Rig& rig, const FollowLoad& load) {
  std::vector<double> rates;
  const auto began = steady_clock::now();
  const double cpu_before = cpu_seconds();
  const std::int64_t events_before = rig.durable_events();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(steady_clock::now() - began).count();
  };
  while (elapsed() < load.seconds) {
    MR_TRY(const double seconds, rig.time_run("loose", kTasks));
    rates.push_back(kTasks / seconds);
    const auto events = static_cast<double>(rig.durable_events() - events_before);
    const double ahead_s = events / load.events_per_s - elapsed();
    if (ahead_s > 0) poll(nullptr, 0, static_cast<int>(ahead_s * 1e3));
  }
  const auto events = static_cast<double>(rig.durable_events() - events_before);
  return Sample{median(rates), (cpu_seconds() - cpu_before) * 1e6 / events, events / elapsed()};
}

double change_in_percent(double without, double with) { return (with / without - 1) * 100; }

}  // namespace

Status run_follow(Report& report, const std::filesystem::path& state, const FollowLoad& load) {
  MR_TRY(const auto rig, Rig::start(state, 1));
  MR_CHECK(rig->put_dag(loose_tasks("loose", kTasks, "operator: noop")));
  const SystemClock clock;
  const Catalog catalog = bench_catalog();
  api::ApiConfig config;
  config.http.port = 0;
  follow::Feed feed(rig->stores(), clock);
  api::Api server(config, rig->stores(), catalog, clock, feed, system_entropy());
  feed.start();
  MR_CHECK(server.start());
  rig->on_batch([&](std::vector<Event> events) { feed.offer(std::move(events)); });
  MR_TRY(const Sample warm, measure(*rig, load));
  (void)warm;
  std::vector<double> without, with, without_cpu, with_cpu, slower, rates;
  std::int64_t bytes = 0;
  for (int i = 0; i < load.pairs; ++i) {
    MR_TRY(const Sample alone, measure(*rig, load));
    std::optional<Crowd> crowd(std::in_place, server.port());
    MR_CHECK(crowd->join(load.clients, std::string(kRequest)));
    crowd->listen();
    MR_TRY(const Sample followed, measure(*rig, load));
    if (crowd->gone() > 0) return internal_error("clients were cut off");
    bytes += crowd->bytes();
    crowd.reset();
    without.push_back(alone.tasks_per_s);
    with.push_back(followed.tasks_per_s);
    without_cpu.push_back(alone.cpu_us);
    with_cpu.push_back(followed.cpu_us);
    slower.push_back(-change_in_percent(alone.tasks_per_s, followed.tasks_per_s));
    rates.push_back(followed.events_per_s);
  }
  rig->on_batch({});
  const auto add = [&](const char* name, double value, const char* unit,
                       std::optional<double> floor = {}) {
    report.add({"follow", std::string("follow.") + name, value, unit, floor, "", true});
  };
  add("events_per_s", median(rates), "1/s");
  add("alone_tasks_per_s", median(without), "1/s");
  add("followed_tasks_per_s", median(with), "1/s", median(without));
  add("alone_cpu_us", median(without_cpu), "us");
  add("followed_cpu_us", median(with_cpu), "us", median(without_cpu));
  add("stream_mb", static_cast<double>(bytes) / 1e6, "MB");
  const double cost = median(slower);
  report.add(
      {"follow", "follow.cost_percent", cost, "%", std::nullopt, "< 5 %", cost < kGoalPercent});
  return {};
}

}  // namespace millrace::bench
