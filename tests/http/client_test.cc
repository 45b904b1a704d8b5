#include "engine/http/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "engine/base/file.h"
#include "engine/base/trace_context.h"
#include "tests/base/gzipped.h"
#include "tests/base/temp_folder.h"
#include "tests/http/loopback_server.h"

namespace millrace::http {
namespace {

using namespace std::chrono_literals;

const std::function<bool()> kNever = [] { return false; };
const Time kRetryNow = *parse_rfc3339("2001-09-09T01:46:40Z");

/// Waits take no time and are written down.
struct World {
  std::vector<Duration> waits;
  std::vector<std::string> lines;
  RetryWorld world() {
    return {[] { return kRetryNow; },
            [this](Duration wait) -> Status {
              waits.push_back(wait);
              return {};
            },
            [this](std::string_view line) { lines.emplace_back(line); }, kNever};
  }
};

ClientRequest get_of(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  request.timeout = 5s;
  return request;
}

// RFC 9110, section 9.3.2: the headers of a GET, and no body.
TEST(HttpClient, AHeadRequestEndsWithTheHeadersOfItsAnswer) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/export", [](const httplib::Request&, httplib::Response& out) {
      out.set_content("hello", "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/export"));
  request.method = "HEAD";
  const auto answer = send(request, kNever);
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->header("content-length"), "");
  EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, SendsHeadersAndBodyAndReadsTheAnswer) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Post("/echo", [](const httplib::Request& in, httplib::Response& out) {
      out.set_header("X-Seen", in.get_header_value("X-Key"));
      out.set_content(in.body + "!", "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/echo"));
  request.method = "POST";
  request.headers = {{"X-Key", "k1"}};
  request.body = "hello";
  const auto answer = send(request, kNever);
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello!");
  EXPECT_EQ(answer->header("x-seen"), "k1");
}

TEST(HttpClient, StopsAtTheSizeCapWhileStreaming) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/big", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(std::string(1 << 20, 'x'), "text/plain");
    });
  });
  const TempFolder folder;
  ClientRequest request = get_of(server.url("/big"));
  request.file = folder.path() / "out";
  request.max_bytes = 1 << 20;
  const auto fits = send(request, kNever);
  ASSERT_TRUE(fits.ok()) << fits.error().to_string();
  EXPECT_EQ(fits->bytes, 1 << 20);
  EXPECT_EQ(std::filesystem::file_size(request.file), 1u << 20);
  request.max_bytes = (1 << 20) - 1;
  const auto large = send(request, kNever);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::resource_exhausted);
  EXPECT_FALSE(large.error().transient());
}

TEST(HttpClient, FollowsRedirectsButNotForEverAndNotToFiles) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/a", [](const httplib::Request&, httplib::Response& out) { out.set_redirect("/b"); });
    s.Get("/b", [](const httplib::Request&, httplib::Response& out) {
      out.set_content("there", "text/plain");
    });
    s.Get("/loop",
          [](const httplib::Request&, httplib::Response& out) { out.set_redirect("/loop"); });
    s.Get("/file", [](const httplib::Request&, httplib::Response& out) {
      out.set_redirect("file:///etc/passwd");
    });
  });
  const auto followed = send(get_of(server.url("/a")), kNever);
  ASSERT_TRUE(followed.ok()) << followed.error().to_string();
  EXPECT_EQ(followed->body, "there");
  EXPECT_EQ(followed->url, server.url("/b"));
  for (const char* path : {"/loop", "/file"}) {
    const auto refused = send(get_of(server.url(path)), kNever);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << refused.error().message;
  }
  EXPECT_FALSE(send(get_of("file:///etc/passwd"), kNever).ok());
  EXPECT_FALSE(send(get_of("ftp://127.0.0.1/x"), kNever).ok());
  EXPECT_FALSE(send(get_of(""), kNever).ok());
}

