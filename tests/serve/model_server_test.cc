// The model server over HTTP: what a stock V2 client sends and gets.
#include "engine/serve/model_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "tests/serve/fixtures.h"

namespace millrace::serve {
namespace {

const std::vector<std::string> kFeatures = {"hour", "distance", "delay_mean"};

class ModelServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    text_a_ = model_text("logistic", kFeatures, {0.1, 0.001, -0.5}, -1);
    text_b_ = model_text("logistic", kFeatures, {0.2, 0.002, -0.1}, -2);
    a_ = world_.add_model("flights", text_a_);
    b_ = world_.add_model("flights", text_b_);
    world_.promote("flights", a_);
  }
  void start() { start(quick_config(dir_.path())); }
  void start(ModelServerConfig config) {
    server_ = start_server(world_, std::move(config));
    ASSERT_TRUE(serves_revision(*server_, "flights", 1));
    client_ = std::make_unique<HttpClient>(server_->port());
  }
  static double predicted(const std::string& text, const std::vector<double>& row) {
    return *ml::Model::parse(text)->predict_row(row);
  }
  void wait_revision(std::int64_t revision) {
    ASSERT_TRUE(serves_revision(*server_, "flights", revision));
  }

  TempFolder dir_;
  World world_;
  std::string text_a_, text_b_, a_, b_;
  std::unique_ptr<ModelServer> server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(ModelServerTest, ServerMetadataAndHealth) {
  start();
  const auto about = client_->get("/v2").json();
  EXPECT_EQ("millrace", about["name"].as_string());
  EXPECT_TRUE(about["extensions"].is_array());
  EXPECT_TRUE(client_->get("/v2/health/live").json()["live"].as_bool());
  EXPECT_EQ(200, client_->get("/v2/health/ready").status);
  EXPECT_TRUE(client_->get("/v2/models/flights/ready").json()["ready"].as_bool());
  EXPECT_EQ(200, client_->get("/v2/models/flights/versions/1/ready").status);
}

TEST_F(ModelServerTest, ModelMetadata) {
  start();
  const auto about = client_->get("/v2/models/flights").json();
  EXPECT_EQ("flights", about["name"].as_string());
  EXPECT_EQ(R"(["1","2"])", about["versions"].dump());
  EXPECT_EQ("millrace_logistic", about["platform"].as_string());
  EXPECT_EQ(R"({"name":"distance","datatype":"FP64","shape":[-1]})", about["inputs"].at(1).dump());
  EXPECT_EQ(R"({"name":"probability","datatype":"FP64","shape":[-1]})",
            about["outputs"].at(0).dump());
}

// The request of the protocol's own example, with our features.
TEST_F(ModelServerTest, InferEqualsTheModel) {
  start();
  const auto reply = client_->post("/v2/models/flights/infer", R"({
    "id" : "42",
    "inputs" : [{"name" : "input0", "shape" : [ 2, 3 ], "datatype" : "FP64",
                 "data" : [ 7.25, 500, 1.5, 18, 1200.125, -3 ]}],
    "outputs" : [{"name" : "probability"}, {"name" : "label"}]})");
  ASSERT_EQ(200, reply.status) << reply.body;
  const auto json = reply.json();
  EXPECT_EQ("flights", json["model_name"].as_string());
  EXPECT_EQ("1", json["model_version"].as_string());
  EXPECT_EQ("42", json["id"].as_string());
  EXPECT_EQ("champion", json["parameters"]["role"].as_string());
  EXPECT_EQ(a_, json["parameters"]["artifact"].as_string());
  EXPECT_GE(json["parameters"]["latency_us"].as_int(-1), 0);
  const auto& output = json["outputs"].at(0);
  EXPECT_EQ("probability", output["name"].as_string());
  EXPECT_EQ("FP64", output["datatype"].as_string());
  EXPECT_EQ("[2]", output["shape"].dump());
  EXPECT_EQ(predicted(text_a_, {7.25, 500, 1.5}), output["data"].at(0).as_double());  // bit for bit
  EXPECT_EQ(predicted(text_a_, {18, 1200.125, -3}), output["data"].at(1).as_double());
  EXPECT_EQ(R"({"name":"label","datatype":"INT64","shape":[2],"data":[0,1]})",
            json["outputs"].at(1).dump());
}

