#include "engine/serve/prediction_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <limits>
#include <set>

#include "tests/base/lossy_disk.h"
#include "tests/serve/fixtures.h"

namespace millrace::serve {
namespace {

PredictionBatch small_batch(Rng& rng, Time at) {
  PredictionBatch batch;
  batch.id = Uuid::v7(at, rng);
  Prediction prediction;
  prediction.id = "r1";
  prediction.model = "flights";
  prediction.artifact = "a";
  prediction.entity = "N1";
  prediction.features = Json::object({{"hour", 7.0}, {"distance", nullptr}});
  prediction.output = Json::object({{"probability", 0.25}});
  prediction.latency_us = 42;
  prediction.trace_id = "0af7651916cd43dd8448eb211c80319c";
  prediction.at = at;
  batch.predictions = {prediction};
  ServingWindow window;
  window.model = "flights";
  window.artifact = "a";
  window.role = "candidate";
  window.start = at;
  window.requests = 3;
  window.errors = 1;
  window.latency_buckets = {1, 2, 0};
  window.latency_sum_us = 99.5;
  window.outcomes = 2;
  window.business_sum = -0.5;
  window.business_sum_squares = 0.25;
  window.tripped = true;
  batch.windows = {window};
  return batch;
}

TEST(SpoolJson, ABatchComesBackWhole) {
  Rng rng(1);
  const auto batch = small_batch(rng, from_micros(986'169'600'123'456));
  const auto text = to_json(batch).dump();
  const auto again = prediction_batch_from_json(*Json::parse(text));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(batch.id, again->id);
  EXPECT_EQ(batch.predictions[0].at, again->predictions[0].at);
  EXPECT_EQ(-0.5, again->windows[0].business_sum);
  EXPECT_TRUE(again->windows[0].tripped);
  EXPECT_EQ(text, to_json(*again).dump());
}

// What the release before wrote, member by member.
TEST(SpoolJson, ReadsABatchOfAnOlderRelease) {
  const auto batch = prediction_batch_from_json(*Json::parse(R"({
    "format": "millrace.prediction_batch", "id": "0199a2b4-0000-7000-8000-000000000001",
    "predictions": [{"id": "r1", "model": "m", "artifact": "a", "entity": "", "features": null,
                     "output": {"y": 1}, "latency_us": 42, "trace_id": "", "at_us": 1000001}],
    "windows": [{"model": "m", "artifact": "a", "role": "champion", "start_us": 2000002,
                 "requests": 3, "errors": 1, "latency_buckets": [1, 2], "latency_sum_us": 9.5,
                 "outcomes": 0, "business_sum": 0, "business_sum_squares": 0,
                 "tripped": false}]})"));
  ASSERT_TRUE(batch.ok()) << batch.error().to_string();
  ASSERT_EQ(1u, batch->predictions.size());
  EXPECT_EQ(42, batch->predictions[0].latency_us);
  EXPECT_EQ(from_micros(1'000'001), batch->predictions[0].at);
  ASSERT_EQ(1u, batch->windows.size());
  EXPECT_EQ(from_micros(2'000'002), batch->windows[0].start);
  EXPECT_EQ((std::vector<std::int64_t>{1, 2}), batch->windows[0].latency_buckets);
  EXPECT_EQ(9.5, batch->windows[0].latency_sum_us);
  EXPECT_EQ(0, batch->windows[0].revision);
}

TEST(SpoolJson, ASumThatOverflowedDoesNotLoseItsBatch) {
  Rng rng(1);
  auto batch = small_batch(rng, from_micros(986'169'600'123'456));
  batch.windows[0].business_sum_squares = std::numeric_limits<double>::infinity();
  const auto again = prediction_batch_from_json(*Json::parse(to_json(batch).dump()));
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(3, again->windows[0].requests);
}

TEST(SpoolJson, NamesWhatIsWrongInABatch) {
  Rng rng(1);
  Json json = to_json(small_batch(rng, from_micros(986'169'600'123'456)));
  json.set("predictions", Json::array({Json::object({{"id", 7}})}));
  const auto batch = prediction_batch_from_json(json);
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ("'predictions[0].id' is 7; expected a text", batch.error().message);
}

TEST(SpoolJson, AnythingElseIsRefused) {
  EXPECT_FALSE(prediction_batch_from_json(Json()).ok());
  EXPECT_FALSE(prediction_batch_from_json(Json::object({{"id", "x"}})).ok());
}

class SpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spool> open(std::int64_t max_bytes = 1 << 20) {
    auto spool = Spool::open(dir_.path(), max_bytes);
    EXPECT_TRUE(spool.ok());
    return *std::move(spool);
  }
  PredictionBatch next() {
    now_ += std::chrono::milliseconds(1);
    return small_batch(rng_, now_);
  }
  TempFolder dir_;
  Rng rng_{3};
  Time now_ = from_micros(986'169'600'000'000);
};

TEST_F(SpoolTest, GivesTheOldestFirstAndOutlivesItsProcess) {
  const auto a = next(), b = next();
  {
    auto spool = open();
    ASSERT_TRUE(spool->put(b).ok());
    ASSERT_TRUE(spool->put(a).ok());
  }
  auto spool = open();
  EXPECT_EQ(2u, spool->batches());
  EXPECT_EQ(a.id, spool->oldest()->id);
  spool->remove(a.id);
  EXPECT_EQ(b.id, spool->oldest()->id);
  spool->remove(b.id);
  EXPECT_FALSE(spool->oldest());
  EXPECT_EQ(0, spool->bytes());
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    EXPECT_EQ("lock", entry.path().filename());
}

// 2,809 predictions were answered, and 1,211 stored: the spool was renamed without a flush.
TEST_F(SpoolTest, WhatWasPutSurvivesAPowerCut) {
  const TempFolder temp;
  const LossyDisk disk(temp.path() / "notes");
  std::vector<Uuid> ids;
  {
    auto spool = *Spool::open(temp.path() / "state" / "spool", 1 << 20);
    for (int i = 0; i < 5; ++i) {
      const PredictionBatch batch = next();
      ASSERT_TRUE(spool->put(batch).ok());
      ids.push_back(batch.id);
    }
  }
  disk.after_power_cut(temp.path(), temp.path() / "after");
  auto after = *Spool::open(temp.path() / "after" / "state" / "spool", 1 << 20);
  EXPECT_EQ(after->batches(), ids.size());
  for (const auto& id : ids) {
    const auto batch = after->oldest();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->id, id);
    after->remove(id);
  }
}

