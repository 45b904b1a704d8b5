// doctor: what keeps this machine or state folder from working, each with its cure.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <vector>

#include "engine/app/connection.h"
#include "engine/app/engine_address.h"
#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/artifact/artifact_store.h"
#include "engine/base/clock.h"
#include "engine/cluster/backup.h"
#include "engine/cluster/health.h"
#include "engine/cluster/postgres_programs.h"
#include "engine/cluster/private_cluster.h"
#include "engine/pg/database.h"
#include "engine/pg/pg_store.h"
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
  return {"state folder", true, options.state.string()};
}

/// Room on the disk of a folder, in bytes and in files.
Finding check_room(const std::string& what, const std::filesystem::path& folder) {
  constexpr std::uint64_t kLeastMib = 512, kLeastFiles = 10'000;
  struct statvfs space {};
  if (statvfs(folder.c_str(), &space) != 0)
    return {"disk of " + what, false,
            "'" + folder.string() + "' cannot be asked: " + std::strerror(errno)};
  const std::uint64_t free_mib = (std::uint64_t{space.f_bavail} * space.f_frsize) >> 20;
  if (free_mib < kLeastMib)
    return {"disk of " + what, false,
            "only " + std::to_string(free_mib) + " MiB are free on the disk of '" +
                folder.string() + "'; make room"};
  if (space.f_files > 0 && space.f_favail < kLeastFiles)
    return {"disk of " + what, false,
            "only " + std::to_string(space.f_favail) + " more files fit on the disk of '" +
                folder.string() + "'; remove some"};
  return {"disk of " + what, true, std::to_string(free_mib) + " MiB free"};
}

/// Each disk that work needs, once: state folder, artifacts, and the private PostgreSQL.
std::vector<Finding> check_disks(const Options& options) {
  std::vector<std::pair<std::string, std::filesystem::path>> places = {
      {"the state folder", options.state}};
  std::error_code error;
  const auto artifacts = std::filesystem::canonical(options.state / "artifacts", error);
  if (!error)
    places.emplace_back("the artifacts", artifacts);
  else if (std::filesystem::is_symlink(options.state / "artifacts"))
    return {{"disk of the artifacts", false,
             "'" + (options.state / "artifacts").string() +
                 "' is a link to a folder that is not there; mount or make it"}};
  if (options.db.empty()) {
    if (const auto data = PrivateCluster::data_of(options.state)) {
      places.emplace_back("PostgreSQL", *data);
      places.emplace_back("PostgreSQL's log of changes", *data / "pg_wal");
    }
  }
  std::vector<Finding> out;
  std::set<dev_t> seen;
  for (const auto& [what, folder] : places) {
    struct stat info {};
    if (stat(folder.c_str(), &info) == 0 && !seen.insert(info.st_dev).second) continue;
    out.push_back(check_room(what, folder));
  }
  return out;
}

/// Batches of predictions that the store refused permanently, kept for inspection.
Finding check_spool(const Options& options) {
  int bad = 0, waiting = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options.state / "spool", error)) {
    bad += file.path().extension() == ".bad";
    waiting += file.path().extension() == ".batch";
  }
  if (bad > 0)
    return {"prediction log", false,
            std::to_string(bad) + " batches were refused by the database and are set aside as '" +
                (options.state / "spool").string() +
                "/*.bad'; the log says why. To send them again, rename them to *.batch and "
                "restart the model server"};
  return {"prediction log", true, std::to_string(waiting) + " batches wait on disk"};
}

/// Reads every artifact, and looks for each that the database names.
std::vector<Finding> check_artifacts(const Options& options, Database* database) {
  auto store = ArtifactStore::open(options.state / "artifacts");
  const auto entries = store ? store->list() : store.error();
  if (!entries) return {{"artifacts", false, entries.error().message}};
  std::vector<Finding> out;
  std::int64_t bytes = 0;
  for (const auto& entry : *entries) {
    bytes += entry.artifact.bytes;
    if (const Status whole = store->verify(entry.artifact.digest); !whole)
      out.push_back({"artifact", false, whole.error().message});
  }
  const auto named =
      database == nullptr ? std::vector<std::string>() : named_artifacts(*database).value_or({});
  for (const auto& digest : named)
    if (!store->get(digest))
      out.push_back({"artifact", false,
                     "artifact " + digest + ", which the database names, is missing in '" +
                         store->root().string() + "'; bring it back from a backup"});
  if (out.empty())
    out.push_back({"artifacts", true,
                   std::to_string(entries->size()) + " with " + std::to_string(bytes >> 20) +
                       " MiB are what their digests say"});
  return out;
}

/// A few names, and how many more there are.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) out += " and " + std::to_string(names.size() - kShown) + " more";
  return out;
}

