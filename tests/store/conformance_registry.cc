#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

RegisterModel version_of(const std::string& model, char artifact) {
  return {model,
          digest(artifact),
          "logistic",
          Json::object({{"auc", 0.71}}),
          Json::object({{"c", 1}}),
          digest('f')};
}

TEST_P(StoreTest, ModelVersionsAreNumberedPerModelWithoutGaps) {
  lead();
  const RunRow run = start_run();
  succeed(run.run, {version_of("flights", 'a'), version_of("other", 'a')}, "train", 0);
  succeed(run.run, {version_of("flights", 'b')}, "train", 1);
  const auto versions = stores().registry.model_versions("flights");
  ASSERT_OK(versions);
  ASSERT_EQ(2u, versions->size());
  const ModelVersionRow& newest = versions->front();
  EXPECT_EQ(2, newest.version);
  EXPECT_EQ(digest('b'), newest.artifact);
  EXPECT_EQ("logistic", newest.algorithm);
  EXPECT_EQ(digest('f'), newest.manifest);
  EXPECT_DOUBLE_EQ(0.71, newest.metrics["auc"].as_double());
  EXPECT_EQ(1, newest.params["c"].as_int());
  EXPECT_EQ(run.run, newest.run);
  EXPECT_EQ("train", newest.task);
  EXPECT_EQ(1, newest.map_index);
  EXPECT_EQ(now(), newest.created_at);
  EXPECT_EQ(1, (*versions)[1].version);
  EXPECT_EQ(1, stores().registry.model_version("other", digest('a'))->version);
  EXPECT_EQ((std::vector<ModelKey>{"flights", "other"}), *stores().registry.models());
  EXPECT_CODE(ErrorCode::not_found, stores().registry.model_version("flights", digest('c')));
  EXPECT_TRUE(stores().registry.model_versions("nope")->empty());
}

TEST_P(StoreTest, ATaskInstanceRegistersAnArtifactOnce) {
  lead();
  const RunRow run = start_run(), other = start_run();
  succeed(run.run, {version_of("flights", 'a'), version_of("flights", 'a')});
  succeed(run.run,
          {version_of("flights", 'a')});  // the task was cleared, and trained the very same model
  EXPECT_EQ(1u, stores().registry.model_versions("flights")->size());
  succeed(other.run, {version_of("flights", 'a')});  // another run is another version
  succeed(run.run, {version_of("flights", 'b')});    // so is another artifact
  const auto versions = stores().registry.model_versions("flights");
  ASSERT_OK(versions);
  ASSERT_EQ(3u, versions->size());
  EXPECT_EQ(3, versions->front().version);
  EXPECT_EQ(2, stores().registry.model_version("flights", digest('a'))->version);
}

TEST_P(StoreTest, ArtifactsBecomeVisibleWithTheirLineage) {
  lead();
  const RunRow run = start_run(), other = start_run();
  const PublishArtifact table{digest('a'),
                              "table",
                              "train",
                              120,
                              7,
                              Json::array({Json::object({{"name", "x"}})}),
                              {digest('b'), digest('c')}};
  succeed(run.run, {table, PublishArtifact{digest('d'), "report", "report", 5, -1, {}, {}}},
          "featurize");
  succeed(run.run, {table}, "featurize");
  succeed(other.run, {table}, "featurize", 2);
  const auto own = stores().registry.artifacts(run.run);
  ASSERT_OK(own);
  ASSERT_EQ(2u, own->size());
  const ArtifactRow& got = own->front();
  EXPECT_EQ(digest('a'), got.digest);
  EXPECT_EQ("table", got.kind);
  EXPECT_EQ("train", got.name);
  EXPECT_EQ(120, got.bytes);
  EXPECT_EQ(7, got.rows);
  EXPECT_EQ(table.schema, got.schema);
  EXPECT_EQ(table.inputs, got.inputs);
  EXPECT_EQ("featurize", got.task);
  EXPECT_EQ(-1, got.map_index);
  EXPECT_EQ(digest('d'), (*own)[1].digest);
  EXPECT_TRUE((*own)[1].inputs.empty());
  EXPECT_EQ(run.run, stores().registry.artifact(digest('a'))->run);
  EXPECT_EQ(1u, stores().registry.artifacts(other.run)->size());
  EXPECT_CODE(ErrorCode::not_found, stores().registry.artifact(digest('e')));
}

