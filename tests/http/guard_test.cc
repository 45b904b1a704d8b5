// What the guard of both servers refuses. Rules from RFC 9110 and 9112 (Host, Content-Length,
// Transfer-Encoding) and from the Fetch standard (which content types a page may send unasked).
#include "engine/http/guard.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

int status_of(const HttpRequest& request, const GuardRules& rules = {}) {
  const auto refused = refuse(request, rules);
  return refused ? refused->status : 200;
}

HttpRequest request_with(std::string method, NameValues headers) {
  HttpRequest request;
  request.method = std::move(method);
  request.path = "/x";
  request.headers = std::move(headers);
  return request;
}

int host_status(NameValues headers) {
  return status_of(request_with("GET", std::move(headers)), {.host_names = {"mill.example"}});
}

TEST(Guard, AnswersToItsOwnNamesOnly) {
  for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1", "10.1.2.3:8793", "[::1]",
                           "[::1]:8793", "mill.example", "Mill.Example:8793"})
    EXPECT_EQ(200, host_status({{"host", host}})) << host;
  for (const char* host : {"evil.example", "localhost.evil.example", "", "mill.example:80:80",
                           "mill.example:x", "127.0.0.1.evil.example", "[::1].evil.example"})
    EXPECT_EQ(421, host_status({{"host", host}})) << host;
}

// RFC 9112, 3.2: a request with none or more than one is answered 400.
TEST(Guard, TakesExactlyOneHost) {
  EXPECT_EQ(400, host_status({}));
  EXPECT_EQ(400, host_status({{"host", "localhost"}, {"host", "localhost"}}));
  EXPECT_EQ(400, host_status({{"host", "localhost"}, {"host", "evil.example"}}));
}

int length_status(NameValues headers) {
  headers.emplace_back("host", "localhost");
  headers.emplace_back("content-type", "application/json");
  return status_of(request_with("POST", std::move(headers)), {.max_body_bytes = 1000});
}

// RFC 9110, 8.6: one whole number; a list of equal ones may be refused, and is.
TEST(Guard, TakesOneLengthOrChunks) {
  EXPECT_EQ(200, length_status({{"content-length", "2"}}));
  EXPECT_EQ(200, length_status({{"transfer-encoding", "chunked"}}));
  EXPECT_EQ(200, length_status({{"transfer-encoding", "Chunked"}}));
  for (const char* value : {"2,2", "2, 2", "+2", "-2", "0x2", "", "2 ", "18446744073709551616"})
    EXPECT_EQ(400, length_status({{"content-length", value}})) << value;
  EXPECT_EQ(400, length_status({{"content-length", "2"}, {"content-length", "2"}}));
  EXPECT_EQ(400, length_status({{"content-length", "2"}, {"transfer-encoding", "chunked"}}));
  EXPECT_EQ(413, length_status({{"content-length", "1001"}}));
  for (const char* value : {"gzip", "gzip, chunked", "xchunked", "identity"})
    EXPECT_EQ(501, length_status({{"transfer-encoding", value}})) << value;
  EXPECT_EQ(415, length_status({{"content-encoding", "gzip"}}));
}

int post_status(NameValues headers) {
  headers.emplace_back("host", "localhost:8794");
  headers.emplace_back("content-length", "2");
  return status_of(request_with("POST", std::move(headers)));
}

TEST(Guard, OtherSitesPagesChangeNothing) {
  const std::pair<std::string, std::string> json{"content-type", "application/json"};
  EXPECT_EQ(200, post_status({json}));
  EXPECT_EQ(200, post_status({json, {"origin", "http://localhost:8794"}}));
  EXPECT_EQ(200, post_status({json, {"sec-fetch-site", "same-origin"}}));
  for (const char* origin : {"https://evil.example", "null", "http://localhost:1", "file://"})
    EXPECT_EQ(403, post_status({json, {"origin", origin}})) << origin;
  EXPECT_EQ(
      403,
      post_status({json, {"origin", "http://localhost:8794"}, {"origin", "https://evil.example"}}));
  for (const char* site : {"cross-site", "same-site"})
    EXPECT_EQ(403, post_status({json, {"sec-fetch-site", site}})) << site;
}

// Fetch, 2.2.2: the content types that a page may send without being asked for permission.
TEST(Guard, ContentTypesOfFormsAreRefused) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=a", "text/plain;application/json"})
    EXPECT_EQ(415, post_status({{"content-type", type}})) << type;
  for (const char* type : {"application/json", "APPLICATION/JSON; charset=utf-8",
                           "application/cloudevents+json", "application/yaml"})
    EXPECT_EQ(200, post_status({{"content-type", type}})) << type;
  EXPECT_EQ(200, post_status({}));  // Triton's client names no type
  EXPECT_EQ(415, post_status({{"sec-fetch-site", "same-origin"}}));  // a page's Blob without one
  EXPECT_EQ(415, post_status({{"origin", "http://localhost:8794"}}));
}

TEST(Guard, AllowedHostsAreNamesWithoutSchemeAndPort) {
  EXPECT_EQ("mill.example", allowed_host("Mill.Example").value_or(""));
  for (const char* text : {"", "http://mill.example", "mill.example:80", "*", "a b"})
    EXPECT_FALSE(allowed_host(text).ok()) << text;
}

}  // namespace
}  // namespace millrace::http
