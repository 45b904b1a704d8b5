#include <fstream>
#include <stdexcept>

#include "engine/artifact/artifact_store.h"
#include "engine/base/clock.h"
#include "tests/chaos/attack_dags.h"
#include "tests/chaos/attacks.h"
#include "tests/chaos/single.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

void flip(const fs::path& path, std::uint64_t bit) {
  fs::permissions(path, fs::perms::owner_all);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(bit / 8));
  const int byte = file.get() ^ (1 << (bit % 8));
  file.seekp(static_cast<std::streamoff>(bit / 8));
  file.put(static_cast<char>(byte));
}

bool names_damage(const std::string& text, const std::string& digest) {
  return text.find("artifact " + digest + " is damaged") != std::string::npos;
}

/// What the run's task failed with.
std::string error_of(const Single& engine, const std::string& run) {
  const Json tasks = engine.get("/runs/" + run + "/tasks");
  for (const auto& task : tasks.items())
    if (const Json attempts =
            engine.get("/runs/" + run + "/tasks/" + task["task"].as_string() + "/attempts");
        attempts.size() > 0)
      return attempts.dump();
  return "";
}

class Flipping {
 public:
  Flipping(const fs::path& folder, AttackReport& report)
      : folder_(folder), engine_(folder / "state", folder / "dags"), report_(report) {}

  /// Tables that a task reads, and whatever else was stored.
  void fill() {
    for (int n = 0; n < 10; ++n) {
      const std::string run = trigger("work", Json::object({{"n", n}}));
      if (engine_.wait_for(run, 60) != "success") throw std::runtime_error("a run failed");
      const Json artifacts = engine_.get("/runs/" + run + "/artifacts");
      for (const auto& row : artifacts.items())
        if (row["kind"].as_view() == "table") tables_.push_back(row["digest"].as_string());
    }
    if (engine_.wait_for(trigger("learn", Json::object({})), 90) != "success")
      throw std::runtime_error("no model was shipped");
    if (tables_.empty()) throw std::runtime_error("no table was stored");
  }

  void once(Rng& rng) {
    auto store = ArtifactStore::open(folder_ / "state" / "artifacts");
    const auto entries = store->list();
    const std::string table = tables_[rng.below(tables_.size())];
    const bool by_task = report_.made % 4 != 3;
    const StoredArtifact victim =
        by_task ? *store->get(table) : (*entries)[rng.below(entries->size())].artifact;
    const std::uint64_t bit = rng.below(static_cast<std::uint64_t>(victim.bytes) * 8);
    flip(victim.path, bit);
    expect("a download", names_damage(download(victim.digest), victim.digest));
    if (by_task) {
      const std::string run = trigger("check", Json::object({{"table", victim.digest}}));
      expect("a task", engine_.wait_for(run, 60) == "failed" &&
                           names_damage(error_of(engine_, run), victim.digest));
    } else {
      const Told doctor = tell(folder_ / "state", {"doctor", "--deep"});
      expect("doctor", doctor.exit_code != 0 && names_damage(doctor.out, victim.digest));
      const Told backup = tell(folder_ / "state", {"backup", (folder_ / "backup").string()});
      expect("backup", backup.exit_code != 0 && names_damage(backup.out, victim.digest));
      fs::remove_all(folder_ / "backup");
    }
    flip(victim.path, bit);
  }

 private:
  std::string trigger(const std::string& dag, const Json& params) {
    return engine_.trigger_once_read(dag, "bits" + std::to_string(next_++), params);
  }
  std::string download(const std::string& digest) {
    return engine_.answer("/api/v1/artifacts/" + digest + "/content");
  }
  void expect(const std::string& reader, bool named) {
    ++report_.counts["readings by " + reader];
    if (!named)
      report_.complaints.push_back("flip " + std::to_string(report_.made) + " was not named by " +
                                   reader);
  }

  const fs::path folder_;
  Single engine_;
  AttackReport& report_;
  std::vector<std::string> tables_;
  int next_ = 0;
};

}  // namespace

AttackReport flip_bits(const AttackOptions& options) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  write_attack_dags(options.folder);
  AttackReport report;
  report.name = "bit flips";
  Rng rng(options.seed);
  Flipping flipping(options.folder, report);
  flipping.fill();
  for (; report.made < options.times; ++report.made) {
    flipping.once(rng);
    if (report.made % 20 == 19) options.progress(std::to_string(report.made + 1) + " bits flipped");
  }
  return report;
}

}  // namespace millrace::chaos
