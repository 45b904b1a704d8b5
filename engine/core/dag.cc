#include "engine/core/dag.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <queue>
#include <set>

#include "engine/base/digest.h"
#include "engine/base/suggest.h"
#include "engine/core/param_problems.h"

namespace millrace {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

/// Remembers the first back edge that a depth-first search meets, and the path that it closes.
struct CycleFinder : boost::default_dfs_visitor {
  std::vector<int>* path;
  std::vector<int>* cycle;
  void discover_vertex(Graph::vertex_descriptor v, const Graph&) {
    path->push_back(static_cast<int>(v));
  }
  void finish_vertex(Graph::vertex_descriptor, const Graph&) { path->pop_back(); }
  void back_edge(Graph::edge_descriptor e, const Graph& graph) {
    if (!cycle->empty()) return;
    const int start = static_cast<int>(boost::target(e, graph));
    cycle->assign(std::ranges::find(*path, start), path->end());
    cycle->push_back(start);
  }
};

std::vector<int> find_cycle(const std::vector<Dag::Task>& tasks) {
  Graph graph(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    for (const int d : tasks[i].downstream) boost::add_edge(i, static_cast<std::size_t>(d), graph);
  std::vector<int> path, cycle;
  CycleFinder finder;
  finder.path = &path;
  finder.cycle = &cycle;
  boost::depth_first_search(graph, boost::visitor(finder));
  return cycle;
}

/// Kahn's algorithm with the smallest index first: upstream before downstream, else the order of
/// the file.
std::vector<int> order_of(const std::vector<Dag::Task>& tasks) {
  std::vector<std::size_t> missing;
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    missing.push_back(tasks[i].upstream.size());
    if (missing[i] == 0) ready.push(static_cast<int>(i));
  }
  std::vector<int> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (const int d : tasks[static_cast<std::size_t>(order.back())].downstream)
      if (--missing[static_cast<std::size_t>(d)] == 0) ready.push(d);
  }
  return order;
}

Error of_task(const TaskSpec& task, Error error) {
  error.where = "task '" + task.id + "'" + (error.where.empty() ? "" : " " + error.where);
  return error;
}

Status compile(Dag::Task& task) {
  auto with = Template::compile(task.spec.with);
  if (!with) return of_task(task.spec, with.error());
  task.with = *std::move(with);
  if (!task.spec.condition.empty()) {
    auto condition = Expression::parse(task.spec.condition);
    if (!condition) return of_task(task.spec, condition.error());
    task.condition = *std::move(condition);
  }
  if (task.spec.repeat.is_set()) {
    if (task.spec.repeat.max < 1 || task.spec.repeat.max > kMostIterations)
      return of_task(task.spec, invalid_argument("the max of a repeat must be 1 to " +
                                                 std::to_string(kMostIterations)));
    auto until = Expression::parse(task.spec.repeat.until);
    if (!until) return of_task(task.spec, until.error());
    task.until = *std::move(until);
  }
  for (const FailureRule& rule : task.spec.retries.rules) {
    auto& message = task.retry_messages.emplace_back();
    if (rule.message.empty()) continue;
    auto pattern = MessagePattern::parse(rule.message);
    if (!pattern) return of_task(task.spec, pattern.error());
    message = *std::move(pattern);
  }
  if (task.spec.foreach.is_null()) return {};
  if (!task.spec.foreach.is_array() && !task.spec.foreach.is_string())
    return of_task(task.spec, invalid_argument("foreach must be a list or an expression"));
  auto foreach = Template::compile(task.spec.foreach);
  if (!foreach) return of_task(task.spec, foreach.error());
  task.foreach = *std::move(foreach);
  return {};
}

/// What all expressions of a task name.
std::vector<std::string> references_of(const Dag::Task& task) {
  std::vector<std::string> references = task.with.references();
  if (task.condition)
    for (auto& reference : task.condition->references()) references.push_back(std::move(reference));
  if (task.until)
    for (auto& reference : task.until->references()) references.push_back(std::move(reference));
  if (task.foreach)
    for (auto& reference : task.foreach->references()) references.push_back(std::move(reference));
  return references;
}

/// The datasets of "watermarks.<dataset>"; the bare "watermarks" may mean any.
std::optional<std::vector<std::string>> watermarks_read_by(const Dag::Task& task) {
  constexpr std::string_view kRoot = "watermarks";
  std::vector<std::string> out;
  for (const std::string_view reference : references_of(task)) {
    if (reference == kRoot) return std::nullopt;
    if (!reference.starts_with(kRoot) || reference[kRoot.size()] != '.') continue;
    const std::string_view rest = reference.substr(kRoot.size() + 1);
    out.emplace_back(rest.substr(0, rest.find('.')));
  }
  return out;
}

