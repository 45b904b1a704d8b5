// What a newcomer does first: run a file, read its output, look at it afterwards, mistype.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

class FirstSteps : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(write_file_atomic(path, text).ok());
    return path;
  }
  Finished on_state(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--state", (folder_.path() / "state").string()});
    return millrace(std::move(words));
  }

  TempFolder folder_;
};

/// The run's id in what `run` or `trigger` prints first: "run ID of DAG".
std::string run_id_in(const std::string& output) {
  const auto at = output.find("run ");
  return at == std::string::npos ? "" : output.substr(at + 4, 36);
}

TEST_F(FirstSteps, RunPrintsWhatItsTasksPrint) {
  const Finished hello = on_state({"run", MILLRACE_SOURCE_DIR "/dags/hello.yaml"});
  EXPECT_EQ(hello.exit_code, 0) << hello.out;
  EXPECT_NE(hello.out.find("greet | Hello, world\n"), std::string::npos) << hello.out;
  EXPECT_NE(hello.out.find("count[1] | "), std::string::npos) << hello.out;
}

TEST_F(FirstSteps, RunPrintsALineWhileItsTaskIsStillRunning) {
  const auto gate = folder_.path() / "gate";
  const auto dag = write("slow.yaml",
                         "dag: slow\ntasks:\n  wait_for_gate:\n    operator: command\n    with:\n"
                         "      run: \"echo first; while [ ! -e '" +
                             gate.string() + "' ]; do sleep 0.05; done; printf second\"\n");
  Program run({binary(), "--state", (folder_.path() / "state").string(), "run", dag.string()});
  EXPECT_TRUE(run.wait_for_output("wait_for_gate | first\n", std::chrono::seconds{60}));
  ASSERT_TRUE(write_file_atomic(gate, "").ok());
  const Finished ended = run.wait(std::chrono::seconds{60});
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_NE(ended.out.find("wait_for_gate | second\n"), std::string::npos) << ended.out;
}

TEST_F(FirstSteps, AFailedRunIsReadableWithoutAnEngine) {
  const auto dag = write("broken.yaml",
                         "dag: broken\ntasks:\n  divide:\n    operator: command\n    with:\n"
                         "      run: \"echo preparing; echo 'division by zero' >&2; exit 3\"\n");
  const Finished failed = on_state({"run", dag.string()});
  EXPECT_EQ(failed.exit_code, 1) << failed.out;
  EXPECT_NE(failed.out.find("divide | division by zero\n"), std::string::npos) << failed.out;
  const std::string run = run_id_in(failed.out);

  const Finished logs = on_state({"logs", run, "divide"});
  EXPECT_EQ(logs.exit_code, 0) << logs.out;
  EXPECT_NE(logs.out.find("preparing\n"), std::string::npos) << logs.out;
  const Finished show = on_state({"show", run});
  EXPECT_EQ(show.exit_code, 0) << show.out;
  EXPECT_NE(show.out.find("exit code 3"), std::string::npos) << show.out;
  const Finished runs = on_state({"runs"});
  EXPECT_EQ(runs.exit_code, 0) << runs.out;
  EXPECT_NE(runs.out.find(run), std::string::npos) << runs.out;

  const Finished lines = on_state({"logs", run, "divide", "--json"});
  EXPECT_NE(lines.out.find("{\"attempt\":1,\"line\":\"preparing\"}\n"), std::string::npos)
      << lines.out;
  const Finished missing = on_state({"logs", run, "divide", "--attempt", "99"});
  EXPECT_EQ(missing.exit_code, traits(ErrorCode::not_found).exit_code) << missing.out;
  EXPECT_NE(missing.out.find("its last attempt is 1"), std::string::npos) << missing.out;
}

TEST_F(FirstSteps, ARunMayHaveALogicalDate) {
  const auto dag =
      write("dated.yaml",
            "dag: dated\nschedule: \"@daily\"\ntasks:\n  print:\n    operator: command\n"
            "    with: {argv: [echo, \"${{ run.data_interval_start }}\"]}\n");
  const Finished dated = on_state({"run", dag.string(), "--logical-date", "2026-03-01"});
  EXPECT_EQ(dated.exit_code, 0) << dated.out;
  EXPECT_NE(dated.out.find("print | 2026-02-28T00:00:00Z\n"), std::string::npos) << dated.out;
  const Finished wrong = on_state({"run", dag.string(), "--logical-date", "1 March"});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.out;
  EXPECT_NE(wrong.out.find("'1 March'"), std::string::npos) << wrong.out;
}

TEST_F(FirstSteps, AStateFolderWithoutADatabaseNamesTheCure) {
  const Finished runs = on_state({"runs"});
  EXPECT_EQ(runs.exit_code, traits(ErrorCode::not_found).exit_code) << runs.out;
  EXPECT_NE(runs.out.find("millrace run FILE"), std::string::npos) << runs.out;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "state")) << "looking creates nothing";
}

TEST_F(FirstSteps, PlanTakesDurationsFromPastRuns) {
  const auto dag = write("chain.yaml",
                         "dag: chain\nnamespace: team\ntasks:\n"
                         "  quick: {operator: noop}\n"
                         "  slow: {operator: command, with: {run: sleep 0.3}}\n"
                         "  last: {operator: noop, needs: [quick, slow]}\n");
  const Finished before = on_state({"plan", dag.string()});
  EXPECT_NE(before.out.find("Longest chain, 2 tasks: quick -> last\n"), std::string::npos)
      << before.out;
  ASSERT_EQ(on_state({"run", dag.string()}).exit_code, 0);
  const Finished after = on_state({"plan", dag.string(), "--runs", "3"});
  EXPECT_NE(after.out.find(": slow -> last\n"), std::string::npos) << after.out;
  const Finished of_dag = on_state({"plan", "chain", "--namespace", "team"});
  EXPECT_NE(of_dag.out.find("team/chain: 3 tasks in 2 levels\n"), std::string::npos) << of_dag.out;
  EXPECT_NE(of_dag.out.find(": slow -> last\n"), std::string::npos) << of_dag.out;
}

