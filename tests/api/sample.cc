#include "tests/api/sample.h"

#include "engine/base/digest.h"
#include "engine/base/log.h"
#include "engine/store/command.h"

namespace millrace::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string digest_of(const std::string& name) { return sha256_hex(name); }

TaskSpec task(std::string id, std::string op, std::vector<std::string> needs) {
  TaskSpec spec;
  spec.id = std::move(id);
  spec.op = std::move(op);
  spec.needs = std::move(needs);
  spec.retries.max = 2;
  spec.retries.initial = seconds{2};
  spec.retries.jitter = 0;
  return spec;
}

DagSpec flights_dag() {
  DagSpec dag;
  dag.id = "flights_retrain";
  dag.doc = "Retrains the delay model month by month, proves it, ships it by canary.";
  dag.owner = "ops-ml";
  dag.tags = {"ml"};
  dag.schedule = CronSpec{"0 3 1 * *", "America/Chicago", DstPolicy::run_once};
  dag.start = *parse_rfc3339("2001-02-01T00:00:00Z");
  dag.end = *parse_rfc3339("2001-06-30T00:00:00Z");
  dag.catchup = true;
  dag.max_active_runs = 1;
  dag.params = {
      {"months",
       *Json::parse(
           R"({"type":"integer","default":2,"minimum":1,"description":"Months to train on"})")},
      {"algorithm",
       *Json::parse(R"({"type":"string","default":"both","enum":["both","xgboost","logistic"]})")}};
  dag.tasks = {task("ingest", "ingest.file", {}),
               task("validate", "validate", {"ingest"}),
               task("featurize", "features.build", {"validate"}),
               task("train", "train", {"featurize"}),
               task("evaluate", "evaluate", {"train", "featurize"}),
               task("canary", "deploy.canary", {"evaluate"}),
               task("undo", "deploy.rollback", {"canary"}),
               task("report", "notify.webhook", {"evaluate", "canary"})};
  dag.tasks[3].foreach = *Json::parse(R"(["logistic","xgboost"])");
  dag.tasks[5].condition = "tasks.evaluate.outputs.decision == 'promote'";
  dag.tasks[6].condition = "failure()";
  dag.tasks[7].trigger_rule = TriggerRule::none_failed;
  return dag;
}

std::string ingest_log(const std::string& month) {
  return "reading data/flights/" + month + ".parquet\n" + month +
         ": 500,412 rows, 5 columns, 7.1 MiB\n" +
         "statistics: delay mean 7.9 min, 20.5 % later than 15 min\nwrote artifact\n";
}

Json metrics(double auc) {
  return Json::object({{"auc", auc},
                       {"log_loss", 0.4861 - (auc - 0.66)},
                       {"brier", 0.1534 - (auc - 0.66) / 4},
                       {"ece", 0.0091},
                       {"latency_p95_us", 41.0}});
}

Json gate(const char* name, bool passed, const char* text) {
  return Json::object({{"gate", name}, {"passed", passed}, {"text", text}});
}

Json challenger(const std::string& artifact, const char* algorithm, bool passed, double auc,
                double improvement, double p) {
  return Json::object(
      {{"artifact", artifact},
       {"algorithm", algorithm},
       {"passed", passed},
       {"value", auc},
       {"interval", Json::array({auc - 0.0042, auc + 0.0042})},
       {"improvement", improvement},
       {"p_value", p},
       {"p_adjusted", p * 2},
       {"metrics", metrics(auc)},
       {"tests", Json::object()},
       {"gates",
        Json::array(
            {gate("significance", p * 2 < 0.05, "DeLong, adjusted: the AUC's improvement"),
             gate("min_effect", improvement > 0.002, "the improvement against 0.002"),
             gate("calibration", true, "the calibration error rose by 0.0004, at most 0.02"),
             gate("latency", true, "41 µs a prediction, at most 1,000 µs")})}});
}