TEST_F(ModelServerTest, InferByFeatureName) {
  start();
  const auto reply = client_->post("/v2/models/flights/infer", R"({"inputs":[
      {"name":"delay_mean","shape":[1,1],"datatype":"FP32","data":[1.5]},
      {"name":"distance","shape":[1],"datatype":"INT32","data":[500]},
      {"name":"hour","shape":[1],"datatype":"FP64","data":[null]}]})");
  ASSERT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ(predicted(text_a_, {ml::kMissing, 500, 1.5}),
            reply.json()["outputs"].at(0)["data"].at(0).as_double());
  EXPECT_EQ(36u, reply.json()["id"].as_view().size());  // ours, for the outcome
}

TEST_F(ModelServerTest, ARegressionPredictsNumbers) {
  const auto text = model_text("linear", {"x"}, {2}, 1);
  world_.promote("sales", world_.add_model("sales", text));
  start();
  ASSERT_TRUE(serves_revision(*server_, "sales", 1));
  const auto reply = client_->post("/v2/models/sales/infer", one_row({20.5}));
  ASSERT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ(R"([{"name":"prediction","datatype":"FP64","shape":[1],"data":[42.0]}])",
            reply.json()["outputs"].dump());
}

TEST_F(ModelServerTest, AVersionMayBeNamed) {
  world_.traffic("flights", b_, 50);
  start();
  wait_revision(2);
  for (int i = 0; i < 20; ++i) {
    const auto reply = client_->post("/v2/models/flights/versions/2/infer", one_row({1, 2, 3}));
    ASSERT_EQ(200, reply.status) << reply.body;
    EXPECT_EQ("2", reply.json()["model_version"].as_string());
    EXPECT_EQ(predicted(text_b_, {1, 2, 3}),
              reply.json()["outputs"].at(0)["data"].at(0).as_double());
  }
}

TEST_F(ModelServerTest, AnUnroutedVersionIsLoadedOnDemand) {
  start();
  const auto first = client_->post("/v2/models/flights/versions/2/infer", one_row({1, 2, 3}));
  EXPECT_EQ(503, first.status);
  EXPECT_NE(std::string::npos, first.headers.find("Retry-After: 1"));
  ASSERT_TRUE(server_->wait(
      [](const Snapshot& s) { return s.routes.find("flights")->second->version(2) != nullptr; },
      kPatience));
  EXPECT_EQ(200, client_->post("/v2/models/flights/versions/2/infer", one_row({1, 2, 3})).status);
  EXPECT_EQ(404, client_->post("/v2/models/flights/versions/9/infer", one_row({1, 2, 3})).status);
}

TEST_F(ModelServerTest, TheSplitIsStickyAndFollowsTheWeight) {
  world_.traffic("flights", b_, 20);
  start();
  wait_revision(2);
  std::map<std::string, std::string> version_of;
  int candidates = 0;
  constexpr int kEntities = 1000;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < kEntities; ++i) {
      const std::string entity = "N" + std::to_string(i);
      const auto reply = client_->post("/v2/models/flights/infer", one_row({1, 2, 3}),
                                       "X-Entity-Key: " + entity + "\r\n");
      const auto version = reply.json()["model_version"].as_string();
      if (round == 0) {
        version_of[entity] = version;
        candidates += version == "2";
        EXPECT_EQ(version == "2" ? "candidate" : "baseline",
                  reply.json()["parameters"]["role"].as_string());
      } else {
        EXPECT_EQ(version_of[entity], version) << entity;
      }
    }
  EXPECT_NEAR(200, candidates, 51);  // four sigma
  world_.traffic("flights", b_, 60);
  wait_revision(3);
  for (const auto& [entity, version] : version_of) {
    if (version != "2") continue;
    // The body's entity and the header's are the same thing.
    const auto reply =
        client_->post("/v2/models/flights/infer",
                      one_row({1, 2, 3}, R"(,"parameters":{"entity":")" + entity + "\"}"));
    EXPECT_EQ("2", reply.json()["model_version"].as_string()) << entity;
  }
}

