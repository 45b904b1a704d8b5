// Database: a small pool of connections to one PostgreSQL database. Connections are made when
// needed, come back after a use, and are replaced when they break.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/service.h"
#include "engine/base/time.h"

namespace millrace {

namespace pg {
class Interrupt;
class Session;
struct Failure;
}  // namespace pg

struct DatabaseOptions {
  std::string dsn;  // URI or key=value text
  std::string application = "millrace";
  int max_connections = 12;                      // at one time; who asks for one more waits
  Duration patience = std::chrono::seconds{10};  // for the first connection, and for a free one
};

/// Thread-safe.
class Database {
 public:
  /// Connects once, to tell early what is wrong; tries again while the server is away, as long as
  /// `patience` lasts.
  static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `body` on a connection of the pool and translates whatever it throws. A connection that
  /// is found dead before the body has sent anything is replaced without a word. The body runs
  /// again where a row met a partition that was just being attached.
  template <typename T>
  Result<T> run(const std::function<Result<T>(pg::Session&)>& body);

  /// True for a while after the server refused something because it had no room: its disk is full,
  /// or its memory.
  bool had_no_room();
  /// An error where the server does not commit.
  Status check_commits();

  /// For the end of the process: as soon as the server has not answered for so long though it was
  /// asked, no wait for it goes on, and each further `run` is `unavailable`.
  void end_waits_after(Duration silence);

  /// The completed connection string. Holds the password: never log it.
  const std::string& dsn() const { return dsn_; }
  /// For people: no password.
  const std::string& description() const { return description_; }

 private:
  Database(DatabaseOptions options, std::string dsn, std::string description);
  using Body = std::function<void(pg::Session&)>;
  Status run_untyped(const Body& body);
  void note_room(std::string_view sqlstate);
  Result<std::unique_ptr<pg::Session>> borrow();
  void give_back(std::unique_ptr<pg::Session> session, bool is_broken);
  void watch_silence(Duration silence);

  const DatabaseOptions options_;
  const std::string dsn_, description_;
  Mutex mutex_;
  ConditionVariable returned_;
  std::vector<std::unique_ptr<pg::Session>> idle_ GUARDED_BY(mutex_);
  int in_use_ GUARDED_BY(mutex_) = 0;
  std::optional<std::chrono::steady_clock::time_point> no_room_at_ GUARDED_BY(mutex_);
  const std::shared_ptr<pg::Interrupt> interrupt_;
  ConditionVariable answered_;
  std::int64_t answers_ GUARDED_BY(mutex_) = 0;
  bool closing_ GUARDED_BY(mutex_) = false;
  Service watcher_{"pg silence"};
};

template <typename T>
Result<T> Database::run(const std::function<Result<T>(pg::Session&)>& body) {
  Result<T> result = internal_error("the body did not run");
  MR_CHECK(run_untyped([&](pg::Session& session) { result = body(session); }));
  return result;
}

}  // namespace millrace
