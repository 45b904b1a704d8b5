#include <memory>

#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "tests/chaos/attack_dags.h"
#include "tests/chaos/attacks.h"
#include "tests/chaos/engines.h"
#include "tests/chaos/machine.h"
#include "tests/chaos/single.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr int kMostHours = 40 * 24;
constexpr const char* kRetention = "30d";

/// One PostgreSQL and its engines on one machine, or each engine on one of its own.
class World {
 public:
  World(const fs::path& folder, int engines) : folder_(folder), server_(folder / "machine-pg") {
    for (int i = 0; i < engines; ++i)
      machines_.push_back(std::make_unique<Machine>(folder / ("machine-" + std::to_string(i))));
    if (engines == 1) {
      start(0, {});
      return;
    }
    for (const auto& entry : server_.environment())
      setenv(entry.substr(0, entry.find('=')).c_str(), entry.substr(entry.find('=') + 1).c_str(),
             1);
    cluster_ = *PrivateCluster::start(folder / "postgres");
    for (const char* name : {"LD_PRELOAD", "MILLRACE_MACHINE"}) unsetenv(name);
    for (std::size_t i = 0; i < machines_.size(); ++i) start(i, {"--db", cluster_->dsn()});
  }

  void start(std::size_t i, std::vector<std::string> options) {
    if (i >= engines_.size()) engines_.resize(i + 1);
    options_ = options;
    options.insert(options.end(), {"--retention", kRetention});
    engines_[i].reset();
    engines_[i] =
        std::make_unique<Single>(state(i), folder_ / "dags", options, machines_[i]->environment());
  }
  void restart(std::size_t i) { start(i, options_); }
  fs::path state(std::size_t i) const { return folder_ / ("engine" + std::to_string(i)); }
  std::size_t engines() const { return engines_.size(); }
  const Single& engine(std::size_t i) const { return *engines_[i]; }
  std::string query(const std::string& sql) const {
    return ask(cluster_ ? folder_ / "postgres" : state(0), sql);
  }
  /// Of all machines, of one engine, or of PostgreSQL.
  void set(std::size_t which, hours by) {
    if (engines() == 1 || which == engines()) server_.set_clock(by);
    for (std::size_t i = 0; i < machines_.size(); ++i)
      if (engines() == 1 || which == i || which > engines()) machines_[i]->set_clock(by);
    if (which > engines()) server_.set_clock(by);
  }

 private:
  fs::path folder_;
  Machine server_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::unique_ptr<PrivateCluster> cluster_;
  std::vector<std::unique_ptr<Single>> engines_;
  std::vector<std::string> options_;
};

}  // namespace

AttackReport set_clocks(const AttackOptions& options, int engines) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  write_attack_dags(options.folder);
  AttackReport report;
  report.name = "set clocks, " + std::to_string(engines) + (engines == 1 ? " engine" : " engines");
  Rng rng(options.seed);
  World world(options.folder, engines);
  const auto complain = [&](const std::string& what) {
    report.complaints.push_back("set " + std::to_string(report.made) + ": " + what);
  };
  std::map<std::string, bool> runs;
  const auto work = [&](int n) {
    for (std::size_t i = 0; i < world.engines(); ++i) {
      const std::string run =
          world.engine(i).trigger("work", "c" + std::to_string(n), Json::object({{"n", n}}));
      if (run.empty()) continue;
      runs[run] = true;
      if (world.engine(i).wait_for(run, 60) != "success") complain("run " + run + " did not end");
      return;
    }
    complain("no trigger was accepted");
  };
  work(0);
  for (; report.made < options.times; ++report.made) {
    const std::string epoch = world.query("SELECT epoch FROM millrace.leader");
    const hours by{static_cast<int>(rng.below(2 * kMostHours + 1)) - kMostHours};
    world.set(rng.below(world.engines() + 2), by);
    std::this_thread::sleep_for(std::chrono::milliseconds{2500});
    if (const auto now = world.query("SELECT epoch FROM millrace.leader"); now != epoch)
      complain("the clock deposed a healthy leader: epoch " + epoch + ", then " + now);
    // A new term looks at history at once.
    if (report.made % 2 == 0) {
      world.restart(rng.below(world.engines()));
      std::this_thread::sleep_for(std::chrono::milliseconds{2500});
    }
    work(report.made + 1);
    world.set(world.engines() + 1, hours{0});
    work(options.times + report.made + 1);
    const std::string dropped =
        world.query("SELECT count(*) FROM millrace.period WHERE dropped_at IS NOT NULL");
    if (dropped != "0") complain(dropped + " periods of history were dropped");
    for (const auto& [run, known] : runs)
      if (world.query("SELECT count(*) FROM millrace.run WHERE run = '" + run + "'") != "1")
        complain("run " + run + " is gone");
    options.progress("set " + std::to_string(report.made + 1) + " by " +
                     std::to_string(by.count()) + " h: " + std::to_string(runs.size()) + " runs");
  }
  if (const auto twice = world.query(
          "SELECT count(*) FROM (SELECT FROM millrace.run WHERE dag = 'tick' AND type = "
          "'scheduled' GROUP BY logical_date HAVING count(*) > 1) AS t");
      twice != "0")
    complain(twice + " dates of the schedule came twice");
  // The schedule is not stuck: its next minute comes.
  const std::string before = world.query("SELECT count(*) FROM millrace.run WHERE dag = 'tick'");
  if (!time_until(
          [&] {
            return world.query("SELECT count(*) FROM millrace.run WHERE dag = 'tick'") != before;
          },
          Seconds{130}))
    complain("the schedule has not gone on within two minutes");
  report.counts["runs"] = static_cast<std::int64_t>(runs.size());
  return report;
}

}  // namespace millrace::chaos
