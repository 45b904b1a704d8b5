// Triggers: which DAGs are started by what happens: an event that their `on:` names, or new content
// of a dataset that they list. Whether such a DAG may start now is not decided here.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/commands.h"
#include "engine/core/dag.h"
#include "engine/core/effect.h"
#include "engine/core/expression.h"

namespace millrace {

class Triggers {
 public:
  /// The DAG is started by what its newest version says.
  void watch(const DagSpec& dag);
  /// Ids of the DAGs whose `on:` matches the event, in their order.
  std::vector<std::string> started_by(const PublishEvent& event) const;

  void restore_dataset(const std::string& dataset, const std::string& artifact);
  /// Keeps the dataset's new content. Ids of the DAGs that it starts, in their order; none if it is
  /// the same content again.
  std::vector<std::string> started_by(const UpdateDataset& update);

 private:
  struct OnEvent {
    std::string type;
    /// Of its `if`; nullopt: there is none. One that cannot be parsed never holds: `dag` is not
    /// here then.
    std::optional<Expression> condition;
  };
  std::map<std::string, OnEvent> on_event_;                      // by DAG
  std::map<std::string, std::set<std::string>> by_dataset_;      // → DAGs
  std::map<std::string, std::vector<std::string>> datasets_of_;  // by DAG
  std::map<std::string, std::string> content_;                   // dataset → artifact
};

}  // namespace millrace
