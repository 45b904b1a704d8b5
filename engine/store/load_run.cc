#include "engine/store/load_run.h"

namespace millrace {

Result<Run> load_run(Journal& journal, DagCache& dags, const Uuid& id, std::int64_t up_to) {
  MR_TRY(const auto events, journal.read_run(id));
  const auto is_later = [&](const Event& event) { return up_to != 0 && event.seq > up_to; };
  if (events.empty() || is_later(events.front()))
    return not_found("the journal has no run " + id.to_string());
  const auto* created = std::get_if<RunCreated>(&events.front().body);
  if (created == nullptr)
    return not_found("the journal has forgotten the beginning of run " + id.to_string());
  MR_TRY(auto dag, dags.get(created->dag, created->version));
  Run run = make_run(events.front(), std::move(dag));
  for (std::size_t i = 1; i < events.size() && !is_later(events[i]); ++i)
    MR_CHECK(apply(run, events[i]));
  return run;
}

Result<Run> load_run(Journal& journal, RunReader& runs, const Uuid& id, std::int64_t up_to) {
  DagCache dags(runs);
  return load_run(journal, dags, id, up_to);
}

Result<std::shared_ptr<const Dag>> DagCache::get(const DagKey& dag, const std::string& version) {
  auto& known = dags_[{dag, version}];
  if (known == nullptr) {
    MR_TRY(const Json stored, runs_.dag_version(dag, version));
    MR_TRY(known, compile_stored(stored));
  }
  return known;
}

Result<std::shared_ptr<const Dag>> compile_stored(const Json& spec) {
  auto read = Dag::spec_from_json(spec);
  if (!read) return invalid_argument(read.error().to_string());
  auto made = Dag::make(*std::move(read));
  if (!made) return invalid_argument(made.error().to_string());
  return std::make_shared<const Dag>(*std::move(made));
}

void DagCache::put(const std::shared_ptr<const Dag>& dag) {
  dags_[{dag->key(), dag->version()}] = dag;
}

}  // namespace millrace
