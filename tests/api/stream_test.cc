// Live streams: the journal with resume, and a log's tail. And CloudEvents on the way in.
#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

class StreamTest : public ApiTest {
 protected:
  /// Reads a stream until `enough` says so (or the server ends it).
  std::string read_until(const std::string& path,
                         const std::function<bool(const std::string&)>& enough,
                         httplib::Headers headers = {}) {
    std::string text;
    auto http = client();
    (void)http.Get(path, headers, [&](const char* data, std::size_t size) {
      text.append(data, size);
      return !enough(text);
    });
    return text;
  }
  static std::vector<std::int64_t> ids_in(const std::string& text) {
    std::vector<std::int64_t> ids;
    for (std::size_t at = 0; (at = text.find("\nid: ", at)) != std::string::npos; ++at)
      ids.push_back(std::stoll(text.substr(at + 5)));
    return ids;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(StreamTest, ResumesAfterTheLastEventWithoutAGap) {
  start();
  const auto run = finished_run("etl");
  const auto last = world_->stores().journal.last_seq().value_or(0);
  const auto complete = [&](const std::string& text) {
    return has(text, "\nid: " + std::to_string(last) + "\n");
  };

  const auto first = read_until("/api/v1/events?after=0",
                                [](const auto& text) { return has(text, "run_created"); });
  const auto seen = ids_in(first);
  ASSERT_FALSE(seen.empty());
  // As if the connection had broken after the first event, whatever came with it.
  const auto rest = read_until("/api/v1/events?after=0", complete,
                               {{"Last-Event-ID", std::to_string(seen.front())}});
  auto ids = ids_in(rest);
  ids.insert(ids.begin(), seen.front());
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(static_cast<std::int64_t>(i + 1), ids[i]);
  EXPECT_EQ(last, ids.back());
  EXPECT_TRUE(has(rest, "event: run_finished")) << rest;
  EXPECT_TRUE(has(rest, "\"run\":\"" + run + "\""));
}

TEST_F(StreamTest, SendsWhatComesAndOnlyWhatWasAskedFor) {
  start();
  const auto old = finished_run("etl");
  std::string fresh;
  const auto text =
      read_until("/api/v1/events?kinds=run_created,run_finished", [&](const std::string& so_far) {
        if (fresh.empty())
          fresh = finished_run("etl");  // the stream is open: now something happens
        return has(so_far, "event: run_finished");
      });
  EXPECT_FALSE(has(text, old));
  EXPECT_TRUE(has(text, fresh));
  EXPECT_FALSE(has(text, "task_queued"));
}

TEST_F(StreamTest, BoundsTheNumberOfStreams) {
  api::ApiConfig config;
  config.max_streams = 1;
  start({}, {}, config);
  int status = 0;
  (void)read_until("/api/v1/events", [&](const std::string&) {
    status = get("/api/v1/events").status;
    return true;
  });
  EXPECT_EQ(429, status);
}

TEST_F(StreamTest, StopEndsOpenStreams) {
  start();
  bool ended = false;
  std::thread stopper;
  (void)read_until("/api/v1/events", [&](const std::string&) {
    if (!stopper.joinable()) stopper = std::thread([&] { api_->stop(); });
    return false;
  });
  ended = true;
  stopper.join();
  EXPECT_TRUE(ended);
}

TEST_F(StreamTest, FollowsALogUntilTheAttemptEnds) {
  start([](const StartAttempt& attempt) {
    Play play;
    play.log = "start\n";
    if (attempt.info.task_id == "extract" && attempt.key.attempt == 1) play.outcome.reset();
    return play;
  });
  const auto run = post("/api/v1/dags/etl/runs", Json::object()).json()["run"].as_string();
  const auto path = "/api/v1/runs/" + run + "/tasks/extract/logs?follow=1";
  bool written = false;
  const auto text = read_until(path, [&](const std::string& so_far) {
    if (has(so_far, "start") && !written) {
      written = true;
      const LogChunk more{*Uuid::parse(run),    "extract", -1, 1, 6, "more \xE2\x9C\x93\n",
                          world_->clock().now()};
      EXPECT_TRUE(world_->stores().logs.append({&more, 1}).ok());
    }
    if (has(so_far, "more")) (void)post("/api/v1/runs/" + run + "/cancel", Json::object());
    return false;
  });
  EXPECT_TRUE(has(text, R"(data: {"offset":0,"text":"start\n"})")) << text;
  EXPECT_TRUE(has(text, "more \xE2\x9C\x93")) << text;
  EXPECT_TRUE(text.ends_with("event: end\nid: 15\ndata: {}\n\n")) << text;
}

TEST_F(StreamTest, CloudEventsCountOnceInEveryMode) {
  start();
  auto dag = make_dag("on_load", {"a"});
  dag.on_event = Json::object({{"type", "com.example.loaded"}});
  world_->add_dag(std::move(dag));
  const Json event = Json::object({{"specversion", "1.0"},
                                   {"id", "e-1"},
                                   {"source", "/flights"},
                                   {"type", "com.example.loaded"},
                                   {"data", Json::object({{"rows", 5}})}});
  const auto structured =
      post("/api/v1/events", event, {{"Content-Type", "application/cloudevents+json"}});
  EXPECT_EQ(200, structured.status) << structured.body;
  EXPECT_FALSE(structured.json().at(0)["repeated"].as_bool(true));
  const auto again =
      post("/api/v1/events", event, {{"Content-Type", "application/cloudevents+json"}});
  EXPECT_TRUE(again.json().at(0)["repeated"].as_bool());

  const auto binary = send("POST", "/api/v1/events", R"({"rows":6})",
                           {{"Content-Type", "application/json"},
                            {"ce-specversion", "1.0"},
                            {"ce-id", "e-2"},
                            {"ce-source", "/flights"},
                            {"ce-type", "com.example.loaded"}});
  EXPECT_EQ(200, binary.status) << binary.body;
  Json other = event;
  other.set("id", "e-3");
  const auto batch = post("/api/v1/events", Json::array({event, other}),
                          {{"Content-Type", "application/cloudevents-batch+json"}});
  EXPECT_EQ(200, batch.status) << batch.body;
  EXPECT_TRUE(batch.json().at(0)["repeated"].as_bool());
  EXPECT_FALSE(batch.json().at(1)["repeated"].as_bool(true));
  EXPECT_EQ(3u, get("/api/v1/runs?dag=on_load").json()["runs"].size());

  Json broken = event;
  broken.set("specversion", "0.3");
  EXPECT_EQ(
      400,
      post("/api/v1/events", broken, {{"Content-Type", "application/cloudevents+json"}}).status);
  EXPECT_EQ(400, post("/api/v1/events", Json::object(),
                      {{"Content-Type", "application/cloudevents+json"}})
                     .status);
}

}  // namespace
}  // namespace millrace::testing
