// Addresses, connections and the translation of their failures.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "engine/pg/connection_string.h"
#include "engine/pg/database.h"
#include "engine/pg/session.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

using testing::open_database;
using testing::query;

TEST(ConnectionString, IsCompletedWhereTheUserSetNothing) {
  const auto dsn =
      pg::complete_dsn("postgresql://ada:secret@db.example:6000/flights?connect_timeout=9", "app");
  ASSERT_TRUE(dsn.ok());
  EXPECT_NE(dsn->npos, dsn->find("connect_timeout='9'"));
  EXPECT_NE(dsn->npos, dsn->find("application_name='app'"));
  EXPECT_NE(dsn->npos, dsn->find("tcp_user_timeout="));
  EXPECT_NE(dsn->npos, dsn->find("password='secret'"));
}

TEST(ConnectionString, IsDescribedWithoutItsPassword) {
  EXPECT_EQ("ada@db.example:6000/flights",
            pg::describe_dsn("postgresql://ada:secret@db.example:6000/flights"));
  EXPECT_EQ("ada@h:5432/d", pg::describe_dsn("host=h dbname=d user=ada password='se cret'"));
}

TEST(ConnectionString, AnUnreadableOneIsNotRepeated) {
  const auto dsn = pg::complete_dsn("host=h password=secret nonsense", "app");
  ASSERT_FALSE(dsn.ok());
  EXPECT_EQ(ErrorCode::invalid_argument, dsn.error().code);
  EXPECT_EQ(dsn.error().message.npos, dsn.error().message.find("secret"));
}

TEST(DatabaseTest, NobodyThereIsUnavailableAndNamesTheAddress) {
  const auto database =
      Database::open({.dsn = "host=/nonexistent user=ada password=secret dbname=d",
                      .patience = std::chrono::milliseconds{1}});
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(ErrorCode::unavailable, database.error().code);
  EXPECT_NE(std::string::npos, database.error().message.find("ada@/nonexistent:5432/d"));
  EXPECT_EQ(std::string::npos, database.error().message.find("secret"));
}

TEST(DatabaseTest, AMissingDatabaseIsToldAtOnce) {
  const auto dsn = pg::with_database(testing::test_cluster().dsn(), "no_such_database");
  const auto database = Database::open({.dsn = *dsn});
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(ErrorCode::not_found, database.error().code) << database.error().to_string();
}

TEST(DatabaseTest, FailuresAreTranslated) {
  const auto database = open_database(testing::fresh_database());
  const auto code = [&](const std::string& sql) {
    const Status status = database->run<void>([&](pg::Session& session) -> Status {
      session.exec_script(sql);
      return {};
    });
    return status.ok() ? std::string("ok") : std::string(traits(status.error().code).name);
  };
  EXPECT_EQ("ok", code("SELECT 1"));
  EXPECT_EQ("conflict", code("INSERT INTO millrace.inbox_mark VALUES (1), (1)"));
  EXPECT_EQ("invalid_argument", code("SELECT 'x'::int"));
  EXPECT_EQ("timeout", code("SET statement_timeout = 1; SELECT pg_sleep(10)"));
  EXPECT_EQ("internal", code("SELECT no_such_function()"));
  EXPECT_EQ("unavailable", code("SELECT pg_terminate_backend(pg_backend_pid())"));
  EXPECT_EQ("ok", code("SELECT 1"));  // on a new connection
}

TEST(DatabaseTest, ConnectionsThatDiedInThePoolAreReplaced) {
  const auto database = open_database(testing::fresh_database());
  const auto other = open_database(database->dsn());
  const std::string pid = query(*database, "SELECT pg_backend_pid()");
  query(*other, "SELECT pg_terminate_backend(" + pid + ")");
  // The server closes its side in its own time; until it has, the connection looks alive and fails
  // once.
  const Status first = database->run<void>([](pg::Session& session) -> Status {
    session.exec_script("SELECT 1");
    return {};
  });
  EXPECT_TRUE(first.ok() || first.error().code == ErrorCode::unavailable);
  EXPECT_NE(pid, query(*database, "SELECT pg_backend_pid()"));
}

TEST(DatabaseTest, MoreThreadsThanConnectionsTakeTurns) {
  auto opened = Database::open({.dsn = testing::fresh_database(), .max_connections = 2});
  ASSERT_TRUE(opened.ok());
  Database& database = **opened;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) done += query(database, "SELECT 1") == "1";
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(160, done);
}

TEST(DatabaseTest, WaitsEndOnceTheServerHasBeenSilent) {
  const auto database = open_database(testing::fresh_database());
  const auto ask = [&](const std::string& sql) {
    return database->run<void>([&](pg::Session& session) -> Status {
      session.exec_script(sql);
      return {};
    });
  };
  database->end_waits_after(std::chrono::milliseconds{1});
  const Status silent = ask("SELECT pg_sleep(600)");
  ASSERT_FALSE(silent.ok());
  EXPECT_EQ(ErrorCode::unavailable, silent.error().code) << silent.error().to_string();
  const Status later = ask("SELECT 1");
  ASSERT_FALSE(later.ok());
  EXPECT_NE(std::string::npos, later.error().message.find("does not answer"));
}

/// A port where no connection is accepted, as of a server that was frozen.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(0, ::bind(socket_, any, size));
    EXPECT_EQ(0, ::listen(socket_, 1));
    EXPECT_EQ(0, ::getsockname(socket_, any, &size));
    port = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(socket_); }
  /// Until a client has connected.
  void wait() const {
    pollfd event{socket_, POLLIN, 0};
    EXPECT_EQ(1, ::poll(&event, 1, 60'000));
  }
  int port = 0;

 private:
  int socket_;
};

TEST(InterruptTest, EndsTheWaitForAConnection) {
  const SilentPort server;
  const auto interrupt = std::make_shared<pg::Interrupt>();
  std::thread ends([&] {
    server.wait();
    interrupt->raise();
  });
  std::string told;
  try {
    const pg::Session session(
        "host=127.0.0.1 user=ada dbname=d connect_timeout=600 port=" + std::to_string(server.port),
        interrupt);
  } catch (const std::exception& problem) {
    told = problem.what();
  }
  ends.join();
  EXPECT_NE(std::string::npos, told.find("was ended")) << told;
}

// UNLISTEN waits for an answer as well.
TEST(InterruptTest, EndsTheFarewellOfAListener) {
  const auto database = open_database(testing::fresh_database());
  const auto interrupt = std::make_shared<pg::Interrupt>();
  auto session = std::make_unique<pg::Session>(database->dsn(), interrupt);
  session->listen({"some_channel"}, [](const std::string&, const std::string&) {});
  const pid_t server = session->backend();
  ASSERT_EQ(0, ::kill(server, SIGSTOP));
  std::promise<void> ended;
  std::thread leaves([&] {
    session.reset();
    ended.set_value();
  });
  const auto end = ended.get_future();
  // Until it waits in there; if it is not there yet, the farewell fails at once.
  EXPECT_EQ(std::future_status::timeout, end.wait_for(std::chrono::milliseconds{100}));
  interrupt->raise();
  leaves.join();
  ::kill(server, SIGCONT);
}

}  // namespace
}  // namespace millrace
