// Triggers from outside, as upstream systems send them.
#include <gtest/gtest.h>

#include <set>

#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

TEST(Trigger, TenClientsWithOneKeyMakeOneRun) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(
      write_file_atomic(dags / "load.yaml", "dag: load\ntasks:\n  a: {operator: noop}\n").ok());
  Up up(folder.path() / "state", dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/load")["dag"]["dag"].as_view() == "load"; }));

  const std::string url =
      "http://127.0.0.1:" + std::to_string(up.api_port()) + "/api/v1/dags/load/runs";
  std::vector<std::unique_ptr<Program>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(std::make_unique<Program>(std::vector<std::string>{
        "/usr/bin/curl", "-sS", "-X", "POST", url, "-H", "Idempotency-Key: upstream-2001-02", "-H",
        "Content-Type: application/json", "-d", "{}"}));
  std::set<std::string> runs;
  for (auto& client : clients) {
    const Finished finished = client->wait(std::chrono::seconds{60});
    EXPECT_EQ(finished.exit_code, 0) << finished.out;
    const auto answer = Json::parse(finished.out);
    ASSERT_TRUE(answer.ok()) << finished.out;
    runs.insert((*answer)["run"].as_string());
  }
  EXPECT_EQ(runs.size(), 1u);
  EXPECT_FALSE(runs.contains(""));
  const Json listed = up.get("/runs?dag=load");
  EXPECT_EQ(listed["runs"].size(), 1u) << listed.dump();
}

}  // namespace
}  // namespace millrace::e2e
