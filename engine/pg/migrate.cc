#include "engine/pg/migrate.h"

#include "engine/base/log.h"
#include "engine/pg/failure.h"
#include "engine/pg/session.h"
#include "engine/pg/sql_text.h"

namespace millrace {
namespace {

/// Waits for other migrators; gone at the end of the transaction.
void lock(pg::Session& session) { session.exec("migrate_lock"); }

int version_of(pg::Session& session) {
  const pg::Rows there = session.exec("migrate_is_new");
  if (there.at(0, 0).flag()) return 0;
  return session.exec("migrate_version").at(0, 0).small();
}

/// False: nothing is left to do.
bool apply_next(pg::Session& session) {
  bool applied = false;
  session.transaction([&] {
    lock(session);
    const int version = version_of(session);
    const auto migrations = pg::all_migrations();
    const int known = static_cast<int>(migrations.size());
    if (version > known)
      throw pg::Refusal(make_error(
          ErrorCode::unsupported,
          "the database has schema version " + std::to_string(version) +
              ", and this millrace knows versions up to " + std::to_string(known) +
              "; start the newer millrace that upgraded it, or restore a backup from before"));
    if (version == known) return;
    const pg::Migration& next = migrations[static_cast<std::size_t>(version)];
    session.exec_script(std::string(next.sql));
    session.exec("migrate_note", pg::Params().add(next.number).add(next.name));
    applied = true;
  });
  return applied;
}

}  // namespace

Status migrate(Database& database) {
  return database.run<void>([](pg::Session& session) -> Status {
    session.exec("set_timeouts", pg::Params().add("0").add("0"));
    while (apply_next(session)) {
    }
    session.exec("set_timeouts", pg::Params().add("60s").add("20s"));
    return {};
  });
}

}  // namespace millrace
