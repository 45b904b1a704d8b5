// backup and restore, with all that can go wrong on the way: either a verified copy or an error.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/artifact/artifact_store.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

class Backup : public ::testing::Test {
 protected:
  Backup() {
    fs::create_directories(folder_.path() / "dags");
    std::ofstream(folder_.path() / "rows.csv") << "k,v\n1,2\n3,4\n";
    std::ofstream(folder_.path() / "dags" / "table.yaml")
        << "dag: table\ntasks:\n  t: {operator: ingest.file, with: {path: "
        << (folder_.path() / "rows.csv").string() << "}}\n";
  }
  /// With a run that has stored artifacts.
  std::unique_ptr<Up> up() {
    auto out = std::make_unique<Up>(state(), folder_.path() / "dags");
    EXPECT_TRUE(
        eventually([&] { return out->get("/dags/table")["dag"]["dag"].as_view() == "table"; }));
    EXPECT_EQ(out->run("table", Json::object()), "success");
    return out;
  }
  fs::path state() const { return folder_.path() / "state"; }
  fs::path backup_folder() const { return folder_.path() / "backup"; }
  Finished back_up() {
    return millrace({"--state", state().string(), "backup", backup_folder().string()});
  }
  Finished restore(const std::string& to) {
    return millrace(
        {"--state", (folder_.path() / to).string(), "restore", backup_folder().string()});
  }
  static ArtifactStore store(const fs::path& state) {
    return *ArtifactStore::open(state / "artifacts");
  }
  static StoredArtifact first_of(const fs::path& state) {
    return store(state).list()->front().artifact;
  }
  static void cut_short(const fs::path& file) {
    fs::permissions(file, fs::perms::owner_all);
    fs::resize_file(file, fs::file_size(file) / 2);
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  TempFolder folder_;
};

TEST_F(Backup, IsForItsOwnerOnly) {
  const auto engine = up();
  ASSERT_EQ(back_up().exit_code, 0);
  EXPECT_EQ(mode_of(backup_folder()), 0700u);
  EXPECT_EQ(mode_of(backup_folder() / "database.dump"), 0600u);
  EXPECT_EQ(mode_of(backup_folder() / "backup.json"), 0600u);
}

// A copy that a full disk or a power cut had cut short kept its name, and was skipped for ever.
TEST_F(Backup, RepairsWhatAnEarlierOneLeftHalf) {
  const auto engine = up();
  ASSERT_EQ(back_up().exit_code, 0);
  const StoredArtifact copy = first_of(backup_folder());
  cut_short(copy.path);
  const Finished refused = restore("refused");
  EXPECT_EQ(refused.exit_code, traits(ErrorCode::data_damaged).exit_code) << refused.out;
  EXPECT_NE(refused.out.find("artifact " + copy.digest + " is damaged"), std::string::npos)
      << refused.out;
  ASSERT_EQ(back_up().exit_code, 0);
  EXPECT_TRUE(store(backup_folder()).verify(copy.digest).ok());
  const Finished restored = restore("restored");
  EXPECT_EQ(restored.exit_code, 0) << restored.out;
}

TEST_F(Backup, OfADamagedArtifactIsAnError) {
  const auto engine = up();
  const StoredArtifact damaged = first_of(state());
  cut_short(damaged.path);
  const Finished told = back_up();
  EXPECT_EQ(told.exit_code, traits(ErrorCode::data_damaged).exit_code) << told.out;
  EXPECT_NE(told.out.find(damaged.digest), std::string::npos) << told.out;
  EXPECT_FALSE(fs::exists(backup_folder() / "database.dump"));
}

TEST_F(Backup, OfAMissingArtifactIsAnError) {
  const auto engine = up();
  const StoredArtifact missing = first_of(state());
  fs::remove(missing.path);
  const Finished told = back_up();
  EXPECT_EQ(told.exit_code, traits(ErrorCode::data_damaged).exit_code) << told.out;
  EXPECT_NE(told.out.find(missing.digest), std::string::npos) << told.out;
}

TEST_F(Backup, ThatLacksSomethingIsNotRestored) {
  const auto engine = up();
  ASSERT_EQ(back_up().exit_code, 0);
  fs::copy(backup_folder(), folder_.path() / "kept", fs::copy_options::recursive);
  const auto refuse = [&](const std::string& what, const std::function<void()>& damage) {
    damage();
    const Finished told = restore("refused");
    EXPECT_NE(told.exit_code, 0) << what;
    fs::remove_all(backup_folder());
    fs::remove_all(folder_.path() / "refused");
    fs::copy(folder_.path() / "kept", backup_folder(), fs::copy_options::recursive);
  };
  refuse("a missing artifact", [&] { fs::remove(first_of(backup_folder()).path); });
  refuse("a dump cut short", [&] { cut_short(backup_folder() / "database.dump"); });
  refuse("no dump", [&] { fs::remove(backup_folder() / "database.dump"); });
  refuse("contents cut short", [&] { cut_short(backup_folder() / "backup.json"); });
  refuse("no artifacts", [&] { fs::remove_all(backup_folder() / "artifacts"); });
  // As an earlier version made it: the database tells what is missing.
  refuse("an old backup without an artifact", [&] {
    fs::remove(backup_folder() / "backup.json");
    fs::remove(first_of(backup_folder()).path);
  });
  EXPECT_EQ(restore("restored").exit_code, 0);
}

TEST_F(Backup, ThatIsKilledLeavesTheEarlierOneWhole) {
  const auto engine = up();
  ASSERT_EQ(back_up().exit_code, 0);
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(engine->run("table", Json::object()), "success");
    Program program({binary(), "--state", state().string(), "backup", backup_folder().string()});
    eventually([&] { return fs::exists(backup_folder() / "database.dump.new"); },
               std::chrono::seconds{10});
    for (int spin = 0; spin < i * 40; ++spin) (void)fs::exists(backup_folder() / "backup.json");
    program.signal(SIGKILL);
    program.wait(std::chrono::seconds{10});
    const Finished told = restore("restored" + std::to_string(i));
    EXPECT_EQ(told.exit_code, 0) << told.out;
  }
}