TEST_F(FirstSteps, TriggerThatWaitsPrintsOneJsonDocument) {
  const auto dags = folder_.path() / "dags";
  std::filesystem::create_directories(dags);
  std::filesystem::copy_file(MILLRACE_SOURCE_DIR "/dags/hello.yaml", dags / "hello.yaml");
  Up up(folder_.path() / "state", dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/hello")["dag"]["dag"].as_view() == "hello"; }));
  const Finished told = on_state({"trigger", "hello", "--wait", "--json"});
  EXPECT_EQ(told.exit_code, 0) << told.out;
  const auto json = Json::parse(told.out);
  ASSERT_TRUE(json) << told.out;
  EXPECT_EQ((*json)["status"].as_view(), "success");
}

TEST(MistypedVerb, GetsTheNearestVerb) {
  const Finished nearest = millrace({"lnt", "dags"});
  EXPECT_EQ(nearest.exit_code, 2);
  EXPECT_NE(nearest.out.find("there is no verb 'lnt'; did you mean 'lint'?"), std::string::npos)
      << nearest.out;
  const Finished none = millrace({"--json", "frobnicate"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.out.find("there is no verb 'frobnicate'; 'millrace --help'"), std::string::npos)
      << none.out;
}

TEST_F(FirstSteps, ShowSaysInFullWhyATaskFailed) {
  const std::string last(200, 'x');
  const auto dag = write("long.yaml",
                         "dag: long\ntasks:\n  fail:\n    operator: command\n    with:\n"
                         "      run: \"echo " +
                             last +
                             " the end >&2; exit 3\"\n"
                             "  next: {operator: command, needs: fail, with: {run: 'true'}}\n");
  const Finished failed = on_state({"run", dag.string()});
  const Finished show = on_state({"show", run_id_in(failed.out)});
  EXPECT_NE(show.out.find(last + " the end"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("created"), std::string::npos) << show.out;
}

TEST_F(FirstSteps, ShowCountsTheInstancesOfAWideMap) {
  const auto dag = write("wide.yaml",
                         "dag: wide\ntasks:\n  each:\n    operator: command\n"
                         "    foreach: \"${{ range(60) }}\"\n    with:\n"
                         "      run: '[ ${{ index }} != 7 ]'\n"
                         "  last: {operator: noop, needs: each}\n");
  const std::string run = run_id_in(on_state({"run", dag.string()}).out);
  const Finished show = on_state({"show", run});
  EXPECT_NE(show.out.find("59 success, 1 failed"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("each[7]"), std::string::npos) << show.out;
  EXPECT_EQ(show.out.find("each[8]"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("last"), std::string::npos) << show.out;
  const Finished all = on_state({"show", run, "--all"});
  EXPECT_NE(all.out.find("each[8]"), std::string::npos) << all.out;
  const std::string json = on_state({"show", run, "--json"}).out;
  EXPECT_NE(json.find("\"map_index\": 59"), std::string::npos) << json;
}

TEST_F(FirstSteps, ReadersOfOneFolderWaitForEachOther) {
  ASSERT_EQ(on_state({"run", MILLRACE_SOURCE_DIR "/dags/hello.yaml"}).exit_code, 0);
  const std::string state = (folder_.path() / "state").string();
  Program first({binary(), "--state", state, "runs"}), second({binary(), "--state", state, "runs"});
  std::filesystem::create_directories(folder_.path() / "dags");
  // An engine starts as well, while both may still read.
  Program up({binary(), "--state", state, "up", "--dags", (folder_.path() / "dags").string(),
              "--port", "0", "--serve-port", "0"});
  for (Program* reader : {&first, &second}) {
    const Finished read = reader->wait(std::chrono::seconds{60});
    EXPECT_EQ(read.exit_code, 0) << read.out;
    EXPECT_NE(read.out.find("hello"), std::string::npos) << read.out;
  }
  EXPECT_TRUE(up.wait_for_output("Ctrl-C stops it.", std::chrono::seconds{60}));
}

TEST_F(FirstSteps, ADatabaseThatTheEngineDoesNotUseIsRefused) {
  std::filesystem::create_directories(folder_.path() / "dags");
  const Up up(folder_.path() / "state", folder_.path() / "dags");
  const std::vector<std::vector<std::string>> commands = {
      {"runs"}, {"trigger", "hello"}, {"rollback", "flights"}};
  for (const auto& words : commands) {
    std::vector<std::string> with_db = {"--db", "postgresql://other@127.0.0.1:1/other"};
    with_db.insert(with_db.end(), words.begin(), words.end());
    const Finished told = on_state(with_db);
    EXPECT_EQ(told.exit_code, traits(ErrorCode::invalid_argument).exit_code) << told.out;
    EXPECT_NE(told.out.find("uses another database than --db names"), std::string::npos);
  }
  EXPECT_EQ(on_state({"runs"}).exit_code, 0);
}

}  // namespace
}  // namespace millrace::e2e