using TaskIndex = std::map<std::string, int, std::less<>>;

/// The tasks that "tasks.<id>…" names in the references; the bare "tasks" means all of `all`.
Result<std::vector<int>> tasks_named_in(const std::vector<std::string>& references,
                                        const std::vector<int>& all, const TaskIndex& index,
                                        const std::vector<std::string>& names) {
  std::set<int> out;
  for (const std::string_view reference : references) {
    if (reference == "tasks") out.insert(all.begin(), all.end());
    if (!reference.starts_with("tasks.")) continue;
    // An id may hold dots: the longest one that matches is meant.
    std::string_view id = reference.substr(6);
    auto found = index.find(id);
    while (found == index.end() && id.rfind('.') != std::string_view::npos) {
      id = id.substr(0, id.rfind('.'));
      found = index.find(id);
    }
    if (found == index.end())
      return not_found("an expression reads the unknown task '" + std::string(id) + "'" +
                       did_you_mean(id, names));
    out.insert(found->second);
  }
  return std::vector<int>(out.begin(), out.end());
}

Result<std::vector<int>> tasks_read_by(const Dag::Task& task, const TaskIndex& index,
                                       const std::vector<std::string>& names) {
  auto out = tasks_named_in(references_of(task), task.upstream, index, names);
  if (!out) return of_task(task.spec, out.error());
  return out;
}

}  // namespace

namespace {

Error bad_id(std::string_view what, std::string_view id) {
  return invalid_argument(std::string(what) + " id '" + std::string(id.substr(0, 140)) +
                          "' is not valid; use " + std::string(kIdRule));
}

/// All teardowns of a DAG together; it bounds the memory that a hostile file takes.
constexpr std::size_t kMostWaitsOfTeardowns = 1'000'000;

/// `from`, and what its edges lead to.
template <typename Edges>
std::vector<bool> reach(std::vector<int> from, std::size_t tasks, const Edges& edges_of) {
  std::vector<bool> seen(tasks, false);
  for (const int task : from) seen[static_cast<std::size_t>(task)] = true;
  while (!from.empty()) {
    const int task = from.back();
    from.pop_back();
    for (const int next : edges_of(task)) {
      if (seen[static_cast<std::size_t>(next)]) continue;
      seen[static_cast<std::size_t>(next)] = true;
      from.push_back(next);
    }
  }
  return seen;
}

std::vector<std::string> ids_of(const std::vector<TaskSpec>& tasks) {
  std::vector<std::string> out;
  for (const auto& task : tasks) out.push_back(task.id);
  return out;
}

}  // namespace

Result<Dag> Dag::make(DagSpec spec) {
  if (!is_valid_id(spec.id)) return bad_id("DAG", spec.id);
  if (!is_valid_id(spec.namespace_)) return bad_id("namespace", spec.namespace_);
  if (spec.tasks.empty()) return invalid_argument("DAG '" + spec.id + "' has no tasks");
  if (spec.max_active_runs < 1) return invalid_argument("max_active_runs must be at least 1");
  Dag dag(std::move(spec));
  MR_CHECK(dag.index_tasks());
  MR_CHECK(dag.connect_tasks());
  MR_CHECK(dag.check_order());
  MR_CHECK(dag.connect_teardowns());
  MR_CHECK(dag.compile_outputs());
  if (dag.spec_.schedule) {
    MR_TRY(dag.timetable_, Timetable::cron(*dag.spec_.schedule));
  }
  dag.version_ = sha256_hex(to_json(dag.spec_).dump_canonical());
  return dag;
}

Status Dag::index_tasks() {
  tasks_.reserve(spec_.tasks.size());
  for (const auto& task : spec_.tasks) {
    if (!is_valid_id(task.id)) return bad_id("task", task.id);
    if (!index_.emplace(task.id, static_cast<int>(tasks_.size())).second)
      return invalid_argument("task '" + task.id + "' is defined twice");
    tasks_.push_back({task, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}});
  }
  return {};
}

Status Dag::connect_tasks() {
  const auto names = ids_of(spec_.tasks);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[i];
    std::set<int> upstream;
    for (const auto& need : task.spec.needs) {
      const auto found = index_.find(need);
      if (found == index_.end())
        return of_task(task.spec, not_found("needs the unknown task '" + need + "'" +
                                            did_you_mean(need, names)));
      if (!upstream.insert(found->second).second) continue;
      task.upstream.push_back(found->second);
      tasks_[static_cast<std::size_t>(found->second)].downstream.push_back(static_cast<int>(i));
    }
    MR_CHECK(compile(task));
    MR_CHECK(connect_depends(task));
    MR_TRY(task.reads, tasks_read_by(task, index_, names));
    task.reads_watermarks = watermarks_read_by(task);
  }
  return {};
}