// RFC 9110, section 15.4: 307 and 308 keep the method; with the others, POST becomes GET in
// practice, and the body is lost.
TEST(HttpClient, FollowsARedirectOfAPostOnlyWithItsBody) {
  const LoopbackServer server([](httplib::Server& s) {
    const auto redirect = [](const httplib::Request& in, httplib::Response& out) {
      out.set_redirect("/there?token=s3cr3t", std::stoi(in.matches[1]));
    };
    s.Post("/(3..)", redirect);
    s.Put("/(3..)", redirect);
    s.Get("/(3..)", redirect);
    const auto echo = [](const httplib::Request& in, httplib::Response& out) {
      out.set_content(in.method + " " + in.body, "text/plain");
    };
    s.Post("/there", echo);
    s.Put("/there", echo);
    s.Get("/there", echo);
  });
  for (const std::string method : {"POST", "PUT", "GET"})
    for (const int status : {301, 302, 303, 307, 308}) {
      ClientRequest request = get_of(server.url("/" + std::to_string(status)));
      request.method = method;
      if (method != "GET") request.body = "rows";
      const auto answer = send(request, kNever);
      if (method == "GET" || status >= 307) {
        ASSERT_TRUE(answer.ok()) << method << status << answer.error().to_string();
        EXPECT_EQ(answer->body, method + " " + request.body) << status;
        continue;
      }
      ASSERT_FALSE(answer.ok()) << method << status;
      EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
      EXPECT_EQ(answer.error().message,
                "the server answered " + method + " with status " + std::to_string(status) +
                    " and the Location '" + server.url("/there?token=***") +
                    "'; this redirect would lose the body, and only 307 and 308 repeat it; if that "
                    "address is right, request it directly");
    }
}

TEST(HttpClient, FollowsNoRedirectIntoThisMachine) {
  // The first address is what the user wrote; where a server leads from there is the server's word.
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/to/(.*)", [](const httplib::Request& in, httplib::Response& out) {
      out.set_redirect("http://" + std::string(in.matches[1]) + "/");
    });
    s.Get("/", [](const httplib::Request& in, httplib::Response& out) {
      out.set_content("there " + in.get_header_value("Authorization"), "text/plain");
    });
  });
  const std::string port = server.url("").substr(server.url("").rfind(':'));
  const auto follow = [&](const std::string& host, std::vector<std::string> allowed = {}) {
    ClientRequest request = get_of(server.url("/to/" + host));
    request.headers = {{"Authorization", "secret"}};
    request.allowed_hosts = std::move(allowed);
    return send(request, kNever);
  };
  // libcurl writes "127.2" and "2130706434" as the addresses that they are.
  for (const char* host : {"169.254.169.254", "localhost", "127.2", "[::1]", "[::ffff:127.0.0.1]",
                           "[fe80::1]", "0.0.0.0", "2130706434"}) {
    const auto refused = follow(host + port);
    ASSERT_FALSE(refused.ok()) << host;
    EXPECT_EQ(refused.error().code, ErrorCode::permission_denied) << refused.error().message;
  }
  EXPECT_EQ(follow("127.0.0.1" + port)->body, "there secret");  // the same host
  EXPECT_EQ(follow("localhost" + port).error().message,
            "a redirect to 'localhost', a loopback or link-local address; if that is right, "
            "request that address directly");
  EXPECT_EQ(follow("localhost" + port, {"localhost"})->body, "there ");
  EXPECT_EQ(follow("localhost" + port, {"other"}).error().code, ErrorCode::permission_denied);
}

TEST(HttpClient, DecodesGzipOfSeveralMembers) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/(.*)", [](const httplib::Request& in, httplib::Response& out) {
      std::string body = gzipped("id\n1\n") + gzipped("2\n");
      if (in.matches[1] == "cut") body.resize(body.size() - 4);
      if (in.matches[1] == "damaged") body[24] ^= 0x55;
      if (in.matches[1] == "bomb") body = gzipped(std::string(1 << 20, 'x'));
      out.set_header("Content-Encoding", in.matches[1] == "br" ? "br" : "gzip");
      out.set_content(body, "application/octet-stream");  // httplib packs texts itself
    });
  });
  EXPECT_EQ(send(get_of(server.url("/whole")), kNever)->body, "id\n1\n2\n");
  EXPECT_EQ(send(get_of(server.url("/cut")), kNever).error().code, ErrorCode::unavailable);
  EXPECT_EQ(send(get_of(server.url("/damaged")), kNever).error().code, ErrorCode::unavailable);
  EXPECT_EQ(send(get_of(server.url("/br")), kNever).error().code, ErrorCode::unsupported);
  ClientRequest small = get_of(server.url("/bomb"));
  small.max_bytes = 1000;
  EXPECT_EQ(send(small, kNever).error().code, ErrorCode::resource_exhausted);
}

