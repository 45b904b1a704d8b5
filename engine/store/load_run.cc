#include "engine/store/load_run.h"

namespace millrace {

Result<Run> load_run(Journal& journal, RunReader& runs, const Uuid& id, std::int64_t up_to) {
  MR_TRY(const auto events, journal.read_run(id));
  const auto is_later = [&](const Event& event) { return up_to != 0 && event.seq > up_to; };
  if (events.empty() || is_later(events.front()))
    return not_found("the journal has no run " + id.to_string());
  const auto* created = std::get_if<RunCreated>(&events.front().body);
  if (created == nullptr)
    return internal_error("the journal of run " + id.to_string() + " begins with " +
                          std::string(kind_of(events.front().body)) + ", not with run_created");
  MR_TRY(auto dag, load_dag(runs, created->dag, created->version));
  Run run = make_run(events.front(), std::move(dag));
  for (std::size_t i = 1; i < events.size() && !is_later(events[i]); ++i)
    MR_CHECK(apply(run, events[i]));
  return run;
}

Result<std::shared_ptr<const Dag>> load_dag(RunReader& runs, std::string_view dag,
                                            std::string_view version) {
  MR_TRY(const Json stored, runs.dag_version(dag, version));
  MR_TRY(DagSpec spec, Dag::spec_from_json(stored));
  MR_TRY(Dag made, Dag::make(std::move(spec)));
  return std::shared_ptr<const Dag>(std::make_shared<Dag>(std::move(made)));
}

}  // namespace millrace