TEST_F(SpoolTest, HasOneOwner) {
  const auto first = open();
  EXPECT_EQ(ErrorCode::conflict, Spool::open(dir_.path(), 1 << 20).error().code);
}

TEST_F(SpoolTest, IsBounded) {
  const auto size = static_cast<std::int64_t>(to_json(next()).dump().size());
  auto spool = open(3 * size + 10);
  std::vector<Uuid> ids;
  for (int i = 0; i < 5; ++i) {
    const auto batch = next();
    ids.push_back(batch.id);
    ASSERT_TRUE(spool->put(batch).ok());
  }
  EXPECT_EQ(3u, spool->batches());
  EXPECT_EQ(2, spool->dropped_batches());
  EXPECT_EQ(ids[2], spool->oldest()->id);
}

TEST_F(SpoolTest, HalfABatchAndForeignFilesAreNoHarm) {
  const auto good = next(), torn = next();
  {
    auto spool = open();
    ASSERT_TRUE(spool->put(torn).ok());
    ASSERT_TRUE(spool->put(good).ok());
  }
  std::filesystem::resize_file(dir_.path() / (torn.id.to_string() + ".batch"), 100);
  std::ofstream(dir_.path() / "01890000-0000-7000-8000-000000000000.tmp") << "{";
  std::ofstream(dir_.path() / "notes.txt") << "hello";
  auto spool = open();
  EXPECT_EQ(good.id, spool->oldest()->id);
  spool->remove(good.id);
  EXPECT_FALSE(spool->oldest());
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / (torn.id.to_string() + ".bad")));
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "notes.txt"));
}

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    auto predictor = ml::Model::parse(model_text("logistic", {"a", "b"}, {1, 2}, 0));
    served_ = std::make_shared<const ServedModel>(
        ServedModel{"m", "m", "artifact", 1, *std::move(predictor)});
    config_.spool_dir = dir_.path();
    config_.flush_interval = std::chrono::milliseconds(5);
    config_.retry_first = std::chrono::milliseconds(5);
    config_.retry_most = std::chrono::milliseconds(20);
  }
  void make() {
    log_ = std::make_unique<PredictionLog>(config_, world_.stores().serving, metering_,
                                           world_.clock, ++seed_);
    ASSERT_TRUE(log_->start().ok());
  }
  void add(const std::string& id) {
    log_->add({.id = id,
               .entity = "e",
               .trace_id = "",
               .served = served_,
               .features = {1, ml::kMissing},
               .prediction = 0.5,
               .latency_us = 10,
               .at = world_.clock.now()});
  }
  std::multiset<std::string> stored() {
    std::multiset<std::string> ids;
    const auto rows = world_.stores().serving.predictions("m", 1'000'000);
    for (const auto& row : *rows) ids.insert(row.id);
    return ids;
  }

  TempFolder dir_;
  World world_;
  Metering metering_;
  PredictionLogConfig config_;
  ServedModelPtr served_;
  std::unique_ptr<PredictionLog> log_;
  std::uint64_t seed_ = 0;
};