TEST(HttpClient, RefusesHeadersWithLineBreaks) {
  ClientRequest request = get_of("http://127.0.0.1:1/");
  request.headers = {{"X", "a\r\nHost: evil"}};
  EXPECT_EQ(send(request, kNever).error().code, ErrorCode::invalid_argument);
}

TEST(HttpClient, SendsHeadersAsTheyAreWritten) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/", [](const httplib::Request& in, httplib::Response& out) {
      std::string all;
      for (const auto& [name, value] : in.headers) all += "[" + name + "=" + value + "]";
      out.set_content(all, "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/"));
  request.headers = {{"Accept-Encoding", "identity"}};
  request.set_header("x-key", "old");
  request.set_header("X-Key", "a: b; \"c\"");
  const std::string seen = send(request, kNever)->body;
  EXPECT_NE(seen.find("[Accept-Encoding=identity]"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("gzip"), std::string::npos) << seen;
  EXPECT_NE(seen.find("[X-Key=a: b; \"c\"]"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("old"), std::string::npos) << seen;
  // Names are tokens: RFC 9110, section 5.6.2.
  for (const char* name : {"", "X Key", "X-Key:", "X-K\xc3\xa9y", "X\nY"}) {
    ClientRequest wrong = get_of(server.url("/"));
    wrong.headers = {{name, "v"}};
    EXPECT_EQ(send(wrong, kNever).error().code, ErrorCode::invalid_argument) << name;
  }
}

TEST(HttpClient, KeepsSecretsFromOtherHosts) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/away", [](const httplib::Request& in, httplib::Response& out) {
      const std::string host = in.get_header_value("Host");
      out.set_redirect("http://localhost" + host.substr(host.rfind(':')) + "/");
    });
    s.Get("/", [](const httplib::Request& in, httplib::Response& out) {
      std::string seen;
      for (const char* name : {"Authorization", "cookie", "X-Api-Key", "Private-Token", "Accept"})
        seen += in.has_header(name) ? std::string(name) + " " : "";
      out.set_content(seen, "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/away"));
  request.allowed_hosts = {"localhost"};
  request.headers = {{"Authorization", "s"},
                     {"cookie", "s"},
                     {"X-Api-Key", "s"},
                     {"Private-Token", "s"},
                     {"ACCEPT", "text/plain"}};
  EXPECT_EQ(send(request, kNever)->body, "Accept ");
  request.url = server.url("/");
  EXPECT_EQ(send(request, kNever)->body, "Authorization cookie X-Api-Key Private-Token Accept ");
}

TEST(HttpClient, ShowsAddressesWithoutTheirSecrets) {
  const std::pair<const char*, const char*> kShown[] = {
      {"https://api.example.com/v1/flights.csv?year=2024&month=1",
       "https://api.example.com/v1/flights.csv?year=2024&month=1"},
      {"https://ann:pa%40ss@example.com:8443/x", "https://example.com:8443/x"},
      {"https://a:b@c@example.com", "https://example.com"},
      {"https://example.com/x?api_key=abc&year=1&Token=d;sig=e",
       "https://example.com/x?api_key=***&year=1&Token=***;sig=***"},
      // What signed addresses of object stores carry.
      {"https://b.s3.amazonaws.com/k?X-Amz-Credential=A&X-Amz-Signature=B&X-Amz-Date=C",
       "https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Date=C"},
      {"https://example.com/x?#access_token=abc", "https://example.com/x?"},
      {"https://example.com#t?key=x", "https://example.com"},
      {"ann:secret@example.com/a?b=://c", "example.com/a?b=://c"},
      {"https://example.com/x?=y&&z", "https://example.com/x?=y&&z"},
      {"", ""}};
  for (const auto& [url, shown] : kShown) EXPECT_EQ(shown_url(url), shown) << url;
}

