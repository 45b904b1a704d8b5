// The streams: attempt logs and prediction batches.
#include <thread>

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

LogChunk piece(const Uuid& run, std::int64_t offset, std::string text) {
  LogChunk chunk;
  chunk.run = run;
  chunk.task = "train";
  chunk.attempt = 1;
  chunk.offset = offset;
  chunk.text = std::move(text);
  return chunk;
}

TEST_P(StoreTest, ALogIsReadFromAnyOffset) {
  LogStore& logs = stores().logs;
  const Uuid run = new_id();
  ASSERT_OK(logs.append(std::vector{piece(run, 0, "one\n"), piece(run, 4, "two\n")}));
  ASSERT_OK(logs.append(std::vector{piece(run, 8, "three\n")}));
  const auto read = [&](std::int64_t offset, std::size_t limit) {
    return *logs.read(run, "train", -1, 1, offset, limit);
  };
  EXPECT_EQ("one\ntwo\nthree\n", read(0, 1000));
  EXPECT_EQ("o\nth", read(6, 4));
  EXPECT_EQ("three\n", read(8, 1000));
  EXPECT_EQ("", read(14, 1000));
  EXPECT_EQ("", read(100, 1000));
  EXPECT_EQ("one\n", read(0, 4));
  EXPECT_EQ("", *logs.read(run, "train", -1, 2, 0, 1000));
  EXPECT_EQ("", *logs.read(run, "train", 0, 1, 0, 1000));
}

TEST_P(StoreTest, ARepeatedPieceOfALogIsNoDouble) {
  LogStore& logs = stores().logs;
  const Uuid run = new_id();
  ASSERT_OK(logs.append(std::vector{piece(run, 0, "abc")}));
  ASSERT_OK(logs.append(std::vector{piece(run, 0, "abc")}));
  ASSERT_OK(logs.append(
      std::vector{piece(run, 0, "abcdef"), piece(run, 3, "def"), piece(run, 6, "ghi")}));
  ASSERT_OK(logs.append(std::vector{piece(run, 0, "ab")}));
  EXPECT_EQ("abcdefghi", *logs.read(run, "train", -1, 1, 0, 1000));
}

TEST_P(StoreTest, ALogEndsAtAGapUntilThePieceComes) {
  LogStore& logs = stores().logs;
  const Uuid run = new_id();
  ASSERT_OK(logs.append(std::vector{piece(run, 0, "abc"), piece(run, 6, "ghi")}));
  EXPECT_EQ("abc", *logs.read(run, "train", -1, 1, 0, 1000));
  ASSERT_OK(logs.append(std::vector{piece(run, 3, "def")}));
  EXPECT_EQ("abcdefghi", *logs.read(run, "train", -1, 1, 0, 1000));
}

TEST_P(StoreTest, ALogIsAsLongAsItsLastPieceReaches) {
  const Uuid run = new_id();
  const auto length = [&](int attempt) { return *stores().logs.length(run, "t", -1, attempt); };
  EXPECT_EQ(0, length(1));
  std::vector<LogChunk> pieces(2);
  for (LogChunk& piece : pieces) {
    piece.run = run;
    piece.task = "t";
    piece.attempt = 1;
  }
  pieces[0].text = "grün";  // five bytes
  pieces[1].offset = 5;
  pieces[1].text = "blau";
  ASSERT_OK(stores().logs.append(pieces));
  EXPECT_EQ(9, length(1));
  EXPECT_EQ(0, length(2));
}

TEST_P(StoreTest, ALogKeepsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const Uuid run = new_id();
  ASSERT_OK(stores().logs.append(std::vector{piece(run, 0, bytes)}));
  EXPECT_EQ(bytes, *stores().logs.read(run, "train", -1, 1, 0, 1000));
}

Prediction answered(std::string id, Time at) {
  Prediction p;
  p.id = std::move(id);
  p.model = "flights";
  p.artifact = digest('a');
  p.entity = "flight {7}, \"AA\"";
  p.features = Json::object({{"distance", 812}});
  p.output = Json::array({0.25});
  p.latency_us = 123;
  p.trace_id = "t";
  p.at = at;
  return p;
}

