// A database and artifacts of an earlier version (tests/e2e/upgrade) start, are upgraded, and keep
// their runs, models and deployments.
#include <gtest/gtest.h>
#include <httplib.h>

#include <map>

#include "engine/base/error.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

const std::filesystem::path kFixture =
    std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/e2e/upgrade";

/// The folder in which the fixture was made. A run goes on with the version of its DAG that it
/// began with, whose programs run there.
const std::filesystem::path kFormerDags = "/tmp/example/dags";

/// The first champion, and the version that was rolled back.
constexpr const char* kChampion =
    "140f10ad77e411ca578826e5258e87240f84f2f9793ad49dfdb7ff6b1f7e45ff";
constexpr const char* kRolledBack =
    "c91edd0e2f8269d8c65b36cf0a2a434425cf5cba80542f852e45278d78e20365";

class Upgrade : public ::testing::Test {
 protected:
  Upgrade() : made_(std::filesystem::create_directories(kFormerDags)) {
    const Finished restored = run({"restore", (kFixture / "backup").string()});
    EXPECT_EQ(restored.exit_code, 0) << restored.out;
    up_ = std::make_unique<Up>(state(), kFixture / "dags");
  }
  ~Upgrade() override {
    up_.reset();
    if (made_) std::filesystem::remove_all(kFormerDags);
  }
  std::filesystem::path state() const { return folder_.path() / "state"; }
  Finished run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--state", state().string()});
    return millrace(std::move(words));
  }
  std::string run_of(const std::string& dag) const {
    return up_->get("/runs?dag=" + dag + "&limit=1")["runs"].at(0)["run"].as_string();
  }

  void check_runs_logs_and_outputs();
  void check_that_runs_continue();
  void check_dags_and_schedules();
  void check_models_and_deployments();

  TempFolder folder_;
  std::unique_ptr<Up> up_;

 private:
  const bool made_;  // kFormerDags
};

void Upgrade::check_runs_logs_and_outputs() {
  std::map<std::string, std::string> statuses;
  const Json runs = up_->get("/runs?limit=50")["runs"];
  for (const Json& one : runs.items())
    statuses[one["dag"].as_string()] += one["status"].as_string() + " ";
  EXPECT_EQ(statuses, (std::map<std::string, std::string>{{"hello", "success "},
                                                          {"nightly", "success "},
                                                          {"open", "running "},
                                                          {"ship", "success success "}}));
  EXPECT_EQ(run({"logs", run_of("open"), "first"}).out, "first\n");
  const Json tasks = up_->get("/runs/" + run_of("ship") + "/tasks");
  ASSERT_EQ(tasks.size(), 3u);
  const std::string table = tasks.at(0)["outputs"]["table"].as_string();
  EXPECT_EQ(up_->get("/artifacts/" + table)["rows"].as_int(), 1000);
  EXPECT_NE(up_->get_text("/api/v1/artifacts/" + table + "/content"), "");
}

void Upgrade::check_that_runs_continue() {
  const std::string open = run_of("open");
  // The process of the first attempt died with its engine.
  ASSERT_TRUE(eventually([&] {
    const Json task = up_->get("/runs/" + open + "/tasks/stays");
    return task["state"].as_view() == "running" && task["attempt"].as_int() == 2;
  })) << up_->get("/runs/" + open + "/tasks").dump();
  EXPECT_EQ(run({"cancel", open}).exit_code, 0);
  EXPECT_TRUE(
      eventually([&] { return up_->get("/runs/" + open)["status"].as_view() == "cancelled"; }));
  EXPECT_EQ(up_->run("hello", Json::object()), "success");
}

void Upgrade::check_dags_and_schedules() {
  ASSERT_TRUE(eventually([&] {
    const Json dag = up_->get("/dags/nightly")["dag"];
    return dag["source"].as_string().starts_with(kFixture.string());
  })) << "the file at its new place declares the same DAG";
  const Json dag = up_->get("/dags/nightly")["dag"];
  EXPECT_TRUE(dag["paused"].as_bool());
  EXPECT_EQ(dag["last_logical_date"].as_string(), "2026-11-28T03:00:00Z");
  for (const char* other : {"hello", "open", "ship"})
    EXPECT_EQ(up_->get(std::string("/dags/") + other)["dag"]["state"].as_view(), "active");
}

void Upgrade::check_models_and_deployments() {
  const Json model = up_->get("/models/flights");
  EXPECT_EQ(model["champion"]["artifact"].as_string(), kChampion) << model.dump();
  EXPECT_TRUE(model["candidate"].is_null()) << model.dump();
  EXPECT_EQ(up_->get("/models/flights/versions").size(), 2u);
  httplib::Client server("127.0.0.1", up_->serve_port());
  const auto infer = [&] {
    return server.Post("/v2/models/flights/infer",
                       R"({"inputs": [
      {"name": "hour", "shape": [1, 1], "datatype": "FP64", "data": [6]},
      {"name": "distance", "shape": [1, 1], "datatype": "FP64", "data": [300]},
      {"name": "delay_mean", "shape": [1, 1], "datatype": "FP64", "data": [5]}]})",
                       "application/json");
  };
  ASSERT_TRUE(eventually([&] {
    const auto answer = infer();
    return answer && answer->status == 200;
  }));
  EXPECT_NE(infer()->body.find(kChampion), std::string::npos) << infer()->body;
  const Json versions = up_->get("/models/flights/versions");
  for (const Json& version : versions.items())
    EXPECT_EQ(version["not_shipped"].as_string().empty(),
              version["artifact"].as_view() != kRolledBack)
        << version.dump();
  EXPECT_EQ(run({"doctor"}).exit_code, 0) << run({"doctor"}).out;
}

// One start for all: a restore takes seconds.
TEST_F(Upgrade, KeepsRunsDagsModelsAndDeployments) {
  check_runs_logs_and_outputs();
  check_dags_and_schedules();
  check_models_and_deployments();
  check_that_runs_continue();
}

}  // namespace
}  // namespace millrace::e2e
