// examples/sales: the user's own Python in the middle of a pipeline, and an API that fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "tests/e2e/program.h"
#include "tests/e2e/unreliable_api.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

/// One engine for all tests: each has a DAG of its own.
class Sales : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Debian's Python, and scikit-learn as ./run unpacks it.
    const char* path = std::getenv("PATH");
    setenv("PATH", ("/usr/bin:" + std::string(path == nullptr ? "" : path)).c_str(), 1);
    setenv("PYTHONPATH", MILLRACE_PYTHON_PACKAGES, 1);
    folder_ = std::make_unique<TempFolder>();
    fs::copy(MILLRACE_SOURCE_DIR "/examples/sales", dags(), fs::copy_options::recursive);
    for (const auto* file : {"churn_sklearn.yaml", "training.py"})
      fs::copy(MILLRACE_SOURCE_DIR "/examples/scikit-learn/" + std::string(file), dags());
    ASSERT_TRUE(
        write_file_atomic(
            dags() / "ask.yaml",
            "dag: ask\ntasks:\n  ask:\n    operator: command\n    with:\n      run: curl -sS "
            "\"$MILLRACE_URL/api/v1/runs/$MILLRACE_RUN_ID\" > answer.json\n")
            .ok());
    ASSERT_TRUE(
        write_file_atomic(dags() / "job.yaml",
                          "dag: job\ntasks:\n  submit:\n    operator: command\n    retries: "
                          "{max: 1, initial: 10ms}\n    with:\n      run: |\n"
                          "        if [ ! -s \"$MILLRACE_STATE\" ]; then\n"
                          "          echo job-7 > \"$MILLRACE_STATE\"; exit 75\n"
                          "        fi\n"
                          "        cp \"$MILLRACE_STATE\" found.txt\n")
            .ok());
    up_ = std::make_unique<Up>(folder_->path() / "state", dags());
    ASSERT_TRUE(eventually([] {
      return std::ranges::all_of(
          std::array{"ask", "churn_sklearn", "job", "products_api", "sales_daily"}, [](auto dag) {
            return up_->get("/dags/" + std::string(dag))["dag"]["dag"].as_view() == dag;
          });
    }));
  }
  static void TearDownTestSuite() {
    up_.reset();
    folder_.reset();
    unsetenv("PYTHONPATH");
  }

  static fs::path dags() { return folder_->path() / "dags"; }
  /// Waits for the end of the run, which must be a success.
  Json trigger(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", up_->state().string(), "trigger"});
    words.insert(words.end(), {"--wait", "--json"});
    const Finished ended = millrace(std::move(words));
    const auto json = Json::parse(ended.out);
    EXPECT_TRUE(json.ok()) << ended.out;
    const Json run = json.value_or(Json());
    EXPECT_EQ(run["status"].as_view(), "success")
        << ended.out << up_->program().end_of_output(4000);
    return run;
  }
  Json outputs(const Json& run, const std::string& task) {
    return up_->get("/runs/" + run["run"].as_string() + "/tasks/" + task)["outputs"];
  }

  static inline std::unique_ptr<TempFolder> folder_;
  static inline std::unique_ptr<Up> up_;
};

// 127 rows in the file: three orders are there twice and four have no discount, counted by hand.
TEST_F(Sales, ADayIsCleanedAndTrainedInScikitLearnAndSavedWithATimestamp) {
  const Json run = trigger({"sales_daily", "--logical-date", "2026-03-02"});
  EXPECT_EQ(outputs(run, "ingest")["rows"], Json(127));
  const Json trained = outputs(run, "train");
  EXPECT_EQ(trained["rows"], Json(120));
  EXPECT_LT(trained["mae"].as_double(), trained["baseline_mae"].as_double());

  const fs::path saved = dags() / "models/sales-2026-03-02T00-00-00Z.pkl";
  ASSERT_TRUE(fs::exists(saved));
  EXPECT_EQ(sha256_file(saved).value_or(""), trained["model"].as_string());
  const Json model = up_->get("/artifacts/" + trained["model"].as_string());
  EXPECT_EQ(model["kind"].as_view(), "model") << model.dump();
  const Json table = up_->get("/artifacts/" + trained["predictions"].as_string());
  EXPECT_EQ(table["rows"], Json(30)) << table.dump();  // a quarter of 120
  EXPECT_EQ(table["inputs"], Json::array({outputs(run, "clean")["table"]}));
}

// The first attempt asks three times, the second once in vain. Of the products, one has a negative
// price; the means are computed by hand.
TEST_F(Sales, AnApiThatFailsIsAskedAgainAndItsDataStored) {
  const UnreliableApi api(4, "/products.json",
                          R"([{"id":1,"category":"desk","price":10.5},)"
                          R"({"id":2,"category":"desk","price":20.0},)"
                          R"({"id":3,"category":"wall","price":4.0},)"
                          R"({"id":4,"category":"wall","price":-1.0}])");
  trigger({"products_api", "-p", "url=" + api.url()});
  EXPECT_EQ(api.asked(), 5);
  std::string stored;
  for (const auto& file : fs::directory_iterator(dags() / "out"))
    stored += read_file(file.path(), 1000).value_or("");
  EXPECT_EQ(stored, "category,products,mean_price\ndesk,2,15.25\nwall,1,4.00\n");
}

// The predictions and the AUC are those of scikit-learn.
TEST_F(Sales, AModelOfScikitLearnIsImportedAndBecomesTheChampion) {
  const Json run =
      trigger({"churn_sklearn", "-p", "data=" MILLRACE_SOURCE_DIR "/examples/churn/customers.csv"});
  const Json imported = outputs(run, "import");
  EXPECT_EQ(imported["algorithm"], Json("logistic"));
  EXPECT_GT(imported["rows"].as_int(), 100);
  EXPECT_LT(imported["max_difference"].as_double(), 1e-9);
  EXPECT_NEAR(imported["metrics"]["auc"].as_double(),
              imported["metrics"]["reported"]["auc"].as_double(), 1e-9);
  const Json model = up_->get("/models/churn_sklearn");
  EXPECT_NE(model.dump().find(imported["model"].as_string()), std::string::npos) << model.dump();
  EXPECT_EQ(outputs(run, "deploy")["decision"], Json("promoted"));
}

TEST_F(Sales, AProgramReachesTheApiOfItsEngine) {
  trigger({"ask"});
  const auto answer = Json::parse(read_file(dags() / "answer.json", 100'000).value_or(""));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ((*answer)["dag"], Json("ask")) << answer->dump();
}

TEST_F(Sales, ARetryFindsTheStateOfTheAttemptBeforeIt) {
  const Json run = trigger({"job"});
  EXPECT_EQ(read_file(dags() / "found.txt", 100).value_or("(none)"), "job-7\n");
  EXPECT_EQ(up_->get("/runs/" + run["run"].as_string() + "/tasks/submit")["saved_state"],
            Json("job-7\n"));
}

}  // namespace
}  // namespace millrace::e2e
