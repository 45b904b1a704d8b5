// The private cluster and the lock of its folder, as they start, die and come back.
#include "engine/cluster/private_cluster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <optional>

#include "engine/base/file.h"
#include "engine/base/process.h"
#include "engine/cluster/cluster_layout.h"
#include "engine/cluster/state_lock.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using Purpose = StateLock::Purpose;
using std::chrono::seconds;
using testing::open_database;
using testing::query;

std::unique_ptr<PrivateCluster> start(const fs::path& folder) {
  auto cluster = PrivateCluster::start(folder);
  EXPECT_TRUE(cluster.ok()) << cluster.error().to_string();
  return cluster.ok() ? std::move(*cluster) : nullptr;
}

TEST(StateLockTest, ASecondEngineIsRefusedAndToldWhoIsThere) {
  const TempFolder folder;
  {
    const auto first = StateLock::acquire(folder.path() / "state", Purpose::engine);
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    const auto second = StateLock::acquire(folder.path() / "state", Purpose::engine);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(ErrorCode::conflict, second.error().code);
    EXPECT_NE(std::string::npos,
              second.error().message.find("process " + std::to_string(::getpid())));
  }
  EXPECT_TRUE(StateLock::acquire(folder.path() / "state", Purpose::engine).ok());
}

TEST(StateLockTest, AnEngineWaitsForAReader) {
  const TempFolder folder;
  EXPECT_FALSE(StateLock::is_held(folder.path()));
  std::optional<StateLock> reader = *StateLock::acquire(folder.path(), Purpose::reader);
  EXPECT_TRUE(StateLock::is_held(folder.path()));
  auto waiting = std::async(std::launch::async,
                            [&] { return StateLock::acquire(folder.path(), Purpose::engine); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds{500}), std::future_status::timeout);
  reader.reset();
  const auto engine = waiting.get();
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_TRUE(StateLock::is_held(folder.path())) << "looking does not take it away";
}

