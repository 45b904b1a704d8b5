// Projects that `millrace init` creates: each template lints, and its first DAG runs.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

/// The test's folder is the working directory, as the printed commands assume.
class Init : public testing::Test {
 protected:
  Init() { fs::current_path(folder_.path()); }
  ~Init() override { fs::current_path(before_); }

  TempFolder folder_;

 private:
  fs::path before_ = fs::current_path();
};

class InitTemplate : public Init, public testing::WithParamInterface<const char*> {};

/// The words of the line after "Next:" that begins with this.
std::vector<std::string> next_command(const std::string& out, const std::string& begin) {
  const auto at = out.find("  " + begin, out.find("Next:"));
  EXPECT_NE(at, std::string::npos) << out;
  std::istringstream line(out.substr(at, out.find('#', at) - at));
  std::vector<std::string> words;
  for (std::string word; line >> word;) words.push_back(word);
  return words;
}

TEST_P(InitTemplate, LintsAndRunsWithThePrintedCommands) {
  const Finished init = millrace({"init", "project", "--template", GetParam()});
  ASSERT_EQ(init.exit_code, 0) << init.out;
  const auto lint = next_command(init.out, "millrace lint");
  const auto run = next_command(init.out, "millrace run");
  fs::current_path(folder_.path() / "project");
  const Finished linted = millrace({lint.begin() + 1, lint.end()});
  EXPECT_EQ(linted.exit_code, 0) << linted.out;
  EXPECT_NE(linted.out.find("1 file, 0 errors, 0 warnings"), std::string::npos) << linted.out;
  const Finished ran = millrace({run.begin() + 1, run.end()});
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(EveryTemplate, InitTemplate, testing::Values("minimal", "python", "ml"),
                         [](const auto& each) { return std::string(each.param); });

TEST_F(Init, WritesNothingWhereAFileExists) {
  fs::create_directories("project/dags");
  ASSERT_TRUE(write_file_atomic("project/dags/dag.schema.json", "mine").ok());
  const Finished init = millrace({"init", "project"});
  EXPECT_EQ(init.exit_code, traits(ErrorCode::conflict).exit_code);
  EXPECT_NE(init.out.find("project/dags/dag.schema.json"), std::string::npos) << init.out;
  EXPECT_FALSE(fs::exists("project/dags/hello.yaml"));
  EXPECT_EQ(read_file("project/dags/dag.schema.json", 100).value_or(""), "mine");
}

TEST_F(Init, WritesNothingThroughALink) {
  fs::create_directories("project/dags");
  fs::create_symlink("../../target", "project/dags/hello.yaml");
  EXPECT_EQ(millrace({"init", "project"}).exit_code, traits(ErrorCode::conflict).exit_code);
  EXPECT_FALSE(fs::exists("target"));
}

TEST_F(Init, LeavesAGitignoreAsItIs) {
  fs::create_directories("project");
  ASSERT_TRUE(write_file_atomic("project/.gitignore", "mine\n").ok());
  EXPECT_EQ(millrace({"init", "project"}).exit_code, 0);
  EXPECT_EQ(read_file("project/.gitignore", 100).value_or(""), "mine\n");
}

TEST_F(Init, QuotesAFolderWithASpaceForTheShell) {
  const Finished init = millrace({"init", "it's new"});
  EXPECT_NE(init.out.find("\n  cd 'it'\\''s new'\n"), std::string::npos) << init.out;
}

}  // namespace
}  // namespace millrace::e2e
