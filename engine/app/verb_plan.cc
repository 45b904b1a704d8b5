// plan: levels and the longest chain of a DAG; with past runs, how long each task takes.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "engine/app/connection.h"
#include "engine/app/graph_source.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/record_json.h"
#include "engine/graph/graph_plan.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

constexpr int kUsualRuns = 20;

struct PlanWords {
  std::string dag;
  std::optional<int> runs;  // none: kUsualRuns of a DAG, 0 of a file
};

/// From the start of the first attempt of a task to the end of its last instance, for each of the
/// newest successful runs.
Result<std::vector<std::vector<Duration>>> past_durations(const Options& options,
                                                          const TaskGraph& graph, int runs) {
  std::vector<std::vector<Duration>> out(graph.tasks.size());
  if (runs == 0) return out;
  const DagKey key = DagKey::parse(graph.dag);
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json page,
         connection.client.get("/api/v1/runs?status=success&dag=" + http::percent_encode(key.name) +
                               "&namespace=" + http::percent_encode(key.namespace_) +
                               "&limit=" + std::to_string(runs)));
  std::map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < graph.tasks.size(); ++i) place[graph.tasks[i].id] = i;
  for (const auto& run : page["runs"].items()) {
    MR_TRY(const Json view,
           connection.client.get("/api/v1/runs/" + run["run"].as_string() + "/task-groups"));
    for (const auto& group : view["groups"].items()) {
      const auto task = place.find(group["task"].as_view());
      const auto start = parse_rfc3339(group["started_at"].as_view());
      const auto end = parse_rfc3339(group["ended_at"].as_view());
      if (task != place.end() && start && end) out[task->second].push_back(*end - *start);
    }
  }
  return out;
}

std::string duration_text(const std::optional<Duration>& duration) {
  return duration ? human_duration(*duration) : "-";
}

void print_tasks(const GraphPlan& plan) {
  const bool times = plan.length.has_value();
  std::vector<std::string> header{"LEVEL", "TASK", "OPERATOR"};
  if (times) header.insert(header.end(), {"MEDIAN", "STARTS", "SLACK"});
  TerminalTable table(header);
  int level = 0;
  for (const auto& task : plan.tasks) {
    std::vector<std::string> row{task.level == level ? "" : std::to_string(task.level), task.task,
                                 task.op};
    if (times)
      for (const auto& each : {task.median, task.start, task.slack})
        row.push_back(duration_text(each));
    level = task.level;
    table.add(std::move(row));
  }
  std::fputs(table.to_string().c_str(), stdout);
}

std::string count_of(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void print_plan(const GraphPlan& plan, int asked) {
  std::printf("%s: %s in %s\n\n", plan.dag.c_str(), count_of(plan.tasks.size(), "task").c_str(),
              count_of(static_cast<std::size_t>(plan.levels), "level").c_str());
  print_tasks(plan);
  std::string chain;
  for (const auto& task : plan.longest_chain) chain += (chain.empty() ? "" : " -> ") + task;
  const std::string length =
      plan.length ? human_duration(*plan.length) : count_of(plan.longest_chain.size(), "task");
  std::printf("\nTasks of a level can run at once: %d at most.\nLongest chain, %s: %s\n",
              plan.widest, length.c_str(), chain.c_str());
  if (asked > 0 && !plan.length)
    std::printf("No successful run is known, so the chain is the one with the most tasks.\n");
}

}  // namespace

VerbAction declare_plan(CLI::App& verb, Options& options) {
  auto words = std::make_shared<PlanWords>();
  verb.add_option("dag", words->dag, "The DAG's id, or a DAG file")->required();
  verb.add_option("--runs", words->runs,
                  "Take durations from this many of the newest successful runs; 0: from none; "
                  "default: 20, with a file 0")
      ->check(CLI::Range(0, 500));
  add_namespace_option(verb, options);
  return [&options, words]() -> Result<int> {
    MR_TRY(const TaskGraph graph, graph_of_word(options, words->dag));
    const int runs = words->runs.value_or(names_a_file(words->dag) ? 0 : kUsualRuns);
    MR_TRY(const auto past, past_durations(options, graph, runs));
    const GraphPlan plan = plan_graph(graph, past);
    if (options.json) return print_json(record_json<JsonStyle::shown>(plan));
    print_plan(plan, runs);
    return 0;
  };
}

}  // namespace millrace
