// A DAG is its id: its file may be renamed, moved, doubled or gone.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

std::shared_ptr<const Dag> make_dag(const std::string& id, const std::string& doc = "") {
  DagSpec spec;
  spec.id = id;
  spec.doc = doc;
  spec.tasks.resize(1);
  spec.tasks[0].id = "only";
  spec.tasks[0].op = "fake";
  auto made = Dag::make(std::move(spec));
  EXPECT_TRUE(made.ok());
  return std::make_shared<const Dag>(*std::move(made));
}

RegisterDag file(const std::string& path, const std::string& id, const std::string& doc = "") {
  return {make_dag(id, doc), path, path.substr(0, path.rfind('/')), {}};
}

class Identity : public ::testing::Test {
 protected:
  void sync(std::vector<RegisterDag> dags) {
    SyncDags folder{"/dags", std::move(dags), {}, {}, {}, {}, true};
    for (const auto& dag : folder.dags) seen_.insert(dag.dag->key());
    folder.seen = seen_;
    sync_folder(folder);
  }
  void sync_folder(const SyncDags& folder) {
    planner_.sync_dags(folder, now_);
    for (auto& event : planner_.take_events()) events_.push_back(std::move(event));
  }
  const DagState& state(const std::string& id) const {
    return planner_.dags().at({kDefaultNamespace, id});
  }
  std::string trigger(const std::string& id) {
    TriggerRun input;
    input.dag = id;
    input.run = Uuid{1, ++runs_};
    const auto run = planner_.trigger_run(input, {}, now_);
    return run ? "" : run.error().message;
  }
  /// The message of the newest report about the file; "" if it was cleared.
  std::string report(const std::string& source) const {
    std::string out = "never reported";
    for (const auto& event : events_)
      if (const auto* checked = std::get_if<DagFileChecked>(&event.body))
        if (checked->source == source)
          out = checked->diagnostics.size() == 0
                    ? ""
                    : checked->diagnostics.at(0)["message"].as_string();
    return out;
  }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  std::vector<Event> events_;
  std::set<DagKey> seen_;
  std::uint64_t runs_ = 0;
};

TEST_F(Identity, ARenamedAndEditedFileIsInForce) {
  sync({file("/dags/a.yaml", "x")});
  sync({file("/dags/b.yaml", "x", "edited")});
  EXPECT_EQ(state("x").dag->spec().doc, "edited");
  EXPECT_EQ(state("x").source, "/dags/b.yaml");
  EXPECT_EQ(trigger("x"), "");
}

TEST_F(Identity, AMovedFolderGivesOpenAndNewRunsItsPlace) {
  sync({file("/old/a.yaml", "x")});
  EXPECT_EQ(trigger("x"), "");
  sync({file("/new/a.yaml", "x")});
  EXPECT_EQ(trigger("x"), "");
  std::vector<std::string> places;
  for (const auto& action : planner_.take_actions())
    if (const auto* start = std::get_if<StartAttempt>(&action))
      places.push_back(start->info.base_dir);
  EXPECT_EQ(places, (std::vector<std::string>{"/old", "/new"}));
}

TEST_F(Identity, ADagWithoutAFileIsRetiredAndComesBackWithIt) {
  sync({file("/dags/a.yaml", "x"), file("/dags/b.yaml", "y")});
  sync({file("/dags/b.yaml", "y")});
  EXPECT_EQ(trigger("x"),
            "DAG 'x' is retired: no file in /dags declares it (the last one was /dags/a.yaml); put "
            "the file back to run it");
  sync({file("/dags/a.yaml", "x"), file("/dags/b.yaml", "y")});
  EXPECT_EQ(trigger("x"), "");
}

TEST_F(Identity, AnotherIdInTheFileRetiresTheFormerOne) {
  sync({file("/dags/a.yaml", "x")});
  sync({file("/dags/a.yaml", "y")});
  EXPECT_NE(state("x").retired, "");
  EXPECT_EQ(trigger("y"), "");
}

TEST_F(Identity, ASecondFileWithTheIdIsAnErrorThatNamesBoth) {
  sync({file("/dags/b.yaml", "x")});
  sync({file("/dags/a.yaml", "x", "copy"), file("/dags/b.yaml", "x", "edited")});
  EXPECT_EQ(state("x").dag->spec().doc, "edited") << "the file in force stays in force";
  EXPECT_EQ(report("/dags/a.yaml"),
            "DAG 'x' is declared by /dags/b.yaml and by /dags/a.yaml; the text of /dags/b.yaml is "
            "in force");
  sync({file("/dags/a.yaml", "x", "copy")});
  EXPECT_EQ(state("x").dag->spec().doc, "copy");
  EXPECT_EQ(report("/dags/a.yaml"), "");
}

