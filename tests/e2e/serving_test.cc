// The model server of the real program: right answers, and none lost while versions change.
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <cmath>

#include "engine/base/file.h"
#include "engine/ml/model.h"
#include "tests/e2e/flights_table.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

const std::filesystem::path kDags = std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/e2e/dags";

/// The Open Inference Protocol's own form: one tensor for each feature.
const char* const kStockRequest = R"({"id": "42", "inputs": [
  {"name": "hour", "shape": [3, 1], "datatype": "FP64", "data": [6, 12, 23]},
  {"name": "distance", "shape": [3, 1], "datatype": "FP64", "data": [300, 1200.5, 2475]},
  {"name": "delay_mean", "shape": [3, 1], "datatype": "FP64", "data": [0, 12.25, 55]}]})";

class Serving : public ::testing::Test {
 protected:
  Serving() : up_(folder_.path() / "state", kDags) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "flights.csv", flights_table()).ok());
    EXPECT_TRUE(
        eventually([&] { return up_.get("/dags/ship")["dag"]["dag"].as_view() == "ship"; }));
  }
  void ship(double holdout) {
    EXPECT_EQ(up_.run("ship", Json::object({{"table", (folder_.path() / "flights.csv").string()},
                                            {"holdout", holdout}})),
              "success")
        << up_.get("/runs?limit=1").dump();
  }
  Json infer() const {
    httplib::Client client("127.0.0.1", up_.serve_port());
    const auto answer = client.Post("/v2/models/flights/infer", kStockRequest, "application/json");
    const auto json = answer ? Json::parse(answer->body) : Json::parse("null");
    return json ? *json : Json();
  }
  bool is_served() const {
    httplib::Client client("127.0.0.1", up_.serve_port());
    const auto answer = client.Get("/v2/models/flights/ready");
    return answer && answer->status == 200;
  }
  std::string champion() const {
    return up_.get("/models/flights")["champion"]["artifact"].as_string();
  }

  TempFolder folder_;
  Up up_;
};

TEST_F(Serving, AStockRequestIsAnsweredWithTheModelsOwnPrediction) {
  ship(0.2);
  ASSERT_TRUE(eventually([&] { return infer()["outputs"].size() > 0; }));
  const Json answer = infer();
  EXPECT_EQ(answer["model_name"].as_view(), "flights");
  EXPECT_EQ(answer["id"].as_view(), "42");

  const auto model = ml::Model::parse(up_.get_text("/api/v1/artifacts/" + champion() + "/content"));
  ASSERT_TRUE(model.ok()) << model.error().message;
  const std::vector<std::vector<double>> rows = {{6, 300, 0}, {12, 1200.5, 12.25}, {23, 2475, 55}};
  const Json& output = answer["outputs"].items().front();
  ASSERT_EQ(output["data"].size(), rows.size()) << answer.dump();
  for (std::size_t row = 0; row < rows.size(); ++row)
    EXPECT_EQ(output["data"].items()[row].as_double(), *model->predict_row(rows[row]));
}

/// The ```sh blocks of a page that begin with this command.
std::vector<std::string> blocks_that_begin_with(const std::string& page,
                                                const std::string& command) {
  const std::string text =
      read_file(std::string(MILLRACE_SOURCE_DIR "/docs/") + page, 1 << 20).value_or("");
  std::vector<std::string> out;
  const std::string open = "```sh\n" + command;
  for (auto at = text.find(open); at != std::string::npos; at = text.find(open, at + 1))
    out.push_back(text.substr(at + 6, text.find("```", at + 6) - at - 6));
  return out;
}

