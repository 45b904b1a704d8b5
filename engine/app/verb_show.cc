// show: a run and its tasks.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/app/connection.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

constexpr std::size_t kMostListed = 50;   // instances of a task; of more, only counts are shown
constexpr std::size_t kMostReasons = 10;  // of such a task

struct ShowWords {
  std::string run;
  bool all = false;
};

/// Who asked for the run, and with what, a line each.
void print_request(const Json& run) {
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty() && value != "-") std::printf("%-13s %s\n", name, value.c_str());
  };
  line("created", short_time(run["created_at"]) + " UTC");
  if (run["started_at"].is_string() && run["started_at"] != run["created_at"])
    line("started", short_time(run["started_at"]) + " UTC");
  line("type", run["type"].as_string());
  if (run["logical_date"].is_string())
    line("logical date", short_time(run["logical_date"]) + " UTC");
  line("actor", run["actor"].as_string());
  line("on behalf of", run["on_behalf_of"].as_string());
  line("reason", run["reason"].as_string());
  if (const Json& parent = run["parent"]; parent.is_object())
    line("started by", "task " + instance_name(parent) + " of run " + parent["run"].as_string() +
                           " (" + parent["dag"].as_string() + ")");
  if (run["params"].size() > 0) line("params", run["params"].dump());
  if (run["outputs"].size() > 0) line("outputs", run["outputs"].dump());
  line("error", run["error"].as_string());
}

/// "the file 'x' since 2026-11-28 09:30:00 UTC; next look at 2026-11-28 09:31:00 UTC"
std::string wait_of(const Json& task) {
  const auto at = [&](const char* name) { return short_time(task[name]) + " UTC"; };
  std::string out = task["waiting_for"].as_string() + " since " + at("waiting_since");
  if (task["state"].as_view() != "deferred" || !task["wake_at"].is_string()) return out;
  out += "; next look at " + at("wake_at");
  const std::string event = task["wake_event"].as_string();
  return event.empty() ? out : out + ", or at the event " + event;
}

/// What tasks wait for, and the runs that they started, a line each.
void print_waits(const Json& tasks) {
  for (const auto& task : tasks.items()) {
    const std::string name = bold(instance_name(task));
    if (!task["waiting_for"].as_view().empty())
      std::printf("%s waits for %s\n", name.c_str(), wait_of(task).c_str());
    if (task["child"].is_string())
      std::printf("%s started run %s\n", name.c_str(), task["child"].as_string().c_str());
  }
}

/// Why tasks did not succeed, in full. An error of an earlier attempt says so.
void print_reasons(const std::string& run, const Json& tasks) {
  for (const auto& task : tasks.items()) {
    const std::string text = task["error"].as_string(task["reason"].as_view());
    if (text.empty()) continue;
    const std::string state = task["state"].as_string();
    const bool is_earlier = task["error"].is_string() && state != "failed" && state != "held" &&
                            state != "cancelled" && state != "skipped";
    std::printf("\n%s%s: %s\n", bold(instance_name(task)).c_str(),
                is_earlier ? " (an earlier attempt)" : "", text.c_str());
    if (state == "held")
      std::printf("The run waits: millrace resume %s %s, or with --fail\n", run.c_str(),
                  task["task"].as_string().c_str());
  }
}

/// "59 success, 1 failed"
std::string counts_of(const Json& group, const Json& states) {
  std::vector<std::size_t> counts(states.size());
  for (const auto& state : group["states"].items())
    if (const auto place = static_cast<std::size_t>(state.as_int()); place < counts.size())
      ++counts[place];
  std::string out;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      out += (out.empty() ? "" : ", ") + std::to_string(counts[i]) + " " +
             paint(states.at(i).as_view());
  return out;
}

/// Rows of the tasks to show: all instances, or of a task with many of them only those that failed
/// or are held, after a row with the counts.
struct Shown {
  TerminalTable table{{"TASK", "OPERATOR", "STATE", "ATTEMPT", "DURATION"}};
  Json with_reasons = Json::array();

  void add(const Json& task) {
    table.add({instance_name(task), task["operator"].as_string(), paint(task["state"].as_view()),
               std::to_string(task["attempt"].as_int()),
               elapsed(task["started_at"], task["ended_at"])});
    with_reasons.push_back(task);
  }
  void add_counts(const Json& group, const Json& states) {
    table.add({group["task"].as_string() + "[…]", group["operator"].as_string(),
               counts_of(group, states), std::to_string(group["attempts"].as_int()),
               elapsed(group["started_at"], group["ended_at"])});
  }
};

Status add_in_short(const ApiClient& client, const std::string& path, Shown& shown) {
  MR_TRY(const Json answer, client.get(path + "/task-groups"));
  const std::string of_task = path + "/tasks?per_task=";
  MR_TRY(const Json listed, client.get_list(of_task + std::to_string(kMostListed)));
  for (const auto& group : answer["groups"].items()) {
    const std::string id = group["task"].as_string();
    if (group["states"].size() <= kMostListed) {
      for (const auto& task : listed.items())
        if (task["task"].as_view() == id) shown.add(task);
      continue;
    }
    shown.add_counts(group, answer["states"]);
    for (const char* state : {"failed", "held"}) {
      MR_TRY(const Json some, client.get_list(of_task + std::to_string(kMostReasons) + "&task=" +
                                              http::percent_encode(id) + "&state=" + state));
      for (const auto& task : some.items()) shown.add(task);
    }
  }
  return {};
}

Result<int> show_run(const Options& options, const ShowWords& words) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const ApiClient& client = connection.client;
  const std::string path = "/api/v1/runs/" + http::percent_encode(words.run);
  MR_TRY(Json row, client.get(path));
  Shown shown;
  if (options.json || words.all) {
    MR_TRY(const Json tasks, client.get_list(path + "/tasks"));
    if (options.json) return print_json(row.set("tasks", tasks));
    for (const auto& task : tasks.items()) shown.add(task);
  } else {
    MR_CHECK(add_in_short(client, path, shown));
  }
  std::printf("%s  %s  %s\n", bold(name_of_row(row, "dag")).c_str(), row["run"].as_string().c_str(),
              paint(row["status"].as_view()).c_str());
  print_request(row);
  std::printf("\n%s", shown.table.to_string().c_str());
  print_waits(shown.with_reasons);
  print_reasons(row["run"].as_string(), shown.with_reasons);
  return 0;
}

}  // namespace

VerbAction declare_show(CLI::App& verb, Options& options) {
  auto words = std::make_shared<ShowWords>();
  verb.add_option("run", words->run, "Id of the run")->required();
  verb.add_flag("--all", words->all,
                "List each instance of a task with more than 50 of them, instead of their counts "
                "and the first that failed or are held");
  return [&options, words] { return show_run(options, *words); };
}

}  // namespace millrace
