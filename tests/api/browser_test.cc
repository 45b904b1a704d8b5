// The dashboard in a real browser, on the sample story: what is shown is what the API says, it is
// live, and its buttons do what they say.
#include "tests/api/browser.h"

#include "tests/api/fixture.h"
#include "tests/api/sample.h"

namespace millrace::testing {
namespace {

class DashboardTest : public ApiTest {
 protected:
  void SetUp() override {
    world_ = sample_world();
    add_serving(*world_);
    api::ApiHooks hooks;
    hooks.assets = api::web_assets();
    hooks.dag_source = [](const DagRow& row) { return "# the file\ndag: " + row.dag + "\n"; };
    api::ApiConfig config;
    config.http.port = 0;
    serve(std::move(config), std::move(hooks));
  }
  void TearDown() override {
    EXPECT_TRUE(browser_.complaints().empty()) << browser_.complaints().front();
    EXPECT_EQ(
        0,
        browser_
            .evaluate("performance.getEntriesByType('resource').filter((e) => !e.name.startsWith("
                      "location.origin)).length")
            .as_int());
  }
  void open(const std::string& path) {
    browser_.open("http://127.0.0.1:" + std::to_string(api_->port()) + path);
  }
  bool shows(const std::string& text) {
    return browser_.wait_for("document.body.innerText.includes(" + Json(text).dump() + ")");
  }
  std::string run_of(const std::string& dag, const std::string& status) {
    return get("/api/v1/runs?dag=" + dag + "&status=" + status)
        .json()["runs"]
        .at(0)["run"]
        .as_string();
  }

