// PgStore: every role of the store in PostgreSQL.
//
//   auto cluster  = PrivateCluster::start(state_folder);          // without --db
//   auto database = Database::open({.dsn = cluster->dsn()});      // or the address given by --db
//   migrate(*database);
//   PgStore store(*database);
//   Engine engine(store.stores(), …);
#pragma once

#include <memory>

#include "engine/base/clock.h"
#include "engine/pg/database.h"
#include "engine/store/store.h"

namespace millrace {

/// Thread-safe.
class PgStore {
 public:
  /// `database` is migrated, and outlives the store. Leases run by the database's clock, or by a
  /// test's.
  explicit PgStore(Database& database, const Clock* test_clock = nullptr);
  ~PgStore();
  PgStore(const PgStore&) = delete;
  PgStore& operator=(const PgStore&) = delete;

  /// Valid as long as this object.
  Stores stores();

  /// Writes down now which runs are open and how far the inbox is handled, so that the next start
  /// finds both without a look at history. It happens by itself too; a clean stop does well to call
  /// it.
  Status write_marks();

 private:
  struct Roles;
  std::unique_ptr<Roles> roles_;
};

}  // namespace millrace
