// CloudEvents 1.0.2: the HTTP binding, the JSON format, and the webhook handshake.
#include "engine/api/cloud_event.h"

#include <gtest/gtest.h>

namespace millrace::api {
namespace {

using std::string_literals::operator""s;

HttpRequest binary(const std::string& type, const std::string& body, NameValues more = {}) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/s"}, {"ce-type", "t"}};
  if (!type.empty()) request.headers.emplace_back("content-type", type);
  for (auto& header : more) request.headers.push_back(std::move(header));
  request.body = body;
  return request;
}

HttpRequest structured(const std::string& body,
                       const std::string& type = "application/cloudevents+json") {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"content-type", type}};
  request.body = body;
  return request;
}

std::string with(const std::string& members) {
  return R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" +
         (members.empty() ? "" : "," + members) + "}";
}

/// The one event in its JSON form, or the message of the error.
Json read(const HttpRequest& request) {
  const auto events = read_cloud_events(request);
  if (!events) return Json("error: " + events.error().message);
  return events->size() == 1 ? (*events)[0].json : Json(events->size());
}

bool refused(const HttpRequest& request) {
  const auto events = read_cloud_events(request);
  return !events && events.error().code == ErrorCode::invalid_argument;
}

// HTTP binding, section 3.1; JSON format, section 3.1: bytes that JSON text cannot hold are
// base 64. The expected texts are those of RFC 4648, section 10, and of coreutils' base64.
TEST(CloudEvents, KeepTheBytesOfBinaryMode) {
  const auto bytes = read(binary("application/octet-stream", "\xff\x00\xfe\x80"s));
  EXPECT_EQ(bytes["data_base64"], Json("/wD+gA=="));
  EXPECT_FALSE(bytes.contains("data"));
  EXPECT_EQ(read(binary("image/png", "foobar"))["data_base64"], Json("Zm9vYmFy"));
  EXPECT_EQ(read(binary("text/plain; charset=iso-8859-1", "caf\xe9"))["data_base64"],
            Json("Y2Fm6Q=="));
  EXPECT_EQ(read(binary("text/plain", "a\0b"s))["data_base64"], Json("YQBi"));
  EXPECT_EQ(read(binary("", "\xc3\x28"))["data_base64"], Json("wyg="));
  EXPECT_EQ(read(binary("text/plain", "caf\xc3\xa9"))["data"], Json("caf\xc3\xa9"));
  EXPECT_EQ(read(binary("application/xml", "<a/>"))["data"], Json("<a/>"));
  EXPECT_EQ(read(binary("text/plain", ""))["data"], Json());
}

TEST(CloudEvents, ReadJsonByItsMediaTypeInAnyCase) {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "text/json",
                           "application/vnd.acme.v1+json", "APPLICATION/LD+JSON"})
    EXPECT_EQ(read(binary(type, R"({"a":1})"))["data"]["a"], Json(1)) << type;
  EXPECT_EQ(read(binary("application/jsonlines", "{\"a\":1}\n{}"))["data"], Json("{\"a\":1}\n{}"));
  EXPECT_TRUE(refused(binary("application/json", "{\"a\":")));
  EXPECT_TRUE(refused(binary("application/json", "{}\0x"s)));
  for (const char* type : {"application/cloudevents+json; charset=UTF-8",
                           "Application/CloudEvents+JSON", "application/json"})
    EXPECT_EQ(read(structured(with(R"("data":[1])"), type))["data"], Json::array({1})) << type;
  const auto batch =
      structured("[" + with("") + "," + with("") + "]", "APPLICATION/CLOUDEVENTS-BATCH+JSON");
  EXPECT_EQ(read(batch), Json(2));
  EXPECT_TRUE(refused(structured(with(""), "application/cloudevents+xml")));
}