TEST_F(Identity, OfTwinsInANewFolderTheOneWithTheLikePathStays) {
  sync({file("/old/team/x.yaml", "x")});
  sync({file("/new/copy/x.yaml", "x", "copy"), file("/new/team/x.yaml", "x", "kept")});
  EXPECT_EQ(state("x").dag->spec().doc, "kept");
  Planner fresh(PlannerOptions{}, 1, Rng(1));
  fresh.sync_dags({"/new",
                   {file("/new/a.yaml", "x", "first"), file("/new/b.yaml", "x", "second")},
                   {},
                   {},
                   {},
                   {},
                   true},
                  now_);
  EXPECT_EQ(fresh.dags().at("x").dag->spec().doc, "first") << "without history: the first by path";
}

TEST_F(Identity, AFileWithErrorsKeepsItsDag) {
  sync({file("/dags/a.yaml", "x"), file("/dags/b.yaml", "y")});
  SyncDags folder{
      "/dags", {}, {{"/dags/a.yaml", Json::array({Json::object()})}}, {"x"}, {"b.yaml"}, {}, true};
  sync_folder(folder);
  EXPECT_EQ(state("x").retired, "") << "declared by a file with errors";
  EXPECT_EQ(state("y").retired, "") << "perhaps declared by a file that cannot be read";
}

TEST_F(Identity, AFolderWithoutAFileRetiresOnlyWhatWasSeenThere) {
  sync({file("/dags/a.yaml", "x")});
  sync_folder({"/empty", {}, {}, {}, {}, {}, true});
  EXPECT_EQ(state("x").retired, "");
  EXPECT_EQ(report("/empty"), "the folder holds no DAG file; 1 DAGs stay in force without one");
  SyncDags unreadable{"/dags", {}, {}, {}, {}, seen_, false};
  sync_folder(unreadable);
  EXPECT_EQ(state("x").retired, "");
  sync({});
  EXPECT_NE(state("x").retired, "") << "its file was seen, and is gone";
}

TEST_F(Identity, EventsAndDatasetsDoNotStartARetiredDag) {
  DagSpec spec = make_dag("x")->spec();
  spec.datasets = {"data"};
  spec.on_event = Json::object({{"type", "news"}});
  RegisterDag dag{std::make_shared<const Dag>(*Dag::make(spec)), "/dags/a.yaml", "/dags", {}};
  sync({dag, file("/dags/b.yaml", "y")});
  EXPECT_EQ(planner_.publish_event({"news", Json::object()}, {}, now_).runs.size(), 1u);
  sync({file("/dags/b.yaml", "y")});
  EXPECT_TRUE(planner_.publish_event({"news", Json::object()}, {}, now_).runs.empty());
  ASSERT_TRUE(
      planner_.request_effects({UpdateDataset{"data", std::string(64, 'a'), 1}}, {}, now_).ok());
  EXPECT_EQ(planner_.open_runs(), 1);
}

TEST_F(Identity, AnUnchangedFolderWritesNothing) {
  const auto folder = [] {
    return std::vector{file("/dags/a.yaml", "x"), file("/dags/b.yaml", "x")};
  };
  sync(folder());
  events_.clear();
  sync(folder());
  EXPECT_TRUE(events_.empty());
}

TEST_F(Identity, ABrokenDagStopsOnlyItself) {
  DagState broken;
  broken.source = "/dags/x.yaml";
  planner_.restore_broken_dag("x", std::move(broken), "there is no time zone 'US/Nowhere'");
  planner_.recover(now_);
  sync({file("/dags/y.yaml", "y")});
  EXPECT_EQ(trigger("x"), "DAG 'x' is out of order: there is no time zone 'US/Nowhere'");
  EXPECT_EQ(report("/dags/x.yaml"), "DAG 'x' is out of order: there is no time zone 'US/Nowhere'");
  EXPECT_EQ(trigger("y"), "");
  sync({file("/dags/x.yaml", "x"), file("/dags/y.yaml", "y")});
  EXPECT_EQ(trigger("x"), "");
  EXPECT_EQ(report("/dags/x.yaml"), "");
}