TEST_P(StoreTest, EvaluationsDatasetsAndAlertsAreKept) {
  lead();
  const RunRow run = start_run();
  succeed(
      run.run,
      {RecordEvaluation{"flights", "", digest('a'), "promote", Json::object({{"p", 0.01}})},
       UpdateDataset{"clean", digest('a'), 10}, RaiseAlert{"warning", "drift", "it drifts", "ops"},
       RaiseAlert{"error", "second", "of the same event", "ops"}},
      "evaluate");
  succeed(run.run,
          {RecordEvaluation{"flights", digest('a'), digest('b'), "refuse", {}},
           UpdateDataset{"clean", digest('b'), 20}},
          "evaluate");

  const auto evaluations = stores().registry.evaluations("flights", 10);
  ASSERT_OK(evaluations);
  ASSERT_EQ(2u, evaluations->size());
  EXPECT_EQ("refuse", (*evaluations)[0].decision);
  EXPECT_EQ(digest('a'), (*evaluations)[0].champion);
  EXPECT_EQ(digest('b'), (*evaluations)[0].challenger);
  EXPECT_DOUBLE_EQ(0.01, (*evaluations)[1].report["p"].as_double());
  EXPECT_EQ("evaluate", (*evaluations)[1].task);
  EXPECT_EQ(1u, stores().registry.evaluations("flights", 1)->size());
  EXPECT_TRUE(stores().registry.evaluations("other", 10)->empty());

  const auto dataset = stores().registry.dataset("clean");
  ASSERT_OK(dataset);
  EXPECT_EQ(digest('b'), dataset->artifact);
  EXPECT_EQ(20, dataset->rows);
  EXPECT_EQ(run.run, dataset->run);
  EXPECT_EQ("evaluate", dataset->task);
  EXPECT_CODE(ErrorCode::not_found, stores().registry.dataset("nope"));
  const auto datasets = stores().registry.datasets();
  ASSERT_OK(datasets);
  ASSERT_EQ(1u, datasets->size());
  EXPECT_EQ(digest('b'), datasets->front().artifact);

  const auto alerts = stores().registry.alerts(10);
  ASSERT_OK(alerts);
  ASSERT_EQ(2u, alerts->size());
  EXPECT_EQ("second", (*alerts)[0].title);
  EXPECT_EQ("warning", (*alerts)[1].severity);
  EXPECT_EQ("it drifts", (*alerts)[1].text);
  EXPECT_EQ("ops", (*alerts)[1].owner);
  EXPECT_EQ("evaluate", (*alerts)[1].task);
  EXPECT_EQ(2, (*alerts)[1].seq);
}

TEST_P(StoreTest, TrafficMovesFromChampionToChallengerAndBack) {
  lead();
  const RunRow run = start_run();
  ServingStore& serving = stores().serving;
  EXPECT_CODE(ErrorCode::not_found, serving.deployment("flights"));
  succeed(run.run, {PromoteModel{"flights", digest('a'), "first"}});
  succeed(run.run, {SetTraffic{"flights", digest('b'), 5, "canary"}});
  auto row = serving.deployment("flights");
  ASSERT_OK(row);
  EXPECT_EQ(digest('a'), row->champion);
  EXPECT_EQ(digest('b'), row->candidate);
  EXPECT_DOUBLE_EQ(5, row->weight);
  EXPECT_EQ("", row->last_good);
  EXPECT_EQ(2, row->revision);
  EXPECT_EQ(now(), row->updated_at);

  succeed(run.run, {SetTraffic{"flights", digest('b'), 25, ""},
                    PromoteModel{"flights", digest('b'), "passed"}});
  row = serving.deployment("flights");
  EXPECT_EQ(digest('b'), row->champion);
  EXPECT_EQ("", row->candidate);
  EXPECT_DOUBLE_EQ(0, row->weight);
  EXPECT_EQ(digest('a'), row->last_good);
  EXPECT_EQ(4, row->revision);

  append(
      {event({}, EffectsRequested{{RollbackModel{"flights", "bad", Json::object({{"errors", 9}})}},
                                  {"ada", ""}})});
  row = serving.deployment("flights");
  EXPECT_EQ(digest('a'), row->champion);
  EXPECT_EQ("", row->last_good);

  const auto history = serving.deployment_history("flights", 10);
  ASSERT_OK(history);
  ASSERT_EQ(5u, history->size());
  const DeploymentEventRow& rollback = history->front();
  EXPECT_EQ(5, rollback.revision);
  EXPECT_EQ("rollback", rollback.action);
  EXPECT_EQ(digest('b'), rollback.artifact);
  EXPECT_EQ("bad", rollback.reason);
  EXPECT_EQ(9, rollback.evidence["errors"].as_int());
  EXPECT_EQ("ada", rollback.actor);
  EXPECT_TRUE(rollback.run.is_nil());
  EXPECT_EQ("promote", history->at(1).action);
  EXPECT_EQ(run.run, history->at(1).run);
  EXPECT_EQ("canary", history->at(2).action);
  EXPECT_DOUBLE_EQ(25, history->at(2).weight);
  EXPECT_EQ(2u, serving.deployment_history("flights", 2)->size());
  EXPECT_EQ(1u, serving.deployments()->size());
}

TEST_P(StoreTest, ARollbackWithNothingToReturnToIsOnlyRecorded) {
  lead();
  append({event({}, EffectsRequested{{RollbackModel{"ghost", "typo", {}}}, {}})});
  EXPECT_CODE(ErrorCode::not_found, stores().serving.deployment("ghost"));
  EXPECT_TRUE(stores().serving.deployments()->empty());
  const auto history = stores().serving.deployment_history("ghost", 10);
  ASSERT_OK(history);
  ASSERT_EQ(1u, history->size());
  EXPECT_EQ("nothing to roll back to (typo)", history->front().reason);
  EXPECT_EQ("", history->front().artifact);
}