void put_in_place(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// docs/serving.md: each request is sent as it is written there, and succeeds.
TEST_F(Serving, EveryRequestOnThePageIsAnswered) {
  EXPECT_EQ(up_.run("ship", Json::object({{"table", (folder_.path() / "flights.csv").string()},
                                          {"features", Json::array({"hour", "distance"})}})),
            "success");
  ASSERT_TRUE(eventually([&] { return is_served(); }));
  const std::string state = " --state " + up_.state().string();
  std::string said;
  int sent = 0;
  for (std::string block : blocks_that_begin_with("serving.md", "curl")) {
    put_in_place(block, ":8794/", ":" + std::to_string(up_.serve_port()) + "/");
    put_in_place(block, "curl -s ", "curl -sS --fail ");
    const Finished answer =
        Program({"/bin/bash", "-euo", "pipefail", "-c", block}).wait(std::chrono::seconds{60});
    EXPECT_EQ(answer.exit_code, 0) << block << answer.out;
    said += answer.out;
    ++sent;
  }
  EXPECT_GE(sent, 4);
  for (const char* part : {"\"probability\"", "\"matched\":1", "\"entity_input\":\"entity\"",
                           "\"sampled_out\":0", "model_requests_total"})
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
  // A first champion is taken out of service by name, and shipped again only once it is released.
  const auto run = [&](const std::string& arguments) {
    return Program({"/bin/bash", "-c", binary() + " " + arguments + state})
        .wait(std::chrono::seconds{60});
  };
  EXPECT_NE(run("rollback flights").exit_code, 0) << "there is nothing to go back to";
  EXPECT_EQ(run("rollback flights --artifact 1 --reason 'too many false alarms'").exit_code, 0);
  const auto again = [&] {
    return up_.run("ship", Json::object({{"table", (folder_.path() / "flights.csv").string()},
                                         {"features", Json::array({"hour", "distance"})}}));
  };
  EXPECT_EQ(again(), "failed") << "the same artifact under a new number";
  EXPECT_EQ(run("release flights 1 --reason 'the outcomes of that day were wrong'").exit_code, 0);
  EXPECT_EQ(again(), "success");
}

/// Four clients that send as fast as 500 requests a second in all, for as long as it lives.
class Load {
 public:
  explicit Load(int port) {
    for (int i = 0; i < kClients; ++i) threads_.emplace_back([this, port, i] { send(port, i); });
  }
  ~Load() { stop(); }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int sent() const { return sent_; }
  int failed() const { return failed_; }

 private:
  static constexpr int kClients = 4;
  static constexpr std::chrono::microseconds kBetween{kClients * 1'000'000 / 500};

  void send(int port, int number) {
    httplib::Client client("127.0.0.1", port);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    auto next = std::chrono::steady_clock::now();
    for (int i = 0;; ++i) {
      const std::string entity = std::to_string(number) + "-" + std::to_string(i);
      const auto answer = client.Post("/v2/models/flights/infer",
                                      R"({"parameters": {"entity": ")" + entity + R"("}, "inputs": [
            {"name": "hour", "shape": [1, 1], "datatype": "FP64", "data": [7]},
            {"name": "distance", "shape": [1, 1], "datatype": "FP64", "data": [500]},
            {"name": "delay_mean", "shape": [1, 1], "datatype": "FP64", "data": [10]}]})",
                                      "application/json");
      ++sent_;
      if (!answer || answer->status != 200) ++failed_;
      next = std::max(next + kBetween, std::chrono::steady_clock::now() - kBetween);
      std::unique_lock lock(mutex_);
      if (stopped_.wait_until(lock, next, [this] { return stopping_; })) return;
    }
  }

  std::atomic<int> sent_{0}, failed_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

TEST_F(Serving, NoRequestFailsThroughFivePromotionsAndARollback) {
  ship(0.2);
  ASSERT_TRUE(eventually([&] { return infer()["outputs"].size() > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  Load load(up_.serve_port());
  std::vector<std::string> champions = {champion()};
  for (const double holdout : {0.25, 0.3, 0.35, 0.4, 0.45}) {
    ship(holdout);
    champions.push_back(champion());
    EXPECT_NE(champions.back(), champions[champions.size() - 2]);
  }
  const Finished rolled_back = millrace({"--state", up_.state().string(), "rollback", "flights"});
  EXPECT_EQ(rolled_back.exit_code, 0) << rolled_back.out;
  EXPECT_TRUE(eventually([&] { return champion() == champions[4]; })) << champion();
  // The server hears of it a moment later; its answers tell which version they come from.
  const std::string version =
      std::to_string(up_.get("/models/flights")["champion"]["version"].as_int());
  EXPECT_TRUE(eventually([&] { return infer()["model_version"].as_view() == version; }));
  load.stop();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  RecordProperty("requests", load.sent());
  RecordProperty("requests_per_s", static_cast<int>(load.sent() / taken.count()));
  std::printf("%d requests, %.0f a second\n", load.sent(), load.sent() / taken.count());
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.sent(), 500);
}

}  // namespace
}  // namespace millrace::e2e