  Browser browser_;
};

TEST_F(DashboardTest, RunsAppearWithoutAReload) {
  open("/");
  ASSERT_TRUE(shows("flights_retrain"));
  EXPECT_TRUE(shows("2001-06-01"));
  EXPECT_TRUE(browser_.wait_for("document.querySelector('.connection.live')"));
  const auto rows = "document.querySelectorAll('tbody tr').length";
  const auto before = browser_.evaluate(rows).as_int();
  EXPECT_EQ(static_cast<std::int64_t>(get("/api/v1/runs").json()["runs"].size()), before);
  finished_run("flights_quality");
  EXPECT_TRUE(browser_.wait_for(std::string(rows) + " === " + std::to_string(before + 1)));

  EXPECT_TRUE(browser_.click(".segments button", "failed"));
  EXPECT_TRUE(
      browser_.wait_for("location.search === '?status=failed' && document.querySelectorAll('tbody "
                        "tr').length === 2"));
}

TEST_F(DashboardTest, ARunShowsItsGraphTheErrorAndTheLog) {
  open("/runs/" + run_of("flights_retrain", "failed"));
  ASSERT_TRUE(browser_.wait_for("document.querySelectorAll('.node').length === 8"));
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelector('.node.s-failed').textContent.includes('validate')"));
  EXPECT_TRUE(shows("2 of 14 expectations failed"));  // the failed task is chosen already
  EXPECT_TRUE(browser_.click(".node", "ingest"));
  EXPECT_TRUE(shows("2001-03: 500,412 rows, 5 columns"));
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelectorAll('.gantt .lane').length === 3"));  // two, and the undo
}

TEST_F(DashboardTest, ARunOfTwoThousandTasksIsFollowedByItsEvents) {
  DagSpec wide = make_dag("wide", {"gate", "each:gate"});
  Json items = Json::array();
  for (int i = 0; i < 2000; ++i) items.push_back(i);
  wide.tasks[1].foreach = items;
  world_->add_dag(std::move(wide), "dags/wide.yaml");
  const std::string run = post("/api/v1/dags/wide/runs", Json::object()).json()["run"].as_string();
  ASSERT_FALSE(run.empty());
  open("/runs/" + run);
  browser_.evaluate("performance.setResourceTimingBufferSize(10000)");
  const std::string states = "document.querySelectorAll('.instances .dot.s-success').length";
  bool done = false;
  for (int i = 0; i < 6 && !done; ++i)
    done = browser_.wait_for("document.querySelector('.title .state')?.textContent === 'success'");
  ASSERT_TRUE(done) << browser_.evaluate("document.body.innerText.slice(0, 800)").dump() << '\n'
                    << get("/api/v1/runs/" + run).body;
  EXPECT_TRUE(browser_.click(".node", "each"));
  EXPECT_TRUE(browser_.wait_for(
      "[...document.querySelectorAll('.node .caption')].some((caption) => caption.textContent === "
      "'success · 2,000/2,000')"));
  EXPECT_TRUE(browser_.wait_for(states + " === 50"));  // a page of them
  EXPECT_TRUE(shows("1–50 of 2,000"));
  EXPECT_TRUE(browser_.click("[aria-label='Later instances']"));
  EXPECT_TRUE(shows("51–100 of 2,000"));
  EXPECT_TRUE(browser_.click(".instances button", "[75]"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.panel h2')?.textContent === 'each [75]'"));
  // Once when the page opens, once when the stream does, and once for the new instances.
  const auto requests = [&](const std::string& pattern) {
    return browser_
        .evaluate("performance.getEntriesByType('resource').filter((e) => /" + pattern +
                  "/.test(e.name)).length")
        .as_int();
  };
  EXPECT_LE(requests("\\/task-groups$"), 3);
  EXPECT_LE(requests("\\/tasks\\?per_task"), 3);
  EXPECT_LE(requests("\\/tasks\\?task="), 2);  // the second page, and the page after a new snapshot
}

// A schedule of every fifteen minutes has many runs a day: the date alone does not tell them apart.
TEST_F(DashboardTest, ALogicalDateShowsItsTimeUnlessItIsMidnight) {
  open("/runs?dag=flights_retrain");
  EXPECT_TRUE(shows("2001-06-01 08:00 UTC"));  // 03:00 in Chicago, in summer
  open("/runs/" + run_of("flights_retrain", "failed"));
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelector('h1 time')?.textContent === '2001-03-01 09:00 UTC'"));
}

TEST_F(DashboardTest, UnknownRunsAndPagesSayThatTheyDoNotExist) {
  const std::string absent = "00000000-0000-7000-8000-000000000001";
  for (const std::string& path : {std::string("/runs/xyz"), "/runs/" + absent}) {
    open(path);
    EXPECT_TRUE(shows("There is no such run.")) << path;
    EXPECT_TRUE(browser_.wait_for("!document.querySelector('.connection')")) << path;
  }
  open("/foo/bar");
  EXPECT_TRUE(shows("This page does not exist."));
  open("/dags/drift_wach");
  EXPECT_TRUE(shows("There is no DAG 'drift_wach'."));
  EXPECT_TRUE(shows("did you mean 'drift_watch'?"));
  // A program gets a problem, and a page does not hide that it does not exist.
  EXPECT_EQ(404, get("/foo/bar").status);
  EXPECT_EQ("not_found", get("/foo/bar").json()["type"].as_string().substr(21));
  EXPECT_EQ(404, get("/foo/bar", {{"Accept", "text/html,*/*"}}).status);
}

TEST_F(DashboardTest, AMappedTaskShowsHowManyOfItFailed) {
  DagSpec wide = make_dag("half", {"each"});
  Json items = Json::array();
  for (int i = 0; i < 20; ++i) items.push_back(i);
  wide.tasks[0].foreach = items;
  world_->add_dag(std::move(wide), "dags/half.yaml");
  const std::string run = post("/api/v1/dags/half/runs", Json::object()).json()["run"].as_string();
  open("/runs/" + run);
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelector('.node .caption')?.textContent === '3 of 20 failed'"));
}

TEST_F(DashboardTest, ATeardownIsMarkedAndItsFailureDoesNotFailTheRun) {
  DagSpec dag = make_dag("rented", {"rent", "give_back:rent"});
  dag.tasks[1].teardown.setups = {"rent"};
  world_->add_dag(std::move(dag), "dags/rented.yaml");
  open("/runs/" + finished_run("rented"));
  EXPECT_TRUE(shows("give_back failed. A teardown does not fail the run"));
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('.node.teardown').length === 1"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.title .state').textContent === 'success'"));
  EXPECT_TRUE(browser_.click(".node", "give_back"));
  EXPECT_TRUE(shows("Teardown of rent"));
  open("/dags/rented?task=give_back");
  EXPECT_TRUE(shows("teardown of rent"));
}

TEST_F(DashboardTest, AFailureThatCountsAsASuccessIsMarked) {
  DagSpec half = make_dag("half", {"each"});
  Json items = Json::array();
  for (int i = 0; i < 100; ++i) items.push_back(i);
  half.tasks[0].foreach = items;
  half.tasks[0].continue_on_error = true;
  world_->add_dag(std::move(half), "dags/half.yaml");
  open("/runs/" + finished_run("half"));
  EXPECT_TRUE(shows("each failed, which counts as a success (continue_on_error)."));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.node.s-tolerated .caption')?.textContent "
                        "=== '3 of 100 failed, tolerated'"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.title .state').textContent === 'success'"));
  EXPECT_TRUE(browser_.click(".node", "each"));
  EXPECT_TRUE(shows("this failure counts as a success"));
  // Of a large map the instances that failed are shown first.
  EXPECT_TRUE(
      browser_.wait_for("document.querySelectorAll('.instances .dot.s-failed').length === 3"));
  EXPECT_TRUE(browser_.click(".instances .segments button", "all"));
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('.instances .dot').length === 50"));
}

TEST_F(DashboardTest, ARunSaysWhyItFailedAndWhichWatermarkItSet) {
  open("/runs/" + run_of("flights_retrain", "failed"));
  EXPECT_TRUE(shows("Failed: validate failed."));
  EXPECT_TRUE(browser_.click(".node", "ingest"));
  EXPECT_TRUE(shows("Set the watermark of flights to 2001-03."));
  EXPECT_TRUE(browser_.click(".panel a", "flights"));
  EXPECT_TRUE(browser_.wait_for("location.pathname === '/datasets'"));
}

TEST_F(DashboardTest, ADagHasAPageWithItsRunsDataAndSource) {
  open("/dags");
  EXPECT_TRUE(shows("monthly on the 1st at 03:00"));
  EXPECT_TRUE(browser_.click(".row-link", "flights_retrain"));
  EXPECT_TRUE(browser_.wait_for("location.pathname === '/dags/flights_retrain'"));
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('.node').length === 8"));
  EXPECT_TRUE(shows("monthly on the 1st at 03:00 America/Chicago"));
  EXPECT_TRUE(shows("Succeeded in"));
  EXPECT_TRUE(shows("The schedule has ended."));
  EXPECT_TRUE(shows("# the file"));
  EXPECT_TRUE(browser_.click(".node", "train"));
  EXPECT_TRUE(shows("one instance for each item"));
  const auto columns = get("/api/v1/runs?dag=flights_retrain").json()["runs"].size();
  EXPECT_EQ(static_cast<std::int64_t>(columns),
            browser_.evaluate("document.querySelectorAll('.bar-place').length").as_int());
  // A cell opens the run at its task.
  const std::string cell = "document.querySelector('.cell[title^=\"validate, 2001-03-01\"]')";
  EXPECT_TRUE(browser_.wait_for(cell + "?.classList.contains('s-failed')"));
  browser_.evaluate(cell + ".click()");
  EXPECT_TRUE(browser_.wait_for("location.search === '?task=validate'"));
  EXPECT_TRUE(browser_.wait_for("location.pathname === '/runs/" +
                                run_of("flights_retrain", "failed") + "'"));
  EXPECT_TRUE(browser_.wait_for("document.querySelector('h1 a')"));
  EXPECT_TRUE(browser_.click("h1 a", "flights_retrain"));  // and the run leads back
  EXPECT_TRUE(browser_.wait_for("location.pathname === '/dags/flights_retrain'"));
}

TEST_F(DashboardTest, TheGridIsOneControlForTheKeyboard) {
  open("/dags/flights_retrain");
  ASSERT_TRUE(browser_.wait_for("document.querySelector('.grid')"));
  const auto press = [&](const char* key) {
    browser_.evaluate(
        "document.querySelector('.grid').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: '" +
        std::string(key) + "', bubbles: true, cancelable: true}))");
  };
  browser_.evaluate("document.querySelector('.grid').focus()");
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelector('#grid-at').textContent.startsWith('ingest, 2001-06-01')"));
  press("ArrowDown");
  press("ArrowLeft");
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('#grid-at').textContent === 'validate, 2001-05-01 "
                        "08:00 UTC: success'"))
      << browser_.evaluate("document.querySelector('#grid-at').textContent").dump();
  press("Enter");
  EXPECT_TRUE(browser_.wait_for("location.pathname.startsWith('/runs/')"));
}

