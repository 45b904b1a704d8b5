// A second kind of resource needs nothing but its row in the table of kinds: files of it are
// registered, kept in versions, reported, loaded again and retired as those of DAGs are.
#include "engine/node/resource_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/sched/leader.h"
#include "engine/store/mem_store.h"
#include "operators/catalog.h"
#include "tests/spec/monitor_kind.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

class IdleExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt>) override {}
  void cancel(const AttemptKey&, bool) override {}
  void kill_all() override {}
};

class StillClock final : public Clock {
 public:
  Time now() const override { return *parse_rfc3339("2026-03-01T10:30:00Z"); }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point{hours{1}};
  }
};

class ResourceFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(path_);
    fs::create_directories(path_);
    lead();
    watch();
  }
  void TearDown() override { fs::remove_all(path_); }

  void lead() {
    leader_.reset();
    const auto lease = stores_.leadership.acquire(kMainShard, "one", hours{10}, "one");
    ASSERT_TRUE(lease.ok() && lease->has_value());
    auto leader =
        Leader::take_office(PlannerOptions{}, **lease, stores_, executor_, clock_, Rng(1));
    ASSERT_TRUE(leader.ok()) << leader.error().message;
    leader_ = *std::move(leader);
  }
  void watch() {
    folder_ = std::make_unique<ResourceFolder>(ResourceFolderParts{
        path_, catalog_, [this](SyncDags found) { step(std::move(found)); }, kinds_});
  }
  void step(SyncDags found) {
    const auto report = leader_->step({std::move(found)});
    ASSERT_TRUE(report.ok());
    for (const auto& event : report->durable) {
      Json json = to_json(event.body);
      events_.push_back(json["kind"].as_string() + " " +
                        json["resource"].as_string(json["dag"].as_view()));
    }
  }
  void write(const std::string& name, std::string_view text) {
    std::ofstream(path_ / name) << text;
  }
  /// Events of a look after `later`.
  std::vector<std::string> look(std::chrono::milliseconds later = {}) {
    events_.clear();
    steady_ += later;
    folder_->scan(steady_);
    return std::exchange(events_, {});
  }
  ResourceRow row(std::string_view kind, std::string_view name) {
    const auto rows = stores_.runs.resources();
    EXPECT_TRUE(rows.ok());
    for (const auto& row : *rows)
      if (row.kind == kind && row.name == name) return row;
    ADD_FAILURE() << "there is no " << kind << " " << name;
    return {};
  }
  /// The message of the file's first diagnostic; "": it has none.
  std::string report(const std::string& name) {
    const auto rows = stores_.runs.dag_file_errors();
    EXPECT_TRUE(rows.ok());
    for (const auto& row : *rows)
      if (row.source == (path_ / name).string())
        return row.diagnostics.at(0)["message"].as_string();
    return "";
  }

  using Events = std::vector<std::string>;
  const fs::path path_ = fs::path(testing::TempDir()) / "millrace_resource_folder";
  const Catalog catalog_ = builtin_catalog();
  const ResourceKinds kinds_ = kinds_with_monitor();
  StillClock clock_;
  MemStore store_{clock_};
  Stores stores_ = store_.stores();
  IdleExecutor executor_;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<ResourceFolder> folder_;
  std::chrono::steady_clock::time_point steady_{hours{1}};
  Events events_;
};

constexpr std::string_view kDag = "dag: etl\ntasks: {a: {operator: noop}}\n";

TEST_F(ResourceFolderTest, RegistersEachKindWithADigest) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  write("etl.yaml", kDag);
  EXPECT_EQ(look(), (Events{"dag_registered etl", "resource_registered monitor"}));
  const auto monitor = row("monitor", "drift");
  EXPECT_EQ(monitor.version,
            load_resource("monitor: drift\nthreshold: 0.2\n", "x", catalog_, kinds_).version);
  EXPECT_EQ(monitor.source, (path_ / "drift.yaml").string());
  EXPECT_EQ(row("dag", "etl").version, load_resource(kDag, "x", catalog_).version);
  EXPECT_EQ(look(), Events{});
}

