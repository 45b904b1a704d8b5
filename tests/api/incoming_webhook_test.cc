// Webhooks: the proofs of the schemes, by the examples that their authors publish, and what a
// delivery starts.
#include "engine/api/incoming_webhook.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "engine/base/hmac.h"
#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

using api::check_webhook;
using api::HttpRequest;
using api::NameValues;
using api::read_webhook;
using api::Webhook;

HttpRequest request(const std::string& body, NameValues headers) {
  HttpRequest out;
  out.method = "POST";
  out.headers = std::move(headers);
  out.body = body;
  return out;
}

Time at(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

/// "" if the proof fits.
std::string refusal(WebhookSignature signature, const std::string& secret,
                    const HttpRequest& delivery, std::int64_t now, const std::string& header = "") {
  const auto checked = check_webhook({signature, "S", header}, secret, delivery, at(now));
  if (checked.ok()) return "";
  EXPECT_EQ(checked.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(checked.error().message.find(secret), std::string::npos);
  return checked.error().message;
}

constexpr const char* kDoesNotFit = "the signature does not fit the body and the secret";

// The values of "Validating webhook deliveries", docs.github.com.
TEST(Webhooks, CheckTheSignatureOfGitHub) {
  const std::string secret = "It's a Secret to Everybody";
  const std::string signature =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const auto of = [&](const std::string& body, const std::string& value) {
    return refusal(WebhookSignature::github, secret,
                   request(body, {{"x-hub-signature-256", value}}), 0);
  };
  EXPECT_EQ(of("Hello, World!", signature), "");
  EXPECT_EQ(of("Hello, World?", signature), kDoesNotFit);
  EXPECT_EQ(of("Hello, World!", signature.substr(0, 70)), kDoesNotFit);
  EXPECT_EQ(of("Hello, World!", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"), kDoesNotFit);
  EXPECT_EQ(refusal(WebhookSignature::github, secret, request("Hello, World!", {}), 0),
            "the header 'x-hub-signature-256' is missing");
}

// The values of "Verifying requests from Slack", docs.slack.dev.
TEST(Webhooks, CheckTheSignatureOfSlack) {
  const std::string body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
      "&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
      "&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
      "%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
      "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
  const auto delivery = request(
      body,
      {{"x-slack-request-timestamp", "1531420618"},
       {"x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
       {"content-type", "application/x-www-form-urlencoded"}});
  const std::string secret = "8f742231b10e8888abcd99yyyzzz85a5";
  EXPECT_EQ(refusal(WebhookSignature::slack, secret, delivery, 1531420618), "");
  EXPECT_EQ(refusal(WebhookSignature::slack, secret, delivery, 1531420618 + 300), "");
  for (const std::int64_t now : {1531420618 + 301, 1531420618 - 301})
    EXPECT_EQ(refusal(WebhookSignature::slack, secret, delivery, now),
              "the time of the signature is more than 5 minutes from that of the engine");
  const auto read = read_webhook({WebhookSignature::slack, "S", ""}, delivery);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->data["command"], Json("/webhook-collect"));
  EXPECT_EQ(read->data["text"], Json(""));
}

// The example of the specification of Standard Webhooks, also in the tests of its libraries.
TEST(Webhooks, CheckTheSignatureOfStandardWebhooks) {
  const auto with = [](const std::string& signatures) {
    return request("{\"test\": 2432232314}", {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                                              {"webhook-timestamp", "1614265330"},
                                              {"webhook-signature", signatures},
                                              {"content-type", "application/json"}});
  };
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const std::string good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  const auto of = [&](const std::string& signatures) {
    return refusal(WebhookSignature::standard, secret, with(signatures), 1614265330);
  };
  EXPECT_EQ(of(good), "");
  EXPECT_EQ(of("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= " + good), "") << "of two keys";
  EXPECT_EQ(of("v2" + good.substr(2)), kDoesNotFit);
  EXPECT_EQ(read_webhook({WebhookSignature::standard, "S", ""}, with(good))->id,
            "msg_p5jXN8AQM9LWM0D4loKWxJek");
}

// The scheme of docs.stripe.com/webhooks/signature; the value is that of Python's hmac.
TEST(Webhooks, CheckTheSignatureOfStripe) {
  const std::string good = "a3f7d2647ca8af4e7ebbd79c4f9380dbd98ee11b35cf0485b700ca327380e947";
  const auto of = [&](const std::string& header, std::int64_t now = 1700000000) {
    return refusal(
        WebhookSignature::stripe, "whsec_test",
        request(R"({"id":"evt_1","type":"charge.succeeded"})", {{"stripe-signature", header}}),
        now);
  };
  EXPECT_EQ(of("t=1700000000,v1=" + good), "");
  EXPECT_EQ(of("t=1700000000,v1=" + std::string(64, '0') + ",v1=" + good + ",v0=abc"), "");
  EXPECT_EQ(of("t=1700000001,v1=" + good), kDoesNotFit) << "the time is signed as well";
  EXPECT_EQ(of("t=1700000000,v0=" + good), kDoesNotFit);
  EXPECT_EQ(of("v1=" + good), "the header 'stripe-signature' has no time 't='");
  EXPECT_EQ(of("t=soon,v1=" + good),
            "the time of the signature is not a number of seconds since 1970");
  EXPECT_EQ(of("t=99999999999999999999,v1=" + good),
            "the time of the signature is not a number of seconds since 1970");
}

TEST(Webhooks, CheckAToken) {
  const auto of = [](NameValues headers, const std::string& header = "") {
    return refusal(WebhookSignature::token, "s3cret", request("{}", std::move(headers)), 0, header);
  };
  EXPECT_EQ(of({{"authorization", "Bearer s3cret"}}), "");
  EXPECT_EQ(of({{"authorization", "bearer s3cret"}}), "") << "RFC 9110, 11.1: in any case";
  EXPECT_EQ(of({{"authorization", "s3cret"}}),
            "the header 'authorization' does not begin with 'Bearer '");
  EXPECT_EQ(of({{"authorization", "Bearer s3cre"}}), "the token is not the secret");
  EXPECT_EQ(of({{"authorization", "Bearer S3cret"}}), "the token is not the secret");
  EXPECT_EQ(of({}), "the header 'authorization' is missing");
  EXPECT_EQ(of({{"x-gitlab-token", "s3cret"}}, "X-Gitlab-Token"), "");
  EXPECT_EQ(of({{"authorization", "Bearer s3cret"}}, "X-Gitlab-Token"),
            "the header 'X-Gitlab-Token' is missing");
}

TEST(Webhooks, ReadABodyByItsContentType) {
  const auto read = [](const std::string& type, const std::string& body) {
    const auto out =
        read_webhook({WebhookSignature::token, "S", ""}, request(body, {{"content-type", type}}));
    return out ? out->data : Json("error: " + out.error().message);
  };
  const std::string form = "application/x-www-form-urlencoded";
  EXPECT_EQ(read("application/json", R"({"a":[1]})")["a"], Json::array({1}));
  EXPECT_EQ(read(form, "a=1+2%26&b&=c&&d=%C3%A9"),
            Json::object({{"a", "1 2&"}, {"b", ""}, {"", "c"}, {"d", "\xc3\xa9"}}));
  EXPECT_EQ(read(form, "payload=%7B%22ref%22%3A%22main%22%7D"), Json::object({{"ref", "main"}}));
  EXPECT_EQ(read("text/plain", "hi"), Json("hi"));
  EXPECT_EQ(read("", ""), Json());
  EXPECT_EQ(read("application/json", "").as_string().substr(0, 27), "error: the body is not JSON");
  EXPECT_EQ(read("application/json", "{").as_string().substr(0, 27), "error: the body is not JSON");
  EXPECT_EQ(read(form, "a=%ff"), Json("error: the form is not UTF-8 once it is percent-decoded"));
  EXPECT_EQ(read("image/png", "\xff"),
            Json("error: the body is neither JSON, a form nor text in UTF-8"));
}

class WebhookTest : public ApiTest {
 protected:
  void begin(Json on_webhook) {
    start();
    auto dag = make_dag("on_push", {"a"});
    dag.params = {{"branch", Json::object({{"type", "string"}})}};
    on_webhook.set("secret_env", "WEBHOOK_TEST_SECRET");
    on_webhook.set("params", Json::object({{"branch", "${{ event.data.ref }}"}}));
    dag.on_webhook = std::move(on_webhook);
    world_->add_dag(std::move(dag));
    world_->add_dag(make_dag("plain", {"a"}));
    ::setenv("WEBHOOK_TEST_SECRET", "s3cret", 1);
  }
  void TearDown() override { ::unsetenv("WEBHOOK_TEST_SECRET"); }

  Answer push(const std::string& body, const std::string& delivery,
              const std::string& secret = "s3cret") {
    return send("POST", "/api/v1/webhooks/on_push", body,
                {{"Content-Type", "application/json"},
                 {"X-GitHub-Event", "push"},
                 {"X-GitHub-Delivery", delivery},
                 {"X-Hub-Signature-256", "sha256=" + hex_encode(hmac_sha256(secret, body))}});
  }
  std::size_t runs() { return get("/api/v1/runs?dag=on_push").json()["runs"].size(); }
};

const std::string kMain = R"({"ref":"main"})";

TEST_F(WebhookTest, StartsOneRunForEachDelivery) {
  begin(Json::object({{"signature", "github"}}));
  const auto first = push(kMain, "d-1");
  ASSERT_EQ(200, first.status) << first.body;
  ASSERT_EQ(1u, first.json()["runs"].size());
  EXPECT_FALSE(first.json()["repeated"].as_bool(true));
  const auto run = get("/api/v1/runs/" + first.json()["runs"].at(0).as_string()).json();
  EXPECT_EQ(run["params"], Json::object({{"branch", "main"}}));
  EXPECT_EQ(run["trigger"]["subject"], Json("push"));
  EXPECT_EQ(run["trigger"]["type"], Json("webhook/on_push"));

  const auto again = push(kMain, "d-1");
  EXPECT_TRUE(again.json()["repeated"].as_bool());
  EXPECT_EQ(again.json()["runs"], first.json()["runs"]);
  EXPECT_EQ(runs(), 1u);
  EXPECT_EQ(push(kMain, "d-2").status, 200);
  EXPECT_EQ(runs(), 2u);
}

TEST_F(WebhookTest, CountsADeliveryOnceAlsoWithAnotherBody) {
  begin(Json::object({{"signature", "github"}}));
  EXPECT_EQ(push(kMain, "d-1").status, 200);
  const auto again = push(R"({"ref":"main","attempt":2})", "d-1");
  EXPECT_EQ(200, again.status) << again.body;
  EXPECT_TRUE(again.json()["repeated"].as_bool());
  EXPECT_EQ(runs(), 1u);
}

TEST_F(WebhookTest, TakesAForm) {
  begin(Json::object({{"signature", "github"}}));
  const std::string body = "payload=%7B%22ref%22%3A%22main%22%7D";
  const auto answer =
      send("POST", "/api/v1/webhooks/on_push", body,
           {{"Content-Type", "application/x-www-form-urlencoded"},
            {"X-GitHub-Delivery", "d-1"},
            {"X-Hub-Signature-256", "sha256=" + hex_encode(hmac_sha256("s3cret", body))}});
  EXPECT_EQ(200, answer.status) << answer.body;
  EXPECT_EQ(runs(), 1u);
  EXPECT_EQ(send("POST", "/api/v1/dags/on_push/runs", body,
                 {{"Content-Type", "application/x-www-form-urlencoded"}})
                .status,
            415)
      << "nowhere else";
}

TEST_F(WebhookTest, RefusesWhatIsNotSigned) {
  begin(Json::object({{"signature", "github"}}));
  const auto wrong = push(kMain, "d-1", "other");
  EXPECT_EQ(401, wrong.status);
  EXPECT_EQ("Unauthorized", wrong.json()["title"].as_string());
  EXPECT_EQ(kDoesNotFit, wrong.json()["detail"].as_string());
  EXPECT_EQ(push(kMain, "d-1", "").status, 401);
  EXPECT_EQ(post("/api/v1/webhooks/on_push", Json::object()).status, 401);
  EXPECT_EQ(runs(), 0u);
  EXPECT_EQ(post("/api/v1/webhooks/plain", Json::object()).json()["detail"].as_string(),
            "DAG 'plain' has no `on: {webhook: …}` in its file");
  EXPECT_EQ(post("/api/v1/webhooks/plain", Json::object()).status, 404);
  EXPECT_EQ(post("/api/v1/webhooks/none", Json::object()).status, 404);
  ::setenv("WEBHOOK_TEST_SECRET", "", 1);
  EXPECT_EQ(push(kMain, "d-1", "").status, 503) << "an empty secret is none";
}

TEST_F(WebhookTest, SaysWhyADeliveryStartsNoRun) {
  begin(Json::object({{"signature", "github"}, {"if", "event.data.ref != 'old'"}}));
  const auto old = push(R"({"ref":"old"})", "d-1");
  EXPECT_EQ(200, old.status) << old.body;
  EXPECT_EQ(old.json()["runs"].size(), 0u);
  EXPECT_EQ(old.json()["not_started"].as_string(), "");
  const auto unfit = push(R"({"ref":3})", "d-2");
  EXPECT_EQ(200, unfit.status) << unfit.body;
  EXPECT_EQ(unfit.json()["not_started"].as_string(),
            "param 'branch' is 3; expected a value of type string");
  EXPECT_EQ(push("{", "d-3").status, 400);
  EXPECT_EQ(runs(), 0u);
}

TEST_F(WebhookTest, AnswersTheHandshakeOfSlack) {
  begin(Json::object({{"signature", "slack"}}));
  const std::string body = R"({"type":"url_verification","challenge":"3eZbrw1aB"})";
  const std::string time = std::to_string(to_micros(world_->clock().now()) / 1'000'000);
  const auto signature = hex_encode(hmac_sha256("s3cret", "v0:" + time + ":" + body));
  const auto answer = send("POST", "/api/v1/webhooks/on_push", body,
                           {{"Content-Type", "application/json"},
                            {"X-Slack-Request-Timestamp", time},
                            {"X-Slack-Signature", "v0=" + signature}});
  EXPECT_EQ(200, answer.status) << answer.body;
  EXPECT_EQ(answer.json(), Json::object({{"challenge", "3eZbrw1aB"}}));
  EXPECT_EQ(runs(), 0u);
}

TEST_F(WebhookTest, AnEventOfItsTypeDoesNotStartIt) {
  begin(Json::object({{"signature", "github"}}));
  const auto published = post("/api/v1/events",
                              Json::object({{"specversion", "1.0"},
                                            {"id", "1"},
                                            {"source", "/x"},
                                            {"type", "webhook/on_push"},
                                            {"data", Json::object({{"ref", "main"}})}}),
                              {{"Content-Type", "application/cloudevents+json"}});
  EXPECT_EQ(200, published.status) << published.body;
  EXPECT_EQ(runs(), 0u);
}

}  // namespace
}  // namespace millrace::testing
