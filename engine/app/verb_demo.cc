// demo: the main job on real data, reported as it happens.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "engine/app/demo.h"
#include "engine/app/engine_address.h"
#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/clock.h"
#include "engine/sched/engine.h"
#include "engine/store/command.h"
#include "engine/store/load_run.h"

namespace millrace {
namespace {

using demo::Story;

constexpr int kMonths = 5;  // February to June

struct FaultCase {
  const char* name;
  const char* told;
  const char* logical_date;
  const char* params;
};
constexpr FaultCase kFaults[] = {
    {"broken data", "June comes in kilometres and with lost delays", "2001-07-01T00:00:00Z",
     R"({"data":"data/flights-broken.parquet"})"},
    {"weak challenger", "a model that learnt from very little", "2001-06-01T00:00:00Z",
     R"({"algorithms":["logistic"],"sample":0.01,"months":1})"},
    {"leaky challenger", "a model that learnt from what is known afterwards only",
     "2001-06-01T00:00:00Z", R"({"algorithms":["xgboost"],"leak":"1"})"},
};

/// Asks again while the database is away: the engine carries on by itself, and so does the demo.
template <typename Ask>
auto patiently(const Ask& ask) {
  constexpr int kTries = 600;
  auto answer = ask();
  for (int i = 0; i < kTries && !answer && answer.error().transient() && !signal_waits(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    answer = ask();
  }
  return answer;
}

/// Each line of the text, indented; a long text is cut after a line.
std::string indented(const std::string& text, const char* margin) {
  constexpr std::size_t kMostBytes = 2000;
  std::string out;
  for (std::size_t from = 0; from < text.size() && out.size() < kMostBytes;) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    out += margin + text.substr(from, end - from) + "\n";
    from = end + 1;
    if (from < text.size() && out.size() >= kMostBytes)
      out += std::string(margin) + "… (the dashboard shows all)\n";
  }
  return out;
}

/// One line, and under it why the task failed, or why an evaluation refused the challenger.
void print_task(const Run& run, TaskRef ref, const TaskInstance& instance) {
  std::string label = run.dag->task(ref.task).spec.id;
  if (ref.map_index >= 0) label += "[" + std::to_string(ref.map_index) + "]";
  std::printf("    %-16s %s  %s\n", label.c_str(), paint(to_string(instance.state)).c_str(),
              human_duration(instance.since - instance.started).c_str());
  if (instance.state == TaskState::failed)
    std::fputs(indented(instance.error.message, "        ").c_str(), stdout);
  if (instance.outputs["decision"].as_view() == "refuse")
    for (const auto& reason : instance.outputs["reasons"].items())
      std::fputs(indented("refused: " + reason.as_string(), "        ").c_str(), stdout);
  std::fflush(stdout);
}

/// Waits for the run's end and says each task's end on the way.
Status follow(Node& node, const Uuid& run_id) {
  Stores stores = node.stores();
  std::map<TaskRef, TaskState> seen;
  for (;;) {
    MR_TRY(const Run run, patiently([&] { return load_run(stores.journal, stores.runs, run_id); }));
    for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
      const auto& task = run.tasks[static_cast<std::size_t>(t)];
      for (std::size_t i = 0; i < task.instances.size(); ++i) {
        const TaskRef ref{t, task.expanded ? static_cast<int>(i) : -1};
        const auto& instance = task.instances[i];
        if (!is_end(instance.state) || seen[ref] == instance.state) continue;
        seen[ref] = instance.state;
        if (instance.state == TaskState::skipped || instance.state == TaskState::upstream_failed)
          continue;
        print_task(run, ref, instance);
      }
    }
    if (!is_open(run.status)) return {};
    if (signal_waits())
      return make_error(ErrorCode::cancelled, "interrupted; start again to go on");
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

/// A run of an earlier demo on the same state is not executed again; it is told as it ended then.
struct Earlier {
  Time began = SystemClock().now();  // this demo
  int runs = 0;

  /// What follows the title of the run.
  std::string note(const std::optional<Time>& finished_at) {
    if (!finished_at || *finished_at >= began) return "";
    ++runs;
    return "  of an earlier demo, ended " + format_rfc3339(*finished_at).substr(0, 16);
  }
  void say_how_to_start_again(const std::filesystem::path& state) const {
    if (runs == 0) return;
    std::printf(
        "%d of the runs above %s of an earlier demo, whose state is in %s, and did not run "
        "again.\nStart from the beginning with: ./run demo --fresh\n",
        runs, runs == 1 ? "is" : "are", state.string().c_str());
  }
};

/// The scheduled runs of the catchup in order, each followed to its end.
Status follow_months(Node& node, std::vector<Story>& stories, Earlier& earlier) {
  for (int month = 0; month < kMonths; ++month) {
    std::optional<RunRow> row;
    while (!row) {
      RunFilter filter;
      filter.dag = DagKey(kDefaultNamespace, demo::kDag);
      filter.limit = 100;
      MR_TRY(const auto runs, patiently([&] { return node.stores().runs.runs(filter); }));
      int number = 0;
      for (auto it = runs.rbegin(); it != runs.rend(); ++it)
        if (it->type == RunType::scheduled && number++ == month) row = *it;
      if (signal_waits())
        return make_error(ErrorCode::cancelled, "interrupted; start again to go on");
      if (!row) std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    std::printf("%s%s\n",
                bold("run of " + format_rfc3339(*row->logical_date).substr(0, 10)).c_str(),
                earlier.note(row->finished_at).c_str());
    MR_CHECK(follow(node, row->run));
    MR_TRY(Story story, patiently([&] { return demo::story_of(node, row->run, "scheduled"); }));
    stories.push_back(std::move(story));
  }
  return {};
}

Status follow_faults(Node& node, std::vector<Story>& stories, Earlier& earlier) {
  for (const auto& fault : kFaults) {
    TriggerRun input{.dag = std::string(demo::kDag)};
    input.logical_date = fault.logical_date;
    MR_TRY(input.params, Json::parse(fault.params));
    Command command = make_command(input, Origin("demo", fault.told));
    command.idempotency_key = std::string("demo/") + fault.name;
    MR_TRY(const Json json, patiently([&] { return node.ask(command, std::chrono::seconds{30}); }));
    MR_TRY(const RunAnswer answer, answer_to<TriggerRun>(json));
    const auto row = node.stores().runs.run(answer.run);
    std::printf("%s%s\n", bold(std::string("on purpose: ") + fault.told).c_str(),
                row ? earlier.note(row->finished_at).c_str() : "");
    MR_CHECK(follow(node, answer.run));
    MR_TRY(Story story, patiently([&] { return demo::story_of(node, answer.run, fault.name); }));
    stories.push_back(std::move(story));
  }
  return {};
}

struct DemoWords {
  bool exit = false;   // stop at the end, and judge
  bool fresh = false;  // delete the state of an earlier demo
};

Result<int> run_demo(const Options& options, const DemoWords& words) {
  Options own = options;
  own.state = options.state / "demo";
  if (words.fresh) std::filesystem::remove_all(own.state);
  MR_CHECK(demo::prepare_data(own.dags));
  MR_TRY(auto node, Node::start(own, {}));
  const std::string address = server_url(own, node->api_port());
  MR_CHECK(write_engine_address(
      own.state, {address, server_url(own, node->serve_port()), getpid(), database_mark(own), ""}));
  std::printf("dashboard  %s\n", bold(address).c_str());
  std::vector<Story> stories;
  Earlier earlier;
  Status done;
  {
    demo::Traffic traffic(*node);
    done = follow_months(*node, stories, earlier);
    if (done) done = follow_faults(*node, stories, earlier);
    std::printf("\n%s\n", demo::table_of(stories).c_str());
    if (earlier.runs < static_cast<int>(stories.size()))
      std::printf("%lld requests were served during the canaries, %lld failed\n",
                  static_cast<long long>(traffic.sent()), static_cast<long long>(traffic.failed()));
  }
  earlier.say_how_to_start_again(own.state);
  if (!done) {
    remove_engine_address(own.state);
    return done.error();
  }
  const auto missing = demo::judge(stories);
  for (const auto& what : missing) std::printf("not as described: %s\n", what.c_str());
  if (!words.exit) {
    std::printf("dashboard  %s   Ctrl-C stops it\n", bold(address).c_str());
    std::fflush(stdout);
    wait_for_signal();
  }
  remove_engine_address(own.state);
  return missing.empty() ? 0 : 1;
}

}  // namespace

VerbAction declare_demo(CLI::App& verb, Options& options) {
  auto words = std::make_shared<DemoWords>();
  add_engine_options(verb, options);
  add_dags_option(verb, options);
  verb.add_flag("--exit", words->exit,
                "Stop at the end; exit code 1 if a step did not happen as described");
  verb.add_flag("--fresh", words->fresh, "Delete the state of an earlier demo");
  return [&options, words] { return run_demo(options, *words); };
}

}  // namespace millrace
