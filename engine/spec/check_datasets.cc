#include "engine/spec/check_datasets.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/spec/raw_text.h"

namespace millrace {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// DAG `from` updates `dataset`, which starts DAG `to`.
struct Step {
  std::size_t to;
  std::string dataset;
};

std::vector<std::vector<Step>> steps_of(const std::vector<const DagSpec*>& dags,
                                        const Catalog& catalog) {
  std::map<DatasetKey, std::vector<std::size_t>> started_by;
  for (std::size_t i = 0; i < dags.size(); ++i)
    for (const auto& dataset : dags[i]->datasets)
      started_by[{dags[i]->namespace_, dataset}].push_back(i);
  std::vector<std::vector<Step>> steps(dags.size());
  for (std::size_t i = 0; i < dags.size(); ++i)
    for (const auto& dataset : updated_datasets(*dags[i], catalog))
      for (const std::size_t to : started_by[{dags[i]->namespace_, dataset}])
        steps[i].push_back({to, dataset});
  return steps;
}

/// The shortest ring through `start`, as the steps along it; empty: there is none.
std::vector<Step> ring_of(std::size_t start, const std::vector<std::vector<Step>>& steps) {
  std::vector<std::pair<std::size_t, const Step*>> came(steps.size(), {kNone, nullptr});
  std::vector<std::size_t> queue = {start};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const Step& step : steps[queue[next]]) {
      if (came[step.to].second != nullptr) continue;
      came[step.to] = {queue[next], &step};
      if (step.to != start) {
        queue.push_back(step.to);
        continue;
      }
      std::vector<Step> ring;
      std::size_t at = start;
      do {
        ring.push_back(*came[at].second);
        at = came[at].first;
      } while (at != start);
      std::ranges::reverse(ring);
      return ring;
    }
  }
  return {};
}

std::string name_of(const DagSpec& dag) { return DagKey(dag.namespace_, dag.id).text(); }

std::string text_of(std::size_t start, const std::vector<Step>& ring,
                    const std::vector<const DagSpec*>& dags) {
  std::string text;
  std::size_t at = start;
  for (const Step& step : ring) {
    if (!text.empty()) text += "; ";
    text += "DAG '" + name_of(*dags[at]) + "' updates the dataset '" + step.dataset +
            "', which starts DAG '" + name_of(*dags[step.to]) + "'";
    at = step.to;
  }
  return text + ": this would go on for ever";
}

}  // namespace

std::vector<std::string> updated_datasets(const DagSpec& spec, const Catalog& catalog) {
  std::set<std::string> out;
  for (const auto& task : spec.tasks) {
    const OperatorInfo* info = catalog.find(task.op);
    if (info == nullptr || info->find_param("dataset") == nullptr) continue;
    const std::string name = task.with["dataset"].as_string();
    if (!name.empty() && name.find("${{") == std::string::npos) out.insert(name);
  }
  return {out.begin(), out.end()};
}

std::vector<Diagnostic> check_dataset_rings(const std::vector<Resource>& resources,
                                            const Catalog& catalog) {
  std::vector<const DagSpec*> dags;
  std::vector<const Resource*> file_of;
  for (const auto& resource : resources) {
    if (!resource.dag) continue;
    dags.push_back(&resource.dag->spec());
    file_of.push_back(&resource);
  }
  const auto steps = steps_of(dags, catalog);
  std::vector<Diagnostic> out;
  for (std::size_t i = 0; i < dags.size(); ++i) {
    const auto ring = ring_of(i, steps);
    if (ring.empty()) continue;
    out.push_back({file_of[i]->file, spec::line_of_key(file_of[i]->source, "on:"), 1,
                   Diagnostic::Severity::error, text_of(i, ring, dags),
                   "start one of them by a schedule, or update another dataset", "dataset-ring"});
  }
  return out;
}

}  // namespace millrace