TEST_F(LogTest, PredictionsAndWindowsReachTheStore) {
  make();
  const std::vector<double> predictions = {0.5};
  metering_.answered(
      {"m", "artifact", "champion"}, 1,
      {.latency_us = 150, .ok = true, .probability = true, .predictions = &predictions},
      world_.clock.now());
  add("r1");
  ASSERT_TRUE(log_->flush(kPatience));
  const auto rows = world_.stores().serving.predictions("m", 10);
  ASSERT_EQ(1u, rows->size());
  EXPECT_EQ(R"({"a":1.0,"b":null})", (*rows)[0].features.dump());
  EXPECT_EQ(R"({"probability":0.5})", (*rows)[0].output.dump());
  const auto windows = world_.stores().serving.windows("m", Time{});
  ASSERT_EQ(1u, windows->size());
  EXPECT_EQ(1, (*windows)[0].requests);
  EXPECT_EQ(std::size(kLatencyBoundsUs) + 1, (*windows)[0].latency_buckets.size());
  EXPECT_EQ(1, (*windows)[0].latency_buckets[2]);  // 100 < 150 <= 200
}

TEST_F(LogTest, WhatTheStoreDidNotTakeIsSentAfterARestart) {
  world_.set_away(true);
  make();
  for (int i = 0; i < 100; ++i) add("r" + std::to_string(i));
  log_->stop();  // the store is still away
  EXPECT_GT(log_->stats().spooled_batches, 0);
  world_.set_away(false);
  EXPECT_TRUE(stored().empty());
  make();
  ASSERT_TRUE(log_->flush(kPatience));
  EXPECT_EQ(100u, stored().size());
}

TEST_F(LogTest, AnAnswerThatWasLostDoublesNothing) {
  std::atomic<int> calls{0};
  world_.store().set_fault_hook([&](std::string_view call) {
    return call == "serving.append" && calls++ < 3 ? Fault::fail_after : Fault::none;
  });
  make();
  for (int i = 0; i < 50; ++i) add("r" + std::to_string(i));
  ASSERT_TRUE(log_->flush(kPatience));
  const auto ids = stored();
  EXPECT_EQ(50u, ids.size());
  EXPECT_EQ(50u, std::set<std::string>(ids.begin(), ids.end()).size());
  EXPECT_GE(calls.load(), 4);
  world_.store().set_fault_hook({});
}

