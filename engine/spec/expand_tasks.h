// Puts the tasks of templates where a DAG uses them. Internal to this module. Pure.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/spec/read_dag.h"

namespace millrace::spec {

struct Level;

struct ExpandedTask {
  YamlNode::Entry entry;
  const TaskSpec* defaults = nullptr;  // nullptr: the use of a template that has an error
};

struct ExpandedTasks {
  std::vector<ExpandedTask> tasks;  // in the order of the files
  std::optional<YamlNode> outputs;
  std::shared_ptr<const Level> level;  // owns the defaults
};

/// `root` is a DAG or a template with a mapping `tasks`; of `dag`, the header has been read.
/// nullptr: there is nothing to expand, and the tree is right as it is.
std::shared_ptr<const ExpandedTasks> expand_tasks(const YamlNode& root, const TaskSpec& defaults,
                                                  LocatedDag& dag, const Loading& loading);

}  // namespace millrace::spec
