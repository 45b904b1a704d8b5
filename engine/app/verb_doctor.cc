// doctor: what keeps this machine or state folder from working, each with its cure.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/app/client.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/clock.h"
#include "engine/pg/database.h"
#include "engine/pg/health.h"
#include "engine/pg/postgres_programs.h"
#include "engine/pg/private_cluster.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

using Finding = HealthFinding;

Finding check_programs(const Options& options) {
  if (!options.db.empty()) return {"PostgreSQL programs", true, "not needed: --db is given"};
  const auto programs = pg::find_postgres_programs();
  if (!programs) return {"PostgreSQL programs", false, programs.error().message};
  return {"PostgreSQL programs", true, "found"};
}

Finding check_state(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.state, error);
  if (error || access(options.state.c_str(), W_OK | X_OK) != 0)
    return {"state folder", false,
            "'" + options.state.string() +
                "' cannot be written; name another one with --state or $MILLRACE_HOME"};
  const auto space = std::filesystem::space(options.state, error);
  const auto free_mib = static_cast<long>(space.available >> 20);
  if (!error && free_mib < 512)
    return {"state folder", false,
            "only " + std::to_string(free_mib) + " MiB are free on its disk; make room"};
  return {"state folder", true,
          options.state.string() + ", " + std::to_string(free_mib) + " MiB free"};
}

std::vector<Finding> check_database(const Options& options) {
  DatabaseOptions database;
  database.patience = std::chrono::seconds{3};
  database.dsn = options.db;
  if (options.db.empty()) {
    const auto dsn = PrivateCluster::dsn_of(options.state);
    if (!dsn) return {{"database", true, "private cluster, not running: 'millrace up' starts it"}};
    database.dsn = *dsn;
  }
  const auto opened = Database::open(database);
  if (!opened) return {{"database", false, opened.error().message}};
  std::vector<Finding> out = {{"database", true, (*opened)->description()}};
  auto health = examine(**opened, SystemClock());
  if (!health) {
    const bool is_new = health.error().code == ErrorCode::not_found;
    out.push_back({"schema", is_new, health.error().message});
    return out;
  }
  std::ranges::move(*health, std::back_inserter(out));
  return out;
}

/// The state letter of a process, as ps shows it; 0 if there is none.
char process_state(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t bracket = text.rfind(") ");  // the name before it may hold anything
  return bracket == std::string::npos ? '\0' : text[bracket + 2];
}

Finding check_engine(const Options& options) {
  const auto endpoint = read_endpoint(options);
  if (!endpoint) return {"engine", true, "not running: 'millrace up' starts it"};
  if (process_state(endpoint->pid) == 'T')
    return {
        "engine", false,
        "process " + std::to_string(endpoint->pid) +
            " is stopped (SIGSTOP): 'kill -CONT' lets it go on; if another engine leads by then, "
            "it ends its own runners first"};
  const auto ready = Client(endpoint->api).get("/readyz");
  if (!ready)
    return {"engine", false, endpoint->api + " does not answer: " + ready.error().message};
  return {"engine", true, endpoint->api};
}

Finding check_dags(const Options& options) {
  const auto files = find_dag_files(options.dags);
  if (!files) return {"DAG files", true, "none in '" + options.dags.string() + "'"};
  const Catalog catalog = builtin_catalog();
  int bad = 0;
  for (const auto& file : *files) bad += !load_dag_file(file, catalog).spec.has_value();
  if (bad > 0)
    return {"DAG files", false, std::to_string(bad) + " with errors; 'millrace lint' shows them"};
  return {"DAG files", true, std::to_string(files->size()) + " without errors"};
}

}  // namespace

Result<int> verb_doctor(const Options& options) {
  std::vector<Finding> findings = {check_programs(options), check_state(options)};
  std::ranges::move(check_database(options), std::back_inserter(findings));
  findings.push_back(check_engine(options));
  findings.push_back(check_dags(options));
  bool well = true;
  Json all = Json::array();
  Table table({"", "WHAT", "DETAIL"});
  for (const auto& finding : findings) {
    well = well && finding.ok;
    all.push_back(
        Json::object({{"what", finding.what}, {"ok", finding.ok}, {"detail", finding.detail}}));
    table.add({paint(finding.ok ? "ok" : "failed"), finding.what, finding.detail});
  }
  std::fputs(options.json ? (all.dump_pretty() + "\n").c_str() : table.to_string().c_str(), stdout);
  return well ? 0 : 1;
}

}  // namespace millrace