Status Dag::connect_depends(Task& task) {
  if (task.spec.depends.empty()) return {};
  if (task.spec.trigger_rule || task.spec.teardown.is_set())
    return of_task(task.spec, invalid_argument(task.spec.trigger_rule
                                                   ? "a task with depends has no trigger_rule"
                                                   : "a teardown has no depends"));
  auto depends = Depends::parse(task.spec.depends);
  if (!depends) return of_task(task.spec, Error(depends.error()).at("depends"));
  for (const auto& term : depends->terms()) {
    auto meaning =
        Depends::meaning_of(term.name, [&](std::string_view id) { return index_.contains(id); });
    if (!meaning) return of_task(task.spec, meaning.error());
    const int other = index_of(meaning->task);
    if (std::ranges::find(task.upstream, other) == task.upstream.end())
      return of_task(task.spec, invalid_argument("its depends names '" + meaning->task +
                                                 "', which is not one of the tasks it needs"));
    task.depends_on.push_back({other, meaning->state});
  }
  task.depends = *std::move(depends);
  return {};
}

Status Dag::connect_teardowns() {
  std::size_t waits = 0;
  for (int i = 0; i < static_cast<int>(tasks_.size()); ++i) {
    Task& task = tasks_[static_cast<std::size_t>(i)];
    if (!task.spec.teardown.is_set()) continue;
    if (task.spec.trigger_rule)
      return of_task(task.spec, invalid_argument("a teardown has no trigger_rule"));
    MR_CHECK(connect_teardown(i));
    waits += task.upstream.size();
    if (waits > kMostWaitsOfTeardowns)
      return of_task(task.spec, invalid_argument("the teardowns of the DAG wait for more than " +
                                                 std::to_string(kMostWaitsOfTeardowns) +
                                                 " tasks, counted once for each teardown"));
  }
  return {};
}

/// A task between a setup and its teardown may be under way when all that the teardown needs has
/// ended: a trigger rule decides early.
Status Dag::connect_teardown(int index) {
  Task& task = tasks_[static_cast<std::size_t>(index)];
  for (const std::string& id : task.spec.teardown.setups) {
    const int setup = index_of(id);
    if (std::ranges::find(task.upstream, setup) == task.upstream.end())
      return of_task(task.spec,
                     invalid_argument("its setup '" + id + "' is not one of the tasks it needs"));
    task.setups.push_back(setup);
  }
  const auto after = reach(
      task.setups, tasks_.size(), [&](int t) -> auto& { return this->task(t).downstream; });
  const auto before = reach(
      {index}, tasks_.size(), [&](int t) -> auto& { return this->task(t).upstream; });
  for (int other = 0; other < static_cast<int>(tasks_.size()); ++other) {
    const auto at = static_cast<std::size_t>(other);
    if (!after[at] || !before[at] || other == index) continue;
    if (std::ranges::find(task.upstream, other) != task.upstream.end()) continue;
    task.upstream.push_back(other);
    tasks_[at].downstream.push_back(index);
  }
  return {};
}

Status Dag::compile_outputs() {
  if (spec_.outputs.is_null()) return {};
  if (!spec_.outputs.is_object())
    return invalid_argument("outputs must be a mapping of names to values");
  auto values = Template::compile(spec_.outputs);
  if (!values) return Error(values.error()).at("outputs" + values.error().where);
  auto reads = tasks_named_in(values->references(), order_, index_, ids_of(spec_.tasks));
  if (!reads) return Error(reads.error()).at("outputs");
  outputs_ = Outputs{*std::move(values), *std::move(reads)};
  return {};
}

Status Dag::check_order() {
  order_ = order_of(tasks_);
  if (order_.size() == tasks_.size()) return {};
  std::string path;
  for (const int task : find_cycle(tasks_))
    path += (path.empty() ? "" : " -> ") + tasks_[static_cast<std::size_t>(task)].spec.id;
  return invalid_argument("DAG '" + spec_.id + "' has a cycle: " + path);
}

int Dag::index_of(std::string_view task_id) const {
  const auto found = index_.find(task_id);
  return found == index_.end() ? -1 : found->second;
}

Result<Json> Dag::resolve_params(const Json& given) const {
  if (!given.is_object() && !given.is_null())
    return invalid_argument("params must be a mapping of names to values");
  std::string message;
  for (const std::string& problem : param_problems(spec_, given))
    message += (message.empty() ? "" : "\n") + problem;
  if (!message.empty()) return invalid_argument(std::move(message));
  Json out = Json::object();
  for (const auto& param : spec_.params) {
    const Json* value = given.find(param.name);
    out.set(param.name, value != nullptr ? *value : param.schema["default"]);
  }
  return out;
}

}  // namespace millrace
