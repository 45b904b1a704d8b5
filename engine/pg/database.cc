#include "engine/pg/database.h"

#include <poll.h>

#include "engine/base/log.h"
#include "engine/pg/connection_string.h"
#include "engine/pg/failure.h"
#include "engine/pg/session.h"

namespace millrace {
namespace {

/// Each new period moves the bound of a partition once; a row that is written then is written
/// again.
constexpr int kTriesWhilePartitionsMove = 6;
/// A write that was refused for lack of room says so much longer that the next one may be, too.
constexpr std::chrono::seconds kRoomIsDoubtful{10};

/// A server that went away has closed its side: there is something to read where nothing was asked.
bool looks_dead(const pg::Session& session) {
  if (!session.is_open() || session.descriptor() < 0) return true;
  pollfd event{session.descriptor(), POLLIN, 0};
  return ::poll(&event, 1, 0) != 0;
}

Result<std::unique_ptr<pg::Session>> connect(const std::string& dsn,
                                             const pg::InterruptPtr& interrupt) {
  try {
    return std::make_unique<pg::Session>(dsn, interrupt);
  } catch (...) {
    return pg::current_failure().error;
  }
}

}  // namespace

Database::Database(DatabaseOptions options, std::string dsn, std::string description)
    : options_(std::move(options)),
      dsn_(std::move(dsn)),
      description_(std::move(description)),
      interrupt_(std::make_shared<pg::Interrupt>()) {}

Database::~Database() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    answered_.notify_all();
  }
  watcher_.stop();
}

void Database::end_waits_after(Duration silence) {
  watcher_.start([this, silence] { watch_silence(silence); });
}

void Database::watch_silence(Duration silence) {
  MutexLock lock(mutex_);
  for (;;) {
    answered_.wait(lock, [&]() REQUIRES(mutex_) { return closing_ || in_use_ > 0; });
    const std::int64_t seen = answers_;
    if (answered_.wait_for(lock, silence,
                           [&]() REQUIRES(mutex_) { return closing_ || answers_ != seen; })) {
      if (closing_) return;
      continue;
    }
    log::warning("PostgreSQL does not answer; ending without it", {{"server", description_}});
    interrupt_->raise();
    returned_.notify_all();
    return;
  }
}

Result<std::unique_ptr<Database>> Database::open(DatabaseOptions options) {
  MR_TRY(std::string dsn, pg::complete_dsn(options.dsn, options.application));
  std::string description = pg::describe_dsn(dsn);
  std::unique_ptr<Database> database(
      new Database(std::move(options), std::move(dsn), std::move(description)));
  const auto deadline = std::chrono::steady_clock::now() + database->options_.patience;
  for (Duration pause = std::chrono::milliseconds{20};;
       pause = std::min<Duration>(pause * 2, std::chrono::seconds{1})) {
    auto session = connect(database->dsn_, database->interrupt_);
    if (session) {
      const MutexLock lock(database->mutex_);
      database->idle_.push_back(*std::move(session));
      return database;
    }
    Error error = std::move(session).error();
    error.message = "no connection to " + database->description_ + ": " + error.message;
    if (!error.transient() || std::chrono::steady_clock::now() + pause > deadline) return error;
    ::poll(nullptr, 0, static_cast<int>(pause.count() / 1000));
  }
}

Result<std::unique_ptr<pg::Session>> Database::borrow() {
  {
    MutexLock lock(mutex_);
    if (!returned_.wait_for(lock, options_.patience, [&]() REQUIRES(mutex_) {
          return in_use_ < options_.max_connections || interrupt_->raised();
        }))
      return unavailable("all " + std::to_string(options_.max_connections) +
                         " database connections are in use");
    if (interrupt_->raised()) return unavailable("PostgreSQL does not answer, and we are ending");
    ++in_use_;
    answered_.notify_all();
    while (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      if (!looks_dead(*session)) return session;
    }
  }
  auto session = connect(dsn_, interrupt_);
  if (!session) give_back(nullptr, true);
  return session;
}

void Database::give_back(std::unique_ptr<pg::Session> session, bool is_broken) {
  const MutexLock lock(mutex_);
  --in_use_;
  ++answers_;
  answered_.notify_all();
  if (session && !is_broken && session->is_open()) idle_.push_back(std::move(session));
  returned_.notify_one();
}

void Database::note_room(std::string_view sqlstate) {
  if (!sqlstate.starts_with("53")) return;
  const MutexLock lock(mutex_);
  no_room_at_ = std::chrono::steady_clock::now();
}

bool Database::had_no_room() {
  const MutexLock lock(mutex_);
  return no_room_at_ && std::chrono::steady_clock::now() - *no_room_at_ < kRoomIsDoubtful;
}

Status Database::check_commits() {
  if (had_no_room())
    return unavailable("PostgreSQL has just refused a write because it has no room");
  return run<void>([](pg::Session& session) -> Status {
    session.exec("health_commit");
    return {};
  });
}

Status Database::run_untyped(const Body& body) {
  MR_TRY(std::unique_ptr<pg::Session> session, borrow());
  for (int tries = 1;; ++tries) {
    try {
      body(*session);
      break;
    } catch (...) {
      const pg::Failure failure = pg::current_failure();
      if (failure.partition_moved() && tries < kTriesWhilePartitionsMove) {
        ::poll(nullptr, 0, tries * 5);
        continue;
      }
      note_room(failure.sqlstate);
      give_back(std::move(session), failure.connection_is_lost);
      return failure.error;
    }
  }
  give_back(std::move(session), false);
  return {};
}

}  // namespace millrace