TEST_F(ModelServerTest, OutcomesAreScoredForTheVersionThatAnswered) {
  start();
  const std::string path = "/v2/models/flights/outcomes";
  const double p = predicted(text_a_, {1, 2, 3});
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}, R"(,"id":"r1")"));
  client_->post("/v2/models/flights/infer",
                one_row({1, 2, 3}, R"(,"id":"r2","parameters":{"entity":"N7"})"));
  const auto reply =
      client_->post(path, R"([{"id":"r1","outcome":1},{"entity":"N7","outcome":false},
      {"id":"r1","outcome":0},{"id":"nobody","outcome":1},{"outcome":1},
      {"id":"old","outcome":1,"prediction":0.5,"prediction_artifact":")" +
                              a_ + "\"}]");
  ASSERT_EQ(200, reply.status) << reply.body;
  // A prediction that was never made counts for nothing, whatever the client says of it.
  EXPECT_EQ(2, reply.json()["matched"].as_int());
  EXPECT_EQ(1, reply.json()["repeated"].as_int());
  EXPECT_EQ(2, reply.json()["unknown"].as_int());
  EXPECT_EQ(4, reply.json()["errors"].at(0)["index"].as_int());
  ASSERT_TRUE(server_->flush(kPatience));
  const auto windows = world_.stores().serving.windows("flights", Time{});
  ASSERT_EQ(1u, windows->size());
  EXPECT_EQ(2, (*windows)[0].outcomes);
  EXPECT_EQ(2, (*windows)[0].requests);
  EXPECT_DOUBLE_EQ(-(1 - p) * (1 - p) - p * p, (*windows)[0].business_sum);
  const auto stats = client_->get("/v2/models/flights/stats").json();
  EXPECT_EQ(2, stats["series"].at(0)["outcomes"].as_int());
  EXPECT_EQ(400, client_->post(path, R"({"x":1})").status);
}

TEST_F(ModelServerTest, OutcomesTakeKeysAsInferenceDoes) {
  start();
  client_->post("/v2/models/flights/infer",
                one_row({1, 2, 3}, R"(,"id":"r1","parameters":{"entity":9007199254740993})"));
  const std::string body = R"([{"entity":9007199254740993.0,"outcome":1},
      {"id":1,"entity":9007199254740993,"outcome":1},{"entity":9007199254740992,"outcome":1},
      {"entity":9007199254740993,"outcome":1}])";
  const auto reply = client_->post("/v2/models/flights/outcomes", body).json();
  EXPECT_EQ(1, reply["matched"].as_int());
  EXPECT_EQ(1, reply["unknown"].as_int());
  EXPECT_NE(std::string::npos, reply["errors"].at(0)["error"].as_view().find("which rounds"));
  EXPECT_EQ("\"id\" must be a string", reply["errors"].at(1)["error"].as_string());
}

// 800 forged outcomes rolled a canary back. Right: an outcome counts once, and only for a
// prediction that was made; the same prediction by its id and by its entity is one.
TEST_F(ModelServerTest, ForgedAndRepeatedOutcomesCountForNothing) {
  world_.traffic("flights", b_, 50);
  start();
  wait_revision(2);
  const std::string path = "/v2/models/flights/outcomes";
  std::string forged;
  for (int i = 0; i < 800; ++i)
    forged += (i == 0 ? "" : ",") + (R"({"id":"f)" + std::to_string(i)) +
              R"(","outcome":0,"prediction":1,"prediction_artifact":")" + b_ + "\"}";
  const auto reply = client_->post(path, "[" + forged + "]").json();
  EXPECT_EQ(0, reply["matched"].as_int());
  EXPECT_EQ(800, reply["unknown"].as_int());

  client_->post("/v2/models/flights/infer",
                one_row({1, 2, 3}, R"(,"id":"r1","parameters":{"entity":"N7"})"));
  const auto twice = client_
                         ->post(path, R"([{"entity":"N7","outcome":1},{"id":"r1","outcome":1},
      {"id":"r1","outcome":1}])")
                         .json();
  EXPECT_EQ(1, twice["matched"].as_int());
  EXPECT_EQ(2, twice["repeated"].as_int());
}

