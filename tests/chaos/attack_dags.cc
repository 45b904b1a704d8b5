#include "tests/chaos/attack_dags.h"

#include <stdexcept>
#include <string>

#include "engine/base/file.h"

namespace millrace::chaos {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  if (const Status written = write_file_atomic(path, text); !written)
    throw std::runtime_error(written.error().message);
}

/// Flights that are late in the evening, more or less.
std::string flights() {
  std::string csv = "hour,distance,late\n";
  for (int row = 0; row < 400; ++row) {
    const int hour = row * 7 % 24;
    csv += std::to_string(hour) + "," + std::to_string(100 + row * 37 % 2400) + "," +
           (hour * 13 + row % 17 > 200 ? "1" : "0") + "\n";
  }
  return csv;
}

/// A DAG that trains the model `flights` and ships it by these steps.
std::string learning(const std::string& dag, const std::filesystem::path& csv,
                     const std::string& holdout, const std::string& steps) {
  return "dag: " + dag +
         "\ntasks:\n  ingest: {operator: ingest.file, with: {path: " + csv.string() +
         "}}\n"
         "  train: {needs: ingest, operator: train, with: {model: flights, data: \"${{ "
         "tasks.ingest.outputs.table }}\", algorithm: logistic, label: late, features: [hour, "
         "distance], holdout_fraction: " +
         holdout +
         "}}\n"
         "  ship: {needs: train, operator: deploy.canary, with: {model: flights, candidate: "
         "\"${{ tasks.train.outputs.model }}\", steps: " +
         steps + "}}\n";
}

}  // namespace

void write_attack_dags(const std::filesystem::path& folder) {
  const auto dags = folder / "dags", files = folder / "files";
  std::filesystem::create_directories(dags);
  std::filesystem::create_directories(files);
  write(files / "flights.csv", flights());
  const std::string rows = files.string() + "/rows-${{ params.n }}.csv";
  write(dags / "work.yaml",
        "dag: work\nmax_active_runs: 100\nparams: {n: {type: integer}}\ntasks:\n"
        "  a: {operator: command, with: {run: \"echo line ${{ params.n }}; printf 'k,v\\\\n1,${{ "
        "params.n }}\\\\n' > " +
            rows +
            "\"}}\n"
            "  b: {needs: a, operator: ingest.file, with: {path: \"" +
            rows + "\"}}\n");
  write(dags / "check.yaml",
        "dag: check\nmax_active_runs: 100\nparams: {table: {type: string}}\ntasks:\n"
        "  c: {operator: validate, with: {input: \"${{ params.table }}\", expectations: []}}\n");
  write(dags / "learn.yaml", learning("learn", files / "flights.csv", "0.2", "[{weight: 100}]"));
  write(dags / "hold.yaml", learning("hold", files / "flights.csv", "0.3",
                                     "[{weight: 10, hold: 4h}, {weight: 100}], interval: 1s, "
                                     "max_wait: 1s, on_no_traffic: promote"));
  write(dags / "tick.yaml",
        "dag: tick\nschedule: \"* * * * *\"\nmax_active_runs: 10\ntasks:\n  t: {operator: noop}\n");
  write(
      dags / "weekly.yaml",
      "dag: weekly\nschedule: {cron: \"@weekly\", catchup: true}\ntasks:\n  t: {operator: noop}\n");
}

}  // namespace millrace::chaos
