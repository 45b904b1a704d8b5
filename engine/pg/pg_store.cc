#include "engine/pg/pg_store.h"

#include "engine/pg/marks.h"
#include "engine/pg/roles.h"

namespace millrace {

struct PgStore::Roles {
  Roles(Database& database, const Clock* test_clock)
      : notifier(database.dsn()), shared{database, notifier, test_clock} {}

  pg::Notifier notifier;
  pg::Shared shared;
  std::unique_ptr<Journal> journal = pg::make_journal(shared);
  std::unique_ptr<Leadership> leadership = pg::make_leadership(shared);
  std::unique_ptr<Inbox> inbox = pg::make_inbox(shared);
  std::unique_ptr<RunReader> runs = pg::make_run_reader(shared);
  std::unique_ptr<LogStore> logs = pg::make_log_store(shared);
  std::unique_ptr<Registry> registry = pg::make_registry(shared);
  std::unique_ptr<ServingStore> serving = pg::make_serving_store(shared);
  std::unique_ptr<Cursors> cursors = pg::make_cursors(shared);
  std::unique_ptr<BackfillReader> backfills = pg::make_backfill_reader(shared);
  pg::MarkKeeper marks{shared};
};

PgStore::PgStore(Database& database, const Clock* test_clock)
    : roles_(std::make_unique<Roles>(database, test_clock)) {}
PgStore::~PgStore() = default;

Stores PgStore::stores() {
  return {*roles_->journal, *roles_->leadership, *roles_->inbox,
          *roles_->runs,    *roles_->logs,       *roles_->registry,
          *roles_->serving, *roles_->cursors,    *roles_->backfills};
}

Status PgStore::write_marks() {
  MR_CHECK(pg::mark_open_runs(roles_->shared));
  return pg::mark_inbox(roles_->shared);
}

}  // namespace millrace
