#include "engine/pg/marks.h"

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

Status mark_inbox(Shared& shared) {
  shared.commands_since_mark = 0;
  MR_TRY(const std::int64_t from, inbox_mark(shared));
  return shared.database.run<void>([&](Session& session) -> Status {
    const std::int64_t to = session.exec("inbox_mark_ahead", Params().add(from)).at(0, 0).number();
    if (to <= from) return {};
    session.exec("put_inbox_mark", Params().add(to));
    shared.inbox_mark = to;
    return {};
  });
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