TEST_F(DashboardTest, ADagPageListsTheNextFiresAndItsVersions) {
  open("/dags/flights_quality");
  EXPECT_TRUE(shows("every 15 minutes"));
  EXPECT_TRUE(browser_.wait_for(
      "document.querySelectorAll('[aria-label=\"Next fires\"] li').length === 6"));
  EXPECT_TRUE(browser_.click("[role=switch]"));
  EXPECT_TRUE(shows("Paused: none of these starts a run"));
  EXPECT_TRUE(get("/api/v1/dags/flights_quality").json()["dag"]["paused"].as_bool());
  EXPECT_TRUE(browser_.click("[aria-label=Versions] a"));
  EXPECT_TRUE(shows("canonical form of version"));
  EXPECT_TRUE(browser_.click(".title button", "Trigger"));
  EXPECT_TRUE(shows("Trigger flights_quality"));
}

TEST_F(DashboardTest, DatasetsShowHowFarTheyAreAndWhatTheyStart) {
  open("/datasets");
  ASSERT_TRUE(shows("2001-06"));
  EXPECT_TRUE(browser_.click(".row-link", "flights"));
  EXPECT_TRUE(shows("Watermarks of flights"));
  const auto set = get("/api/v1/datasets/flights/watermarks").json().size();
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('.metrics tbody tr').length === " +
                                std::to_string(set)));
  EXPECT_TRUE(browser_.click("td a", "drift_watch"));
  EXPECT_TRUE(browser_.wait_for("location.pathname === '/dags/drift_watch'"));
  EXPECT_TRUE(shows("when flights is updated"));
  EXPECT_TRUE(shows("up to 2001-06"));
}

