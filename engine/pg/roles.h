// The roles of PgStore, one file each, and what they share. Private to engine/pg.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/pg/database.h"
#include "engine/pg/notifier.h"
#include "engine/pg/row_reader.h"
#include "engine/pg/session.h"
#include "engine/store/store.h"

namespace millrace::pg {

/// Where the journal's last rows are, as this process wrote them.
struct JournalTail {
  std::int64_t epoch = 0;
  std::optional<Time> at{};  // none of the last append's rows is older
};

/// Thread-safe.
class KnownTail {
 public:
  void set(const JournalTail& tail) {
    const MutexLock lock(mutex_);
    tail_ = tail;
  }
  /// Nothing, unless it was written in this epoch: other engines may have appended since.
  JournalTail known_to(std::int64_t epoch) const {
    const MutexLock lock(mutex_);
    return tail_.epoch == epoch ? tail_ : JournalTail{};
  }

 private:
  mutable Mutex mutex_;
  JournalTail tail_ GUARDED_BY(mutex_);
};

/// The inbox up to `pos`, and the transactions that may still have been writing commands up to
/// there when it was looked at. Once all of them have ended, no earlier command appears any more.
struct InboxSpan {
  std::int64_t pos = 0;
  std::vector<std::string> writers{};
};

struct Shared {
  Database& database;
  Notifier& notifier;
  const Clock* test_clock = nullptr;  // nullptr: the database's own clock decides on leases

  KnownTail tail{};

  // Since the last mark was written; see marks.h.
  std::atomic<std::int64_t> runs_since_mark{0};
  std::atomic<std::int64_t> commands_since_mark{0};
  std::atomic<std::int64_t> inbox_mark{-1};  // -1: not read yet
  Mutex marking{};  // held while the mark of the inbox moves; no request takes it
  std::optional<InboxSpan> inbox_span GUARDED_BY(marking){};
};

std::unique_ptr<Journal> make_journal(Shared& shared);
std::unique_ptr<Leadership> make_leadership(Shared& shared);
std::unique_ptr<Inbox> make_inbox(Shared& shared);
std::unique_ptr<RunReader> make_run_reader(Shared& shared);
std::unique_ptr<LogStore> make_log_store(Shared& shared);
std::unique_ptr<Registry> make_registry(Shared& shared);
std::unique_ptr<ServingStore> make_serving_store(Shared& shared);
std::unique_ptr<Cursors> make_cursors(Shared& shared);
std::unique_ptr<BackfillReader> make_backfill_reader(Shared& shared);

/// The rows of one query as a list.
template <typename Row>
Result<std::vector<Row>> list(Shared& shared, std::string_view query, const Params& params = {}) {
  return shared.database.run<std::vector<Row>>([&](Session& session) -> Result<std::vector<Row>> {
    return read_rows<Row>(session, query, params);
  });
}

/// The first row of one query; `missing` is the message when there is none.
template <typename Row>
Result<Row> one(Shared& shared, std::string_view query, const Params& params, std::string missing) {
  MR_TRY(auto rows, list<Row>(shared, query, params));
  if (rows.empty()) return not_found(std::move(missing));
  return std::move(rows.front());
}

}  // namespace millrace::pg
