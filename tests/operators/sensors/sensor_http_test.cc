#include "operators/sensors/sensor_http.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/http/loopback_server.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

using std::chrono::seconds;

class SensorHttpTest : public ::testing::Test {
 protected:
  Result<Outcome> look(const std::string& path, Json with = Json::object()) {
    with.set("url", server_.url(path));
    return Catalog::of<SensorHttp>().run("sensor.http", with, ctx_);
  }
  /// What the look says that defers.
  std::string answer(const std::string& path, Json with = Json::object()) {
    return expect_outcome<Defer>(look(path, std::move(with))).checkpoint["answer"].as_string();
  }

  FakeContext ctx_;
  std::atomic<int> status_ = 404;
  LoopbackServer server_{[this](httplib::Server& s) {
    s.Get("/export", [this](const httplib::Request& in, httplib::Response& out) {
      out.status = status_;
      out.set_header("ETag", "\"v1\"");
      if (status_ == 503) out.set_header("Retry-After", "90");
      out.set_content(in.get_header_value("X-Key"), "text/plain");
    });
    s.Get("/big", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(R"({"n": 12345678901234567890123, "rows": 7})", "application/json");
    });
    s.Get("/job", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(R"({"state": "running", "parts": [{"rows": 7}]})", "application/json");
    });
  }};
};

TEST_F(SensorHttpTest, WaitsForTheExpectedStatus) {
  EXPECT_EQ(answer("/export"), "status 404");
  status_ = 200;
  const Done done = expect_outcome<Done>(look("/export"));
  EXPECT_EQ(done.outputs["status"], Json(200));
  EXPECT_EQ(done.outputs["url"], Json(server_.url("/export")));
  EXPECT_EQ(done.outputs["etag"], Json("\"v1\""));
  EXPECT_TRUE(done.outputs["json"].is_null());
}

TEST_F(SensorHttpTest, TakesOtherStatusesAsWell) {
  const Json with = Json::object({{"status", Json::array({200, 404})}});
  EXPECT_EQ(expect_outcome<Done>(look("/export", with)).outputs["status"], Json(404));
}

// So a large file is waited for without reading it.
TEST_F(SensorHttpTest, AsksForTheFirstByteOfALargeFileAlone) {
  const Json with = Json::object(
      {{"headers", Json::object({{"Range", "bytes=0-0"}})}, {"status", Json::array({206})}});
  EXPECT_EQ(expect_outcome<Done>(look("/job", with)).outputs["status"], Json(206));
}

TEST_F(SensorHttpTest, LooksLaterIfTheServerAsksForIt) {
  status_ = 503;
  EXPECT_EQ(expect_outcome<Defer>(look("/export")).after, seconds{90});
  EXPECT_EQ(expect_outcome<Defer>(look("/export", Json::object({{"interval", "2m"}}))).after,
            seconds{120});
}

TEST_F(SensorHttpTest, WaitsForATextInTheBody) {
  status_ = 200;
  Json with = Json::object(
      {{"body_matches", "^Comp.*e$"}, {"headers", Json::object({{"X-Key", "pending"}})}});
  EXPECT_EQ(answer("/export", with), "status 200, but the body does not match '^Comp.*e$'");
  with.set("headers", Json::object({{"X-Key", "Complete"}}));
  expect_outcome<Done>(look("/export", with));
}

TEST_F(SensorHttpTest, WaitsForValuesInAJsonBody) {
  const auto with = [](Json json) { return Json::object({{"json", std::move(json)}}); };
  EXPECT_EQ(answer("/job", with(Json::object({{"/state", "ready"}}))),
            "status 200, but /state is \"running\", not \"ready\"");
  EXPECT_EQ(answer("/job", with(Json::object({{"/result", 1}}))),
            "status 200, but the body has no /result");
  const Done done = expect_outcome<Done>(
      look("/job", with(Json::object({{"/state", "running"}, {"/parts/0/rows", 7}}))));
  EXPECT_EQ(done.outputs["json"]["state"], Json("running"));
}

TEST_F(SensorHttpTest, CountsARefusedConnectionAsNotYetAndHidesSecrets) {
  const Json with = Json::object({{"url", "http://u:geheim@127.0.0.1:1/x?token=geheim"}});
  const Defer defer =
      expect_outcome<Defer>(Catalog::of<SensorHttp>().run("sensor.http", with, ctx_));
  EXPECT_EQ(defer.checkpoint.dump().find("geheim"), std::string::npos) << defer.checkpoint.dump();
  EXPECT_EQ(defer.checkpoint["answer"].as_view().substr(0, 16), "the look failed:");
}

TEST_F(SensorHttpTest, SaysAtOnceWhatIsWrongWithItsParameters) {
  EXPECT_EQ(look("/job", Json::object({{"body_matches", "("}})).error().message,
            "parameter 'body_matches': '(' is not a regular expression: missing ): (");
  EXPECT_EQ(look("/job", Json::object({{"json", Json::object({{"state", 1}})}})).error().message,
            "parameter 'json': 'state' is not a JSON pointer; it starts with '/', as in '/state'");
}

// RFC 6901, section 5.
TEST(JsonPointer, FindsWhatTheStandardSays) {
  const Json json = *Json::parse(R"({"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7})");
  const auto at = [&](std::string_view pointer) {
    const Json* found = find_pointer(json, pointer);
    return found == nullptr ? Json("none") : *found;
  };
  EXPECT_EQ(at(""), json);
  EXPECT_EQ(at("/foo"), Json::array({"bar", "baz"}));
  EXPECT_EQ(at("/foo/0"), Json("bar"));
  EXPECT_EQ(at("/"), Json(0));
  EXPECT_EQ(at("/a~1b"), Json(1));
  EXPECT_EQ(at("/m~0n"), Json(8));
  EXPECT_EQ(at("/ "), Json(7));
  for (const char* none : {"/foo/2", "/foo/00", "/foo/-", "/foo/0/x", "/bar"})
    EXPECT_EQ(at(none), Json("none")) << none;
}

TEST_F(SensorHttpTest, ComparesABodyWithANumberThatOutputsCannotHold) {
  const Done done =
      expect_outcome<Done>(look("/big", Json::object({{"json", Json::object({{"/rows", 7}})}})));
  EXPECT_TRUE(done.outputs["json"].is_null()) << "it would not be exact";
}

TEST_F(SensorHttpTest, DoesNotWaitWithoutAnExpectedStatus) {
  EXPECT_EQ(look("/export", Json::object({{"status", Json::array()}})).error().message,
            "parameter 'status' is empty; name at least one status code");
}

TEST_F(SensorHttpTest, DoesNotWaitForAnAddressThatIsNoUrl) {
  for (const char* url :
       {"nonsense", "http//data.example.com", "http://", "http://a b/", "data.example.com/x"}) {
    const auto outcome =
        Catalog::of<SensorHttp>().run("sensor.http", Json::object({{"url", url}}), ctx_);
    ASSERT_FALSE(outcome) << url;
    EXPECT_FALSE(outcome.error().transient()) << url << ": " << outcome.error().to_string();
  }
}

}  // namespace
}  // namespace millrace::operators
