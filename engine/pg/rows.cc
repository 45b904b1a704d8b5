#include "engine/pg/rows.h"

namespace millrace::pg {

RunRow read_run(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  RunRow out;
  out.run = in.next().id();
  out.dag = in.next().text();
  out.namespace_ = in.next().text();
  out.version = in.next().text();
  out.type = from_name<RunType>(in.next().view()).value_or(RunType::manual);
  out.status = from_name<RunStatus>(in.next().view()).value_or(RunStatus::running);
  out.logical_date = in.next().maybe_time();
  out.interval_start = in.next().maybe_time();
  out.interval_end = in.next().maybe_time();
  out.params = in.next().json();
  out.trigger = in.next().json();
  out.trace_id = in.next().text();
  out.actor = in.next().text();
  out.reason = in.next().text();
  out.created_at = in.next().time();
  out.finished_at = in.next().maybe_time();
  return out;
}

DeploymentRow read_deployment(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  DeploymentRow out;
  out.model = in.next().text();
  out.namespace_ = in.next().text();
  out.champion = in.next().text();
  out.candidate = in.next().text();
  out.weight = in.next().real();
  out.last_good = in.next().text();
  out.revision = in.next().number();
  out.updated_at = in.next().time();
  out.champion_version = in.next().small();
  out.candidate_version = in.next().small();
  out.last_good_version = in.next().small();
  out.owner.run = in.next().id();
  out.owner.task = in.next().text();
  out.owner.map_index = in.next().small();
  return out;
}

}  // namespace millrace::pg
