// What an append promises when connections and servers die under it.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "engine/base/process.h"
#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace {
namespace {

using std::chrono::seconds;
using testing::open_database;
using testing::query;

std::int64_t lead(PgStore& store, const std::string& owner) {
  const auto lease = store.stores().leadership.acquire(kMainShard, owner, seconds{60});
  EXPECT_TRUE(lease.ok() && lease->has_value());
  return lease.ok() && *lease ? (*lease)->epoch : 0;
}

/// From now on this owner knows how long it has seen no renewal.
void watch(PgStore& store, const std::string& owner) {
  const auto lease = store.stores().leadership.acquire(kMainShard, owner, seconds{60});
  EXPECT_TRUE(lease.ok() && !lease->has_value());
}

Batch batch_of(std::int64_t epoch, std::int64_t first_seq, int n = 1) {
  Batch batch;
  batch.epoch = epoch;
  batch.first_seq = first_seq;
  for (int i = 0; i < n; ++i)
    batch.events.push_back({0, Uuid{1, 2}, from_micros(1), TaskQueued{{i, -1}}});
  return batch;
}

// An effect that fails late, inside the database, takes everything of its batch with it.
TEST(AppendTest, AnEffectThatTheDatabaseRefusesLeavesNothing) {
  const auto database = open_database(testing::fresh_database());
  PgStore store(*database);
  query(*database, "ALTER TABLE millrace.model_version ADD CHECK (model <> 'poison')");
  Batch batch = batch_of(lead(store, "one"), 1, 2);
  TaskSucceeded done;
  const std::string artifact = testing::digest('a');
  done.effects = {PublishArtifact{artifact, "table", "t", 1, 1, {}, {}},
                  PromoteModel{"fine", artifact, ""},
                  RegisterModel{"poison", artifact, "logistic", {}, {}, ""}};
  batch.events[1].body = done;
  batch.task_ids[{Uuid{1, 2}, 0}] = "train";
  EXPECT_CODE(ErrorCode::conflict, store.stores().journal.append(batch));
  EXPECT_EQ(0, *store.stores().journal.last_seq());
  EXPECT_CODE(ErrorCode::not_found, store.stores().serving.deployment("fine"));
  EXPECT_CODE(ErrorCode::not_found, store.stores().registry.artifact(artifact));
}

/// Blocks until `count` connections of the database wait for a lock; false if `ended` came first.
bool wait_for_lock_waiters(const Database& database, int count, const std::atomic<bool>& ended) {
  const auto watcher = open_database(database.dsn());
  while (!ended) {
    if (query(*watcher,
              "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
              "AND wait_event_type = 'Lock'") == std::to_string(count))
      return true;
  }
  return false;
}

// The answer to a commit is lost while the commit is still under way: asked again, the append waits
// for it, and is then accepted as done. The other transaction stands for that first try.
TEST(AppendTest, ARepetitionWaitsForTheFirstTryStillUnderWay) {
  const auto database = open_database(testing::fresh_database());
  PgStore store(*database);
  const std::int64_t epoch = lead(store, "one");
  std::thread repeated;
  std::atomic<bool> ended = false;
  Status outcome;
  const Status first = database->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec_script(
          "INSERT INTO millrace.journal (seq, batch, batch_events, epoch, run, n, at, events) "
          "VALUES "
          "(1, 1, 1, " +
          std::to_string(epoch) + ", NULL, 1, now(), '[]')");
      repeated = std::thread([&] {
        outcome = store.stores().journal.append(batch_of(epoch, 1));
        ended = true;
      });
      EXPECT_TRUE(wait_for_lock_waiters(*database, 1, ended)) << "the repetition did not wait";
    });
    return {};
  });
  repeated.join();
  ASSERT_OK(first);
  EXPECT_OK(outcome);
  EXPECT_EQ(1, *store.stores().journal.last_seq());
}

// The share lock of an append holds a takeover up until the append has ended; a writer that comes
// after the takeover has begun waits for it and finds itself fenced.
TEST(AppendTest, ATakeoverAndAnAppendWaitForEachOther) {
  const auto database = open_database(testing::fresh_database());
  testing::FakeClock clock;
  PgStore store(*database, &clock);
  const std::int64_t epoch = lead(store, "one");
  watch(store, "two");
  clock.pass(seconds{61});
  std::atomic<bool> in_flight = true, taken_over = false;
  std::thread takeover, late_append;
  Status late;
  const Status append = database->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {  // an append under way
      session.exec_script("SELECT 1 FROM millrace.leader WHERE shard = 'main' FOR SHARE");
      takeover = std::thread([&] {
        lead(store, "two");
        EXPECT_FALSE(in_flight);
        taken_over = true;
      });
      EXPECT_TRUE(wait_for_lock_waiters(*database, 1, taken_over)) << "the takeover did not wait";
      in_flight = false;
    });
    return {};
  });
  takeover.join();
  ASSERT_OK(append);
  late_append = std::thread([&] { late = store.stores().journal.append(batch_of(epoch, 1)); });
  late_append.join();
  EXPECT_CODE(ErrorCode::fenced, late);
  EXPECT_EQ(0, *store.stores().journal.last_seq());
}

