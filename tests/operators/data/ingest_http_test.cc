#include "operators/data/ingest_http.h"

#include <gtest/gtest.h>

#include <atomic>

#include "engine/base/digest.h"
#include "engine/base/trace_context.h"
#include "engine/op/catalog.h"
#include "tests/http/loopback_server.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

constexpr const char* kCsv = "id,amount\n1,2.5\n2,3.5\n";

class IngestHttpTest : public ::testing::Test {
 protected:
  Result<Outcome> run(Json with) {
    with.set("retry_initial", "1ms");
    return Catalog::of<IngestHttp>().run("ingest.http", with, ctx_);
  }
  std::atomic<int> calls_ = 0;
  std::string traceparent_;
  FakeContext ctx_;
  LoopbackServer server_{[this](httplib::Server& s) {
    s.Get("/sales.csv", [this](const httplib::Request& in, httplib::Response& out) {
      ++calls_;
      out.set_header("ETag", "\"v1\"");
      if (in.get_header_value("If-None-Match") == "\"v1\"")
        out.status = 304;
      else
        out.set_content(kCsv, "text/csv");
    });
    s.Get("/list", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(R"([{"id":1,"tag":"a"},{"id":2,"tag":null}])", "application/json");
    });
    s.Post("/query", [this](const httplib::Request& in, httplib::Response& out) {
      traceparent_ = in.get_header_value("traceparent");
      out.set_content(
          "{\"asked\":" + in.body + ",\"key\":\"" + in.get_header_value("X-Key") + "\"}\n",
          "application/x-ndjson");
    });
    s.Get("/flaky.csv", [this](const httplib::Request&, httplib::Response& out) {
      out.status = ++calls_ < 3 ? 500 : 200;
      out.set_content(out.status == 200 ? kCsv : "id,amount\nbroken", "text/csv");
    });
    s.Get("/login/(.*)", [](const httplib::Request& in, httplib::Response& out) {
      const bool html = in.matches[1] == "page.csv";
      out.set_content(html ? "<!DOCTYPE html>\n<html>\n<p>Log in, please\n</html>\n"
                           : R"({"error":"token expired"})",
                      html ? "text/html" : "application/json");
    });
    s.Get("/mislabelled.csv", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(kCsv, "text/html");
    });
    s.Get("/bad.csv", [](const httplib::Request&, httplib::Response& out) {
      out.set_content("id,amount\n1,2\n3\n", "text/csv");
    });
  }};
};

TEST_F(IngestHttpTest, MakesATableOfTheAnswer) {
  const Done made = expect_outcome<Done>(
      run(Json::object({{"url", server_.url("/sales.csv")}, {"dataset", "sales"}})));
  EXPECT_EQ(rows_of(ctx_, made.outputs["table"]),
            R"([{"id":1,"amount":2.5},{"id":2,"amount":3.5}])");
  EXPECT_EQ(made.outputs["etag"].as_view(), "\"v1\"");
  EXPECT_EQ(made.outputs["sha256"].as_string(), sha256_hex(kCsv));
  EXPECT_EQ(effects_of<UpdateDataset>(made.effects).size(), 1u);
  EXPECT_EQ(effects_of<PublishArtifact>(made.effects).size(), 1u);
}

TEST_F(IngestHttpTest, SkipsWhatHasNotChanged) {
  const Skip skipped = expect_outcome<Skip>(
      run(Json::object({{"url", server_.url("/sales.csv")}, {"etag", "\"v1\""}})));
  EXPECT_EQ(skipped.reason, "not modified since ETag \"v1\"");
}

TEST_F(IngestHttpTest, ReadsJsonArraysAndPosts) {
  const Done list = expect_outcome<Done>(run(Json::object({{"url", server_.url("/list")}})));
  EXPECT_EQ(rows_of(ctx_, list.outputs["table"]), R"([{"id":1,"tag":"a"},{"id":2,"tag":null}])");
  const Done asked =
      expect_outcome<Done>(run(Json::object({{"url", server_.url("/query")},
                                             {"method", "POST"},
                                             {"body", "7"},
                                             {"headers", Json::object({{"X-Key", "k"}})}})));
  EXPECT_EQ(rows_of(ctx_, asked.outputs["table"]), R"([{"asked":7,"key":"k"}])");
}

TEST_F(IngestHttpTest, SendsScalarsAsTheyAreWrittenWithTheTraceOfTheRun) {
  ctx_.info.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const Done asked = expect_outcome<Done>(
      run(Json::object({{"url", server_.url("/query")},
                        {"method", "POST"},
                        {"body", "7"},
                        {"headers", Json::object({{"X-Key", 42}, {"X-None", Json()}})}})));
  EXPECT_EQ(rows_of(ctx_, asked.outputs["table"]), R"([{"asked":7,"key":"42"}])");
  EXPECT_EQ(trace_id_of(traceparent_), ctx_.info.trace_id) << traceparent_;
  const auto wrong = run(Json::object(
      {{"url", server_.url("/query")}, {"headers", Json::object({{"X-Key", Json::array({1})}})}}));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(wrong.error().message.find("X-Key"), std::string::npos) << wrong.error().message;
}

TEST_F(IngestHttpTest, KeepsNothingOfFailedTries) {
  const Done made = expect_outcome<Done>(run(Json::object({{"url", server_.url("/flaky.csv")}})));
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(made.outputs["sha256"].as_string(), sha256_hex(kCsv));
}

TEST_F(IngestHttpTest, ChecksTheDigest) {
  const auto right =
      run(Json::object({{"url", server_.url("/sales.csv")}, {"sha256", sha256_hex(kCsv)}}));
  EXPECT_TRUE(right.ok());
  const auto wrong =
      run(Json::object({{"url", server_.url("/sales.csv")}, {"sha256", sha256_hex("other")}}));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::data_invalid);
  EXPECT_FALSE(run(Json::object({{"url", server_.url("/sales.csv")}, {"sha256", "abc"}})).ok());
}

TEST_F(IngestHttpTest, FailsForGoodOn404AndOnBadData) {
  const auto absent = run(Json::object({{"url", server_.url("/absent.csv")}}));
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_FALSE(absent.error().transient());
  const auto bad = run(Json::object({{"url", server_.url("/bad.csv")}}));
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message.substr(0, 41), "bad.csv:3: 1 field where the header has 2");
}

TEST_F(IngestHttpTest, RefusesAnswersThatAreNoTable) {
  const auto failed = [&](const char* path, const char* format) {
    const auto outcome = run(Json::object({{"url", server_.url(path)}, {"format", format}}));
    return outcome ? "" : std::string(traits(outcome.error().code).name);
  };
  EXPECT_EQ(failed("/login/page.csv", "auto"), "data_invalid");
  EXPECT_EQ(failed("/login/page.csv", "csv"), "data_invalid");  // by its content
  EXPECT_EQ(failed("/login/token.csv", "auto"), "data_invalid");
  EXPECT_EQ(failed("/login/token", "auto"), "data_invalid");
  EXPECT_EQ(failed("/login/token", "jsonl"), "");
  EXPECT_EQ(failed("/mislabelled.csv", "auto"), "data_invalid");
  EXPECT_EQ(failed("/mislabelled.csv", "csv"), "");
}

}  // namespace
}  // namespace millrace
