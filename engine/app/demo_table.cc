// What happened, as the store has it.
#include <algorithm>
#include <cstdio>

#include "engine/app/demo.h"
#include "engine/app/terminal.h"
#include "engine/store/load_run.h"

namespace millrace::demo {
namespace {

std::string number(const std::optional<double>& value, const char* format = "%.4f") {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

/// As the dashboard has it: a probability that no double can tell from zero is still none.
std::string probability(const std::optional<double>& value) {
  return value && *value < 1e-300 ? "<1e-300" : number(value, "%.2g");
}

std::optional<double> optional_number(const Json& value) {
  return value.is_number() ? std::optional(value.as_double()) : std::nullopt;
}

std::string version_name(Stores stores, const std::string& artifact) {
  if (artifact.empty()) return "-";
  const auto version = stores.registry.model_version({kDefaultNamespace, kModel}, artifact);
  return version ? "v" + std::to_string(version->version) + " " + version->algorithm
                 : artifact.substr(0, 8);
}

const TaskInstance* instance_of(const Run& run, std::string_view task) {
  const int index = run.dag->index_of(task);
  if (index < 0) return nullptr;
  const auto& instances = run.tasks[static_cast<std::size_t>(index)].instances;
  return instances.empty() ? nullptr : &instances[0];
}

bool has(const std::vector<Story>& stories, auto predicate) {
  return std::ranges::any_of(stories, predicate);
}

}  // namespace

Result<Story> story_of(Node& node, const Uuid& run_id, std::string title) {
  Stores stores = node.stores();
  MR_TRY(const Run run, load_run(stores.journal, stores.runs, run_id));
  Story story;
  story.run = run_id;
  story.title = std::move(title);
  if (run.created.logical_date)
    story.logical_date = format_rfc3339(*run.created.logical_date).substr(0, 10);
  story.status = to_string(run.status);
  story.duration = run.finished_at - run.created_at;
  story.champion = story.challenger = story.decision = story.canary = "-";
  if (const auto* validate = instance_of(run, "validate");
      validate && validate->state == TaskState::failed)
    story.decision = "halted";
  if (const auto* evaluate = instance_of(run, "evaluate");
      evaluate && evaluate->state == TaskState::success) {
    const Json& out = evaluate->outputs;
    story.champion = version_name(stores, out["champion"].as_string());
    story.challenger = version_name(stores, out["challenger"].as_string());
    story.auc_champion = optional_number(out["auc_champion"]);
    story.auc_challenger = optional_number(out["auc_challenger"]);
    story.p_value = optional_number(out["p_value"]);
    story.decision = out["decision"].as_string();
    if (story.decision == "refuse")
      for (const auto& reason : out["reasons"].items())
        story.refusal += (story.refusal.empty() ? "" : "; ") + reason.as_string();
  }
  if (const auto* canary = instance_of(run, "canary")) {
    if (canary->state == TaskState::success) story.canary = "promoted";
    if (canary->state == TaskState::failed) story.canary = "rolled back";
  }
  return story;
}

std::string table_of(const std::vector<Story>& stories) {
  TerminalTable table({"RUN", "LOGICAL DATE", "CHAMPION", "CHALLENGER", "AUC CHAMP", "AUC CHALL",
                       "P-VALUE", "DECISION", "CANARY", "STATUS", "DURATION"});
  for (const auto& s : stories)
    table.add({s.title, s.logical_date, s.champion, s.challenger, number(s.auc_champion),
               number(s.auc_challenger), probability(s.p_value), paint(s.decision), paint(s.canary),
               paint(s.status), human_duration(s.duration)});
  std::string out = table.to_string();
  // A better AUC alone does not say why a challenger was refused.
  std::string refusals;
  for (const auto& s : stories)
    if (!s.refusal.empty())
      refusals += s.title + " " + s.logical_date + ", refused: " + s.refusal + "\n";
  return refusals.empty() ? out : out + "\n" + refusals;
}

std::vector<std::string> judge(const std::vector<Story>& stories) {
  std::vector<std::string> missing;
  const auto expect = [&](bool happened, std::string what) {
    if (!happened) missing.push_back(std::move(what));
  };
  expect(has(stories, [](const Story& s) { return s.champion == "-" && s.canary == "promoted"; }),
         "no first champion was put in place");
  expect(has(stories, [](const Story& s) { return s.champion != "-" && s.canary == "promoted"; }),
         "no challenger was promoted over a champion");
  expect(
      has(stories, [](const Story& s) { return s.decision == "halted" && s.status == "failed"; }),
      "no month was halted by validation");
  expect(has(stories, [](const Story& s) { return s.decision == "refuse" && s.canary == "-"; }),
         "no challenger was refused");
  expect(has(stories,
             [](const Story& s) { return s.decision == "promote" && s.canary == "rolled back"; }),
         "no canary was rolled back");
  return missing;
}

}  // namespace millrace::demo