std::vector<Finding> examine_dags(const std::vector<DagRow>& dags, Time now) {
  constexpr Duration kTolerance = std::chrono::minutes{2};
  std::vector<std::string> broken, retired, ahead;
  for (const auto& dag : dags) {
    if (!dag.out_of_order.empty())
      broken.push_back("'" + dag.key().text() + "': " + dag.out_of_order);
    if (!dag.retired.empty()) retired.push_back("'" + dag.key().text() + "' (" + dag.source + ")");
    if (dag.last_logical_date.value_or(now) > now + kTolerance)
      ahead.push_back("'" + dag.key().text() + "' " + format_rfc3339(*dag.last_logical_date));
  }
  std::vector<Finding> out;
  std::string detail = std::to_string(dags.size() - retired.size()) + " with a file";
  if (!retired.empty()) detail += "; retired, since no file declares them: " + listed(retired);
  if (!broken.empty()) detail = "out of order: " + listed(broken);
  out.push_back({"DAGs", broken.empty(), detail});
  if (!ahead.empty())
    out.push_back({"schedules", true,
                   "runs were created while the clock was ahead, and their dates are left out when "
                   "they come: " +
                       listed(ahead)});
  return out;
}

std::vector<Finding> check_database(const Options& options, std::unique_ptr<Database>& kept) {
  DatabaseOptions database;
  database.patience = std::chrono::seconds{3};
  database.dsn = options.db;
  if (options.db.empty()) {
    const auto dsn = PrivateCluster::dsn_of(options.state);
    if (!dsn) return {{"database", true, "private cluster, not running: 'millrace up' starts it"}};
    database.dsn = *dsn;
  }
  auto opened = Database::open(database);
  if (!opened) return {{"database", false, opened.error().message}};
  std::vector<Finding> out = {{"database", true, (*opened)->description()}};
  auto health = examine(**opened, SystemClock());
  if (!health) {
    const bool is_new = health.error().code == ErrorCode::not_found;
    out.push_back({"schema", is_new, health.error().message});
    return out;
  }
  std::ranges::move(*health, std::back_inserter(out));
  PgStore store(**opened);
  if (const auto dags = store.stores().runs.dags())
    std::ranges::move(examine_dags(*dags, SystemClock().now()), std::back_inserter(out));
  kept = *std::move(opened);
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
  const auto address = read_engine_address(options);
  if (!address) return {"engine", true, "not running: 'millrace up' starts it"};
  if (process_state(address->pid) == 'T')
    return {
        "engine", false,
        "process " + std::to_string(address->pid) +
            " is stopped (SIGSTOP): 'kill -CONT' lets it go on; if another engine leads by then, "
            "it ends its own runners first"};
  const auto ready = client_of(options, *address).get("/readyz");
  if (!ready) return {"engine", false, address->api + " does not answer: " + ready.error().message};
  return {"engine", true, address->api};
}

Finding check_dags(const Options& options) {
  const auto found = find_yaml_files(options.dags);
  if (!found) return {"DAG files", true, "none in '" + options.dags.string() + "'"};
  const auto& files = found->resources;
  const Catalog catalog = builtin_catalog();
  const Templates templates = Templates::read(found->templates, catalog);
  std::vector<Resource> loaded;
  std::set<std::string> bad;
  for (const auto& file : files) {
    loaded.push_back(load_resource_file(file, catalog, builtin_kinds(), templates));
    if (!loaded.back().ok()) bad.insert(file.string());
  }
  for (const auto& one : check_twins(loaded)) bad.insert(one.file);
  for (const auto& one : check_together(loaded, catalog))
    if (one.severity == Diagnostic::Severity::error) bad.insert(one.file);
  if (!bad.empty())
    return {"DAG files", false,
            std::to_string(bad.size()) + " with errors; 'millrace lint' shows them"};
  return {"DAG files", true, std::to_string(files.size()) + " without errors"};
}

Result<int> doctor(const Options& options, bool deep) {
  std::vector<Finding> findings = {check_programs(options), check_state(options)};
  std::ranges::move(check_disks(options), std::back_inserter(findings));
  std::unique_ptr<Database> database;
  std::ranges::move(check_database(options, database), std::back_inserter(findings));
  findings.push_back(check_spool(options));
  if (deep)
    std::ranges::move(check_artifacts(options, database.get()), std::back_inserter(findings));
  findings.push_back(check_engine(options));
  findings.push_back(check_dags(options));
  bool well = true;
  Json all = Json::array();
  TerminalTable table({"", "WHAT", "DETAIL"});
  for (const auto& finding : findings) {
    well = well && finding.ok;
    all.push_back(
        Json::object({{"what", finding.what}, {"ok", finding.ok}, {"detail", finding.detail}}));
    table.add({paint(finding.ok ? "ok" : "failed"), finding.what, finding.detail});
  }
  std::fputs(options.json ? (all.dump_pretty() + "\n").c_str() : table.to_string().c_str(), stdout);
  return well ? 0 : 1;
}

}  // namespace

VerbAction declare_doctor(CLI::App& verb, Options& options) {
  auto deep = std::make_shared<bool>(false);
  verb.add_flag("--deep", *deep, "Also read every artifact and compare it with its digest");
  add_dags_option(verb, options);
  return [&options, deep] { return doctor(options, *deep); };
}

}  // namespace millrace
