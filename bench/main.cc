// The millrace_bench program: which family to measure, where to write the records.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/control.h"
#include "bench/core.h"
#include "bench/follow.h"
#include "bench/footprint.h"
#include "bench/http.h"
#include "bench/latency.h"
#include "bench/rig.h"
#include "bench/scale.h"
#include "bench/shapes.h"
#include "bench/sustained.h"
#include "bench/throughput.h"
#include "engine/base/log.h"

namespace {

using namespace millrace;

int finish(const Status& status) {
  if (status) return 0;
  std::fprintf(stderr, "millrace_bench: %s\n", status.error().to_string().c_str());
  return 1;
}

CLI::App* add_control(CLI::App& app, bench::FireLoad& load) {
  auto* control =
      app.add_subcommand("control", "How late runs start whose schedules are due in one second");
  control->add_option("--dags", load.dags, "DAGs that are due at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  control->add_option("--fires", load.fires, "Fires of each DAG that are measured")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  return control;
}

CLI::App* add_sustained(CLI::App& app, bench::SustainedLoad& load) {
  auto* sustained = app.add_subcommand(
      "sustained", "A steady load while an old transaction keeps PostgreSQL from clearing up");
  sustained->add_option("--minutes", load.minutes, "For how long")
      ->capture_default_str()
      ->check(CLI::Range(1, 24 * 60));
  sustained->add_option("--rate", load.tasks_per_s, "Tasks a second")->capture_default_str();
  return sustained;
}

CLI::App* add_follow(CLI::App& app, bench::FollowLoad& load) {
  auto* follow = app.add_subcommand(
      "follow", "The engine's rate without and with clients of the event stream, alternately");
  follow->add_option("--clients", load.clients, "Clients of the event stream")
      ->capture_default_str();
  follow->add_option("--events-per-s", load.events_per_s, "Events a second")->capture_default_str();
  return follow;
}

}  // namespace

int main(int argc, char** argv) {
  std::string state = "build/bench-state", json, only;
  int repeats = 5;
  Status status;
  bench::Report report;

  CLI::App app{"Measures Millrace beside the machine's own floor, in one run."};
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--json", json, "Write the records to this file");
  app.add_option("--state", state, "Folder for the run's state; removed at the end")
      ->capture_default_str();
  app.add_option("--repeats", repeats, "Runs of each measurement; the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--only", only, "One metric, e.g. core.command_per_s, beside the floors");
  app.add_subcommand("core", "Chain, light tasks, pooled tasks, commands, fan-out")->callback([&] {
    status = bench::run_core(report, state, repeats, only);
  });
  app.add_subcommand("latency", "A workflow of three durable steps: alone, and many at once")
      ->callback([&] { status = bench::run_latency(report, state); });
  bench::FireLoad fires;
  add_control(app, fires)->callback([&] { status = bench::run_control(report, state, fires); });
  app.add_subcommand("throughput", "Completions a second, WAL and CPU a task, in 1 to 10,000 runs")
      ->callback([&] { status = bench::run_throughput(report, state); });
  app.add_subcommand("shapes", "Loose, chain, fan, many runs, many DAGs, by kind of task")
      ->callback([&] { status = bench::run_shapes(report, state); });
  bench::SustainedLoad load;
  add_sustained(app, load)->callback([&] { status = bench::run_sustained(report, state, load); });
  app.add_subcommand("footprint", "Size, time to ready, memory of an idle engine")->callback([&] {
    status = bench::run_footprint(report, state, repeats);
  });
  bench::HttpLoad http_load;
  auto* http = app.add_subcommand(
      "http", "/healthz beside a crowd of clients, after a restart on a long journal");
  http->add_option("--events", http_load.events, "Events in the journal")->capture_default_str();
  http->callback([&] { status = bench::run_http(report, state, http_load); });
  bench::FollowLoad follow_load;
  add_follow(app, follow_load)->callback([&] {
    status = bench::run_follow(report, state, follow_load);
  });
  std::int64_t task_rows = 10'000'000;
  auto* scale =
      app.add_subcommand("scale", "The API at ten million task rows, and forgetting them");
  scale->add_option("--task-rows", task_rows, "How many")->capture_default_str();
  scale->callback([&] { status = bench::run_scale(report, state, task_rows); });
  int runner_code = 0;
  auto* runner = app.add_subcommand("runner", "")->group("");
  runner->callback([&] {
    auto code = bench::be_runner(state);
    if (code)
      runner_code = *code;
    else
      status = code.error();
  });

  log::configure(log::Severity::warning, log::Format::text);
  CLI11_PARSE(app, argc, argv);
  if (runner->parsed()) return status ? runner_code : finish(status);
  if (status && !json.empty()) status = report.write_json(json);
  return finish(status);
}
