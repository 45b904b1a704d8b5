// HTTPS: the same server within TLS, and the client that verifies it.
#include "engine/http/tls.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>

#include "engine/base/log.h"
#include "engine/http/client.h"
#include "engine/http/server.h"
#include "tests/base/temp_folder.h"
#include "tests/http/certificate.h"
#include "tests/http/tls_client.h"

namespace millrace::http {
namespace {

using std::chrono::milliseconds;
using testing::CertificateFiles;
using testing::HttpClient;
using testing::make_certificate;
using testing::TlsClient;

/// Makes the certificates once: they are only read.
class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    ours_ = make_certificate(folder_->path(), "ours", "DNS:localhost,IP:127.0.0.1");
    other_ = make_certificate(folder_->path(), "other", "DNS:other.example.com");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  Tls() { log::configure(log::Severity::error, log::Format::text); }
  ~Tls() override { log::configure(log::Severity::info, log::Format::text); }

  void start(const CertificateFiles& files, HttpConfig config = {}) {
    auto identity = TlsIdentity::load(files.certificate, files.key);
    ASSERT_TRUE(identity.ok()) << identity.error().to_string();
    config.tls = *identity;
    config.workers = 1;
    config.max_body_bytes = 100'000;
    server_ = std::make_unique<HttpServer>(
        std::move(config), clock_,
        HttpHandlers{[this](const HttpRequest& request) { return answer(request); },
                     [](const Refusal& refusal, const HttpRequest&) {
                       return HttpResponse{.status = refusal.status,
                                           .content_type = "text/plain",
                                           .body = refusal.detail};
                     }});
    const auto started = server_->start();
    ASSERT_TRUE(started.ok()) << started.error().to_string();
  }
  std::string url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  /// True once the server has no connection.
  bool all_gone() {
    const auto until = clock_.steady() + std::chrono::seconds{60};
    while (server_->connections() > 0 && clock_.steady() < until) std::this_thread::yield();
    return server_->connections() == 0;
  }
  void tell(std::string news) {
    const std::lock_guard lock(mutex_);
    news_ = std::move(news);
    if (wake_) wake_->notify();
  }
  void wait_for_stream() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return wake_ != nullptr; }));
  }

  static inline std::unique_ptr<TempFolder> folder_;
  static inline CertificateFiles ours_, other_;
  const SystemClock clock_;
  std::unique_ptr<HttpServer> server_;

 private:
  HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/large") return {.body = std::string(3'000'000, 'x')};
    if (request.path != "/wait" && request.path != "/stream")
      return {.content_type = "text/plain", .body = request.path + " " + request.body};
    HttpResponse response;
    const std::lock_guard lock(mutex_);
    wake_ = std::make_shared<Wake>();
    changed_.notify_all();
    if (request.path == "/wait") {
      response.later = std::make_shared<Later>();
      response.later->wake = wake_;
      response.later->patience = std::chrono::minutes{10};
      response.later->look = [this](bool over) -> std::optional<HttpResponse> {
        const std::lock_guard guard(mutex_);
        if (news_.empty() && !over) return std::nullopt;
        return HttpResponse{.body = news_};
      };
      return response;
    }
    response.content_type = "text/event-stream";
    response.stream = std::make_shared<BodyStream>();
    response.stream->wake = wake_;
    response.stream->next = [this]() -> Piece {
      const std::lock_guard guard(mutex_);
      const bool end = news_.ends_with("last\n\n");
      return {.text = std::exchange(news_, ""), .end = end, .pause = std::chrono::minutes{10}};
    };
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string news_;            // guarded by mutex_
  std::shared_ptr<Wake> wake_;  // guarded by mutex_
};

