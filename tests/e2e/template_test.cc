// examples/template: a DAG whose tasks come from a template.
#include <gtest/gtest.h>

#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

class TemplateProgram : public testing::Test {
 protected:
  void SetUp() override {
    fs::copy(MILLRACE_SOURCE_DIR "/examples/template", dags(), fs::copy_options::recursive);
    up_ = std::make_unique<Up>(folder_.path() / "state", dags());
    ASSERT_TRUE(eventually([&] { return !version().empty(); }));
  }
  fs::path dags() const { return folder_.path() / "dags"; }
  fs::path template_file() const { return dags() / "templates/checked_table.yaml"; }
  std::string version() { return up_->get("/dags/orders")["dag"]["version"].as_string(); }
  Json run(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "--state", up_->state().string(), "trigger", "orders", "--wait", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished ended = millrace(words);
    const auto json = Json::parse(ended.out);
    EXPECT_TRUE(json.ok()) << ended.out;
    return json.value_or(Json());
  }
  void change_template(const std::string& from, const std::string& to) {
    std::string text = *read_file(template_file(), 1 << 20);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    ASSERT_TRUE(write_file_atomic(template_file(), text.replace(at, from.size(), to)).ok());
  }
  /// Messages about orders.yaml.
  std::string errors() {
    std::string all;
    const Json files = up_->get("/dag-errors");
    for (const Json& file : files.items())
      if (file["source"].as_string().ends_with("orders.yaml"))
        for (const Json& one : file["diagnostics"].items()) all += one["message"].as_string();
    return all;
  }

  const TempFolder folder_;
  std::unique_ptr<Up> up_;
};

// The files have 3 and 2 rows.
TEST_F(TemplateProgram, EachUseRunsWithItsInputsAndGivesItsOutputs) {
  const Json good = run();
  EXPECT_EQ(good["status"].as_view(), "success");
  EXPECT_EQ(good["outputs"].dump(), R"({"rows":[3,2]})");
  const Json bad = run({"-p", "min_rows=4"});
  EXPECT_EQ(bad["status"].as_view(), "failed");
  const Json tasks = up_->get("/runs/" + bad["run"].as_string() + "/tasks");
  std::vector<std::string> failed;
  for (const Json& task : tasks.items())
    if (task["state"].as_view() == "failed") failed.push_back(task["task"].as_string());
  EXPECT_EQ(failed, std::vector<std::string>{"north.check"});
}

TEST_F(TemplateProgram, AChangedTemplateIsANewVersionOfTheDagAndABrokenOneChangesNothing) {
  const std::string first = version();
  change_template("defaults: {retries: 2}", "defaults: {retries: 3}");
  ASSERT_TRUE(eventually([&] { return version() != first; }));
  const std::string second = version();
  change_template("operator: validate", "operator: valdate");
  ASSERT_TRUE(eventually([&] { return !errors().empty(); }));
  EXPECT_NE(errors().find("template 'checked_table' has an error: "), std::string::npos);
  EXPECT_NE(errors().find("checked_table.yaml:18:15: unknown operator 'valdate'"),
            std::string::npos)
      << errors();
  EXPECT_EQ(version(), second);
  EXPECT_EQ(run()["status"].as_view(), "success");
  change_template("operator: valdate", "operator: validate");
  ASSERT_TRUE(eventually([&] { return errors().empty(); }));
  EXPECT_EQ(version(), second);
}

}  // namespace
}  // namespace millrace::e2e