// HTTP binding, section 3.1.3.2: its own example is "Euro € 😀".
TEST(CloudEvents, DecodeHeaderValues) {
  const auto subject = [](const std::string& value) {
    return read(binary("", "", {{"ce-subject", value}}))["subject"];
  };
  EXPECT_EQ(subject("Euro%20%E2%82%AC%20%F0%9F%98%80"), Json("Euro \xe2\x82\xac \xf0\x9f\x98\x80"));
  EXPECT_EQ(subject("\"a \\\"quoted\\\" text\""), Json("a \"quoted\" text"));
  EXPECT_EQ(subject("\"%22\""), Json("\""));
  EXPECT_EQ(subject("a%2525"), Json("a%25"));  // one round only
  EXPECT_EQ(subject("100%"), Json("100%"));
  EXPECT_EQ(subject("a+b"), Json("a+b"));
  for (const char* bad : {"caf\xc3\xa9", "caf\xe9", "%FF", "%C3%28", "%00", "a%0Ab", "%C2%85"})
    EXPECT_TRUE(refused(binary("", "", {{"ce-subject", bad}}))) << bad;
  EXPECT_TRUE(refused(binary("", "", {{"ce-id", "2"}})));
  EXPECT_TRUE(refused(binary("", "", {{"ce-data", "x"}})));
  EXPECT_TRUE(refused(binary("", "", {{"ce-my-name", "x"}})));
}

TEST(CloudEvents, AttributesHaveTheTypesOfTheSpecification) {
  const auto event =
      read(structured(with(R"("comexflag":true,"comexcount":-7,"none":null,"data":null)")));
  EXPECT_EQ(event["comexflag"], Json(true));
  EXPECT_EQ(event["comexcount"], Json(-7));
  EXPECT_FALSE(event.contains("none"));  // null is "not given"
  EXPECT_TRUE(event.contains("data"));
  for (const char* bad : {R"("ext":{"a":1})",
                          R"("ext":[1])",
                          R"("ext":1.5)",
                          R"("ext":2147483648)",
                          R"("Ext":"x")",
                          R"("my_ext":"x")",
                          R"("subject":"")",
                          R"("subject":1)",
                          R"("subject":"a\nb")",
                          R"("dataschema":"")",
                          R"("datacontenttype":"json")",
                          R"("datacontenttype":5)",
                          R"("time":"yesterday")",
                          R"("time":"2001-02-01")",
                          R"("time":"2001-02-01T03:00:00")",
                          R"("time":"2001-02-01T23:58:60Z")",
                          R"("time":5)",
                          R"("data":1,"data_base64":"MQ==")",
                          R"("data_base64":"M")",
                          R"("data_base64":"M===")",
                          R"("data_base64":"!!!!")",
                          R"("data_base64":5)"})
    EXPECT_TRUE(refused(structured(with(bad)))) << bad;
  EXPECT_EQ(read(structured(with(R"("data_base64":"MQ==")")))["data_base64"], Json("MQ=="));
  EXPECT_EQ(read(structured(with(R"("time":"2018-04-05T17:31:00.5+02:00")")))["time"],
            Json("2018-04-05T17:31:00.5+02:00"));
  for (const char* bad : {R"({"specversion":"1.0","id":"","source":"/s","type":"t"})",
                          R"({"specversion":1.0,"id":"1","source":"/s","type":"t"})",
                          R"({"specversion":"1.0","id":5,"source":"/s","type":"t"})", "[]", "5"})
    EXPECT_TRUE(refused(structured(bad))) << bad;
}

// CloudEvents HTTP webhook 1.0.2, section 4.
TEST(CloudEvents, GrantDeliveryToEverySender) {
  HttpRequest request;
  request.method = "OPTIONS";
  request.headers = {{"webhook-request-origin", "eventemitter.example.com"},
                     {"webhook-request-rate", "120"}};
  const auto header = [](const HttpResponse& response, std::string_view name) {
    for (const auto& [each, value] : response.headers)
      if (each == name) return value;
    return std::string("(none)");
  };
  const auto granted = answer_webhook_handshake(request);
  EXPECT_EQ(granted.status, 200);
  EXPECT_EQ(header(granted, "WebHook-Allowed-Origin"), "eventemitter.example.com");
  EXPECT_EQ(header(granted, "WebHook-Allowed-Rate"), "*");
  EXPECT_EQ(header(granted, "Allow"), "POST");
  request.headers = {{"webhook-request-origin", "a\r\nX: y"}};
  EXPECT_EQ(header(answer_webhook_handshake(request), "WebHook-Allowed-Origin"), "(none)");
}

}  // namespace
}  // namespace millrace::api
