// A DAG file in the middle of being loaded: the spec so far, and where its parts stand. Internal to
// this module.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/read.h"
#include "engine/spec/report.h"
#include "engine/spec/yaml.h"

namespace millrace::spec {

/// Where the parts of one task stand; nodes belong to the tree.
struct TaskPlaces {
  Position at;  // of its id
  std::vector<Located> needs;
  const YamlNode* with = nullptr;
  const YamlNode* condition = nullptr;
  const YamlNode* foreach = nullptr;
  const YamlNode* until = nullptr;
  bool repeats = false;              // the file has `repeat`, whether it fits or not
  const OperatorInfo* op = nullptr;  // nullptr: unknown
};

/// An entry of `on` that starts a run with an event; nullptr: it does not have the key.
struct LocatedTrigger {
  std::string key;  // in `on`
  const YamlNode* condition = nullptr;
  const YamlNode* params = nullptr;
};

struct LocatedDag {
  DagSpec spec;
  std::vector<TaskPlaces> tasks;         // as spec.tasks
  Position at;                           // of the DAG's id
  Position datasets_at;                  // of `on: dataset`
  std::vector<LocatedTrigger> triggers;  // those with an event
  const YamlNode* outputs = nullptr;
};

/// What every check gets. Not owned.
struct Loading {
  std::string_view source;
  const Catalog& catalog;
  Report& report;
};

/// Reads all that stands in the tree.
LocatedDag read_dag(const YamlNode& root, const Loading& loading);
void read_schedule(const YamlNode& node, DagSpec& spec, Report& report);
void read_on(const YamlNode& node, LocatedDag& dag, const Loading& loading);
/// What to write because something besides a request starts the DAG and does not give it the param;
/// "": nothing does.
std::string cure_of_missing_default(const LocatedDag& dag, const std::string& param);
/// What the triggers give names params of the DAG, and fits them as far as it is constant.
void check_trigger_params(const LocatedDag& dag, Report& report);
/// Reads one task into the last place of `dag`; `defaults` holds what the file's `defaults` say.
void read_task(const YamlNode::Entry& entry, const TaskSpec& defaults, LocatedDag& dag,
               const Loading& loading);
void read_retries(const YamlNode& node, RetryPolicy& to, Report& report);
/// `retries`, `timeout`, `memory` and `priority`, of a task or of `defaults`.
void read_limits(const YamlNode& node, TaskSpec& to, const Loading& loading);
void read_repeat(const YamlNode& node, TaskSpec& task, TaskPlaces& places, const Loading& loading);
/// The text of a condition such as `if`: one expression, with or without `${{ }}`. "" where it does
/// not fit.
std::string read_condition(std::string_view key, const YamlNode& node, const Loading& loading);

/// Unknown and circular `needs`.
void check_graph(const LocatedDag& dag, const Loading& loading);
/// Syntax of every expression, and whether what it reads exists and is there in time.
void check_expressions(const LocatedDag& dag, const Loading& loading);
/// Expressions whose type is known and cannot fit; values from outside in the text of a shell.
void check_types(const LocatedDag& dag, const Loading& loading);

}  // namespace millrace::spec