TEST_F(DashboardTest, ResourcesShowTheirVersionsAndBrokenFiles) {
  open("/resources");
  ASSERT_TRUE(shows("dags/churn.yaml:9:15"));
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('.list tbody tr').length === " +
                                std::to_string(get("/api/v1/resources").json().size())));
  EXPECT_TRUE(browser_.click(".row-link", "drift_watch"));
  EXPECT_TRUE(shows("Open the DAG"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelectorAll('[aria-label=Versions] li').length === 1"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.json')?.textContent.includes('\"compare\"')"));
}

TEST_F(DashboardTest, ALogIsFollowedAndARunIsCancelled) {
  const auto run = run_of("drift_watch", "running");
  open("/runs/" + run);
  ASSERT_TRUE(shows("carrier: PSI 0.044"));
  const std::string old =
      "comparing 12 features with the training data\ndistance: PSI 0.031\ncarrier: PSI 0.044\n";
  const LogChunk more{*Uuid::parse(run),
                      "compare",
                      -1,
                      1,
                      static_cast<std::int64_t>(old.size()),
                      "origin: PSI 0.2\n",
                      world_->clock().now()};
  ASSERT_TRUE(world_->stores().logs.append({&more, 1}).ok());
  EXPECT_TRUE(shows("origin: PSI 0.2"));
  EXPECT_TRUE(browser_.click(".title button", "Cancel run"));
  EXPECT_TRUE(browser_.click("dialog button.solid", "Cancel run"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('.title .state').textContent === 'cancelled'"));
  EXPECT_EQ("cancelled", get("/api/v1/runs/" + run).json()["status"].as_string());
}

TEST_F(DashboardTest, DagsShowBrokenFilesPauseAndTrigger) {
  open("/dags");
  ASSERT_TRUE(shows("dags/churn.yaml:9:15"));
  EXPECT_TRUE(shows("did you mean 'validate'?"));
  EXPECT_TRUE(shows("0 3 1 * *"));
  EXPECT_TRUE(browser_.click("[role=switch][aria-label^=flights_quality]"));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelector('[aria-label=\"flights_quality is paused\"]')"));
  EXPECT_TRUE(get("/api/v1/dags/flights_quality").json()["dag"]["paused"].as_bool());

  EXPECT_TRUE(
      browser_
          .evaluate("(() => { const row = [...document.querySelectorAll('tbody tr')].find((r) => "
                    "r.textContent.includes('flights_retrain')); row.querySelector('.right "
                    "button').click(); "
                    "return true; })()")
          .as_bool());
  EXPECT_TRUE(shows("Months to train on"));
  // The server reads a date without an offset in the DAG's zone.
  EXPECT_TRUE(shows("optional, in America/Chicago"));
  EXPECT_TRUE(browser_.evaluate("!!document.querySelector('dialog input[type=time]')").as_bool());
  EXPECT_TRUE(browser_.click("dialog button.solid", "Trigger"));
  EXPECT_TRUE(browser_.wait_for("location.pathname.startsWith('/runs/')"));
  const auto id = browser_.evaluate("location.pathname.slice(6)").as_string();
  EXPECT_EQ(2, get("/api/v1/runs/" + id).json()["params"]["months"].as_int());
  EXPECT_EQ("dashboard", get("/api/v1/runs/" + id).json()["on_behalf_of"].as_string());
}

TEST_F(DashboardTest, ABackfillIsPlannedStartedAndFollowed) {
  open("/dags/legacy_export");
  ASSERT_TRUE(browser_.wait_for("document.querySelector('.title h1')"));
  EXPECT_TRUE(browser_.click(".title button", "Backfill"));
  EXPECT_TRUE(shows("first and last day, in Europe/Berlin"));
  const auto type = [&](const std::string& field, const std::string& text) {
    browser_.evaluate("(() => { const input = document.querySelector('dialog [aria-label=\"" +
                      field + "\"]'); input.value = '" + text +
                      "'; input.dispatchEvent(new Event('input', {bubbles: true})); })()");
  };
  type("First day", "2001-02-01");
  type("Last day", "2001-02-03");
  EXPECT_TRUE(browser_.click("dialog button.solid", "Show the plan"));
  EXPECT_TRUE(shows("3 dates run"));
  EXPECT_TRUE(shows("2001-02-03 01:30 UTC"));
  EXPECT_EQ(0u, get("/api/v1/backfills").json()["backfills"].size());
  EXPECT_TRUE(browser_.click("dialog button.solid", "Start 3 runs"));
  EXPECT_TRUE(browser_.wait_for("location.pathname.startsWith('/backfills/')"));
  EXPECT_TRUE(shows("3 of 3 dates have ended: 3 succeeded."));
  EXPECT_TRUE(
      browser_.wait_for("document.querySelectorAll('.dates-grid .s-success').length === 3"));
  EXPECT_TRUE(browser_.click(".card-head a", "List of its runs"));
  EXPECT_TRUE(browser_.wait_for("document.querySelectorAll('tbody tr').length === 3"));
  open("/dags/legacy_export");
  EXPECT_TRUE(shows("3 of 3 succeeded"));
}

TEST_F(DashboardTest, ModelsShowTheCanaryAndTakeItBack) {
  open("/models");
  ASSERT_TRUE(shows("Canary under way"));
  EXPECT_EQ(
      "25",
      browser_.evaluate("document.querySelector('[role=meter]').getAttribute('aria-valuenow')")
          .as_string());
  EXPECT_TRUE(shows("AUC improved by 0.0113"));
  EXPECT_TRUE(shows("41,230"));
  EXPECT_TRUE(browser_.click(".card-head button", "Roll back"));
  EXPECT_TRUE(browser_.click("dialog button.solid", "Roll back"));
  EXPECT_TRUE(browser_.wait_for("!document.body.innerText.includes('Canary under way')"));
  EXPECT_EQ("", get("/api/v1/deployments").json().at(0)["candidate"].as_string());
}

TEST_F(DashboardTest, AlertsAndNarrowScreens) {
  open("/alerts");
  EXPECT_TRUE(shows("flights 2001-03 was halted by validate"));
  browser_.resize(390, 800);
  for (const std::string path : {"/runs", "/dags", "/dags/flights_retrain", "/datasets", "/models",
                                 "/alerts", "/resources"}) {
    open(path);
    EXPECT_TRUE(
        browser_.wait_for("document.querySelector('h1') && !document.querySelector('.pending')"))
        << path;
    EXPECT_LE(browser_.evaluate("document.documentElement.scrollWidth").as_int(), 390) << path;
  }
}

}  // namespace
}  // namespace millrace::testing
