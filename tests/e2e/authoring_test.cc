// What an author of DAG files meets: every mistake at once, and an engine that keeps what worked.
#include <gtest/gtest.h>

#include <memory>
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

/// A folder of DAG files that is reached by a link, as git-sync has it, and an engine that watches
/// it.
class Folder : public testing::Test {
 protected:
  Folder() {
    std::filesystem::create_directories(rev("a"));
    std::filesystem::create_directory_symlink(rev("a"), link());
    write("a", "other.yaml", "other", "1");
    write("a", "x.yaml", "x", "1");
    up_ = std::make_unique<Up>(root_.path() / "state", link());
    EXPECT_TRUE(shows("x", "active", "1"));
  }
  std::filesystem::path link() const { return root_.path() / "dags"; }
  std::filesystem::path rev(const std::string& name) const {
    return root_.path() / ("rev-" + name);
  }
  void write(const std::string& revision, const std::string& file, const std::string& dag,
             const std::string& doc) const {
    EXPECT_TRUE(write_file_atomic(rev(revision) / file, "dag: " + dag + "\ndoc: '" + doc +
                                                            "'\ntasks:\n  hi: {operator: noop}\n")
                    .ok());
  }
  void swap_to(const std::string& revision) const {
    std::filesystem::create_directory_symlink(rev(revision), root_.path() / "next");
    std::filesystem::rename(root_.path() / "next", link());
  }
  bool shows(const std::string& dag, const std::string& state, const std::string& doc) const {
    return eventually([&] {
      const Json shown = up_->get("/dags/" + dag)["dag"];
      return shown["state"].as_view() == state && shown["doc"].as_view() == doc;
    });
  }
  Finished ask(std::vector<std::string> words) const {
    words.insert(words.end(), {"--state", (root_.path() / "state").string()});
    return millrace(words);
  }

  TempFolder root_;
  std::unique_ptr<Up> up_;
};

TEST_F(Folder, RenamedMovedAndSwappedFilesStayTheirDags) {
  std::filesystem::rename(rev("a") / "x.yaml", rev("a") / "y.yaml");
  write("a", "y.yaml", "x", "2");
  EXPECT_TRUE(shows("x", "active", "2")) << "renamed and edited";
  std::filesystem::create_directories(rev("b") / "team");
  write("b", "team/z.yaml", "x", "3");
  write("b", "other.yaml", "other", "3");
  swap_to("b");
  EXPECT_TRUE(shows("x", "active", "3")) << "another revision";
  EXPECT_TRUE(shows("other", "active", "3"));
  EXPECT_EQ(up_->run("x", Json::object()), "success");
  EXPECT_EQ(up_->get("/dag-errors").size(), 0u) << up_->get("/dag-errors").dump();
}

TEST_F(Folder, ARemovedFileRetiresItsDagUntilItIsBack) {
  std::filesystem::remove(rev("a") / "x.yaml");
  ASSERT_TRUE(shows("x", "retired", "1"));
  const Finished refused = ask({"trigger", "x"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.out.find("is retired"), std::string::npos) << refused.out;
  EXPECT_NE(ask({"dags"}).out.find("retired"), std::string::npos);
  EXPECT_NE(ask({"doctor", "--dags", link().string()}).out.find("retired"), std::string::npos);
  EXPECT_NE(up_->get("/dag-errors").dump().find("DAG 'x' is retired"), std::string::npos);
  write("a", "x.yaml", "x", "1");
  EXPECT_TRUE(shows("x", "active", "1"));
  EXPECT_EQ(up_->run("x", Json::object()), "success");
}

TEST_F(Folder, ASecondFileWithTheIdIsShownWithBothNames) {
  write("a", "copy.yaml", "x", "copy");
  EXPECT_TRUE(eventually([&] {
    const std::string errors = up_->get("/dag-errors").dump();
    return errors.find("copy.yaml") != std::string::npos &&
           errors.find("/x.yaml is in force") != std::string::npos &&
           errors.find("is declared by") != std::string::npos;
  })) << up_->get("/dag-errors").dump();
  EXPECT_TRUE(shows("x", "active", "1"));
  const Finished told = ask({"lint", link().string()});
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_NE(told.out.find("copy.yaml and by"), std::string::npos) << told.out;
}

TEST(Authoring, LintOfAFolderWithoutADagFileWarns) {
  const TempFolder folder;
  const Finished told = millrace({"lint", folder.path().string()});
  EXPECT_EQ(told.exit_code, 0);
  EXPECT_NE(told.out.find("warning: there is no DAG file here"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("0 files, 0 errors, 1 warning"), std::string::npos) << told.out;
}

TEST(Authoring, LintOfAFolderNamesTheFilesThatItDoesNotCheck) {
  const TempFolder folder;
  std::ofstream(folder.path() / "hello.yaml") << "dag: hello\ntasks: {a: {operator: noop}}\n";
  std::ofstream(folder.path() / "model.yaml") << "model: m\n";
  const Finished linted = millrace({"lint", folder.path().string()});
  EXPECT_EQ(linted.exit_code, 0);
  EXPECT_NE(linted.out.find("model.yaml: not checked, because no top-level key is a kind of "
                            "resource (dag, template)"),
            std::string::npos)
      << linted.out;
}

}  // namespace
}  // namespace millrace::e2e
