// What an author of DAG files meets: every mistake at once, and an engine that keeps what worked.
#include <gtest/gtest.h>

#include <set>

#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

const std::filesystem::path kTenMistakes =
    std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/e2e/broken/ten_mistakes.yaml";

TEST(Authoring, TenMistakesAreTenLocatedDiagnostics) {
  const Finished told = millrace({"lint", kTenMistakes.string()});
  EXPECT_EQ(told.exit_code, 1);
  std::set<std::string> places;
  for (std::size_t at = 0; (at = told.out.find("ten_mistakes.yaml:", at)) != std::string::npos;) {
    const std::size_t end = told.out.find(": error: ", at);
    ASSERT_NE(end, std::string::npos);
    places.insert(told.out.substr(at, end - at));
    at = end;
  }
  EXPECT_EQ(places.size(), 10u) << told.out;
  EXPECT_NE(told.out.find("unknown operator 'ingest.fiel'; did you mean 'ingest.file'?"),
            std::string::npos);
}

TEST(Authoring, TheShippedFilesAreClean) {
  const Finished told = millrace({"lint", MILLRACE_SOURCE_DIR "/dags"});
  EXPECT_EQ(told.exit_code, 0) << told.out;
}

TEST(Authoring, TheEngineKeepsTheLastGoodVersionAndShowsTheError) {
  const TempFolder folder;
  const auto file = folder.path() / "dags" / "greeting.yaml";
  std::filesystem::create_directories(file.parent_path());
  ASSERT_TRUE(write_file_atomic(file, "dag: greeting\ntasks:\n  hello: {operator: noop}\n").ok());
  Up up(folder.path() / "state", file.parent_path());
  ASSERT_TRUE(
      eventually([&] { return up.get("/dags/greeting")["dag"]["dag"].as_view() == "greeting"; }));
  const Json good = up.get("/dags/greeting")["dag"]["version"];

  ASSERT_TRUE(write_file_atomic(file, "dag: greeting\ntasks:\n  hello: {operator: nop}\n").ok());
  ASSERT_TRUE(
      eventually([&] { return up.get("/dag-errors").dump().find("nop") != std::string::npos; }));
  const std::string shown = up.get("/dag-errors").dump();
  EXPECT_NE(shown.find("did you mean 'noop'?"), std::string::npos) << shown;
  EXPECT_NE(shown.find("greeting.yaml"), std::string::npos) << shown;
  EXPECT_EQ(up.get("/dags/greeting")["dag"]["version"], good);
  EXPECT_EQ(up.run("greeting", Json::object()), "success");

  ASSERT_TRUE(write_file_atomic(file, "dag: greeting\ntasks:\n  hi: {operator: noop}\n").ok());
  EXPECT_TRUE(eventually([&] { return up.get("/dags/greeting")["dag"]["version"] != good; }));
  EXPECT_TRUE(
      eventually([&] { return up.get("/dag-errors").dump().find("nop'") == std::string::npos; }));
}

}  // namespace
}  // namespace millrace::e2e