TEST(StateLockTest, TheLockOfAKilledProcessIsFree) {
  const TempFolder folder;
  int ready[2];
  ASSERT_EQ(0, ::pipe(ready));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = StateLock::acquire(folder.path(), Purpose::engine);
    [[maybe_unused]] const ssize_t n = ::write(ready[1], lock.ok() ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(1, ::read(ready[0], &answer, 1));
  EXPECT_EQ('y', answer);
  EXPECT_FALSE(StateLock::acquire(folder.path(), Purpose::engine).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(StateLock::acquire(folder.path(), Purpose::engine).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(PrivateClusterTest, StopsAndStartsWithWhatWasWritten) {
  const TempFolder folder;
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(nullptr, cluster);
    const auto database = open_database(cluster->dsn());
    query(*database, "CREATE TABLE t AS SELECT 42 AS n");
    EXPECT_EQ(cluster->dsn(), PrivateCluster::dsn_of(folder.path()).value_or(""));
    cluster->stop();
    cluster->stop();
    EXPECT_EQ(0, cluster->postmaster());
    const auto dsn = PrivateCluster::dsn_of(folder.path());
    ASSERT_FALSE(dsn.ok());
    EXPECT_EQ(ErrorCode::not_found, dsn.error().code);
    EXPECT_FALSE(cluster->ensure_running(seconds{1}).ok());
  }
  const auto cluster = start(folder.path());
  ASSERT_NE(nullptr, cluster);
  EXPECT_EQ("42", query(*open_database(cluster->dsn()), "SELECT n FROM t"));
}

TEST(PrivateClusterTest, IsDurableAndPrivate) {
  const TempFolder folder;
  const auto cluster = start(folder.path());
  ASSERT_NE(nullptr, cluster);
  const auto database = open_database(cluster->dsn());
  const auto setting = [&](const std::string& name) { return query(*database, "SHOW " + name); };
  EXPECT_EQ("on", setting("fsync"));
  EXPECT_EQ("on", setting("synchronous_commit"));
  EXPECT_EQ("on", setting("full_page_writes"));
  EXPECT_EQ("on", setting("data_checksums"));
  EXPECT_EQ("", setting("listen_addresses"));
  EXPECT_EQ("UTF8", setting("server_encoding"));
  // A list of quoted names; here it has one, without a quote in it.
  std::string sockets = setting("unix_socket_directories");
  std::erase(sockets, '"');
  struct stat info {};
  for (const fs::path& path :
       {cluster->data_folder(), cluster->data_folder().parent_path(), fs::path(sockets)}) {
    ASSERT_EQ(0, ::stat(path.c_str(), &info)) << path;
    EXPECT_EQ(0700u, info.st_mode & 0777) << path;
  }
  EXPECT_NE(0u, info.st_uid) << "PostgreSQL must not run as root";
}

TEST(PrivateClusterTest, AServerThatIsKilledIsStartedAgain) {
  const TempFolder folder;
  const auto cluster = start(folder.path());
  ASSERT_NE(nullptr, cluster);
  const auto database = open_database(cluster->dsn());
  query(*database, "CREATE TABLE t (n int)");
  query(*database, "INSERT INTO t VALUES (1)");
  const pid_t before = cluster->postmaster();
  ::kill(before, SIGKILL);
  ASSERT_TRUE(wait_for_exit(before, seconds{10}));
  // The supervisor may not have noticed yet; whoever finds the server away asks again.
  Result<std::int64_t> counted = unavailable("not asked yet");
  for (int i = 0; i < 200 && !counted.ok(); ++i) {
    ASSERT_TRUE(cluster->ensure_running().ok());
    auto again = Database::open({.dsn = cluster->dsn(), .patience = std::chrono::milliseconds{50}});
    if (again.ok()) counted = std::stoll(query(**again, "SELECT count(*) FROM t"));
  }
  ASSERT_TRUE(counted.ok()) << counted.error().to_string();
  EXPECT_EQ(1, *counted);
  EXPECT_NE(before, cluster->postmaster());
}

/// Starts a cluster in another process, which then only waits.
pid_t start_elsewhere(const fs::path& folder) {
  int ready[2];
  if (::pipe(ready) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto cluster = PrivateCluster::start(folder);
    [[maybe_unused]] const ssize_t n = ::write(ready[1], cluster.ok() ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  const bool up = ::read(ready[0], &answer, 1) == 1 && answer == 'y';
  ::close(ready[0]);
  ::close(ready[1]);
  return up ? child : -1;
}

TEST(PrivateClusterTest, EndsWithAnEngineThatIsKilledAndServesTheNextOne) {
  const TempFolder folder;
  const pid_t engine = start_elsewhere(folder.path());
  ASSERT_GT(engine, 0);
  const auto layout = pg::find_layout(folder.path());
  ASSERT_TRUE(layout.ok());
  const auto left_behind = pg::running_postmaster(layout->data);
  ASSERT_TRUE(left_behind.has_value());
  query(*open_database(layout->dsn()), "CREATE TABLE t AS SELECT 7 AS n");
  ::kill(engine, SIGKILL);
  ::waitpid(engine, nullptr, 0);

  const auto cluster = start(folder.path());  // while the old server may still be on its way out
  ASSERT_NE(nullptr, cluster);
  EXPECT_EQ("7", query(*open_database(cluster->dsn()), "SELECT n FROM t"));
  if (cluster->postmaster() != left_behind->pid) {
    EXPECT_TRUE(wait_for_exit(left_behind->pid, seconds{10}));
  }
}

TEST(PrivateClusterTest, AServerLeftBehindIsTakenOver) {
  const TempFolder folder;
  pid_t orphan = 0;
  {
    const auto first = start(folder.path());
    ASSERT_NE(nullptr, first);
    const auto second = start(folder.path());  // finds the first one's server
    ASSERT_NE(nullptr, second);
    orphan = first->postmaster();
    EXPECT_EQ(orphan, second->postmaster());
    second->stop();
    EXPECT_EQ(0, second->postmaster());
    EXPECT_TRUE(wait_for_exit(orphan, seconds{10}) || first->postmaster() != orphan);
  }
  EXPECT_TRUE(wait_for_exit(orphan, seconds{10}));
}

TEST(PrivateClusterTest, AStalePidFileIsNoObstacle) {
  const TempFolder folder;
  fs::path data;
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(nullptr, cluster);
    data = cluster->data_folder();
  }
  // As after a power cut, when the number has meanwhile gone to another process: this one.
  std::ofstream(data / "postmaster.pid") << ::getpid() << "\n" << data.string() << "\n0\n5432\n";
  EXPECT_FALSE(pg::running_postmaster(data).has_value());
}

TEST(PrivateClusterTest, ALongPathGetsAShortSocket) {
  const TempFolder folder;
  const fs::path deep = folder.path() / std::string(60, 'a') / std::string(60, 'b');
  fs::create_directories(deep);
  const auto cluster = start(deep);
  ASSERT_NE(nullptr, cluster);
  EXPECT_EQ("1", query(*open_database(cluster->dsn()), "SELECT 1"));
  const auto layout = pg::find_layout(deep);
  ASSERT_TRUE(layout.ok());
  EXPECT_LT(layout->sockets.string().size(), 80u);
  cluster->stop();
  fs::remove_all(layout->sockets);
}

// The folder of a clone under /root: PostgreSQL's user cannot enter it. As another user there is
// nothing to drop, and the cluster simply stays in the folder.
TEST(PrivateClusterTest, WorksWhereOnlyItsStarterMayEnter) {
  const TempFolder folder(TempFolder::Access::owner_only);
  const fs::path state = folder.path() / "state";
  fs::path home;
  {
    const auto cluster = start(state);
    ASSERT_NE(nullptr, cluster);
    home = cluster->data_folder().parent_path();
    EXPECT_EQ(::geteuid() == 0, home.string().starts_with("/var/lib/millrace/"));
    query(*open_database(cluster->dsn()), "CREATE TABLE t AS SELECT 3 AS n");
  }
  const auto cluster = start(state);
  ASSERT_NE(nullptr, cluster);
  EXPECT_EQ("3", query(*open_database(cluster->dsn()), "SELECT n FROM t"));
  cluster->stop();
  fs::remove_all(home);
}

TEST(PrivateClusterTest, TheErrorOfAClusterThatCannotStartTellsWhy) {
  const TempFolder folder;
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(nullptr, cluster);
  }
  const auto layout = pg::find_layout(folder.path());
  ASSERT_TRUE(layout.ok());
  fs::remove(layout->data / "global" / "pg_control");
  const auto cluster = PrivateCluster::start(folder.path());
  ASSERT_FALSE(cluster.ok());
  EXPECT_NE(std::string::npos, cluster.error().message.find("pg_control"))
      << cluster.error().to_string();
}

TEST(PrivateClusterTest, AFolderWithoutADatabaseIsToldSo) {
  const TempFolder folder;
  const auto dsn = PrivateCluster::dsn_of(folder.path());
  ASSERT_FALSE(dsn.ok());
  EXPECT_EQ(ErrorCode::not_found, dsn.error().code);
}

}  // namespace
}  // namespace millrace