std::string get(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

TEST_F(Tls, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  start(ours_);
  TlsClient client(server_->port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.post("/a", "hello").body, "/a hello");
  std::string raw;
  for (int i = 0; i < 50; ++i) raw += get("/n" + std::to_string(i));
  client.send(raw);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, "/n" + std::to_string(i) + " ");
  EXPECT_EQ(client.get("/large").body, std::string(3'000'000, 'x'));
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Tls, SaysThatNothingWasCutOff) {
  start(ours_);
  TlsClient client(server_->port());
  client.send(get("/x", "Connection: close\r\n"));
  EXPECT_EQ(client.receive().body, "/x ");
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(client.ended_cleanly());
  // The end of a stream of HTTP/1.0 is that of the connection.
  TlsClient old(server_->port());
  old.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
  wait_for_stream();
  tell("data: last\n\n");
  EXPECT_EQ(old.receive().status, 200);
  EXPECT_EQ(old.rest(), "data: last\n\n");
  EXPECT_TRUE(old.ended_cleanly());
}

TEST_F(Tls, RefusesALongBodySoThatItsSenderSeesWhy) {
  start(ours_);
  TlsClient client(server_->port());
  EXPECT_EQ(client.post("/x", std::string(120'000, 'b')).status, 413);
}

TEST_F(Tls, StreamsAndNoticesThatTheClientHasGone) {
  start(ours_);
  {
    TlsClient client(server_->port());
    client.send(get("/stream"));
    EXPECT_EQ(client.receive().status, 200);
    wait_for_stream();
    tell("data: 1\n\n");
    EXPECT_EQ(client.peek(1).size(), 1u);
  }
  EXPECT_TRUE(all_gone());
}

TEST_F(Tls, AParkedRequestIsAnsweredAndLeavesTheConnectionUsable) {
  start(ours_);
  TlsClient client(server_->port());
  client.send(get("/wait") + get("/next"));
  wait_for_stream();
  tell("news");
  EXPECT_EQ(client.receive().body, "news");
  EXPECT_EQ(client.receive().body, "/next ");
}

TEST_F(Tls, AParkedRequestEndsWithItsClient) {
  start(ours_);
  {
    TlsClient client(server_->port());
    client.send(get("/wait"));
    wait_for_stream();
  }
  EXPECT_TRUE(all_gone());
}

TEST_F(Tls, TellsPlainHttpToUseHttps) {
  start(ours_);
  HttpClient client(server_->port());
  const auto reply = client.get("/x");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "This port speaks HTTPS: write https:// instead of http://.");
  EXPECT_TRUE(client.closed());
}

TEST_F(Tls, CutsOffHandshakesThatDoNotEnd) {
  start(ours_, {.request_timeout = milliseconds(100)});
  std::deque<HttpClient> silent;
  for (int i = 0; i < 20; ++i) {
    silent.emplace_back(server_->port());
    if (i % 2 == 0) silent.back().send({"\x16\x03\x01\x02\x00\x01", 6});  // the start of a hello
  }
  HttpClient garbage(server_->port());
  garbage.send(std::string(100, '\0'));
  EXPECT_TRUE(garbage.closed());
  for (auto& client : silent) EXPECT_TRUE(client.closed());
  EXPECT_TRUE(all_gone());
}

TEST_F(Tls, HandshakesThatDoNotEndTakeNoPlaceFromOthers) {
  start(ours_, {.max_connections = 8, .request_timeout = std::chrono::minutes{10}});
  std::deque<HttpClient> silent;
  for (int i = 0; i < 40; ++i) silent.emplace_back(server_->port());
  TlsClient client(server_->port());
  EXPECT_EQ(client.get("/x").status, 200);
  server_->stop();  // does not wait for them
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(Tls, UsesARenewedCertificateFromTheNextConnectionOn) {
  const TempFolder folder;
  const CertificateFiles used{folder.path() / "server.crt", folder.path() / "server.key"};
  const auto put = [](const std::filesystem::path& from, const std::filesystem::path& to) {
    const auto fresh = to.string() + ".new";
    std::filesystem::copy_file(from, fresh);
    std::filesystem::rename(fresh, to);
  };
  put(ours_.certificate, used.certificate);
  put(ours_.key, used.key);
  start(used);
  TlsClient before(server_->port());
  EXPECT_EQ(before.server_name(), "ours");
  put(other_.certificate, used.certificate);  // its key has not come yet
  log::configure(log::Severity::error, log::Format::text);
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "ours");
  put(other_.key, used.key);
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "other");
  EXPECT_EQ(before.get("/x").status, 200);
}

std::string why_not(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const auto identity = TlsIdentity::load(certificate, key);
  EXPECT_FALSE(identity.ok());
  if (identity) return "";
  EXPECT_EQ(identity.error().code, ErrorCode::invalid_argument);
  return identity.error().message;
}

TEST_F(Tls, NamesTheFileThatCannotBeUsed) {
  const auto none = folder_->path() / "none.pem";
  const auto empty = folder_->write("empty.pem", "");
  const auto broken = folder_->write(
      "broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::string quote = "'";
  EXPECT_EQ(why_not(none, ours_.key),
            "cannot read '" + none.string() + "': No such file or directory");
  EXPECT_EQ(why_not(ours_.certificate, none),
            "cannot read '" + none.string() + "': No such file or directory");
  EXPECT_EQ(why_not(folder_->path(), ours_.key),
            quote + folder_->path().string() + "' is a folder, not a file");
  EXPECT_EQ(why_not(empty, ours_.key),
            quote + empty.string() +
                "' holds no certificate in PEM format, '-----BEGIN CERTIFICATE-----'");
  EXPECT_EQ(why_not(ours_.key, ours_.certificate),  // the two were confused
            quote + ours_.key.string() +
                "' holds no certificate in PEM format, '-----BEGIN CERTIFICATE-----'");
  EXPECT_NE(why_not(broken, ours_.key)
                .find(quote + broken.string() + "' cannot be used as a certificate: "),
            std::string::npos);
  EXPECT_EQ(why_not(ours_.certificate, ours_.certificate),
            quote + ours_.certificate.string() +
                "' holds no private key in PEM format, '-----BEGIN PRIVATE KEY-----'");
  EXPECT_EQ(why_not(ours_.certificate, other_.key), quote + other_.key.string() +
                                                        "' is not the key of the certificate '" +
                                                        ours_.certificate.string() + "'");
  const auto locked = folder_->path() / "locked.key";
  const std::string encrypt = "openssl pkey -aes256 -passout pass:x -in '" + ours_.key.string() +
                              "' -out '" + locked.string() + "'";
  ASSERT_EQ(std::system(encrypt.c_str()), 0);
  EXPECT_NE(why_not(ours_.certificate, locked).find("is encrypted with a password"),
            std::string::npos);
}

Result<ClientResponse> fetch(const std::string& url, const std::filesystem::path& ca_file) {
  ClientRequest request;
  request.url = url;
  request.ca_file = ca_file;
  return send(request, [] { return false; });
}

TEST_F(Tls, TheClientVerifiesTheServer) {
  start(ours_);
  const auto trusted = fetch(url("/x"), ours_.certificate);
  ASSERT_TRUE(trusted.ok()) << trusted.error().to_string();
  EXPECT_EQ(trusted->body, "/x ");

  const auto unknown = fetch(url("/x"), other_.certificate);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::permission_denied);
  EXPECT_NE(unknown.error().message.find("SSL_CERT_FILE"), std::string::npos);
  EXPECT_FALSE(fetch(url("/x"), {}).ok()) << "the system trusts no such authority";

  const auto no_file = fetch(url("/x"), folder_->path() / "none.pem");
  ASSERT_FALSE(no_file.ok());
  EXPECT_EQ(no_file.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(no_file.error().message.find("none.pem"), std::string::npos);

  ASSERT_EQ(::setenv("SSL_CERT_FILE", ours_.certificate.c_str(), 1), 0);
  EXPECT_TRUE(fetch(url("/x"), {}).ok());
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(Tls, TheClientVerifiesTheServersName) {
  start(other_);
  const auto wrong = fetch(url("/x"), other_.certificate);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::permission_denied);
  EXPECT_NE(wrong.error().message.find("a host name that the server's certificate holds"),
            std::string::npos)
      << wrong.error().message;
}

}  // namespace
}  // namespace millrace::http
