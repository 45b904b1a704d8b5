// A dump of a server's database, brought into another one, is a store that goes on.
#include "engine/cluster/backup.h"

#include <gtest/gtest.h>

#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

Command command_at(const Uuid& id, Time now) {
  Command command;
  command.id = id;
  command.kind = "trigger_run";
  command.created_at = now;
  return command;
}

Batch answer(std::int64_t epoch, std::int64_t seq, const Uuid& command, Time now) {
  Batch batch;
  batch.epoch = epoch;
  batch.first_seq = seq;
  batch.events = {{0, {}, now, CommandHandled{command, true, {}}}};
  return batch;
}

TEST(BackupTest, WhatWasRestoredGoesOnWhereTheDumpWasMade) {
  const TempFolder folder;
  const auto file = folder.path() / "database.dump";
  FakeClock clock;
  Rng rng(5);
  const Uuid handled = Uuid::v7(clock.now(), rng), waiting = Uuid::v7(clock.now(), rng);
  const auto from = open_database(fresh_database());
  PgStore store(*from, &clock);
  const auto lease = store.stores().leadership.acquire(kMainShard, "one", std::chrono::seconds{5});
  ASSERT_OK(lease);
  ASSERT_OK(store.stores().inbox.submit(command_at(handled, clock.now())));
  ASSERT_OK(store.stores().inbox.submit(command_at(waiting, clock.now())));
  ASSERT_OK(store.stores().journal.append(answer((*lease)->epoch, 1, handled, clock.now())));
  ASSERT_OK(dump_database(from->dsn(), file));

  const std::string dsn = empty_database();
  ASSERT_OK(restore_database(dsn, file));
  const auto to = open_database(dsn);
  ASSERT_OK(migrate(*to));
  PgStore restored(*to, &clock);
  ASSERT_FALSE(restored.stores()
                   .leadership.acquire(kMainShard, "two", std::chrono::seconds{5})
                   ->has_value());
  clock.pass(std::chrono::seconds{6});
  const auto next =
      restored.stores().leadership.acquire(kMainShard, "two", std::chrono::seconds{5});
  ASSERT_OK(next);
  ASSERT_TRUE(next->has_value());
  EXPECT_GT((*next)->epoch, (*lease)->epoch);
  EXPECT_EQ(1, *restored.stores().journal.last_seq());
  const auto pending = restored.stores().inbox.pending(10);
  ASSERT_OK(pending);
  ASSERT_EQ(1u, pending->size());
  EXPECT_EQ(waiting, pending->front().id);
  ASSERT_OK(restored.stores().journal.append(answer((*next)->epoch, 2, waiting, clock.now())));
  // The transactions that stored the commands are of another server's count: the mark passes them.
  ASSERT_OK(restored.write_marks());
  EXPECT_EQ("2", query(*to, "SELECT pos FROM millrace.inbox_mark"));
  const Uuid later = Uuid::v7(clock.now(), rng);
  ASSERT_OK(restored.stores().inbox.submit(command_at(later, clock.now())));
  EXPECT_EQ(later, restored.stores().inbox.pending(10)->front().id);
}

TEST(BackupTest, ADatabaseWithAMillraceIsNotWrittenOver) {
  const TempFolder folder;
  const auto file = folder.path() / "database.dump";
  ASSERT_OK(dump_database(fresh_database(), file));
  EXPECT_CODE(ErrorCode::conflict, restore_database(fresh_database(), file));
}

TEST(BackupTest, AFileThatIsNoDumpLeavesTheDatabaseEmpty) {
  const TempFolder folder;
  const auto file = folder.path() / "database.dump";
  const std::string dsn = empty_database();
  EXPECT_FALSE(restore_database(dsn, file).ok());
  const auto database = open_database(dsn);
  ASSERT_OK(migrate(*database));
}

}  // namespace
}  // namespace millrace::testing
