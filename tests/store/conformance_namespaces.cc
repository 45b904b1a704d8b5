// Two of one name in two namespaces: each store keeps them apart.
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

constexpr std::string_view kSpaces[] = {"default", "team"};

ModelKey model(std::string_view name_space) { return {name_space, "flights"}; }

/// A batch as of a run in that namespace.
Batch in_namespace(Batch batch, std::string_view name_space) {
  for (auto& [key, task] : batch.task_ids) task.namespace_ = name_space;
  return batch;
}

}  // namespace

TEST_P(StoreTest, DagsOfOneNameAreKeptApart) {
  lead();
  for (const auto name_space : kSpaces) {
    const DagKey key(name_space, "same");
    const Json spec = Json::object({{"dag", "same"},
                                    {"namespace", name_space},
                                    {"doc", name_space},
                                    {"tasks", Json::array()}});
    append({event({}, DagRegistered{key, "v", spec, "x.yaml", ".", {}})});
  }
  append({event({}, DagPaused{{"team", "same"}, true, {}})});
  append({event({}, DagRetired{{"team", "same"}, "gone", {}})});
  append({event({}, DagOutOfOrder{{"team", "same"}, "odd"})});
  append({event({}, ScheduleMoved{{"team", "same"}, now(), {}, {}})});

  const auto rows = stores().runs.dags();
  ASSERT_OK(rows);
  ASSERT_EQ(2u, rows->size());
  EXPECT_EQ("default", (*rows)[0].namespace_);
  EXPECT_FALSE((*rows)[0].paused);
  EXPECT_EQ("", (*rows)[0].retired);
  EXPECT_EQ("", (*rows)[0].out_of_order);
  EXPECT_FALSE((*rows)[0].schedule_from.has_value());
  EXPECT_EQ("team", (*rows)[1].namespace_);
  EXPECT_TRUE((*rows)[1].paused);
  EXPECT_EQ("gone", (*rows)[1].retired);
  EXPECT_EQ("odd", (*rows)[1].out_of_order);
  EXPECT_TRUE((*rows)[1].schedule_from.has_value());
  EXPECT_EQ("team", stores().runs.dag({"team", "same"})->spec["doc"].as_string());
  EXPECT_EQ("default", (*stores().runs.dag_version("same", "v"))["doc"].as_string());
  EXPECT_EQ("team", (*stores().runs.dag_version({"team", "same"}, "v"))["doc"].as_string());
  EXPECT_TRUE(*stores().runs.has_dag({"team", "same"}));
  EXPECT_FALSE(*stores().runs.has_dag({"other", "same"}));
  EXPECT_CODE(ErrorCode::not_found, stores().runs.dag({"other", "same"}));
}

TEST_P(StoreTest, TheWebhookOfADagIsThatOfItsNewestVersion) {
  lead();
  const Json webhook = Json::object({{"secret_env", "SECRET"}});
  const auto put = [&](std::string_view version, const Json& spec) {
    append({event({}, DagRegistered{"x", digest(version[0]), spec, "x.yaml", ".", {}})});
  };
  put("a", Json::object());
  EXPECT_EQ(*stores().runs.webhook_of("x"), Json());
  put("b", Json::object({{"on_webhook", webhook}}));
  EXPECT_EQ(*stores().runs.webhook_of("x"), webhook);
  EXPECT_CODE(ErrorCode::not_found, stores().runs.webhook_of({"team", "x"}));
}

TEST_P(StoreTest, RunsOfDagsOfOneNameAreKeptApart) {
  lead();
  const Time date = now();
  std::vector<RunRow> rows;
  for (const auto name_space : kSpaces) {
    const DagKey key(name_space, "same");
    append({event({}, DagRegistered{key, digest('d'), Json::object(), "x.yaml", ".", {}})});
    rows.push_back(start_run(key, RunType::scheduled, date));
  }
  finish_run(rows[0], RunStatus::failed);
  finish_run(rows[1], RunStatus::success);
  const auto found = [&](std::string_view name_space, std::optional<RunStatus> status) {
    RunFilter filter;
    filter.dag = DagKey(name_space, "same");
    filter.status = status;
    const auto runs = stores().runs.runs(filter);
    EXPECT_TRUE(runs.ok());
    return runs && runs->size() == 1 ? runs->front().run : Uuid{};
  };
  EXPECT_EQ(rows[0].run, found("default", std::nullopt));
  EXPECT_EQ(rows[1].run, found("team", std::nullopt));
  EXPECT_EQ(rows[0].run, found("default", RunStatus::failed));
  EXPECT_EQ(Uuid{}, found("team", RunStatus::failed));
  EXPECT_EQ(rows[1].run, found("team", RunStatus::success));
  EXPECT_EQ(Uuid{}, found("default", RunStatus::success));

  RunFilter of_team;
  of_team.namespace_ = "team";
  ASSERT_EQ(1u, stores().runs.runs(of_team)->size());
  EXPECT_EQ(rows[1].run, stores().runs.runs(of_team)->front().run);
  of_team.status = RunStatus::success;
  EXPECT_EQ(1u, stores().runs.runs(of_team)->size());
  of_team.before = rows[1].run;
  EXPECT_TRUE(stores().runs.runs(of_team)->empty());
  of_team = {.namespace_ = "team", .status = RunStatus::failed};
  EXPECT_TRUE(stores().runs.runs(of_team)->empty());
  of_team.namespace_ = "default";
  ASSERT_EQ(1u, stores().runs.runs(of_team)->size());
  EXPECT_EQ(rows[0].run, stores().runs.runs(of_team)->front().run);
  EXPECT_EQ(2u, stores().runs.newest_of_each_dag(1)->size());
  EXPECT_EQ("team", stores().runs.run(rows[1].run)->namespace_);
  const auto dates = stores().runs.scheduled_dates(now());
  ASSERT_OK(dates);
  EXPECT_EQ(1u, dates->at("same").size());
  EXPECT_EQ(1u, dates->at({"team", "same"}).size());
}

