#include "engine/pg/append_statement.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "engine/pg/journal_rows.h"
#include "engine/pg/sql_text.h"

namespace millrace::pg {
namespace {

// By AppendStatement::Kind.
constexpr std::array<std::string_view, 7> kQueries = {
    "append_journal",   "append_runs",    "append_scheduled_runs", "append_run_ends",
    "append_task_ends", "append_answers", "append_outcome"};

void add_columns(Params& params, std::initializer_list<ArrayText*> columns) {
  for (ArrayText* column : columns) params.add(std::move(*column));
}

/// `$n` becomes `$(n + by)`.
std::string renumber(std::string_view sql, std::size_t by) {
  std::string out;
  while (!sql.empty()) {
    const std::size_t dollar = std::min(sql.find('$'), sql.size());
    out += sql.substr(0, dollar);
    sql.remove_prefix(dollar);
    if (sql.empty()) break;
    std::size_t number = 0;
    for (sql.remove_prefix(1); !sql.empty() && sql[0] >= '0' && sql[0] <= '9'; sql.remove_prefix(1))
      number = number * 10 + static_cast<std::size_t>(sql[0] - '0');
    out += '$' + std::to_string(number + by);
  }
  return out;
}

}  // namespace

AppendStatement::AppendStatement(const Batch& batch, std::optional<Time> tail) {
  add_journal(batch, tail);
  add_runs(batch.runs_created);
  add_scheduled_runs(batch.runs_created);
  add_run_ends(batch.runs_finished);
  add_task_ends(batch.tasks_ended);
  add_answers(batch.events);
  begin(Kind::outcome);
}

std::string AppendStatement::text() const {
  std::string out;
  for (const Block& block : blocks_)
    out += renumber(find_query(kQueries[static_cast<std::size_t>(block.kind)]).sql, block.offset) +
           "\n";
  return out;
}

void AppendStatement::begin(Kind kind) {
  blocks_.push_back({kind, params_.size()});
  name_ += std::to_string(static_cast<int>(kind));
}

void AppendStatement::add_journal(const Batch& batch, std::optional<Time> tail) {
  begin(Kind::journal);
  params_.add(kMainShard).add(batch.epoch).add(batch.first_seq).add(batch.events.size());
  JournalColumns c = journal_columns(batch.first_seq, batch.events);
  add_columns(params_, {&c.seq, &c.run, &c.n, &c.at, &c.seqs, &c.ats, &c.events});
  tail ? params_.add(format_rfc3339(*tail)) : params_.add_null();
}

void AppendStatement::add_runs(const std::vector<RunRow>& rows) {
  if (rows.empty()) return;
  begin(Kind::runs);
  ArrayText run, dag, name_space, version, type, logical_date, interval_start, interval_end, given,
      trigger, trace_id, actor, on_behalf_of, reason, created_at, backfill;
  for (const RunRow& row : rows) {
    run.add(row.run);
    dag.add(row.dag);
    name_space.add(row.namespace_);
    version.add(row.version);
    type.add(to_string(row.type));
    logical_date.add(row.logical_date);
    interval_start.add(row.interval_start);
    interval_end.add(row.interval_end);
    given.add(row.params.is_null() ? Json::object() : row.params);
    trigger.add(row.trigger);
    trace_id.add(row.trace_id);
    actor.add(row.actor);
    on_behalf_of.add(row.on_behalf_of);
    reason.add(row.reason);
    created_at.add(row.created_at);
    backfill.add(row.backfill.value_or(Uuid{}));
  }
  add_columns(params_, {&run, &dag, &name_space, &version, &type, &logical_date, &interval_start,
                        &interval_end, &given, &trigger, &trace_id, &actor, &on_behalf_of, &reason,
                        &created_at, &backfill});
}

void AppendStatement::add_scheduled_runs(const std::vector<RunRow>& rows) {
  bool any = false;
  ArrayText name_space, dag, logical_date, run;
  for (const RunRow& row : rows) {
    if (row.type != RunType::scheduled || !row.logical_date) continue;
    any = true;
    name_space.add(row.namespace_);
    dag.add(row.dag);
    logical_date.add(row.logical_date);
    run.add(row.run);
  }
  if (!any) return;
  begin(Kind::scheduled_runs);
  add_columns(params_, {&name_space, &dag, &logical_date, &run});
}

void AppendStatement::add_run_ends(const std::vector<RunRow>& rows) {
  if (rows.empty()) return;
  begin(Kind::run_ends);
  ArrayText run, status, finished_at, name_space, dag, outputs, error;
  for (const RunRow& row : rows) {
    run.add(row.run);
    status.add(to_string(row.status));
    finished_at.add(row.finished_at.value_or(row.created_at));
    name_space.add(row.namespace_);
    dag.add(row.dag);
    outputs.add(row.outputs);
    row.error.empty() ? error.add_null() : error.add(row.error);
  }
  add_columns(params_, {&run, &status, &finished_at, &name_space, &dag, &outputs, &error});
}

void AppendStatement::add_task_ends(const std::vector<TaskRow>& rows) {
  if (rows.empty()) return;
  begin(Kind::task_ends);
  ArrayText run, task, map_index, state, attempt, started_at, ended_at, error;
  for (const TaskRow& row : rows) {
    run.add(row.run);
    task.add(row.task);
    map_index.add(row.map_index);
    state.add(to_string(row.state));
    attempt.add(row.attempt);
    started_at.add(row.started_at);
    ended_at.add(row.ended_at);
    row.error.empty() ? error.add_null() : error.add(row.error);
  }
  add_columns(params_, {&run, &task, &map_index, &state, &attempt, &started_at, &ended_at, &error});
}

void AppendStatement::add_answers(const std::vector<Event>& events) {
  ArrayText command, ok, result, at;
  for (const Event& event : events) {
    const auto* handled = std::get_if<CommandHandled>(&event.body);
    if (handled == nullptr) continue;
    ++answers_;
    command.add(handled->command);
    ok.add(handled->ok);
    result.add(handled->result);
    at.add(event.at);
  }
  if (answers_ == 0) return;
  begin(Kind::answers);
  add_columns(params_, {&command, &ok, &result, &at});
}

}  // namespace millrace::pg
