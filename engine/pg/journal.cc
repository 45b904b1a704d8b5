// The journal in PostgreSQL: an append is one statement and one commit, unless it carries effects.
#include <algorithm>

#include "engine/base/fault_point.h"
#include "engine/pg/append_statement.h"
#include "engine/pg/failure.h"
#include "engine/pg/journal_effects.h"
#include "engine/pg/journal_rows.h"
#include "engine/pg/roles.h"

namespace millrace::pg {
namespace {

JournalTail tail_of(const Batch& batch) {
  if (batch.events.empty()) return {};
  return {batch.epoch, std::ranges::min(batch.events, {}, &Event::at).at};
}

Error fenced(const Batch& batch) {
  return make_error(ErrorCode::fenced, "epoch " + std::to_string(batch.epoch) + " does not lead");
}

class PgJournal final : public Journal {
 public:
  explicit PgJournal(Shared& shared) : shared_(shared) {}

  Status append(const Batch& batch) override {
    MR_TRY(const auto effects, sourced_effects(batch));
    const AppendStatement statement(batch, shared_.tail.known_to(batch.epoch).at);
    Append append{batch, statement, effects};
    const Status written = shared_.database.run<void>([&](Session& session) -> Status {
      return changes_more(batch, effects) ? with_changes(session, append) : alone(session, append);
    });
    shared_.tail.set(written ? tail_of(batch) : JournalTail{});
    if (!written) return written;
    shared_.runs_since_mark +=
        static_cast<std::int64_t>(batch.runs_created.size() + batch.runs_reopened.size());
    shared_.commands_since_mark += statement.answers();
    shared_.notifier.tell(Topic::journal);
    if (append.deployment_changed) shared_.notifier.tell(Topic::deployment);
    return {};
  }

  Result<std::int64_t> last_seq() override {
    return shared_.database.run<std::int64_t>([](Session& session) -> Result<std::int64_t> {
      return session.exec("journal_last_seq").at(0, 0).number();
    });
  }

  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    after = std::max<std::int64_t>(after, 0);
    return shared_.database.run<std::vector<Event>>(
        [&](Session& session) { return read_pages(session, after, limit); });
  }

  Result<std::vector<Event>> read_run(const Uuid& run) override {
    return shared_.database.run<std::vector<Event>>(
        [&](Session& session) -> Result<std::vector<Event>> {
          std::vector<Event> events;
          for (const auto& row :
               read_rows<JournalRow>(session, "journal_read_run", Params().add(run)))
            MR_CHECK(add_events_of(row, events));
          std::ranges::sort(events, {}, &Event::seq);
          return events;
        });
  }

  Subscription subscribe(std::function<void()> on_change) override {
    return shared_.notifier.subscribe(Topic::journal, std::move(on_change));
  }

 private:
  enum class Outcome { written, fenced, does_not_follow };

  struct Append {
    const Batch& batch;
    const AppendStatement& statement;
    const std::vector<SourcedEffect>& effects;
    bool replaces_tasks = false;
    bool deployment_changed = false;
  };

  static Outcome execute(Session& session, const AppendStatement& statement) {
    const Rows answer = session.exec_composed(
        statement.name(), [&] { return statement.text(); }, statement.params());
    if (!answer.at(0, 0).flag()) return Outcome::fenced;
    return answer.at(0, 1).flag() ? Outcome::written : Outcome::does_not_follow;
  }

  /// The fast path.
  static Status alone(Session& session, Append& append) {
    try {
      const Outcome outcome = execute(session, append.statement);
      return settle(session, append.batch, outcome);
    } catch (...) {
      return judge_failure(session, append, current_failure());
    }
  }