// A child process logs and is killed with SIGKILL; what its spool holds is stored once by the next
// one.
TEST_F(LogTest, NothingThatWasSpooledIsLostOrDoubledByAKill) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto spool = Spool::open(dir_.path(), 1 << 20);
    Rng rng(99);
    for (int i = 0;; ++i) {
      auto batch = small_batch(rng, world_.clock.now());
      batch.predictions[0].model = "m";
      batch.predictions[0].id = "k" + std::to_string(i);
      if (!(*spool)->put(batch).ok()) ::_exit(1);
      if (i == 200) ::kill(::getpid(), SIGKILL);
    }
  }
  int status = 0;
  ASSERT_EQ(child, ::waitpid(child, &status, 0));
  ASSERT_TRUE(WIFSIGNALED(status));
  make();
  ASSERT_TRUE(log_->flush(kPatience));
  const auto ids = stored();
  EXPECT_EQ(201u, ids.size());
  EXPECT_EQ(201u, std::set<std::string>(ids.begin(), ids.end()).size());
}

TEST_F(LogTest, SamplingLogsItsShareOfPredictions) {
  config_.sampling = 0.25;
  make();
  for (int i = 0; i < 4000; ++i) add("r" + std::to_string(i));
  ASSERT_TRUE(log_->flush(kPatience));
  EXPECT_NEAR(1000, static_cast<double>(stored().size()), 120);  // 4.4 sigma
}

TEST_F(LogTest, AFullQueueDropsAndCounts) {
  config_.max_queued = 10;
  config_.batch_size = 1'000'000;
  config_.flush_interval = std::chrono::hours(1);
  make();
  for (int i = 0; i < 25; ++i) add("r" + std::to_string(i));
  EXPECT_EQ(15, log_->stats().dropped);
  ASSERT_TRUE(log_->flush(kPatience));
  EXPECT_EQ(10u, stored().size());
}

TEST_F(LogTest, AFillingQueueIsThinnedAndCounts) {
  config_.when_full = WhenFull::sample;
  config_.max_queued = 1000;
  config_.batch_size = 1'000'000;
  config_.flush_interval = std::chrono::hours(1);
  make();
  for (int i = 0; i < 500; ++i) add("r" + std::to_string(i));
  EXPECT_EQ(0, log_->stats().thinned) << "half of the queue is for everything";
  for (int i = 500; i < 3000; ++i) add("r" + std::to_string(i));
  const auto stats = log_->stats();
  EXPECT_EQ(0, stats.dropped);
  ASSERT_TRUE(log_->flush(kPatience));
  const auto kept = static_cast<std::int64_t>(stored().size());
  EXPECT_EQ(3000, kept + stats.thinned);
  // The queue fills by dq/dn = 2 - 2q/1000: after 2,500 more it holds 1000 - 500 exp(-5) = 997.
  EXPECT_NEAR(997, static_cast<double>(kept), 10);
}

TEST_F(LogTest, WithBlockTheSpoolIsNotCutWhileTheStoreIsAway) {
  config_.when_full = WhenFull::block;
  config_.max_queued = 2;
  config_.max_spool_bytes = 1;
  config_.batch_size = 1;
  world_.set_away(true);
  make();
  int added = 0;
  while (log_->has_room() || log_->stats().logged == 0)
    if (log_->has_room()) add("r" + std::to_string(added++));
  world_.set_away(false);
  ASSERT_TRUE(log_->flush(kPatience));
  EXPECT_EQ(static_cast<std::size_t>(added), stored().size());
  EXPECT_EQ(0, log_->stats().dropped);
  EXPECT_EQ(0, log_->stats().dropped_batches);
}