TEST_F(Identity, ABrokenRunIsRefusedWithItsReason) {
  planner_.restore_broken_run(Uuid{1, 9}, "it cannot be folded");
  const auto cancelled = planner_.cancel_run({Uuid{1, 9}}, {}, now_);
  ASSERT_FALSE(cancelled.ok());
  const std::string id = Uuid{1, 9}.to_string();
  EXPECT_EQ(cancelled.error().message, "run " + id + " is out of order: it cannot be folded");
}

TEST_F(Identity, AnEventForAPausedDagSaysThatItStartsNothing) {
  DagSpec spec = make_dag("x")->spec();
  spec.on_event = Json::object({{"type", "news"}});
  sync({{std::make_shared<const Dag>(*Dag::make(spec)), "/dags/a.yaml", "/dags", {}}});
  ASSERT_TRUE(planner_.pause_dag({"x", true}, {}, now_).ok());
  const auto published = planner_.publish_event({"news", Json::object()}, {}, now_);
  EXPECT_TRUE(published.runs.empty());
  ASSERT_EQ(published.not_started.size(), 1u);
  EXPECT_EQ(published.not_started[0].dag, "x");
  EXPECT_EQ(published.not_started[0].reason, "it is paused");
}

TEST_F(Identity, AWebhookOfARetiredDagSaysThatItStartsNothing) {
  DagSpec spec = make_dag("x")->spec();
  spec.on_webhook = Json::object({{"secret_env", "SECRET"}});
  sync({{std::make_shared<const Dag>(*Dag::make(spec)), "/dags/a.yaml", "/dags", {}},
        file("/dags/b.yaml", "y")});
  sync({file("/dags/b.yaml", "y")});
  const auto received = planner_.publish_event({"webhook/x", Json::object(), "x"}, {}, now_);
  EXPECT_TRUE(received.runs.empty());
  ASSERT_EQ(received.not_started.size(), 1u);
  EXPECT_EQ(received.not_started[0].reason, "it is retired: " + state("x").retired);
}

TEST_F(Identity, ARunTakesItsParamsFromTheEvent) {
  DagSpec spec = make_dag("x")->spec();
  spec.params = {{"rows", Json::object({{"type", "integer"}})},
                 {"limit", Json::object({{"type", "integer"}, {"default", 5}})}};
  spec.on_event = Json::object(
      {{"type", "news"}, {"params", Json::object({{"rows", "${{ event.data.rows }}"}})}});
  sync({{std::make_shared<const Dag>(*Dag::make(spec)), "/dags/a.yaml", "/dags", {}}});
  const auto publish = [&](const Json& rows) {
    const Json event = Json::object({{"data", Json::object({{"rows", rows}})}});
    return planner_.publish_event({"news", event}, {}, now_);
  };
  const auto good = publish(7);
  ASSERT_EQ(good.runs.size(), 1u);
  EXPECT_EQ(planner_.find_run(good.runs[0])->created.params,
            Json::object({{"rows", 7}, {"limit", 5}}));
  const auto missing = publish(Json());
  ASSERT_EQ(missing.not_started.size(), 1u);
  EXPECT_EQ(missing.not_started[0].reason, "DAG 'x' needs a value for the param 'rows'");
  const auto bad = publish("many");
  EXPECT_TRUE(bad.runs.empty());
  ASSERT_EQ(bad.not_started.size(), 1u);
  EXPECT_EQ(bad.not_started[0].reason,
            "param 'rows' is \"many\"; expected a value of type integer");
}

TEST_F(Identity, TheSameContentIsNoUpdateAndNoDagStartsItself) {
  DagSpec spec = make_dag("x")->spec();
  spec.datasets = {"data"};
  sync({{std::make_shared<const Dag>(*Dag::make(spec)), "/dags/a.yaml", "/dags", {}}});
  const UpdateDataset update{"data", std::string(64, 'a'), 1};
  ASSERT_TRUE(planner_.request_effects({update}, {}, now_).ok());
  EXPECT_EQ(planner_.open_runs(), 1);
  ASSERT_TRUE(planner_.request_effects({update}, {}, now_).ok());
  EXPECT_EQ(planner_.open_runs(), 1) << "the same content";
  AttemptKey key;
  for (const auto& action : planner_.take_actions())
    if (const auto* start = std::get_if<StartAttempt>(&action)) key = start->key;
  const UpdateDataset own{"data", std::string(64, 'b'), 2};
  planner_.complete({key, Outcome{Done{Json::object(), {own}}}, false}, now_);
  planner_.forget_finished();
  EXPECT_EQ(planner_.open_runs(), 0) << "its own update starts no further run";
}

}  // namespace
}  // namespace millrace
