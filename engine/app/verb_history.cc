// history: how far back the database goes, period by period, and what a retention would drop.
#include <algorithm>
#include <cstdio>

#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "engine/pg/history.h"

namespace millrace {
namespace {

std::string day(const std::optional<Time>& time) {
  return time ? format_rfc3339(*time) : "the beginning";
}

std::string size(std::int64_t bytes) {
  constexpr std::int64_t kMiB = 1 << 20;
  return std::to_string((bytes + kMiB / 2) / kMiB) + " MiB";
}

/// "~" marks an estimate.
std::string row_count(std::int64_t rows, bool is_estimate) {
  return (is_estimate ? "~" : "") + std::to_string(rows);
}

/// What becomes of a period: "dropped", "to go" with this retention, or "kept".
std::string fate(const Period& period, const std::vector<int>& expired) {
  if (period.dropped_at) return "dropped";
  const bool goes = std::find(expired.begin(), expired.end(), period.number) != expired.end();
  return goes ? "to go" : "kept";
}

Result<std::unique_ptr<Database>> open_database(const Options& options) {
  DatabaseOptions database;
  database.dsn = options.db;
  if (options.db.empty()) {
    MR_TRY(database.dsn, PrivateCluster::dsn_of(options.state));
  }
  return Database::open(database);
}

Result<int> list_history(const Options& options) {
  MR_TRY(const auto database, open_database(options));
  const SystemClock clock;
  History history(*database, clock, options.retention);
  MR_TRY(const auto periods, history.periods());
  MR_TRY(const auto expired, history.expired());
  Json all = Json::array();
  TerminalTable table({"FROM", "TO", "RUNS", "TASKS", "SIZE", ""});
  for (const auto& period : periods) {
    const std::string state = fate(period, expired);
    all.push_back(
        Json::object({{"starts", period.starts ? Json(format_rfc3339(*period.starts)) : Json()},
                      {"ends", format_rfc3339(period.ends)},
                      {"runs", period.runs},
                      {"tasks", period.tasks},
                      {"runs_estimated", period.runs_estimated},
                      {"tasks_estimated", period.tasks_estimated},
                      {"bytes", period.bytes},
                      {"state", state}}));
    table.add({day(period.starts), day(period.ends), row_count(period.runs, period.runs_estimated),
               row_count(period.tasks, period.tasks_estimated), size(period.bytes), state});
  }
  std::fputs(options.json ? (all.dump_pretty() + "\n").c_str() : table.to_string().c_str(), stdout);
  return 0;
}

}  // namespace

VerbAction declare_history(CLI::App& verb, Options& options) {
  add_retention_option(verb, options);
  return [&options] { return list_history(options); };
}

}  // namespace millrace
