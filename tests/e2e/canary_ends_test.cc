// A canary of the real program is ended in every way there is, at each of its steps. The right
// value each time: the traffic is back within two seconds, and the next canary of the same version
// starts.
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <fstream>
#include <optional>
#include <pqxx/pqxx>

#include "engine/base/file.h"
#include "engine/base/time.h"
#include "engine/cluster/private_cluster.h"
#include "tests/e2e/flights_table.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

using std::chrono::seconds;
const std::filesystem::path kDags = std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/e2e/dags";
constexpr int kSteps = 3;
constexpr seconds kBackWithin{2};

class CanaryEnds : public ::testing::TestWithParam<int> {
 protected:
  CanaryEnds() {
    EXPECT_TRUE(write_file_atomic(table().string(), flights_table()).ok());
    start();
    EXPECT_EQ(up_->run("ship", Json::object({{"table", table().string()}, {"holdout", 0.2}})),
              "success");
    champion_ = up_->get("/models/flights")["champion"]["artifact"].as_string();
  }
  std::filesystem::path table() const { return folder_.path() / "flights.csv"; }
  void start() {
    up_.emplace(folder_.path() / "state", kDags);
    for (const char* dag : {"/dags/ship", "/dags/canary_ends"})
      ASSERT_TRUE(eventually([&] { return !up_->get(dag).is_null(); }));
  }

  Json post(const std::string& path, const Json& body) {
    httplib::Client client("127.0.0.1", up_->api_port());
    const auto answer = client.Post("/api/v1" + path, body.dump(), "application/json");
    const auto json = answer ? Json::parse(answer->body) : Json::parse("null");
    return json ? *json : Json();
  }
  Json deployment() const { return up_->get("/deployments").at(0); }
  Json canary_task() const { return up_->get("/runs/" + run_ + "/tasks/canary"); }
  bool task_ended() const {
    const std::string state = canary_task()["state"].as_string();
    return state == "failed" || state == "cancelled" || state == "success";
  }

  /// A canary that is held at the step of the test; earlier steps pass at once.
  void open_canary(const std::string& on_no_traffic = "promote", const char* last_hold = "1h") {
    Json steps = Json::array();
    for (int step = 1; step <= kSteps; ++step)
      steps.push_back(
          Json::object({{"weight", 10 * step}, {"hold", step < GetParam() ? "200ms" : last_hold}}));
    const Json answer =
        post("/dags/canary_ends/runs",
             Json::object({{"params", Json::object({{"table", table().string()},
                                                    {"steps", steps},
                                                    {"on_no_traffic", on_no_traffic}})}}));
    run_ = answer["run"].as_string();
    ASSERT_FALSE(run_.empty()) << answer.dump();
  }
  void expect_open() {
    EXPECT_TRUE(eventually([&] {
      return !deployment()["candidate"].as_view().empty() &&
             deployment()["weight"].as_double() == 10.0 * GetParam();
    })) << deployment().dump()
        << canary_task().dump();
  }
  void expect_back() {
    ASSERT_TRUE(eventually([&] { return task_ended(); })) << canary_task().dump();
    EXPECT_TRUE(eventually([&] { return served_candidate().is_null(); }, kBackWithin))
        << "the model server still splits the traffic";
    EXPECT_EQ(deployment()["candidate"], Json(""));
    EXPECT_EQ(deployment()["champion"], Json(champion_));
    const Json last = up_->get("/deployments/flights/history?limit=1").at(0);
    EXPECT_EQ(last["action"], Json("rollback")) << last.dump();
    EXPECT_EQ(last["run"], Json(run_));
    const auto ended = parse_rfc3339(canary_task()["ended_at"].as_view());
    const auto back = parse_rfc3339(last["at"].as_view());
    ASSERT_TRUE(ended && back) << canary_task().dump();
    EXPECT_LE(*back - *ended, kBackWithin);
    // The next canary starts, of the same version: nothing was held against it.
    open_canary();
    expect_open();
  }
  Json served_candidate() const {
    httplib::Client client("127.0.0.1", up_->serve_port());
    const auto answer = client.Get("/v2/models/flights/stats");
    const auto json = answer ? Json::parse(answer->body) : Json::parse("{\"candidate\":1}");
    return (*json)["candidate"];
  }

  /// The engine's runner processes.
  std::vector<pid_t> runners() {
    std::vector<pid_t> out;
    const pid_t engine = up_->program().pid();
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string stat, command;
      std::getline(std::ifstream(entry.path() / "stat"), stat);
      std::getline(std::ifstream(entry.path() / "cmdline"), command);
      const auto parent = stat.rfind(") ");  // "1234 (name) S 1233 …"
      if (parent == std::string::npos || std::atoi(stat.c_str() + parent + 4) != engine) continue;
      if (command.find(std::string("\0runner\0", 8)) != std::string::npos)
        out.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return out;
  }
  void signal_runners(int number) {
    for (const pid_t runner : runners()) kill(runner, number);
  }

  TempFolder folder_;
  std::optional<Up> up_;
  std::string champion_, run_;
};

TEST_P(CanaryEnds, ByACancellation) {
  open_canary();
  expect_open();
  post("/runs/" + run_ + "/cancel", Json::object());
  expect_back();
}

TEST_P(CanaryEnds, ByATimeOut) {
  open_canary();
  expect_open();
  {
    // A look that hangs: the table that it reads is locked.
    const auto dsn = PrivateCluster::dsn_of(up_->state());
    ASSERT_TRUE(dsn.ok()) << dsn.error().message;
    pqxx::connection connection(*dsn);
    pqxx::work lock(connection);
    lock.exec0("LOCK TABLE millrace.serving_window IN ACCESS EXCLUSIVE MODE");
    EXPECT_TRUE(eventually([&] { return task_ended(); })) << canary_task().dump();
  }
  EXPECT_NE(canary_task()["error"].as_view().find("timeout"), std::string::npos)
      << canary_task().dump();
  expect_back();
}

TEST_P(CanaryEnds, ByDeathsOfItsRunner) {
  open_canary();
  expect_open();
  // More often than the engine puts up with.
  EXPECT_TRUE(eventually(
      [&] {
        signal_runners(SIGKILL);
        return task_ended();
      },
      seconds{120}));
  expect_back();
}

TEST_P(CanaryEnds, ByAFailure) {
  open_canary("fail", "300ms");  // without a request nothing is judged
  expect_back();
}

TEST_P(CanaryEnds, ByTheDeathOfTheEngineAndACancellation) {
  open_canary();
  expect_open();
  up_->program().signal(SIGKILL);
  up_.reset();
  start();
  // The task goes on, and watches its traffic.
  expect_open();
  post("/runs/" + run_ + "/cancel", Json::object());
  expect_back();
}

INSTANTIATE_TEST_SUITE_P(AtStep, CanaryEnds, ::testing::Range(1, kSteps + 1));

}  // namespace
}  // namespace millrace::e2e