  static Status with_changes(Session& session, Append& append) {
    Outcome outcome = Outcome::written;
    struct RolledBack {};
    try {
      session.transaction([&] {
        write_reopenings(session, append.batch);
        if (append.replaces_tasks) remove_ended_tasks(session, append.batch);
        outcome = execute(session, append.statement);
        if (outcome != Outcome::written) throw RolledBack();
        append.deployment_changed = write_changes(session, append.batch, append.effects);
        pass(FaultPoint::journal_written);
      });
    } catch (const RolledBack&) {
      append.deployment_changed = false;
    } catch (...) {
      append.deployment_changed = false;
      return judge_failure(session, append, current_failure());
    }
    return settle(session, append.batch, outcome);
  }

  static Status settle(Session& session, const Batch& batch, Outcome outcome) {
    if (outcome == Outcome::written) return {};
    if (outcome == Outcome::fenced) return fenced(batch);
    if (was_committed(session, batch)) return {};
    const std::int64_t last = session.exec("journal_last_seq").at(0, 0).number();
    return conflict("the batch starts at " + std::to_string(batch.first_seq) +
                    ", the journal ends at " + std::to_string(last));
  }

  static bool was_committed(Session& session, const Batch& batch) {
    const Rows found = session.exec("journal_batch", Params().add(batch.first_seq));
    return !found.empty() && found.at(0, 0).number() == batch.epoch &&
           found.at(0, 1).number() == static_cast<std::int64_t>(batch.events.size());
  }

  /// REQUIRES: called in a catch block. A unique violation can mean that our own append, whose
  /// answer was lost, has been committed while this one waited for it; or that a task has ended
  /// before, and its row is to be replaced. That is looked into only here, because an upsert would
  /// cost each row of each append 4 µs and 48 bytes of WAL.
  static Status judge_failure(Session& session, Append& append, const Failure& failure) {
    constexpr std::string_view kUniqueViolation = "23505";
    // Database::run replaces the connection, or tries again.
    if (failure.connection_is_lost || failure.partition_moved()) throw;
    if (failure.sqlstate != kUniqueViolation) return failure.error;
    if (was_committed(session, append.batch)) return {};
    if (append.replaces_tasks || append.batch.tasks_ended.empty()) return failure.error;
    append.replaces_tasks = true;
    return with_changes(session, append);
  }

  static Result<std::vector<Event>> read_pages(Session& session, std::int64_t after,
                                               std::size_t limit) {
    // Few at first: rows of a busy journal hold many events, and the database reads all the rows
    // it is asked for.
    constexpr std::size_t kFewRows = 4, kManyRows = 1000, kEventsPerRow = 16;
    std::size_t most_rows = std::clamp(limit / kEventsPerRow, kFewRows, kManyRows);
    std::vector<Event> events;
    const Rows start = session.exec("journal_start_after", Params().add(after));
    after = start.at(0, 0).number();
    std::int64_t from = start.at(0, 1).is_null() ? 1 : start.at(0, 1).number();
    std::size_t wanted = limit;
    // Events of one append may be spread over rows: the list is whole up to the first gap, and a
    // further page closes it.
    while (wanted > 0) {
      const auto rows = read_rows<JournalRow>(session, "journal_page",
                                              Params().add(from).add(wanted).add(most_rows));
      most_rows = kManyRows;
      if (rows.empty()) break;
      for (const JournalRow& row : rows) MR_CHECK(add_events_of(row, events));
      from = rows.back().seq + 1;
      std::erase_if(events, [&](const Event& event) { return event.seq <= after; });
      std::ranges::sort(events, {}, &Event::seq);
      std::size_t whole = 0;
      while (whole < events.size() &&
             events[whole].seq == after + 1 + static_cast<std::int64_t>(whole))
        ++whole;
      if (whole >= limit) break;
      wanted = limit - whole;
    }
    std::size_t whole = 0;
    while (whole < events.size() && whole < limit &&
           events[whole].seq == after + 1 + static_cast<std::int64_t>(whole))
      ++whole;
    events.resize(whole);
    return events;
  }

  Shared& shared_;
};

}  // namespace

std::unique_ptr<Journal> make_journal(Shared& shared) {
  return std::make_unique<PgJournal>(shared);
}

}  // namespace millrace::pg