TEST_F(ResourceFolderTest, LoadsAChangedFileAgainAndKeepsEachVersion) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  look();
  const std::string before = row("monitor", "drift").version;
  write("drift.yaml", "# the same\nmonitor: drift\nthreshold: 0.2\n");
  EXPECT_EQ(look(), Events{});
  write("drift.yaml", "monitor: drift\nthreshold: 0.3\n");
  EXPECT_EQ(look(), Events{"resource_registered monitor"});
  const auto now = row("monitor", "drift");
  EXPECT_NE(now.version, before);
  const auto spec = [&](const std::string& version) {
    const auto stored = stores_.runs.resource_version("monitor", "default", "drift", version);
    return stored ? stored->dump_canonical() : stored.error().message;
  };
  EXPECT_EQ(spec(before), R"({"monitor":"drift","threshold":0.2})");
  EXPECT_EQ(spec(now.version), R"({"monitor":"drift","threshold":0.3})");
}

TEST_F(ResourceFolderTest, ReportsAFileWithErrorsAndKeepsTheVersionBefore) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  look();
  const auto before = row("monitor", "drift");
  write("drift.yaml", "monitor: drift\nthreshold: high\n");
  EXPECT_EQ(look(), Events{"dag_file_checked "});
  EXPECT_EQ(report("drift.yaml"), "threshold: expected a number, but 'high' is a string");
  EXPECT_EQ(row("monitor", "drift").version, before.version);
  EXPECT_EQ(row("monitor", "drift").retired, "");
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  EXPECT_EQ(look(), Events{"dag_file_checked "});
  EXPECT_EQ(report("drift.yaml"), "");
}

TEST_F(ResourceFolderTest, OfTwoFilesOneIsInForceAndTheOtherIsAnError) {
  write("a.yaml", "monitor: drift\nthreshold: 0.2\n");
  look();
  write("b.yaml", "monitor: drift\nthreshold: 0.4\n");
  EXPECT_EQ(look(), Events{"dag_file_checked "});
  const std::string a = (path_ / "a.yaml").string(), b = (path_ / "b.yaml").string();
  EXPECT_EQ(report("b.yaml"), "monitor 'drift' is declared by " + a + " and by " + b +
                                  "; the text of " + a + " is in force");
  EXPECT_EQ(row("monitor", "drift").source, a);
}

// The patience is that of DAGs: an editor that replaces a file removes it for a moment.
TEST_F(ResourceFolderTest, RetiresWhatNoFileDeclaresAnyMore) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  write("etl.yaml", kDag);
  look();
  fs::remove(path_ / "drift.yaml");
  fs::remove(path_ / "etl.yaml");
  EXPECT_EQ(look(), Events{});
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  EXPECT_EQ(look(std::chrono::milliseconds{500}), Events{});
  fs::remove(path_ / "drift.yaml");
  look(std::chrono::milliseconds{500});
  EXPECT_EQ(look(std::chrono::milliseconds{900}), Events{"resource_retired monitor"});
  EXPECT_EQ(row("monitor", "drift").retired, "no file in " + path_.string() + " declares it");
  EXPECT_EQ(row("dag", "etl").retired, "no file in " + path_.string() + " declares it");
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  EXPECT_EQ(look(), Events{"resource_registered monitor"});
  EXPECT_EQ(row("monitor", "drift").retired, "");
}

// The file may be broken by an editor, a merge or a full disk: only its removal retires.
TEST_F(ResourceFolderTest, AFileThatNoLongerDeclaresAnythingKeepsItsVersionAndIsAnError) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  write("etl.yaml", kDag);
  write("values.yaml", "a: 1\n");
  look();
  EXPECT_EQ(report("values.yaml"), "") << "it never declared anything";
  write("drift.yaml", "<<<<<<< HEAD\n");
  write("etl.yaml", "hello world\n");
  look();
  EXPECT_EQ(look(std::chrono::milliseconds{900}),
            (Events{"dag_file_checked ", "dag_file_checked "}));
  EXPECT_EQ(row("monitor", "drift").retired, "");
  EXPECT_EQ(row("dag", "etl").retired, "");
  EXPECT_EQ(report("drift.yaml"),
            "the file no longer declares monitor 'drift'; its last valid version is in force");
  EXPECT_EQ(report("etl.yaml"),
            "the file no longer declares DAG 'etl'; its last valid version is in force");
  lead();
  watch();  // as after a restart
  EXPECT_EQ(look(), Events{});
  EXPECT_EQ(row("dag", "etl").retired, "");
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  fs::remove(path_ / "etl.yaml");
  look();
  EXPECT_NE(row("dag", "etl").retired, "");
  EXPECT_EQ(report("etl.yaml"), "");
}

