#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "tests/chaos/attack_dags.h"
#include "tests/chaos/attacks.h"
#include "tests/chaos/engines.h"
#include "tests/chaos/power.h"
#include "tests/chaos/single.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

/// What the engine has said to its clients.
struct Promises {
  std::set<std::string> runs;
  std::map<std::string, std::string> logs;  // by run, of task `a`
  std::set<std::string> artifacts;
  std::int64_t predictions = 0;  // spooled or stored, over all lives of the engine
};

/// Clients that note what they are told, until they are stopped.
class Clients {
 public:
  Clients(const Single& engine, Promises& promises, int& next)
      : engine_(engine), promises_(promises), next_(next), before_(promises.predictions) {
    threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] { predict(); });
  }
  ~Clients() {
    stopping_ = true;
    for (auto& thread : threads_) thread.join();
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

 private:
  void work() {
    while (!stopping_) {
      const int n = next_++;
      const std::string run =
          engine_.trigger("work", "n" + std::to_string(n), Json::object({{"n", n}}));
      if (run.empty()) continue;
      promises_.runs.insert(run);
      open_.push_back(run);
      note_ended();
    }
  }
  /// What is shown of the oldest runs has been stored.
  void note_ended() {
    while (!open_.empty() && !stopping_) {
      const std::string& run = open_.front();
      if (engine_.get("/runs/" + run)["status"].as_view() != "success") return;
      if (const auto log = engine_.text("/api/v1/runs/" + run + "/tasks/a/logs"))
        promises_.logs[run] = *log;
      const Json artifacts = engine_.get("/runs/" + run + "/artifacts");
      for (const auto& row : artifacts.items())
        promises_.artifacts.insert(row["digest"].as_string());
      open_.erase(open_.begin());
    }
  }
  void predict() {
    while (!stopping_) {
      engine_.infer();
      const double logged = engine_.metric("prediction_log_logged_total");
      if (logged > 0) promises_.predictions = before_ + static_cast<std::int64_t>(logged);
    }
  }

  const Single& engine_;
  Promises& promises_;  // runs, logs and artifacts of the one thread, predictions of the other
  int& next_;
  const std::int64_t before_;
  std::vector<std::string> open_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

void compare(const Single& engine, const fs::path& state, const Promises& promises,
             AttackReport& report) {
  const auto miss = [&](const std::string& what) {
    report.complaints.push_back("after cut " + std::to_string(report.made) + ": " + what);
  };
  for (const auto& run : promises.runs)
    if (engine.get("/runs/" + run)["run"].as_view() != run) miss("run " + run + " is missing");
  for (const auto& [run, log] : promises.logs)
    if (const auto now = engine.text("/api/v1/runs/" + run + "/tasks/a/logs"); now != log)
      miss("the log of run " + run + " is '" + now.value_or("(none)") + "' and was '" + log + "'");
  for (const auto& digest : promises.artifacts)
    if (!engine.text("/api/v1/artifacts/" + digest + "/content"))
      miss("artifact " + digest + " cannot be read");
  const auto stored = [&] {
    const std::string count = ask(state, "SELECT count(*) FROM millrace.prediction");
    return count.empty() ? 0 : std::stoll(count);
  };
  if (!time_until([&] { return stored() >= promises.predictions; }, Seconds{20}))
    miss(std::to_string(promises.predictions) + " predictions were kept, and " +
         std::to_string(stored()) + " are stored");
  if (const Told doctor = tell(state, {"doctor", "--deep"});
      doctor.out.find("damaged") != std::string::npos ||
      doctor.out.find("missing") != std::string::npos)
    miss("doctor says " + doctor.out);
}

/// A backup that was made under the cut is whole, or restore refuses it.
void compare_backup(const fs::path& folder, const fs::path& backup, bool was_said_good,
                    AttackReport& report) {
  if (!fs::exists(backup / "database.dump")) {
    if (was_said_good)
      report.complaints.push_back("cut " + std::to_string(report.made) + " took a good backup");
    return;
  }
  const fs::path restored = folder / "restored";
  fs::remove_all(restored);
  const Told told = tell(restored, {"restore", backup.string()});
  ++report.counts[told.exit_code == 0 ? "backups restored" : "backups refused"];
  if (told.exit_code != 0 && was_said_good)
    report.complaints.push_back("cut " + std::to_string(report.made) +
                                " damaged a good backup: " + told.out);
  if (told.exit_code == 0 &&
      tell(restored, {"doctor", "--deep"}).out.find("damaged") != std::string::npos)
    report.complaints.push_back("restore was content with damage");
  fs::remove_all(restored);
}

}  // namespace

AttackReport cut_power(const AttackOptions& options) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  write_attack_dags(options.folder);
  const auto power = PowerSupply::make(options.folder / "power");
  AttackReport report;
  report.name = "power cuts (" + power->name() + ")";
  Rng rng(options.seed);
  Promises promises;
  int next = 0;
  const fs::path dags = options.folder / "dags", backup = power->state().parent_path() / "backup";
  bool backup_is_good = false;
  for (; report.made < options.times; ++report.made) {
    Single engine(power->state(), dags, {}, power->environment());
    if (report.made == 0) {
      const auto data = PrivateCluster::data_of(power->state());
      if (!data || !data->string().starts_with(fs::canonical(power->state()).string()))
        throw std::runtime_error(
            "PostgreSQL's data is not on the disk under attack; name a "
            "--folder that its user can enter");
      const std::string learnt = engine.trigger_once_read("learn", "learn", Json::object({}));
      if (engine.wait_for(learnt, 90) != "success")
        throw std::runtime_error("no model was shipped: " + engine.get("/runs/" + learnt).dump());
    } else {
      compare(engine, power->state(), promises, report);
      if (report.made % 10 == 1) {
        compare_backup(options.folder, backup, backup_is_good, report);
        backup_is_good = false;
      }
    }
    {
      Clients clients(engine, promises, next);
      if (report.made % 10 == 0)
        backup_is_good = tell(power->state(), {"backup", backup.string()}).exit_code == 0;
      std::this_thread::sleep_for(std::chrono::milliseconds{500 + rng.below(2500)});
      power->cut();
      engine.kill_all();
    }
    power->restore();
    options.progress("cut " + std::to_string(report.made + 1) + ": " +
                     std::to_string(promises.runs.size()) + " runs, " +
                     std::to_string(promises.artifacts.size()) + " artifacts, " +
                     std::to_string(promises.predictions) + " predictions so far");
  }
  Single engine(power->state(), dags);
  compare(engine, power->state(), promises, report);
  report.counts["acknowledged triggers"] = static_cast<std::int64_t>(promises.runs.size());
  report.counts["artifacts"] = static_cast<std::int64_t>(promises.artifacts.size());
  report.counts["logs"] = static_cast<std::int64_t>(promises.logs.size());
  report.counts["predictions"] = promises.predictions;
  return report;
}

}  // namespace millrace::chaos