TEST_F(ModelServerTest, AnOutcomeThatCannotBeOneIsRefused) {
  start();
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}, R"(,"id":"r1")"));
  const auto reply = client_->post("/v2/models/flights/outcomes",
                                   R"([{"id":"r1","outcome":7},{"id":"r1","outcome":-1e300}])");
  EXPECT_EQ("\"outcome\" of a probability must be from 0 to 1",
            reply.json()["errors"].at(0)["error"].as_string());
  EXPECT_EQ(2u, reply.json()["errors"].size());
  EXPECT_EQ(0, reply.json()["matched"].as_int());
}

// "An input named like the entity key is eaten." Right: a feature of that name is a feature.
TEST_F(ModelServerTest, AFeatureMayBeCalledEntity) {
  const auto text = model_text("linear", {"entity", "x"}, {10, 1}, 0);
  world_.promote("named", world_.add_model("named", text));
  start();
  ASSERT_TRUE(serves_revision(*server_, "named", 1));
  const auto reply = client_->post("/v2/models/named/infer", R"({
      "parameters":{"entity":"N7"},"inputs":[
      {"name":"entity","shape":[1],"datatype":"FP64","data":[4]},
      {"name":"x","shape":[1],"datatype":"FP64","data":[2]}]})");
  ASSERT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ(42, reply.json()["outputs"].at(0)["data"].at(0).as_double());
  EXPECT_EQ("entity_id",
            client_->get("/v2/models/named").json()["parameters"]["entity_input"].as_string());
  const auto text_value = client_->post("/v2/models/named/infer", R"({"inputs":[
      {"name":"entity","shape":[1],"datatype":"BYTES","data":["N7"]},
      {"name":"x","shape":[1],"datatype":"FP64","data":[2]}]})");
  EXPECT_EQ(400, text_value.status);
  EXPECT_NE(std::string::npos, text_value.body.find("parameters.entity")) << text_value.body;
}

// "/v2/health/ready is 503 for the whole server for ever." Right: one bad model concerns itself.
TEST_F(ModelServerTest, ABrokenModelDoesNotMakeTheServerUnready) {
  const auto broken = world_.add_model("bad", "no model at all");
  world_.promote("bad", broken);
  start();
  ASSERT_TRUE(server_->wait([](const Snapshot& s) { return s.failed.contains("bad"); }, kPatience));
  const auto ready = client_->get("/v2/health/ready");
  EXPECT_EQ(200, ready.status);
  EXPECT_EQ(R"({"ready":true,"models_not_ready":["bad"]})", ready.body);
  EXPECT_EQ(503, client_->get("/v2/models/bad/ready").status);
  EXPECT_EQ(200, client_->post("/v2/models/flights/infer", one_row({1, 2, 3})).status);
}

// "A broken champion is parsed again each second for ever." 200 scans read it at most nine times:
// after 1, 2, 4, … 128 scans.
TEST_F(ModelServerTest, ABrokenModelIsTriedEverMoreSeldom) {
  const auto broken = world_.add_model("bad", "no model at all");
  world_.promote("bad", broken);
  std::mutex mutex;
  std::condition_variable changed;
  int scans = 0;
  world_.store().set_fault_hook([&](std::string_view call) {
    const std::lock_guard lock(mutex);
    if (call == "serving.deployments") ++scans, changed.notify_all();
    return Fault::none;
  });
  auto config = quick_config(dir_.path());
  config.scan = std::chrono::milliseconds(1);
  start(std::move(config));
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return scans > 200; }));
  }
  EXPECT_LE(world_.loads(broken), 9);
  EXPECT_GE(world_.loads(broken), 2);
  // A change of the deployment tries at once.
  const int before = world_.loads(broken);
  world_.promote("bad", broken);
  ASSERT_TRUE(
      server_->wait([&](const Snapshot&) { return world_.loads(broken) > before; }, kPatience));
  world_.store().set_fault_hook({});
  server_.reset();
}

// After a restart nothing of before is in memory; the last known good version is what would answer.
TEST_F(ModelServerTest, TheLastGoodVersionAnswersForABrokenChampionAfterARestart) {
  world_.promote("flights", world_.add_model("flights", "no model at all"));
  server_ = start_server(world_, quick_config(dir_.path()));
  ASSERT_TRUE(serves_revision(*server_, "flights", 2));
  HttpClient client(server_->port());
  const auto reply = client.post("/v2/models/flights/infer", one_row({1, 2, 3}));
  ASSERT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ("1", reply.json()["model_version"].as_string());
}

