#include "engine/pg/migrate.h"

#include <poll.h>

#include <chrono>

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

/// A newer program has been here. That is well as long as what it changed lets this one go on.
void check_newer(pg::Session& session, int version, int known) {
  const int needed = session.exec("migrate_works_with", pg::Params().add(known)).at(0, 0).small();
  if (needed <= known) return;
  throw pg::Refusal(make_error(
      ErrorCode::unsupported,
      "the database has schema version " + std::to_string(version) +
          ", and this millrace knows versions up to " + std::to_string(known) +
          "; start the newer millrace that upgraded it, or restore a backup from before"));
}

/// False: nothing is left to do.
bool apply_next(pg::Session& session) {
  bool applied = false;
  session.transaction([&] {
    session.exec("migrate_timeouts");
    lock(session);
    const int version = version_of(session);
    const auto migrations = pg::all_migrations();
    const int known = static_cast<int>(migrations.size());
    if (version > known) check_newer(session, version, known);
    if (version >= known) return;
    const pg::Migration& next = migrations[static_cast<std::size_t>(version)];
    session.exec_script(std::string(next.sql));
    session.exec("migrate_note", pg::Params().add(next.number).add(next.name));
    // The first schemas did not tell.
    if (session.exec("migrate_tells_works_with").at(0, 0).flag())
      session.exec("migrate_note_works_with", pg::Params().add(next.number).add(next.works_with));
    applied = true;
  });
  return applied;
}

/// A change of a table waits for all who use it, and whoever comes later waits behind it: engines
/// that are at work. So it gives way after a moment, and tries again.
constexpr std::chrono::minutes kPatience{2};
constexpr int kPauseMs = 300;

/// The common case, without a lock.
bool is_current(pg::Session& session) {
  return version_of(session) == static_cast<int>(pg::all_migrations().size());
}

Status migrate_once(Database& database) {
  return database.run<void>([](pg::Session& session) -> Status {
    if (is_current(session)) return {};
    while (apply_next(session)) {
    }
    return {};
  });
}

}  // namespace

Status migrate(Database& database) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const Status status = migrate_once(database);
    if (status || !status.error().transient() || std::chrono::steady_clock::now() > deadline)
      return status;
    log::warning("the schema cannot be upgraded yet", {{"error", status.error().message}});
    ::poll(nullptr, 0, kPauseMs);
  }
}

Result<std::string> identity_of(Database& database) {
  return database.run<std::string>([](pg::Session& session) -> Result<std::string> {
    return std::string(session.exec("migrate_identity").at(0, 0).text());
  });
}

}  // namespace millrace