// Files that may grow to so many blocks of 512 bytes and no further, as on a disk that gets full.
TEST_F(Backup, ThatFindsNoRoomIsAnErrorOrWhole) {
  const auto engine = up();
  int refused = 0, whole = 0;
  for (const int blocks : {0, 1, 2, 4, 8, 32, 128, 512, 4096}) {
    Program program({"/bin/sh", "-c",
                     "ulimit -f " + std::to_string(blocks) + "; exec " + binary() + " --state " +
                         state().string() + " backup " + backup_folder().string()});
    const bool said_good = program.wait(std::chrono::seconds{60}).exit_code == 0;
    const std::string to = "restored" + std::to_string(blocks);
    const bool restored = restore(to).exit_code == 0;
    EXPECT_EQ(said_good, restored) << blocks << " blocks";
    (restored ? whole : refused) += 1;
    if (!restored) continue;
    const Finished doctor =
        millrace({"--state", (folder_.path() / to).string(), "doctor", "--deep"});
    EXPECT_EQ(doctor.out.find("damaged"), std::string::npos) << doctor.out;
  }
  EXPECT_GT(refused, 2);
  EXPECT_GT(whole, 0);
}

TEST_F(Backup, ARestoredEngineLeadsAtOnce) {
  {
    const auto engine = up();
    ASSERT_EQ(back_up().exit_code, 0);
  }
  ASSERT_EQ(restore("restored").exit_code, 0);
  const Finished told =
      millrace({"--state", (folder_.path() / "restored").string(), "doctor", "--deep"});
  EXPECT_NE(told.out.find("are what their digests say"), std::string::npos) << told.out;
}

// --- what doctor sees of it ---

TEST_F(Backup, DoctorFindsDamageWhenItReadsEverything) {
  const auto engine = up();
  const auto doctor = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", state().string(), "doctor"});
    return millrace(words);
  };
  EXPECT_EQ(doctor({"--deep"}).exit_code, 0) << doctor({"--deep"}).out;
  const StoredArtifact damaged = first_of(state());
  cut_short(damaged.path);
  const Finished told = doctor({"--deep"});
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_NE(told.out.find(damaged.digest), std::string::npos) << told.out;
  fs::remove(damaged.path);
  EXPECT_NE(doctor({"--deep"}).out.find("is missing in"), std::string::npos);
}

TEST_F(Backup, ATaskThatReadsDamageSaysSo) {
  std::ofstream(folder_.path() / "dags" / "check.yaml")
      << "dag: check\nparams: {table: {type: string}}\ntasks:\n"
         "  c: {operator: validate, with: {input: \"${{ params.table }}\", expectations: []}}\n";
  const auto engine = up();
  ASSERT_TRUE(
      eventually([&] { return engine->get("/dags/check")["dag"]["dag"].as_view() == "check"; }));
  std::string table;
  const std::string run = engine->get("/runs")["runs"].at(0)["run"].as_string();
  const Json artifacts = engine->get("/runs/" + run + "/artifacts");
  for (const auto& row : artifacts.items())
    if (row["kind"].as_view() == "table") table = row["digest"].as_string();
  ASSERT_FALSE(table.empty()) << artifacts.dump();
  const Json params = Json::object({{"table", table}});
  EXPECT_EQ(engine->run("check", params), "success");
  const fs::path file = store(state()).get(table)->path;
  fs::permissions(file, fs::perms::owner_all);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).put('X');
  EXPECT_EQ(engine->run("check", params), "failed");
  const std::string failed = engine->get("/runs")["runs"].at(0)["run"].as_string();
  const std::string attempts = engine->get_text("/api/v1/runs/" + failed + "/tasks/c/attempts");
  EXPECT_NE(attempts.find("artifact " + table + " is damaged"), std::string::npos) << attempts;
}

// --- state folders ---

TEST_F(Backup, TheStateFolderMayHaveACommaAndItsArtifactsMayBeALink) {
  const fs::path state = folder_.path() / "with, comma", shared = folder_.path() / "shared";
  fs::create_directories(state);
  fs::create_directories(shared);
  fs::create_directory_symlink(shared, state / "artifacts");
  Up up(state, folder_.path() / "dags");
  ASSERT_TRUE(eventually([&] { return up.get("/dags/table")["dag"]["dag"].as_view() == "table"; }));
  EXPECT_EQ(up.run("table", Json::object()), "success");
  EXPECT_FALSE((*ArtifactStore::open(shared)).list()->empty());
}

// A single engine that was killed waited 4.5 s for its own lease.
TEST_F(Backup, AKilledEngineThatIsStartedAgainLeadsAtOnce) {
  const auto first = up();
  first->program().signal(SIGKILL);
  first->program().wait(std::chrono::seconds{20});
  Up again(state(), folder_.path() / "dags");
  const Json health = *Json::parse(again.get_text("/readyz"));
  EXPECT_TRUE(health["leader"].as_bool());
  const std::string log = millrace({"--state", state().string(), "doctor"}).out;
  EXPECT_NE(log.find("epoch 2"), std::string::npos) << log;
}

}  // namespace
}  // namespace millrace::e2e