TEST(HttpClient, HidesSecretsThatAServerRepeats) {
  const LoopbackServer server([](httplib::Server& s) {
    s.Get("/(.*)", [](const httplib::Request& in, httplib::Response& out) {
      out.status = 401;
      out.set_content("not for " + in.get_header_value("Authorization") + " with " +
                          in.get_header_value("X-Api-Key") + " at http://" +
                          in.get_header_value("Host") + in.target,
                      "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/data?token=t0ken"));
  request.headers = {{"Authorization", "Bearer s3cr3t"}, {"X-Api-Key", "k3y1"}};
  const auto open = send_with_retry(request, {}, World().world());
  ASSERT_FALSE(open.ok());
  const std::string said = open.error().to_string();
  EXPECT_NE(said.find("not for Bearer *** with *** at " + server.url("/data?token=***")), said.npos)
      << said;
  for (const char* secret : {"s3cr3t", "k3y1", "t0ken"}) EXPECT_EQ(said.find(secret), said.npos);

  request.url = server.url("/hook/s3cr3t");
  request.secret_url = true;
  const auto hook = send_with_retry(request, {}, World().world());
  ASSERT_FALSE(hook.ok());
  EXPECT_EQ(hook.error().to_string().find("hook"), std::string::npos) << hook.error().to_string();
}

TEST(HttpClient, EachRequestIsASpanOfItsTrace) {
  std::mutex mutex;
  std::vector<std::string> gathered;  // guarded by mutex
  const auto headers = [&] {
    const std::scoped_lock lock(mutex);
    return gathered;
  };
  const LoopbackServer server([&](httplib::Server& s) {
    s.Get("/(.*)", [&](const httplib::Request& in, httplib::Response& out) {
      const std::scoped_lock lock(mutex);
      gathered.push_back(in.get_header_value("traceparent"));
      if (in.path == "/redirected") return out.set_redirect("/flaky");
      out.status = gathered.size() < 4 ? 503 : 200;
    });
  });
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  ClientRequest request = get_of(server.url("/redirected"));
  request.traceparent = CallSpans(trace, "run1/task1/-1/1");
  World world;
  ASSERT_TRUE(send_with_retry(request, {}, world.world()).ok());
  const auto seen = headers();
  ASSERT_EQ(seen.size(), 4u);
  for (const auto& header : seen) EXPECT_EQ(trace_id_of(header), trace) << header;
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 4u);

  request.url = server.url("/own");
  request.headers = {{"TraceParent", "their own"}};
  ASSERT_TRUE(send(request, kNever).ok());
  EXPECT_EQ(headers().back(), "their own");
}

TEST(HttpClient, RepeatsServerErrorsWithGrowingWaits) {
  std::atomic<int> calls = 0;
  const LoopbackServer server([&](httplib::Server& s) {
    s.Get("/flaky", [&](const httplib::Request&, httplib::Response& out) {
      out.status = ++calls < 4 ? 503 : 200;
      out.set_content("ok", "text/plain");
    });
  });
  World world;
  const auto answer = send_with_retry(get_of(server.url("/flaky")), {}, world.world());
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(world.waits, (std::vector<Duration>{1s, 2s, 4s}));
  EXPECT_EQ(world.lines.size(), 3u);
}

TEST(HttpClient, HonoursRetryAfterInSecondsAndAsADate) {
  std::atomic<int> calls = 0;
  const LoopbackServer server([&](httplib::Server& s) {
    s.Get("/busy", [&](const httplib::Request&, httplib::Response& out) {
      ++calls;
      if (calls == 1) out.set_header("Retry-After", "7");
      if (calls == 2) out.set_header("Retry-After", "Sun, 09 Sep 2001 01:46:51 GMT");
      out.status = calls < 3 ? 429 : 200;
    });
    s.Get("/later", [&](const httplib::Request&, httplib::Response& out) {
      out.set_header("Retry-After", "3600");
      out.status = 503;
    });
  });
  World world;
  ASSERT_TRUE(send_with_retry(get_of(server.url("/busy")), {}, world.world()).ok());
  EXPECT_EQ(world.waits, (std::vector<Duration>{7s, 11s}));

  world.waits.clear();
  const auto later = send_with_retry(get_of(server.url("/later")), {}, world.world());
  ASSERT_FALSE(later.ok());
  EXPECT_TRUE(world.waits.empty()) << "an hour is not waited for in the attempt";
  EXPECT_TRUE(later.error().transient());
  EXPECT_EQ(later.error().retry_after, 3600s);
}

TEST(HttpClient, DoesNotRepeatWhatTheClientDidWrong) {
  std::atomic<int> calls = 0;
  const LoopbackServer server([&](httplib::Server& s) {
    s.Get(R"(/(\d+))", [&](const httplib::Request& in, httplib::Response& out) {
      ++calls;
      out.status = std::stoi(in.matches[1]);
      out.set_content("no such dataset", "text/plain");
    });
  });
  const std::pair<int, ErrorCode> expected[] = {{400, ErrorCode::invalid_argument},
                                                {401, ErrorCode::permission_denied},
                                                {403, ErrorCode::permission_denied},
                                                {404, ErrorCode::not_found},
                                                {422, ErrorCode::invalid_argument}};
  for (const auto& [status, code] : expected) {
    World world;
    calls = 0;
    const auto answer =
        send_with_retry(get_of(server.url("/" + std::to_string(status))), {}, world.world());
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, code) << status;
    EXPECT_FALSE(answer.error().transient());
    EXPECT_NE(answer.error().message.find("no such dataset"), std::string::npos);
    EXPECT_EQ(calls, 1);
  }
}

TEST(HttpClient, RepeatsRefusedConnectionsAndThenGivesUp) {
  std::string url;
  {
    const LoopbackServer closed([](httplib::Server&) {});
    url = closed.url("/");
  }
  World world;
  const auto answer = send_with_retry(get_of(url), {.max_tries = 3}, world.world());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(answer.error().transient());
  EXPECT_EQ(world.waits.size(), 2u);
}

TEST(HttpClient, TimesOutAndCanBeStopped) {
  std::atomic<bool> release = false;
  const LoopbackServer server([&](httplib::Server& s) {
    s.Get("/slow", [&](const httplib::Request&, httplib::Response& out) {
      release.wait(false);
      out.set_content("late", "text/plain");
    });
  });
  ClientRequest request = get_of(server.url("/slow"));
  request.timeout = 50ms;
  EXPECT_EQ(send(request, kNever).error().code, ErrorCode::timeout);
  request.timeout = 60s;
  EXPECT_EQ(send(request, [] { return true; }).error().code, ErrorCode::cancelled);
  release = true;
  release.notify_all();
}

TEST(HttpClient, ReadsRetryAfter) {
  EXPECT_EQ(parse_retry_after("120", kRetryNow), Duration(120s));
  EXPECT_EQ(parse_retry_after(" 0 ", kRetryNow), Duration(0));
  EXPECT_EQ(parse_retry_after("-5", kRetryNow), Duration(0));
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:47:40 GMT", kRetryNow), Duration(60s));
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:00:00 GMT", kRetryNow), Duration(0));
  EXPECT_EQ(parse_retry_after("soon", kRetryNow), std::nullopt);
  EXPECT_EQ(parse_retry_after("", kRetryNow), std::nullopt);
}

TEST(HttpClient, WaitsEndWhenCancelled) {
  int asked = 0;
  const auto status = wait_unless_cancelled(1h, [&] { return ++asked > 1; });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(wait_unless_cancelled(1ms, kNever).ok());
}

}  // namespace
}  // namespace millrace::http