TEST_P(StoreTest, ARefusedOrWithdrawnVersionIsRememberedUntilAPersonReleasesIt) {
  lead();
  const RunRow run = start_run();
  Registry& registry = stores().registry;
  succeed(run.run, {version_of("flights", 'a'), version_of("flights", 'b'),
                    version_of("flights", 'c'), PromoteModel{"flights", digest('a'), ""}});
  EXPECT_EQ("", registry.model_version("flights", digest('b'))->not_shipped);
  succeed(run.run, {RecordEvaluation{"flights", digest('a'), digest('b'), "refuse", {}},
                    RecordEvaluation{"flights", digest('a'), digest('a'), "refuse", {}},
                    SetTraffic{"flights", digest('c'), 5, ""}});
  RollbackModel back{"flights", "too many errors", {}};
  back.artifact = digest('c');
  append({event({}, EffectsRequested{{back}, {"ada", ""}})});

  const auto all = registry.deployable();
  ASSERT_OK(all);
  ASSERT_EQ(3u, all->size());
  for (const DeployableRow& row : *all) EXPECT_TRUE(row.registered);
  EXPECT_EQ("", (*all)[0].not_shipped) << "a champion that lost against itself is not refused";
  EXPECT_EQ("was refused by an evaluation", (*all)[1].not_shipped);
  EXPECT_EQ("was rolled back: too many errors", (*all)[2].not_shipped);
  EXPECT_EQ("was rolled back: too many errors",
            registry.model_version("flights", digest('c'))->not_shipped);
  EXPECT_EQ("was rolled back: too many errors",
            registry.model_versions("flights")->front().not_shipped);

  append({event({}, EffectsRequested{{ReleaseModel{"flights", digest('c'), "the feed was wrong"}},
                                     {"ada", ""}})});
  EXPECT_EQ("", registry.model_version("flights", digest('c'))->not_shipped);
  const auto history = stores().serving.deployment_history("flights", 1);
  ASSERT_OK(history);
  EXPECT_EQ("release", history->front().action);
  EXPECT_EQ("ada", history->front().actor);
  EXPECT_EQ("the feed was wrong", history->front().reason);
  EXPECT_EQ(digest('c'), history->front().artifact);
}

TEST_P(StoreTest, ADeploymentKeepsTheVersionsThatWereDeployedAndTheOwnerOfItsCanary) {
  lead();
  const RunRow run = start_run(), later = start_run();
  succeed(run.run, {version_of("flights", 'a'), version_of("flights", 'b')}, "train");
  succeed(run.run, {PromoteModel{"flights", digest('a'), ""}}, "ship");
  succeed(run.run, {SetTraffic{"flights", digest('b'), 5, ""}}, "ship");
  auto row = stores().serving.deployment("flights");
  ASSERT_OK(row);
  EXPECT_EQ((CanaryOwner{run.run, "ship", -1}), row->owner);
  // The same model, trained once more, is version 3 from now on; what is deployed is version 2.
  succeed(later.run, {version_of("flights", 'b')}, "train");
  succeed(run.run, {PromoteModel{"flights", digest('b'), ""}}, "ship");
  row = stores().serving.deployment("flights");
  EXPECT_EQ(2, row->champion_version);
  EXPECT_EQ(1, row->last_good_version);
  EXPECT_TRUE(row->owner.run.is_nil());
  append({event({}, EffectsRequested{{RollbackModel{"flights", "", {}}}, {}})});
  const auto history = stores().serving.deployment_history("flights", 10);
  ASSERT_OK(history);
  std::vector<int> versions;
  for (const auto& change : *history) versions.push_back(change.version);
  EXPECT_EQ((std::vector<int>{2, 2, 2, 1}), versions);
}

TEST_P(StoreTest, WindowsAreFoundByTheRevisionThatTheyMeasured) {
  PredictionBatch batch;
  batch.id = new_id();
  for (const std::int64_t revision : {0, 4, 5, 6}) {
    ServingWindow window;
    window.model = "flights";
    window.artifact = digest('a');
    window.role = "candidate";
    // The clock went back between the windows.
    window.start = now() - std::chrono::hours{revision};
    window.requests = 1 << revision;
    window.revision = revision;
    batch.windows.push_back(window);
  }
  ASSERT_OK(stores().serving.append(batch));
  EXPECT_EQ(32 + 64, stores().serving.windows("flights", {}, 5)->front().requests);
  EXPECT_EQ(1 + 16 + 32 + 64, stores().serving.windows("flights", {})->front().requests);
}

TEST_P(StoreTest, ServingSubscribersHearOfDeployments) {
  Signal signal;
  const Subscription subscription = stores().serving.subscribe(signal.callback());
  lead();
  const RunRow run = start_run();
  const int before = signal.count();
  succeed(run.run, {PromoteModel{"flights", digest('a'), ""}});
  EXPECT_TRUE(signal.wait_for(before + 1));
}

}  // namespace
}  // namespace millrace::testing