RecordEvaluation evaluation(const std::string& champion, const std::string& next, bool promote,
                            double champion_auc, double auc) {
  const double improvement = auc - champion_auc;
  const double p = promote ? 3.1e-6 : 0.31;
  Json report =
      Json::object({{"data", digest_of("holdout")},
                    {"rows", 96'412},
                    {"metric", "auc"},
                    {"champion_metrics", champion.empty() ? Json::object() : metrics(champion_auc)},
                    {"improvement", improvement},
                    {"p_value", p * 2}});
  report.set(
      "reasons",
      promote ? Json::array({"AUC improved by 0.0113 (95 % interval 0.0068 to 0.0158), p = 6.2e-06",
                             "Calibration and latency are within their gates"})
              : Json::array({"AUC improved by 0.0009, less than the 0.002 that is asked for",
                             "The improvement is not significant (p = 0.62)"}));
  report.set("challengers", Json::array({challenger(next, "xgboost", promote, auc, improvement, p),
                                         challenger(digest_of(next + "log"), "logistic", false,
                                                    auc - 0.0121, improvement - 0.0121, 0.48)}));
  return {"flights", champion, next, promote ? "promote" : "refuse", std::move(report)};
}

Done trained(const StartAttempt& attempt, const std::string& month) {
  const bool xgboost = attempt.key.ref.map_index == 1;
  const std::string name = month + (xgboost ? "xgboost" : "logistic");
  Done done;
  done.outputs = Json::object(
      {{"model", digest_of(name)}, {"auc", xgboost ? 0.6732 : 0.6611}, {"rows", 903'118}});
  done.effects.push_back(PublishArtifact{digest_of(name),
                                         "model",
                                         xgboost ? "xgboost" : "logistic",
                                         412'008,
                                         -1,
                                         {},
                                         {digest_of(month)}});
  done.effects.push_back(RegisterModel{"flights", digest_of(name), xgboost ? "xgboost" : "logistic",
                                       metrics(xgboost ? 0.6732 : 0.6611),
                                       Json::object({{"trees", 100}}),
                                       digest_of(name + "manifest")});
  return done;
}

Done ingested(const std::string& month) {
  Done done;
  done.outputs = Json::object({{"table", digest_of(month)}, {"rows", 500'412}});
  done.effects.push_back(
      PublishArtifact{digest_of(month), "table", "flights", 7'443'120, 500'412, {}, {}});
  done.effects.push_back(SetWatermark{"flights", month});
  return done;
}

Fail halted() {
  Fail fail{make_error(ErrorCode::data_invalid,
                       "2 of 14 expectations failed: distance between 10 and 5,000 miles (38 % are "
                       "below: a unit change?); "
                       "delay is never null (4.1 % are)"),
            Json::object({{"failed", 2}, {"quarantined", 189'002}}),
            {}};
  fail.effects.push_back(RaiseAlert{"error", "flights 2001-03 was halted by validate",
                                    "2 of 14 expectations failed; 189,002 rows are in quarantine.",
                                    "ops-ml"});
  return fail;
}

std::string champion_of(const std::string& month) {
  return month <= "2001-04" ? (month == "2001-02" ? "" : digest_of("2001-02xgboost"))
                            : digest_of("2001-04xgboost");
}

Done evaluated(const std::string& month) {
  const bool promote = month != "2001-05";
  const double champion = month == "2001-02" ? 0.5 : month <= "2001-04" ? 0.6619 : 0.6732;
  const double auc = champion + (promote ? 0.0113 : 0.0009);
  Done done;
  done.outputs = Json::object(
      {{"decision", promote ? "promote" : "refuse"}, {"challenger", digest_of(month + "xgboost")}});
  done.effects.push_back(
      evaluation(champion_of(month), digest_of(month + "xgboost"), promote, champion, auc));
  if (!promote)
    done.effects.push_back(
        RaiseAlert{"warning", "flights 2001-05: the challenger was refused",
                   "AUC improved by 0.0009, less than the 0.002 that is asked for.", "ops-ml"});
  return done;
}

Result<Outcome> canary(const StartAttempt& attempt, const std::string& month) {
  const std::string candidate = digest_of(month + "xgboost");
  const auto step = attempt.info.checkpoint["step"].as_int();
  if (month == "2001-06" && step == 1)
    return Outcome{
        Defer{hours{2},
              "",
              Json::object({{"step", 2}}),
              {SetTraffic{"flights", candidate, 25, "step 2 of 2: 5 % passed, 25 % for 2 h"}}}};
  if (step == 0)
    return Outcome{Defer{minutes{month == "2001-06" ? 2 : 6},
                         "",
                         Json::object({{"step", 1}}),
                         {SetTraffic{"flights", candidate, 5, "step 1 of 2: 5 % of the traffic"}}}};
  Done done;
  done.outputs = Json::object({{"result", "promoted"}});
  done.effects.push_back(
      PromoteModel{"flights", candidate, "passed every step: 5 % and 25 %, no breach"});
  done.effects.push_back(
      RaiseAlert{"info", "flights " + month + " is the new champion", "", "ops-ml"});
  return Outcome{std::move(done)};
}

Play play_flights(const StartAttempt& attempt) {
  const std::string month = format_rfc3339(attempt.info.logical_date).substr(0, 7);
  const std::string& id = attempt.info.task_id;
  Play play;
  play.takes = milliseconds{1'400};
  play.log = id + " of " + month + "\n";
  if (id == "ingest") {
    play.log = ingest_log(month);
    if (month == "2001-04" && attempt.key.attempt == 1)
      play.outcome = Result<Outcome>(
          make_error(ErrorCode::unavailable, "the file share did not answer within 5 s"));
    else
      play.outcome = Outcome{ingested(month)};
  } else if (id == "validate") {
    play.takes = milliseconds{2'300};
    if (month == "2001-03") play.outcome = Outcome{halted()};
  } else if (id == "train") {
    play.takes = attempt.key.ref.map_index == 1 ? milliseconds{16'200} : milliseconds{6'100};
    play.outcome = Outcome{trained(attempt, month)};
    play.log =
        "training on 903,118 rows × 12 features, seed 42\n[20] auc 0.6612\n[60] auc 0.6701\n[100] "
        "auc 0.6732\n";
  } else if (id == "evaluate") {
    play.takes = milliseconds{4'800};
    play.outcome = Outcome{evaluated(month)};
  } else if (id == "canary") {
    play.takes = milliseconds{60};
    play.outcome = canary(attempt, month);
  }
  return play;
}

Play play(const StartAttempt& attempt) {
  if (attempt.info.dag_id == "flights_retrain") return play_flights(attempt);
  Play play;
  play.takes = milliseconds{240 + 130 * static_cast<int>(attempt.info.task_id.size())};
  play.log = attempt.info.task_id + " done\n";
  if (attempt.info.dag_id == "wide") play.takes = milliseconds{50};  // 64 at a time
  if (attempt.info.dag_id == "half" && attempt.info.map_index < 3)
    play.outcome = Result<Outcome>(data_invalid("a bad item"));
  if (attempt.info.dag_id == "rented" && attempt.info.task_id == "give_back")
    play.outcome = Result<Outcome>(data_invalid("it is locked"));
  if (attempt.info.dag_id == "warehouse_sync" && attempt.info.task_id == "load") {
    play.takes = seconds{3};
    play.outcome = Result<Outcome>(
        make_error(ErrorCode::unavailable, "connection to warehouse:5432 was refused (attempt " +
                                               std::to_string(attempt.key.attempt) + " of 3)"));
  }
  if (attempt.info.dag_id == "drift_watch" && attempt.info.task_id == "compare") {
    play.outcome.reset();  // still running when you look
    play.log =
        "comparing 12 features with the training data\ndistance: PSI 0.031\ncarrier: PSI 0.044\n";
  }
  return play;
}

void trigger(World& world, const std::string& dag) {
  world.submit(TriggerRun{.dag = dag});
  world.advance(minutes{4});
}

Json diagnostic(int line, int column, const char* message, const char* hint, const char* text) {
  return Json::object({{"file", "dags/churn.yaml"},
                       {"line", line},
                       {"column", column},
                       {"severity", "error"},
                       {"message", message},
                       {"hint", hint},
                       {"code", "sample"},
                       {"text", text}});
}

}  // namespace

std::unique_ptr<World> sample_world() {
  auto world = std::make_unique<World>(play, SystemClock().now() - minutes{73});
  auto hourly = make_dag("flights_quality", {"scan", "profile:scan", "publish:profile"});
  hourly.doc = "Profiles what came in during the last hour.";
  hourly.owner = "data-platform";
  hourly.schedule = CronSpec{"*/15 * * * *", "UTC", DstPolicy::run_once};
  world->add_dag(std::move(hourly), "dags/quality.yaml");
  world->add_dag(flights_dag(), "dags/flights_retrain.yaml");
  auto sync = make_dag("warehouse_sync", {"extract", "load:extract", "vacuum:load"});
  sync.owner = "data-platform";
  for (auto& spec : sync.tasks) spec.retries = {.max = 2, .initial = seconds{4}, .jitter = 0};
  world->add_dag(std::move(sync), "dags/warehouse.yaml");
  auto watch = make_dag("drift_watch", {"sample", "compare:sample", "alert:compare"});
  watch.doc = "Compares what the model sees with what it was trained on.";
  watch.datasets = {"flights"};
  world->add_dag(std::move(watch), "dags/drift.yaml");
  auto old = make_dag("legacy_export", {"export"});
  old.schedule = CronSpec{"30 2 * * *", "Europe/Berlin", DstPolicy::run_once};
  world->add_dag(std::move(old), "dags/legacy.yaml");
  world->submit(PauseDag{"legacy_export", true});

  world->advance(minutes{40});
  trigger(*world, "warehouse_sync");
  trigger(*world, "drift_watch");
  world->report_file(
      "dags/churn.yaml",
      Json::array({diagnostic(9, 15, "unknown operator 'valdate'", "did you mean 'validate'?",
                              "    operator: valdate"),
                   diagnostic(14, 12, "task 'train' needs 'features', which does not exist",
                              "did you mean 'featurize'?", "    needs: [features]")}));
  world->advance(SystemClock().now() - world->clock().now());
  return world;
}

void add_serving(World& world) {
  PredictionBatch batch;
  batch.id = Uuid::parse("01900000-0000-7000-8000-000000000001").value_or(Uuid{});
  const auto window = [&](const std::string& month, const char* role, std::int64_t requests) {
    ServingWindow sums;
    sums.model = "flights";
    sums.artifact = digest_of(month + "xgboost");
    sums.role = role;
    sums.start = world.clock().now() - seconds{20};
    sums.requests = requests;
    sums.errors = requests / 4'000;
    sums.latency_buckets.assign(std::size(kLatencyBoundsUs) + 1, 0);
    sums.latency_buckets[4] = requests * 6 / 10;
    sums.latency_buckets[6] = requests * 37 / 100;
    sums.latency_buckets[9] = requests - requests * 6 / 10 - requests * 37 / 100;
    sums.latency_sum_us = static_cast<double>(requests) * 520;
    sums.outcomes = requests / 2;
    sums.business_sum = static_cast<double>(requests) * 0.409;
    sums.business_sum_squares = sums.business_sum;
    batch.windows.push_back(std::move(sums));
  };
  window("2001-04", "champion", 41'230);
  window("2001-04", "baseline", 14'011);
  window("2001-06", "candidate", 13'904);
  if (const auto status = world.stores().serving.append(batch); !status)
    log::warning("sample", {{"error", status.error().message}});
}

}  // namespace millrace::testing
