// A DAG file in the middle of being loaded: the spec so far, and where its parts stand; a template,
// too. Internal to this module.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/read.h"
#include "engine/spec/report.h"
#include "engine/spec/templates.h"
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
  const YamlNode* fail_run = nullptr;
  const YamlNode* depends = nullptr;
  bool repeats = false;              // the file has `repeat`, whether it fits or not
  const OperatorInfo* op = nullptr;  // nullptr: unknown
};

/// An entry of `on` that starts a run with an event; nullptr: it does not have the key.
struct LocatedTrigger {
  std::string key;  // in `on`
  const YamlNode* condition = nullptr;
  const YamlNode* params = nullptr;
};

struct ExpandedTasks;

struct LocatedDag {
  DagSpec spec;
  bool is_template = false;  // then spec.params are its inputs
  bool uses_templates = false;
  std::shared_ptr<const ExpandedTasks> expanded;  // holds nodes that the places refer to
  std::vector<TaskPlaces> tasks;                  // as spec.tasks
  Position at;                                    // of the DAG's id
  Position datasets_at;                           // of `on: dataset`
  std::vector<LocatedTrigger> triggers;           // those with an event
  const YamlNode* outputs = nullptr;
};

/// What every check gets. Not owned.
struct Loading {
  const Catalog& catalog;
  Report& report;
  const Templates& templates = no_templates();
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
/// Reports what is wrong with an id; the text itself otherwise.
std::string checked_id(std::string id, std::string_view what, const Position& at, Report& report);
/// Declarations of values; `noun` is "param" or "input".
std::vector<ParamSpec> read_params(const YamlNode& node, std::string_view noun, Report& report);
/// "input 'n' is 5; expected at least 6"; "": the value fits.
std::string misfit(const ParamSpec& param, std::string_view noun, const Json& value);
/// Most tasks of a DAG.
constexpr std::size_t kMaxTasks = 10'000;
/// `defaults`, `tasks` and `outputs` of a DAG or a template, and the tasks of the templates that it
/// uses.
void read_graph(const YamlNode& root, LocatedDag& dag, const Loading& loading);
/// Reads one task into the last place of `dag`; `defaults` holds what the file's `defaults` say.
void read_task(const YamlNode::Entry& entry, const TaskSpec& defaults, LocatedDag& dag,
               const Loading& loading);
/// A task of which only the place in the graph is known, because its template has an error.
void read_unknown_task(const YamlNode::Entry& entry, LocatedDag& dag, const Loading& loading);
void read_retries(const YamlNode& node, RetryPolicy& to, Report& report);
/// `retries`, `timeout`, `memory` and `priority`, of a task or of `defaults`.
void read_limits(const YamlNode& node, TaskSpec& to, const Loading& loading);
void read_repeat(const YamlNode& node, TaskSpec& task, TaskPlaces& places, const Loading& loading);
void read_depends(const YamlNode& task_node, TaskSpec& task, TaskPlaces& places,
                  const Loading& loading);
/// Adds the tasks that every `depends` names to the `needs`.
void resolve_depends(LocatedDag& dag, const Loading& loading);
/// Its setups become `needs` as well.
void read_teardown(const YamlNode& node, TaskSpec& task, TaskPlaces& places,
                   const Loading& loading);
/// The names in the value of `teardown`; nullptr: it has none.
const YamlNode* setups_of(const YamlNode& teardown);
/// What a teardown cannot have.
void check_teardown(const YamlNode& task_node, const TaskSpec& task, const TaskPlaces& places,
                    const Loading& loading);
/// The text of a condition such as `if`: one expression, with or without `${{ }}`. "" where it does
/// not fit.
std::string read_condition(std::string_view key, const YamlNode& node, const Loading& loading);

/// Unknown and circular `needs`.
void check_graph(const LocatedDag& dag, const Loading& loading);
/// Tasks that may use what a teardown removes under them.
void check_teardowns(const LocatedDag& dag, const Loading& loading);
/// Syntax of every expression, and whether what it reads exists and is there in time.
void check_expressions(const LocatedDag& dag, const Loading& loading);
/// Expressions whose type is known and cannot fit; values from outside in the text of a shell.
void check_types(const LocatedDag& dag, const Loading& loading);

}  // namespace millrace::spec