TEST_F(ResourceFolderTest, TheNextLeaderKnowsWhatIsRegistered) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  look();
  lead();
  watch();  // as after a restart: it has seen nothing yet
  EXPECT_EQ(look(), Events{});
  write("drift.yaml", "monitor: drift\nthreshold: 0.5\n");
  EXPECT_EQ(look(), Events{"resource_registered monitor"});
}

TEST_F(ResourceFolderTest, AnEmptyFolderRetiresOnlyWhatWasSeenInIt) {
  write("drift.yaml", "monitor: drift\nthreshold: 0.2\n");
  look();
  fs::remove(path_ / "drift.yaml");
  watch();
  EXPECT_EQ(look(hours{1}), Events{"dag_file_checked "});  // of the folder
  EXPECT_EQ(row("monitor", "drift").retired, "");
}

TEST_F(ResourceFolderTest, AWarningDoesNotKeepADagOut) {
  write("etl.yaml", kDag);
  write("start.yaml",
        "dag: start\ntasks: {a: {operator: dag.run, with: {dag: etl, params: {x: 1}}}}\n");
  EXPECT_EQ(look(), (Events{"dag_registered etl", "dag_registered start", "dag_file_checked "}));
  EXPECT_NE(report("start.yaml").find("with params that do not fit"), std::string::npos);
}

constexpr std::string_view kUse = "dag: etl\ntasks: {u: {template: t}}\n";
constexpr std::string_view kOther = "dag: other\ntasks: {a: {operator: noop}}\n";

TEST_F(ResourceFolderTest, AChangedTemplateIsANewVersionOfTheDagsThatUseIt) {
  write("t.yaml", "template: t\ntasks: {one: {operator: noop}}\n");
  write("etl.yaml", kUse);
  write("other.yaml", kOther);
  EXPECT_EQ(look(),
            (Events{"dag_registered etl", "dag_registered other", "resource_registered template"}));
  const std::string before = row("dag", "etl").version;
  write("t.yaml", "# only a comment\ntemplate: t\ntasks: {one: {operator: noop}}\n");
  EXPECT_EQ(look(), Events{});
  write("t.yaml", "template: t\ntasks: {one: {operator: noop, priority: 3}}\n");
  EXPECT_EQ(look(), (Events{"dag_registered etl", "resource_registered template"}));
  EXPECT_NE(row("dag", "etl").version, before);
}

TEST_F(ResourceFolderTest, ATemplateWithErrorsKeepsTheVersionsOfItsDags) {
  write("t.yaml", "template: t\ntasks: {one: {operator: noop}}\n");
  write("etl.yaml", kUse);
  look();
  const std::string before = row("dag", "etl").version;
  write("t.yaml", "template: t\ntasks: {one: {operator: nop}}\n");
  EXPECT_EQ(look(), (Events{"dag_file_checked ", "dag_file_checked "}));
  EXPECT_EQ(report("t.yaml"), "unknown operator 'nop'");
  EXPECT_EQ(report("etl.yaml"), "template 't' has an error: " + (path_ / "t.yaml").string() +
                                    ":2:25: unknown operator 'nop'");
  EXPECT_EQ(row("dag", "etl").version, before);
  EXPECT_EQ(row("dag", "etl").retired, "");
  write("t.yaml", "template: t\ntasks: {one: {operator: noop}}\n");
  EXPECT_EQ(look(), (Events{"dag_file_checked ", "dag_file_checked "}));
  EXPECT_EQ(report("etl.yaml"), "");
}

TEST_F(ResourceFolderTest, ADagWaitsForItsMissingTemplate) {
  write("etl.yaml", kUse);
  EXPECT_EQ(look(), Events{"dag_file_checked "});
  EXPECT_EQ(report("etl.yaml"), "there is no template 't'");
  write("t.yaml", "template: t\ntasks: {one: {operator: noop}}\n");
  EXPECT_EQ(look(),
            (Events{"dag_registered etl", "resource_registered template", "dag_file_checked "}));
  EXPECT_EQ(report("etl.yaml"), "");
  fs::remove(path_ / "t.yaml");
  look();
  look(std::chrono::milliseconds{900});
  EXPECT_EQ(report("etl.yaml"), "there is no template 't'");
  EXPECT_EQ(row("dag", "etl").retired, "");
  EXPECT_NE(row("template", "t").retired, "");
}

}  // namespace
}  // namespace millrace
