#include <cstdlib>
#include <memory>
#include <set>
#include <thread>

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
using std::chrono::seconds;

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
    // Both have one store of artifacts.
    fs::create_directories(state(0) / "artifacts");
    for (std::size_t i = 1; i < machines_.size(); ++i) {
      fs::create_directories(state(i));
      fs::create_directory_symlink(state(0) / "artifacts", state(i) / "artifacts");
    }
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
  void set(std::size_t which, seconds by) {
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

/// The course of an attack: what was promised, and which promises were broken.
class ClockAttack {
 public:
  ClockAttack(const AttackOptions& options, int engines, AttackReport& report)
      : options_(options), report_(report), rng_(options.seed), world_(options.folder, engines) {}

  /// One model serves, and another is held for hours in its canary.
  void begin() {
    began_ = minute();
    if (run("learn", "learn", Json::object()) != "success") complain("no model was learnt");
    for (std::size_t i = 0; held_.empty() && i < world_.engines(); ++i)
      held_ = world_.engine(i).trigger("hold", "hold", Json::object());
    if (!time_until([&] { return canaries() == "1"; }, Seconds{60}))
      complain("the canary did not begin");
    work(0);
  }

  void set_a_clock() {
    const std::string epoch = world_.query("SELECT epoch FROM millrace.leader");
    const hours by{static_cast<int>(rng_.below(2 * kMostHours + 1)) - kMostHours};
    world_.set(rng_.below(world_.engines() + 2), by);
    std::this_thread::sleep_for(std::chrono::milliseconds{2500});
    if (const auto now = world_.query("SELECT epoch FROM millrace.leader"); now != epoch)
      complain("the clock deposed a healthy leader: epoch " + epoch + ", then " + now);
    // A new term looks at history and schedules at once.
    if (report_.made % 2 == 0) {
      world_.restart(rng_.below(world_.engines()));
      std::this_thread::sleep_for(std::chrono::milliseconds{2500});
    }
    work(report_.made + 1);
    world_.set(world_.engines() + 1, hours{0});
    work(options_.times + report_.made + 1);
    compare();
    options_.progress("set " + std::to_string(report_.made + 1) + " by " +
                      std::to_string(by.count()) + " h: " + std::to_string(runs_.size()) + " runs");
  }

  void end() {
    const std::string until = minute();
    if (const auto twice =
            world_.query("SELECT count(*) FROM (SELECT FROM millrace.run WHERE type = 'scheduled' "
                         "GROUP BY dag, logical_date HAVING count(*) > 1) AS t");
        twice != "0")
      complain(twice + " dates of schedules came twice");
    // Each true minute has its run; one may pass while a clock is wrong or an engine begins.
    const std::string ticks =
        " FROM millrace.run WHERE dag = 'tick' AND type = 'scheduled' AND logical_date BETWEEN '" +
        began_ + "' AND '" + until + "'";
    if (const auto gap = world_.query("SELECT max(gap) >= '3 minutes' FROM (SELECT logical_date - "
                                      "lag(logical_date) OVER (ORDER BY logical_date) AS gap" +
                                      ticks + ") AS t");
        gap == "t")
      complain("the schedule stood still for three minutes");
    report_.counts["minutes with a run"] =
        std::atoll(world_.query("SELECT count(*)" + ticks).c_str());
    report_.counts["dates of wrong clocks"] =
        std::atoll(world_
                       .query("SELECT count(*) FROM millrace.run WHERE dag = 'tick' AND "
                              "logical_date NOT BETWEEN '" +
                              began_ + "' AND '" + until + "'")
                       .c_str());
    expect_next_minute();
    report_.counts["runs"] = static_cast<std::int64_t>(runs_.size());
    report_.counts["canary looks"] = std::atoll(
        world_.query("SELECT count(*) FROM millrace.journal WHERE run = '" + held_ + "'").c_str());
  }

 private:
  void complain(const std::string& what) {
    report_.complaints.push_back("set " + std::to_string(report_.made) + ": " + what);
  }
  static std::string minute() {
    return format_rfc3339(std::chrono::floor<std::chrono::minutes>(SystemClock().now()));
  }
  std::string canaries() const {
    return world_.query("SELECT count(*) FROM millrace.deployment WHERE candidate <> ''");
  }

  std::string run(const std::string& dag, const std::string& key, const Json& params) {
    std::string status;
    time_until(
        [&] {
          for (std::size_t i = 0; i < world_.engines(); ++i) {
            const std::string run = world_.engine(i).trigger(dag, key, params);
            if (run.empty()) continue;
            runs_.insert(run);
            status = world_.engine(i).wait_for(run, 60);
            return true;
          }
          return false;
        },
        Seconds{60});
    return status;
  }
  void work(int n) {
    if (run("work", "c" + std::to_string(n), Json::object({{"n", n}})) != "success")
      complain("run " + std::to_string(n) + " did not succeed");
  }

  void compare() {
    const std::string dropped =
        world_.query("SELECT count(*) FROM millrace.period WHERE dropped_at IS NOT NULL");
    if (dropped != "0") complain(dropped + " periods of history were dropped");
    for (const auto& run : runs_)
      if (world_.query("SELECT count(*) FROM millrace.run WHERE run = '" + run + "'") != "1")
        complain("run " + run + " is gone");
    const std::string decided = world_.query(
        "SELECT count(*) FROM millrace.deployment_event WHERE action IN ('promote', 'rollback')");
    if (canaries() != "1" || decided != "1") complain("the canary was decided");
  }

  /// The schedule is not stuck. So as not to wait for it, the clocks go on to the next minute.
  void expect_next_minute() {
    const auto count = [&] {
      return world_.query("SELECT count(*) FROM millrace.run WHERE dag = 'tick'");
    };
    const std::string before = count();
    const auto now = SystemClock().now();
    const auto next = std::chrono::ceil<std::chrono::minutes>(now);
    world_.set(world_.engines() + 1, std::chrono::ceil<seconds>(next - now) + seconds{1});
    if (!time_until([&] { return count() != before; }, Seconds{30}))
      complain("the schedule does not go on");
  }

  const AttackOptions& options_;
  AttackReport& report_;
  Rng rng_;
  World world_;
  std::set<std::string> runs_;
  std::string held_, began_;
};

}  // namespace

AttackReport set_clocks(const AttackOptions& options, int engines) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  write_attack_dags(options.folder);
  AttackReport report;
  report.name = "set clocks, " + std::to_string(engines) + (engines == 1 ? " engine" : " engines");
  ClockAttack attack(options, engines, report);
  attack.begin();
  for (; report.made < options.times; ++report.made) attack.set_a_clock();
  attack.end();
  return report;
}

}  // namespace millrace::chaos