// A leader that was stopped or cut off in the middle of an append: the server ends its transaction.
TEST(AppendTest, ALeaderStuckInAnAppendDoesNotHoldUpItsSuccessor) {
  const auto database = open_database(testing::fresh_database());
  testing::FakeClock clock;
  PgStore store(*database, &clock);
  const std::int64_t epoch = lead(store, "one");
  watch(store, "two");
  clock.pass(seconds{61});
  const Status append = database->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec_script("SELECT 1 FROM millrace.leader WHERE shard = 'main' FOR SHARE");
      EXPECT_EQ(lead(store, "two"), epoch + 1);
    });
    return {};
  });
  EXPECT_CODE(ErrorCode::unavailable, append);
}

TEST(AppendTest, AnAppendDuringATakeoverIsFenced) {
  const auto database = open_database(testing::fresh_database());
  PgStore store(*database);
  const std::int64_t epoch = lead(store, "one");
  const auto watcher = open_database(database->dsn());
  std::thread append;
  Status outcome;
  const Status takeover = database->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec_script("UPDATE millrace.leader SET epoch = epoch + 1 WHERE shard = 'main'");
      append = std::thread([&] { outcome = store.stores().journal.append(batch_of(epoch, 1)); });
      while (query(*watcher,
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND wait_event_type = 'Lock'") == "0") {
      }
    });
    return {};
  });
  append.join();
  ASSERT_OK(takeover);
  EXPECT_CODE(ErrorCode::fenced, outcome);
  EXPECT_EQ(0, *store.stores().journal.last_seq());
}

/// Appends until told to stop; after an `unavailable` the same batch again. Returns the last
/// confirmed seq.
std::int64_t append_until(std::atomic<bool>& stop, PgStore& store, std::int64_t epoch,
                          std::atomic<std::int64_t>& confirmed) {
  std::int64_t seq = 1;
  while (!stop) {
    const Batch batch = batch_of(epoch, seq, 3);
    const Status status = store.stores().journal.append(batch);
    if (status.ok()) {
      seq += 3;
      confirmed = seq - 1;
      confirmed.notify_all();
    } else {
      EXPECT_EQ(ErrorCode::unavailable, status.error().code) << status.error().to_string();
    }
  }
  return seq - 1;
}

TEST(CrashTest, NothingConfirmedIsLostWhenBackendsAreTerminated) {
  const auto database = open_database(testing::fresh_database());
  PgStore store(*database);
  const std::int64_t epoch = lead(store, "one");
  const auto killer = open_database(database->dsn());
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> confirmed = 0;
  std::int64_t last = 0;
  std::thread writer([&] { last = append_until(stop, store, epoch, confirmed); });
  for (int i = 0; i < 20; ++i) {
    const std::int64_t seen = confirmed;
    query(*killer,
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
          "current_database() AND pid <> pg_backend_pid()");
    confirmed.wait(seen);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(last, *store.stores().journal.last_seq());
  const auto events = store.stores().journal.read(0, 1'000'000);
  ASSERT_OK(events);
  EXPECT_EQ(static_cast<std::size_t>(last), events->size());
}

TEST(CrashTest, NothingConfirmedIsLostWhenTheServerIsKilled) {
  const TempFolder folder;
  auto started = PrivateCluster::start(folder.path());
  ASSERT_TRUE(started.ok()) << started.error().to_string();
  PrivateCluster& cluster = **started;
  const auto database = open_database(cluster.dsn());
  ASSERT_OK(migrate(*database));
  PgStore store(*database);
  const std::int64_t epoch = lead(store, "one");
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> confirmed = 0;
  std::int64_t last = 0;
  std::thread writer([&] { last = append_until(stop, store, epoch, confirmed); });
  for (int i = 0; i < 3; ++i) {
    confirmed.wait(confirmed);
    const pid_t victim = cluster.postmaster();
    ASSERT_GT(victim, 0);
    ::kill(victim, SIGKILL);
    ASSERT_TRUE(wait_for_exit(victim, seconds{10}));
    // Backends of the dead server may go on confirming for a moment; those of the next one cannot
    // begin before they are gone.
    while (cluster.postmaster() == victim || !cluster.ensure_running().ok()) {
    }
    confirmed.wait(confirmed);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(last, store.stores().journal.last_seq().value_or(-1));
  const auto events = store.stores().journal.read(0, 1'000'000);
  ASSERT_OK(events);
  EXPECT_EQ(static_cast<std::size_t>(last), events->size());
}

}  // namespace
}  // namespace millrace