// The same model trained once more is version 3 with the artifact of version 2.
TEST_F(ModelServerTest, AVersionKeepsTheNumberUnderWhichItWasDeployed) {
  world_.promote("flights", b_);
  world_.retrain("flights", b_);
  start();
  wait_revision(2);
  EXPECT_EQ("2", client_->post("/v2/models/flights/infer", one_row({1, 2, 3}))
                     .json()["model_version"]
                     .as_string());
  client_->post("/v2/models/flights/versions/3/infer", one_row({1, 2, 3}));
  ASSERT_TRUE(server_->wait(
      [](const Snapshot& s) { return s.routes.find("flights")->second->version(3) != nullptr; },
      kPatience));
  EXPECT_EQ("3", client_->post("/v2/models/flights/versions/3/infer", one_row({1, 2, 3}))
                     .json()["model_version"]
                     .as_string());
}

TEST_F(ModelServerTest, WindowsNameTheRevisionThatTheyMeasured) {
  start();
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  world_.traffic("flights", b_, 5);
  wait_revision(2);
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  ASSERT_TRUE(server_->flush(kPatience));
  const auto requests = [&](std::int64_t revision) {
    std::int64_t sum = 0;
    const auto windows = world_.stores().serving.windows("flights", Time{}, revision);
    for (const auto& window : *windows) sum += window.requests;
    return sum;
  };
  EXPECT_EQ(3, requests(0));
  EXPECT_EQ(2, requests(2));
  EXPECT_EQ(0, requests(3));
}

TEST_F(ModelServerTest, WhatTheLogLeavesOutIsShown) {
  auto config = quick_config(dir_.path());
  config.log.sampling = 0;
  start(std::move(config));
  for (int i = 0; i < 5; ++i) client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  const auto log = client_->get("/v2/models/flights/stats").json()["log"];
  EXPECT_EQ(5, log["sampled_out"].as_int());
  EXPECT_EQ(0, log["logged"].as_int());
  EXPECT_EQ(0, log["dropped"].as_int(-1));
  EXPECT_NE(std::string::npos,
            client_->get("/metrics").body.find("prediction_log_sampled_out_total 5\n"));
}

TEST_F(ModelServerTest, RowsOfOneRequestAreLoggedApart) {
  start();
  client_->post("/v2/models/flights/infer",
                R"({"id":"batch","inputs":[
      {"name":"x","shape":[2,3],"datatype":"FP64","data":[1,2,3,4,5,6]},
      {"name":"entity","shape":[2],"datatype":"BYTES","data":["p","q"]}]})",
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
  ASSERT_TRUE(server_->flush(kPatience));
  const auto rows = world_.stores().serving.predictions("flights", 10);
  ASSERT_EQ(2u, rows->size());
  EXPECT_EQ("batch/1", (*rows)[0].id);
  EXPECT_EQ("q", (*rows)[0].entity);
  EXPECT_EQ(R"({"hour":4.0,"distance":5.0,"delay_mean":6.0})", (*rows)[0].features.dump());
  EXPECT_EQ("0af7651916cd43dd8448eb211c80319c", (*rows)[1].trace_id);
}

TEST_F(ModelServerTest, AnswersWhileTheStoreIsAway) {
  start();
  world_.set_away(true);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(200, client_->post("/v2/models/flights/infer", one_row({1, 2, 3})).status);
  EXPECT_EQ(200, client_->get("/v2/health/ready").status);
  world_.set_away(false);
  ASSERT_TRUE(server_->flush(kPatience));
  EXPECT_EQ(50u, world_.stores().serving.predictions("flights", 1000)->size());
}

TEST_F(ModelServerTest, IsNotReadyBeforeItHasReadTheStore) {
  world_.set_away(true);
  ModelServer server(quick_config(dir_.path()), world_.stores().serving, world_.stores().registry,
                     world_.loader(), world_.clock, 1);
  ASSERT_TRUE(server.start().ok());
  HttpClient client(server.port());
  EXPECT_EQ(200, client.get("/v2/health/live").status);
  EXPECT_EQ(503, client.get("/v2/health/ready").status);
  EXPECT_EQ(503, client.post("/v2/models/flights/infer", one_row({1, 2, 3})).status);
  world_.set_away(false);
  ASSERT_TRUE(serves_revision(server, "flights", 1));
  EXPECT_EQ(200, client.post("/v2/models/flights/infer", one_row({1, 2, 3})).status);
}