TEST_P(StoreTest, WatermarksAreKeptOnceForEachEventNewestFirst) {
  lead();
  const RunRow run = start_run();
  // Above 2^53, where a double would lose the last digit.
  const Json exact = *Json::parse("9007199254740993");
  const Batch first = success_batch(
      run.run, {SetWatermark{"orders", exact}, SetWatermark{"orders", "2001-02-03 04:05:06.789"},
                SetWatermark{"events", "é\""}, SetWatermark{"ratio", 0.1}});
  ASSERT_OK(stores().journal.append(first));
  ASSERT_OK(stores().journal.append(first));  // the answer to the first one was lost
  const RunRow other = start_run({"team", "d"});
  ASSERT_OK(stores().journal.append(
      in_namespace(success_batch(other.run, {SetWatermark{"orders", 7}}, "ingest"), "team")));

  const auto orders = stores().registry.newest_rows<WatermarkRow>(10, {"default", "orders"});
  ASSERT_OK(orders);
  ASSERT_EQ(2u, orders->size()) << "one for each effect of the completion";
  EXPECT_EQ(Json("2001-02-03 04:05:06.789"), (*orders)[0].value) << "the last effect counts";
  EXPECT_EQ(9'007'199'254'740'993, (*orders)[1].value.as_int());
  EXPECT_EQ(run.run, (*orders)[0].run);
  EXPECT_EQ(2, (*orders)[0].seq);
  EXPECT_EQ(-1, (*orders)[0].map_index);
  const auto newest = [&](const AppendedFilter& filter) {
    return stores().registry.newest_rows<WatermarkRow>(1, filter)->front();
  };
  EXPECT_EQ(Json("é\""), newest({"default", "events"}).value);
  EXPECT_EQ(0.1, newest({"default", "ratio"}).value.as_double());
  EXPECT_EQ(7, newest({"team", "orders"}).value.as_int());
  EXPECT_EQ("team", newest({}).namespace_);
  EXPECT_EQ("ingest", newest({}).task);
  EXPECT_EQ(5u, stores().registry.newest_rows<WatermarkRow>(10)->size());
  EXPECT_TRUE(stores().registry.newest_rows<WatermarkRow>(10, {"team", "events"})->empty());

  const auto each = stores().registry.newest_watermarks();
  ASSERT_OK(each);
  std::vector<std::string> got;
  for (const auto& row : *each)
    got.push_back(row.namespace_ + "/" + row.dataset + " " + row.value.dump());
  EXPECT_EQ((std::vector<std::string>{"default/events \"é\\\"\"",
                                      "default/orders \"2001-02-03 04:05:06.789\"",
                                      "default/ratio 0.1", "team/orders 7"}),
            got);

  for (const Json& bad : {Json(), Json(true), Json::object(), Json(std::string(4097, 'x'))})
    EXPECT_CODE(ErrorCode::invalid_argument,
                stores().journal.append(success_batch(run.run, {SetWatermark{"orders", bad}})));
  EXPECT_CODE(ErrorCode::invalid_argument,
              stores().journal.append(success_batch(run.run, {SetWatermark{"", 1}})));
}

TEST_P(StoreTest, ModelsAndDataOfOneNameAreKeptApart) {
  lead();
  std::vector<RunRow> runs;
  for (const auto name_space : kSpaces) {
    const char letter = name_space == "team" ? 'b' : 'a';
    runs.push_back(start_run({name_space, "d"}));
    const std::vector<Effect> effects = {
        RegisterModel{"flights", digest(letter), std::string(name_space), {}, {}, ""},
        RecordEvaluation{"flights", "", digest(letter), "promote", {}},
        PromoteModel{"flights", digest(letter)}, UpdateDataset{"clean", digest(letter), 1},
        RaiseAlert{"info", std::string(name_space), "", ""}};
    ASSERT_OK(stores().journal.append(
        in_namespace(success_batch(runs.back().run, effects, "train"), name_space)));
  }
  Origin by{"local", "why"};
  by.on_behalf_of = "grace";
  append({event({},
                EffectsRequested{{RollbackModel{"flights", "bad", {}, digest('b')}}, by, "team"})});

  const auto models = stores().registry.models();
  ASSERT_OK(models);
  EXPECT_EQ((std::vector<ModelKey>{model("default"), model("team")}), *models);
  for (const auto name_space : kSpaces) {
    const auto versions = stores().registry.model_versions(model(name_space));
    ASSERT_OK(versions);
    ASSERT_EQ(1u, versions->size());
    EXPECT_EQ(1, versions->front().version) << "numbers begin in each namespace";
    EXPECT_EQ(name_space, versions->front().namespace_);
    EXPECT_EQ(name_space, versions->front().algorithm);
    EXPECT_EQ(name_space == "team", !versions->front().not_shipped.empty());
    EXPECT_EQ(1u, stores().registry.evaluations(model(name_space), 10)->size());
    EXPECT_EQ(name_space, stores().registry.dataset({name_space, "clean"})->namespace_);
  }
  EXPECT_EQ(2u, stores().registry.datasets()->size());
  EXPECT_CODE(ErrorCode::not_found, stores().registry.model_version(model("team"), digest('a')));
  EXPECT_EQ("team", stores().registry.alerts(1)->front().namespace_);
  const auto of_default = stores().registry.newest_rows<AlertRow>(10, {.namespace_ = "default"});
  ASSERT_OK(of_default);
  ASSERT_EQ(1u, of_default->size());
  EXPECT_EQ("default", of_default->front().title);
  EXPECT_TRUE(stores().registry.newest_rows<AlertRow>(10, {.namespace_ = "other"})->empty());
  EXPECT_EQ(digest('a'), stores().serving.deployment(model("default"))->champion);
  EXPECT_CODE(ErrorCode::not_found, stores().serving.deployment(model("team")));
  ASSERT_EQ(1u, stores().serving.deployments()->size());
  const auto history = stores().serving.deployment_history(model("team"), 10);
  ASSERT_OK(history);
  ASSERT_EQ(2u, history->size());
  EXPECT_EQ("team", history->front().namespace_);
  EXPECT_EQ("local", history->front().actor);
  EXPECT_EQ("grace", history->front().on_behalf_of);
  EXPECT_EQ(1u, stores().serving.deployment_history(model("default"), 10)->size());
  const auto deployable = stores().registry.deployable();
  ASSERT_OK(deployable);
  int kept_back = 0;
  for (const auto& row : *deployable) {
    EXPECT_EQ(row.artifact == digest('b'), row.model == model("team"));
    kept_back += !row.not_shipped.empty();
  }
  EXPECT_EQ(1, kept_back);
}

TEST_P(StoreTest, PredictionsOfModelsOfOneNameAreKeptApart) {
  PredictionBatch batch;
  batch.id = new_id();
  for (const auto name_space : kSpaces) {
    Prediction prediction;
    prediction.id = name_space;
    prediction.model = "flights";
    prediction.namespace_ = name_space;
    prediction.at = now();
    batch.predictions.push_back(prediction);
    ServingWindow window;
    window.model = "flights";
    window.namespace_ = name_space;
    window.artifact = digest('a');
    window.role = "champion";
    window.start = now();
    window.requests = name_space == "team" ? 2 : 1;
    window.revision = 1;
    batch.windows.push_back(window);
  }
  ASSERT_OK(stores().serving.append(batch));
  for (const auto name_space : kSpaces) {
    const auto predictions = stores().serving.predictions(model(name_space), 10);
    ASSERT_OK(predictions);
    ASSERT_EQ(1u, predictions->size());
    EXPECT_EQ(name_space, predictions->front().id);
    EXPECT_EQ(name_space, predictions->front().namespace_);
    for (const std::int64_t revision : {0, 1}) {
      const auto windows = stores().serving.windows(model(name_space), Time{}, revision);
      ASSERT_OK(windows);
      ASSERT_EQ(1u, windows->size());
      EXPECT_EQ(name_space == "team" ? 2 : 1, windows->front().requests);
    }
  }
}

TEST_P(StoreTest, ACommandKeepsItsNamespaceAndPrincipal) {
  Command command;
  command.id = new_id();
  command.kind = "pause_dag";
  command.namespace_ = "team";
  command.origin = {"local", "why"};
  command.origin.principal.token = "t1";
  command.origin.principal.roles = {"operator", "viewer"};
  command.origin.on_behalf_of = "grace";
  command.created_at = now();
  ASSERT_OK(stores().inbox.submit(command));
  const auto pending = stores().inbox.pending(10);
  ASSERT_OK(pending);
  ASSERT_EQ(1u, pending->size());
  const Command& got = pending->front();
  EXPECT_EQ("team", got.namespace_);
  EXPECT_EQ("local", got.origin.principal.who);
  EXPECT_EQ("t1", got.origin.principal.token);
  EXPECT_EQ((std::vector<std::string>{"operator", "viewer"}), got.origin.principal.roles);
  EXPECT_EQ("grace", got.origin.on_behalf_of);
}

}  // namespace millrace::testing
