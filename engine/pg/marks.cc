#include "engine/pg/marks.h"

#include <algorithm>
#include <string>
#include <utility>

namespace millrace::pg {
namespace {

constexpr std::int64_t kRunsPerMark = 5000;
constexpr std::int64_t kCommandsPerMark = 500;
constexpr std::chrono::milliseconds kInterval{500};

}  // namespace

Status mark_open_runs(Shared& shared) {
  shared.runs_since_mark = 0;
  return shared.database.run<void>([&](Session& session) -> Status {
    if (session.exec("open_runs_mark").affected() > 0) session.exec("forget_open_runs_marks");
    return {};
  });
}

Result<std::int64_t> inbox_mark(Shared& shared) {
  const std::int64_t known = shared.inbox_mark;
  if (known >= 0) return known;
  return shared.database.run<std::int64_t>([&](Session& session) -> Result<std::int64_t> {
    const std::int64_t stored = session.exec("inbox_mark").at(0, 0).number();
    std::int64_t unset = -1;
    shared.inbox_mark.compare_exchange_strong(unset, stored);
    return stored;
  });
}

namespace {

InboxSpan look_at_inbox(Session& session) {
  InboxSpan span;
  span.pos = session.exec("inbox_end").at(0, 0).number();
  span.writers = session.exec("inbox_writers").at(0, 0).words();  // after the look at `pos`
  return span;
}

bool is_settled(Session& session, const InboxSpan& span) {
  if (span.writers.empty()) return true;
  const auto now = session.exec("inbox_writers").at(0, 0).words();
  return std::ranges::none_of(span.writers, [&](const std::string& writer) {
    return std::ranges::find(now, writer) != now.end();
  });
}

}  // namespace

/// Positions are given before a commit and become visible in any order: a transaction of a user
/// that calls millrace.trigger may stay open for hours. So the mark moves over a span of the inbox
/// only after the transactions that were writing at the first look at it have ended.
Status mark_inbox(Shared& shared) {
  shared.commands_since_mark = 0;
  MR_TRY(std::int64_t mark, inbox_mark(shared));
  const MutexLock lock(shared.marking);
  auto span = std::exchange(shared.inbox_span, std::nullopt);
  const Status status = shared.database.run<void>([&](Session& session) -> Status {
    // The span of the last call, then that from there to now.
    for (int round = 0; round < 2; ++round) {
      if (!span) span = look_at_inbox(session);
      if (!is_settled(session, *span)) return {};
      const auto limits = Params().add(mark).add(span->pos);
      const std::int64_t to = session.exec("inbox_mark_ahead", limits).at(0, 0).number();
      span.reset();
      if (to <= mark) continue;
      session.exec("put_inbox_mark", Params().add(to));
      shared.inbox_mark = mark = to;
    }
    return {};
  });
  shared.inbox_span = std::move(span);
  return status;
}

MarkKeeper::MarkKeeper(Shared& shared) : shared_(shared) {
  service_.start([this] { run(); });
}

void MarkKeeper::run() {
  while (service_.wait(kInterval)) {
    if (shared_.runs_since_mark >= kRunsPerMark) (void)mark_open_runs(shared_);
    if (shared_.commands_since_mark >= kCommandsPerMark) (void)mark_inbox(shared_);
  }
}

}  // namespace millrace::pg