ServingWindow window(char artifact, std::string role, Time start, std::int64_t requests) {
  ServingWindow w;
  w.model = "flights";
  w.artifact = digest(artifact);
  w.role = std::move(role);
  w.start = start;
  w.requests = requests;
  w.errors = 1;
  w.latency_buckets = {requests, 0, 2};
  w.latency_sum_us = 10.5;
  w.outcomes = 3;
  w.business_sum = 1.5;
  w.business_sum_squares = 2.25;
  return w;
}

TEST_P(StoreTest, APredictionBatchCountsOnce) {
  ServingStore& serving = stores().serving;
  PredictionBatch batch;
  batch.id = new_id();
  batch.predictions = {answered("p1", now()), answered("p2", now())};
  batch.windows = {window('a', "champion", now(), 2)};
  ASSERT_OK(serving.append(batch));
  ASSERT_OK(serving.append(batch));
  const auto predictions = serving.predictions("flights", 10);
  ASSERT_OK(predictions);
  ASSERT_EQ(2u, predictions->size());
  const Prediction& newest = predictions->front();
  EXPECT_EQ("p2", newest.id);
  EXPECT_EQ("flight {7}, \"AA\"", newest.entity);
  EXPECT_EQ(digest('a'), newest.artifact);
  EXPECT_EQ(812, newest.features["distance"].as_int());
  EXPECT_DOUBLE_EQ(0.25, newest.output.at(0).as_double());
  EXPECT_EQ(123, newest.latency_us);
  EXPECT_EQ("t", newest.trace_id);
  EXPECT_EQ(now(), newest.at);
  EXPECT_EQ(1u, serving.predictions("flights", 1)->size());
  EXPECT_TRUE(serving.predictions("other", 10)->empty());
  EXPECT_EQ(2, serving.windows("flights", {})->front().requests);
}

TEST_P(StoreTest, APredictionBatchSentByManyAtOnceCountsOnce) {
  PredictionBatch batch;
  batch.id = new_id();
  for (int i = 0; i < 100; ++i) batch.predictions.push_back(answered(std::to_string(i), now()));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { EXPECT_TRUE(stores().serving.append(batch).ok()); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(100u, stores().serving.predictions("flights", 1000)->size());
}

TEST_P(StoreTest, WindowsAreSummedPerArtifactAndRole) {
  ServingStore& serving = stores().serving;
  const Time start = now();
  PredictionBatch batch;
  batch.id = new_id();
  batch.windows = {window('a', "champion", start, 100),
                   window('a', "champion", start + std::chrono::seconds{1}, 10),
                   window('a', "champion", start + std::chrono::seconds{2}, 20),
                   window('b', "candidate", start, 7)};
  batch.windows[2].tripped = true;
  batch.windows[2].latency_buckets = {1, 2, 3, 4};
  batch.windows[3].latency_buckets = {};
  ASSERT_OK(serving.append(batch));
  const auto sums = serving.windows("flights", start + std::chrono::seconds{1});
  ASSERT_OK(sums);
  ASSERT_EQ(1u, sums->size());
  const ServingWindow& sum = sums->front();
  EXPECT_EQ("flights", sum.model);
  EXPECT_EQ(digest('a'), sum.artifact);
  EXPECT_EQ("champion", sum.role);
  EXPECT_EQ(start + std::chrono::seconds{1}, sum.start);
  EXPECT_EQ(30, sum.requests);
  EXPECT_EQ(2, sum.errors);
  EXPECT_EQ((std::vector<std::int64_t>{11, 2, 5, 4}), sum.latency_buckets);
  EXPECT_DOUBLE_EQ(21, sum.latency_sum_us);
  EXPECT_EQ(6, sum.outcomes);
  EXPECT_DOUBLE_EQ(3, sum.business_sum);
  EXPECT_DOUBLE_EQ(4.5, sum.business_sum_squares);
  EXPECT_TRUE(sum.tripped);
  const auto all = serving.windows("flights", start);
  ASSERT_OK(all);
  ASSERT_EQ(2u, all->size());
  EXPECT_EQ(130, (*all)[0].requests);
  EXPECT_EQ("candidate", (*all)[1].role);
  EXPECT_TRUE((*all)[1].latency_buckets.empty());
  EXPECT_FALSE((*all)[1].tripped);
}

}  // namespace
}  // namespace millrace::testing
