// DatasetStarts: which runs the updates of datasets must start, followed beside the planner.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "engine/core/effect.h"
#include "engine/core/events/run_events.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

class DatasetStarts {
 public:
  /// True if the dataset has other content now, so that DAGs which wait for it are due.
  bool update(const std::string& name_space, const UpdateDataset& effect);
  /// This DAG waits for the dataset and may start.
  void expect(const DagKey& dag, const UpdateDataset& effect);
  /// A run of type `dataset` was created.
  Finding start(const RunCreated& created);
  /// At the end: what was due and did not start.
  Finding missing() const;

 private:
  using Due = std::tuple<DagKey, std::string, std::string>;  // DAG, dataset, artifact
  std::map<DatasetKey, std::string> content_;                // artifact by dataset
  std::map<Due, int> due_;
};

}  // namespace millrace::oracle