TEST_F(ModelServerTest, AChampionThatCannotBeLoadedChangesNothing) {
  start();
  const auto broken = world_.add_model("flights", "{\"format\":\"something else\"}");
  world_.promote("flights", broken);
  ASSERT_TRUE(server_->wait(
      [](const Snapshot& s) { return !s.routes.find("flights")->second->problem.empty(); },
      kPatience));
  const auto reply = client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  EXPECT_EQ(200, reply.status);
  EXPECT_EQ("1", reply.json()["model_version"].as_string());
  EXPECT_NE(std::string::npos,
            client_->get("/v2/models/flights/stats").json()["problem"].as_view().find("champion"));
}

TEST_F(ModelServerTest, ErrorsSayWhatIsWrong) {
  start();
  const auto error = [&](const HttpReply& reply, int status) {
    EXPECT_EQ(status, reply.status) << reply.body;
    return reply.json()["error"].as_string();
  };
  EXPECT_NE(std::string::npos,
            error(client_->get("/v2/models/flihgts"), 404).find("did you mean 'flights'"));
  EXPECT_NE(std::string::npos,
            error(client_->post("/v2/models/flights/infer", "{"), 400).find("line 1"));
  EXPECT_NE(
      std::string::npos,
      error(client_->post("/v2/models/flights/infer", one_row({1, 2})), 400).find("3 features"));
  EXPECT_NE(std::string::npos,
            error(client_->post("/v2/models/flights/infer",
                                one_row({1, 2, 3}, R"(,"outputs":[{"name":"logits"}])")),
                  400)
                .find("expected 'probability' or 'label'"));
  const auto method = client_->get("/v2/models/flights/infer");
  EXPECT_EQ(405, method.status);
  EXPECT_NE(std::string::npos, method.headers.find("Allow: POST"));
  error(client_->get("/v2/models/flights/versions/x"), 400);
  error(client_->get("/v2/models/flights/versions/0"), 400);
  error(client_->get("/v2/models/flights/versions/99999999999999999999"), 400);
  error(client_->get("/v2/models/flights/versions"), 404);
  error(client_->get("/v2/models/flights/infer/more"), 404);
  error(client_->get("/v2/models/..%2f..%2fetc%2fpasswd"), 404);
  error(client_->get("/v2/models/" + std::string(8'000, 'a')), 404);
  error(client_->get("/v2/models/%ff%fe"), 404);
  error(client_->get("/"), 404);
}

TEST_F(ModelServerTest, MetricsForPrometheus) {
  start();
  client_->post("/v2/models/flights/infer", one_row({1, 2, 3}));
  const auto reply = client_->get("/metrics");
  EXPECT_NE(std::string::npos, reply.headers.find("text/plain; version=0.0.4"));
  const std::string label = R"(model="flights",version="1",role="champion")";
  for (const std::string& line :
       {"model_latency_seconds_bucket{" + label + ",le=\"+Inf\"} 1\n",
        "model_latency_seconds_count{" + label + "} 1\n",
        "model_prediction_bucket{" + label + ",le=\"1\"} 1\n",
        "model_errors_total{" + label + "} 0\n", "nv_inference_request_success{" + label + "} 1\n",
        "nv_inference_request_failure{" + label + "} 0\n",
        "model_traffic_weight{" + label + "} 1\n",
        std::string("model_breaker_open{model=\"flights\"} 0\n"),
        "model_business_score_accumulated{" + label + "} 0\n",
        std::string("# TYPE model_latency_seconds histogram\n")})
    EXPECT_NE(std::string::npos, reply.body.find(line)) << line << reply.body;
}

TEST_F(ModelServerTest, TheIndexListsWhatIsLoaded) {
  world_.traffic("flights", b_, 5);
  start();
  wait_revision(2);
  EXPECT_EQ(R"([{"name":"flights","version":"1","state":"READY"},)"
            R"({"name":"flights","version":"2","state":"READY"}])",
            client_->post("/v2/repository/index", "{}").body);
}

}  // namespace
}  // namespace millrace::serve
