#include "engine/pg/journal_backfills.h"

#include <algorithm>

#include "engine/pg/stored_rows.h"

namespace millrace::pg {
namespace {

bool is_of_backfill(const RunRow& row) { return row.backfill.has_value(); }

struct WriteBackfills {
  Session& session;
  Time at;

  void operator()(const BackfillCreated& e) const {
    session.exec("put_backfill", Params()
                                     .add(e.backfill)
                                     .add(e.dag.namespace_)
                                     .add(e.dag.name)
                                     .add(name_of(e.order))
                                     .add(e.max_active_runs)
                                     .add(name_of(e.reprocess))
                                     .add(e.params.is_null() ? Json::object() : e.params)
                                     .add(dates_of(e))
                                     .add(e.skipped)
                                     .add(e.origin.principal.who)
                                     .add(e.origin.on_behalf_of)
                                     .add(e.origin.reason)
                                     .add(at));
    session.exec("put_backfill_dates", Params().add(e.backfill).add(dates_of(e)));
  }
  void operator()(const BackfillPaused& e) const {
    session.exec("pause_backfill",
                 Params()
                     .add(e.backfill)
                     .add(name_of(e.paused ? BackfillState::paused : BackfillState::running))
                     .add(e.paused ? std::string_view(e.origin.reason) : std::string_view()));
  }
  void operator()(const BackfillCancelRequested& e) const {
    session.exec("cancel_backfill", Params().add(e.backfill));
    session.exec("cancel_waiting_dates", Params().add(e.backfill));
  }
  void operator()(const BackfillEnded& e) const {
    session.exec("end_backfill", Params().add(e.backfill).add(name_of(e.state)).add(at));
  }
  template <typename Other>
  void operator()(const Other&) const {}

 private:
  static ArrayText dates_of(const BackfillCreated& created) {
    ArrayText dates;
    for (const Time date : created.dates) dates.add(date);
    return dates;
  }
};

}  // namespace

bool changes_backfills(const EventBody& body) {
  return std::holds_alternative<BackfillCreated>(body) ||
         std::holds_alternative<BackfillPaused>(body) ||
         std::holds_alternative<BackfillCancelRequested>(body) ||
         std::holds_alternative<BackfillEnded>(body);
}

bool moves_backfills(const Batch& batch) {
  return std::ranges::any_of(batch.runs_created, is_of_backfill) ||
         std::ranges::any_of(batch.runs_finished, is_of_backfill);
}

void write_backfill_event(Session& session, const Event& event) {
  std::visit(WriteBackfills{session, event.at}, event.body);
}

void write_backfill_runs(Session& session, const Batch& batch) {
  ArrayText backfill, date, begun, ended, state;
  for (const RunRow& row : batch.runs_created) {
    if (!row.backfill || !row.logical_date) continue;
    backfill.add(*row.backfill);
    date.add(*row.logical_date);
    begun.add(row.run);
  }
  if (std::ranges::any_of(batch.runs_created, is_of_backfill))
    session.exec("begin_backfill_runs",
                 Params().add(std::move(backfill)).add(std::move(date)).add(std::move(begun)));
  for (const RunRow& row : batch.runs_finished) {
    if (!row.backfill) continue;
    ended.add(row.run);
    state.add(name_of(date_state_of(row.status)));
  }
  if (std::ranges::any_of(batch.runs_finished, is_of_backfill))
    session.exec("end_backfill_runs", Params().add(std::move(ended)).add(std::move(state)));
}

}  // namespace millrace::pg
