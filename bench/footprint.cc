#include "bench/footprint.h"

#include <poll.h>

#include <fstream>

#include "bench/live.h"
#include "engine/cluster/private_cluster.h"

namespace millrace::bench {
namespace {

constexpr int kManyDags = 10'000;
constexpr double kMegabyte = 1e6;
constexpr int kSettleMs = 5'000;

double elapsed_s(std::chrono::steady_clock::time_point before) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

Status write_dags(const std::filesystem::path& folder, int count) {
  std::filesystem::create_directories(folder);
  for (int i = 0; i < count; ++i) {
    const std::string id = "dag_" + std::to_string(i);
    std::ofstream file(folder / (id + ".yaml"));
    file << "dag: " << id << "\nowner: team\nschedule: {cron: \"0 3 1 * *\", timezone: UTC}\n"
         << "tasks:\n  extract: {operator: noop}\n  check: {operator: noop, needs: extract}\n"
         << "  publish: {operator: noop, needs: check}\n";
    if (!file.flush()) return unavailable("cannot write " + (folder / id).string());
  }
  return {};
}

/// Seconds until a PostgreSQL on a cluster that exists accepts connections, by itself.
Result<double> postgres_ready_s(const std::filesystem::path& state) {
  const auto before = std::chrono::steady_clock::now();
  MR_TRY(const auto cluster, PrivateCluster::start(state));
  return elapsed_s(before);
}

/// From start to ready: with a private cluster that has to be started, and with a server that runs.
Status measure_start(Report& report, const std::filesystem::path& state,
                     const std::filesystem::path& no_dags, int repeats) {
  { MR_TRY(const auto first, Live::start(state, no_dags)); }  // makes the cluster
  std::vector<double> postgres, own, shared;
  for (int i = 0; i < repeats; ++i) {
    MR_TRY(const double alone, postgres_ready_s(state));
    postgres.push_back(alone * 1e3);
    MR_TRY(const auto live, Live::start(state, no_dags));
    own.push_back(live->ready_s() * 1e3);
  }
  MR_TRY(const auto cluster, PrivateCluster::start(state));
  for (int i = 0; i < repeats; ++i) {
    MR_TRY(const auto live,
           Live::start(state.string() + "-shared", no_dags, {"--db", cluster->dsn()}));
    shared.push_back(live->ready_s() * 1e3);
  }
  const double floor = median(postgres), with_cluster = median(own), with_server = median(shared);
  report.add({"footprint", "footprint.postgres_ready_ms", floor, "ms", std::nullopt, "", true});
  report.add({"footprint", "footprint.ready_ms", with_cluster, "ms", floor, "<= 200 ms",
              with_cluster <= 200});
  report.add({"footprint", "footprint.ready_shared_ms", with_server, "ms", std::nullopt,
              "<= 200 ms", with_server <= 200});
  return {};
}

Result<double> idle_mb(const std::filesystem::path& state, const std::filesystem::path& dags) {
  MR_TRY(const auto live, Live::start(state, dags));
  poll(nullptr, 0, kSettleMs);
  return static_cast<double>(live->resident_bytes()) / kMegabyte;
}

Status measure_memory(Report& report, const std::filesystem::path& state,
                      const std::filesystem::path& folder) {
  MR_TRY(const double none, idle_mb(state, folder / "none"));
  report.add({"footprint", "footprint.idle_mb", none, "MB", std::nullopt, "", true});
  MR_CHECK(write_dags(folder / "many", kManyDags));
  MR_TRY(const double first, idle_mb(state, folder / "many"));
  report.add(
      {"footprint", "footprint.idle_10000_dags_mb", first, "MB", none, "<= 50 MB", first <= 50});
  // Known by then to the database as well as from the files.
  MR_TRY(const double again, idle_mb(state, folder / "many"));
  report.add({"footprint", "footprint.idle_10000_dags_again_mb", again, "MB", none, "<= 50 MB",
              again <= 50});
  return {};
}

}  // namespace

Status run_footprint(Report& report, const std::filesystem::path& state, int repeats) {
  MR_TRY(const auto binary, millrace_binary());
  report.add({"footprint", "footprint.binary_mb",
              static_cast<double>(std::filesystem::file_size(binary)) / kMegabyte, "MB",
              std::nullopt, "", true});
  const auto root = std::filesystem::absolute(state);
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root / "dags" / "none");
  Status done = measure_start(report, root / "state", root / "dags" / "none", repeats);
  if (done) done = measure_memory(report, root / "state", root / "dags");
  std::filesystem::remove_all(root);
  return done;
}

}  // namespace millrace::bench