TEST(MeteringWindows, CloseByTheSecondAndSumUp) {
  Metering metering;
  const SeriesKey key{"m", "a", "candidate"};
  const Time start = from_micros(986'169'600'000'000);
  const std::vector<double> predictions = {0.42};
  for (int i = 0; i < 10; ++i)
    metering.answered(key, 2,
                      {.latency_us = 100 * i,
                       .ok = i != 3,
                       .probability = true,
                       .predictions = i == 3 ? nullptr : &predictions},
                      start + std::chrono::milliseconds(i * 250));
  metering.outcome(key, 2, -0.25, start + std::chrono::milliseconds(2400));
  metering.outcome(key, 2, -0.01, start + std::chrono::milliseconds(2450));
  auto windows = metering.take_windows(start + std::chrono::milliseconds(2500));
  ASSERT_EQ(2u, windows.size());  // the third second is still open
  EXPECT_EQ(4, windows[0].requests);
  EXPECT_EQ(1, windows[0].errors);
  EXPECT_EQ(start + std::chrono::seconds(1), windows[1].start);
  windows = metering.take_windows(start + std::chrono::seconds(3));
  ASSERT_EQ(1u, windows.size());
  EXPECT_EQ(2, windows[0].requests);
  EXPECT_EQ(2, windows[0].outcomes);
  EXPECT_DOUBLE_EQ(-0.26, windows[0].business_sum);
  EXPECT_DOUBLE_EQ(0.0626, windows[0].business_sum_squares);
  EXPECT_EQ(10, metering.totals()[0].totals.requests);
  EXPECT_EQ(9, metering.totals()[0].totals.predictions[4]);  // 0.4 < 0.42 <= 0.5
}

// "-1 h: metering windows do not close for an hour." Right: they close when the start differs.
TEST(MeteringWindows, CloseWhenTheClockIsSetBack) {
  Metering metering;
  const SeriesKey key{"m", "a", "candidate"};
  const Time start = from_micros(986'169'600'000'000);
  metering.answered(key, 1, {}, start);
  metering.answered(key, 1, {}, start - std::chrono::hours(1));
  auto windows = metering.take_windows(start - std::chrono::hours(1));
  ASSERT_EQ(1u, windows.size());
  EXPECT_EQ(start, windows[0].start);
  EXPECT_EQ(1u, metering.take_windows(start - std::chrono::hours(2)).size());
}

TEST(MeteringWindows, HoldOneRevisionEach) {
  Metering metering;
  const SeriesKey key{"m", "a", "candidate"};
  const Time start = from_micros(986'169'600'000'000);
  metering.answered(key, 1, {}, start, 7);
  metering.answered(key, 1, {}, start, 8);
  metering.outcome(key, 1, -0.5, start, 8);
  const auto windows = metering.take_windows(start, true);
  ASSERT_EQ(2u, windows.size());
  EXPECT_EQ(7, windows[0].revision);
  EXPECT_EQ(8, windows[1].revision);
  EXPECT_EQ(1, windows[1].outcomes);
  PredictionBatch batch;
  batch.id = Uuid{1, 2};
  batch.windows = windows;
  EXPECT_EQ(8, prediction_batch_from_json(to_json(batch))->windows[1].revision);
}

TEST(MeteringWindows, ANamedVersionIsNoSampleOfTheTraffic) {
  Metering metering;
  metering.answered({"m", "a", std::string(kDirect)}, 1, {}, from_micros(0));
  EXPECT_TRUE(metering.take_windows(from_micros(0), true).empty());
  EXPECT_EQ(1, metering.totals()[0].totals.requests);
}

TEST(BusinessMetrics, AreHigherForBetterPredictions) {
  EXPECT_DOUBLE_EQ(-0.04, score(BusinessMetric::negative_squared_error, 0.8, 1));
  EXPECT_DOUBLE_EQ(-0.64, score(BusinessMetric::negative_squared_error, 0.8, 0));
  EXPECT_EQ(1, score(BusinessMetric::hit, 0.8, 1));
  EXPECT_EQ(0, score(BusinessMetric::hit, 0.8, 0));
}

// As PromQL's histogram_quantile: linear within the bucket.
TEST(Histogram, Quantiles) {
  LatencyHistogram histogram;
  EXPECT_EQ(0, histogram.quantile_us(0.5));
  for (int i = 0; i < 10; ++i) histogram.add(80);  // in (50, 100]
  EXPECT_DOUBLE_EQ(75, histogram.quantile_us(0.5));
  histogram.add(5'000'000);
  EXPECT_DOUBLE_EQ(1'000'000, histogram.quantile_us(1));
}

}  // namespace
}  // namespace millrace::serve
