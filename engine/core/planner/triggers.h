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
#include "engine/core/expression.h"
#include "engine/core/names.h"

namespace millrace {

class Triggers {
 public:
  /// The DAG is started by what its newest version says.
  void watch(const DagSpec& dag);
  /// The DAGs of the namespace whose `on:` matches the event, in their order. What a webhook
  /// received starts only the DAG of the webhook.
  std::vector<DagKey> started_by(const std::string& name_space, const PublishEvent& event) const;

  /// The params that a run of the DAG takes from the event, as its `on:` says. A value that is
  /// null, as one that the event does not have, is not among them.
  Result<Json> params_of(const DagKey& dag, const PublishEvent& event) const;

  void restore_dataset(const DatasetKey& dataset, const std::string& artifact);
  /// Keeps the dataset's new content. The DAGs that it starts, in their order; none if it is the
  /// same content again. A DAG lists datasets of its own namespace.
  std::vector<DagKey> started_by(const DatasetKey& dataset, const std::string& artifact);

 private:
  struct OnEvent {
    std::string type;
    /// Of its `if`; nullopt: there is none. One that cannot be parsed never holds: `dag` is not
    /// here then.
    std::optional<Expression> condition;
    Template params;
  };
  using ByDag = std::map<DagKey, OnEvent>;
  static void put(ByDag& to, const DagKey& dag, const Json& spec);
  ByDag on_event_;
  ByDag on_webhook_;
  std::map<DatasetKey, std::set<DagKey>> by_dataset_;       // → DAGs
  std::map<DagKey, std::vector<std::string>> datasets_of_;  // by DAG
  std::map<DatasetKey, std::string> content_;               // dataset → artifact
};

}  // namespace millrace
