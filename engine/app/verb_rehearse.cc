// test: plays a DAG in virtual time, with given outcomes and without an engine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "engine/app/param_words.h"
#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/base/duration.h"
#include "engine/base/file.h"
#include "engine/core/timetable.h"
#include "engine/node/resource_folder.h"
#include "engine/rehearsal/comparison.h"
#include "engine/rehearsal/junit.h"
#include "engine/rehearsal/rehearsal.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

struct TestWords {
  std::string dag, from, to, outcomes, junit, duration = "1s";
  std::vector<std::string> params;
  RehearsalOptions options;
};

/// The file itself, or the one of the folder that declares the DAG.
Result<std::filesystem::path> file_of(const TestWords& words, const Options& options) {
  if (std::filesystem::is_regular_file(words.dag)) return std::filesystem::path(words.dag);
  if (words.dag.ends_with(".yaml") || words.dag.ends_with(".yml") ||
      words.dag.find('/') != std::string::npos)
    return not_found("there is no file '" + words.dag + "'");
  MR_TRY(const auto files, find_resource_files(options.dags));
  for (const auto& path : files) {
    const Resource resource = load_resource_file(path, builtin_catalog());
    if (resource.kind == "dag" && resource.name == words.dag) return path;
  }
  return not_found("no file in '" + options.dags.string() + "' declares the DAG '" + words.dag +
                   "'; name its file, or its folder with --dags");
}

Result<GivenOutcomes> outcomes_of(const TestWords& words, const Dag& dag) {
  if (words.outcomes.empty()) return GivenOutcomes{};
  MR_TRY(const std::string text, read_file(words.outcomes, 1 << 20));
  LoadedOutcomes loaded = load_outcomes(text, words.outcomes, dag);
  if (!has_errors(loaded.diagnostics)) return std::move(loaded.outcomes);
  std::string all;
  for (const auto& diagnostic : loaded.diagnostics) all += render(diagnostic, text);
  return invalid_argument(all);
}

std::string instance_of(const TraceLine& line) {
  return line.task + (line.map_index ? "[" + std::to_string(*line.map_index) + "]" : "");
}

void print_trace(const Rehearsal& rehearsal, const std::string& zone) {
  const bool local = zone != "UTC";
  std::vector<std::string> header{"TIME"};
  if (local) header.push_back("LOCAL (" + zone + ")");
  for (const char* title : {"RUN", "TASK", "EVENT"}) header.emplace_back(title);
  TerminalTable table(header);
  for (const auto& line : rehearsal.trace) {
    std::vector<std::string> row{format_rfc3339(line.at)};
    if (local) row.push_back(line.local);
    row.push_back(line.logical_date ? format_rfc3339(*line.logical_date) : "");
    row.push_back(instance_of(line));
    row.push_back(line.text);
    table.add(std::move(row));
  }
  std::fputs(table.to_string().c_str(), stdout);
}

/// What the runs come to.
struct RehearsalSum {
  static constexpr std::string_view event = "summary";
  int runs = 0, success = 0, failed = 0, cancelled = 0, open = 0, skipped_dates = 0;
  Duration longest{};
  std::optional<Time> longest_run;
  int expected = 0, different = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("runs", &RehearsalSum::runs, "Number of runs"),
        field("success", &RehearsalSum::success, "Of these, successful ones"),
        field("failed", &RehearsalSum::failed, "Of these, failed ones"),
        field("cancelled", &RehearsalSum::cancelled, "Of these, cancelled ones"),
        field("open", &RehearsalSum::open, "Of these, open at the end"),
        field("skipped_dates", &RehearsalSum::skipped_dates,
              "Dates without a run, because an earlier run was open"),
        field("longest_us", &RehearsalSum::longest, "Length of the longest run, in microseconds"),
        field("longest_run", &RehearsalSum::longest_run, "Its logical date"),
        field("cases", &RehearsalSum::expected, "Expected runs; if none is expected, all runs"),
        field("different", &RehearsalSum::different, "Cases that went otherwise")};
  }
};

RehearsalSum sum_of(const Rehearsal& rehearsal, const std::vector<RehearsalCase>& cases) {
  RehearsalSum out;
  out.skipped_dates = rehearsal.skipped_dates;
  for (const auto& run : rehearsal.runs) {
    ++out.runs;
    ++(is_open(run.status)                ? out.open
       : run.status == RunStatus::success ? out.success
       : run.status == RunStatus::failed  ? out.failed
                                          : out.cancelled);
    if (!run.finished || (out.longest_run && *run.finished - run.created <= out.longest)) continue;
    out.longest = *run.finished - run.created;
    out.longest_run = run.logical_date;
  }
  out.expected = static_cast<int>(cases.size());
  for (const auto& each : cases) out.different += !each.differences.empty();
  return out;
}

void print_sum(const RehearsalSum& sum) {
  std::printf("\n%d run%s: %d success, %d failed, %d cancelled, %d open; %d date%s skipped\n",
              sum.runs, sum.runs == 1 ? "" : "s", sum.success, sum.failed, sum.cancelled, sum.open,
              sum.skipped_dates, sum.skipped_dates == 1 ? "" : "s");
  if (sum.longest_run)
    std::printf("longest run: %s, %s\n", format_rfc3339(*sum.longest_run).c_str(),
                format_duration(sum.longest).c_str());
}

/// The differences, each with the line of the outcomes file that expects otherwise.
void print_cases(const std::vector<RehearsalCase>& cases, const TestWords& words) {
  int expected = 0, fit = 0;
  for (const RehearsalCase& each : cases) {
    expected += each.line > 0;
    fit += each.line > 0 && each.differences.empty();
    const std::string line = each.line > 0 ? ":" + std::to_string(each.line) : "";
    if (words.outcomes.empty()) continue;
    for (const auto& difference : each.differences)
      std::printf("%s%s: run %s: %s\n", words.outcomes.c_str(), line.c_str(), each.name.c_str(),
                  difference.c_str());
  }
  if (expected > 0) std::printf("%d of %d expected runs are as expected\n", fit, expected);
}

void print_json(const Rehearsal& rehearsal, const std::vector<RehearsalCase>& cases,
                const RehearsalSum& sum) {
  for (const auto& line : rehearsal.trace)
    std::printf("%s\n", record_json<JsonStyle::shown>(line).dump().c_str());
  for (const auto& each : cases)
    for (const auto& difference : each.differences)
      std::printf(
          "%s\n",
          Json::object({{"event", "difference"}, {"logical_date", each.name}, {"text", difference}})
              .dump()
              .c_str());
  Json last = Json::object({{"event", "summary"}});
  const Json members = record_json<JsonStyle::shown>(sum);
  for (const auto& [name, value] : members.members()) last.set(name, value);
  std::printf("%s\n", last.dump().c_str());
}

Result<int> play(const Options& options, TestWords words) {
  MR_TRY(const auto file, file_of(words, options));
  MR_TRY(const RegisterDag loaded, load_for_engine(file, builtin_catalog(), options.dags));
  const DagSpec& spec = loaded.dag->spec();
  const std::string zone = spec.schedule ? spec.schedule->time_zone : "UTC";
  MR_TRY(words.options.from, parse_wall_time(words.from, zone));
  MR_TRY(words.options.to, parse_wall_end(words.to, zone));
  MR_TRY(words.options.duration, parse_duration(words.duration));
  MR_TRY(words.options.params, parse_params(words.params, spec.params));
  MR_TRY(const GivenOutcomes outcomes, outcomes_of(words, *loaded.dag));
  MR_TRY(const Rehearsal rehearsal,
         rehearse(loaded.dag, words.options, outcomes, builtin_catalog()));
  const auto cases = compare(rehearsal, outcomes);
  const RehearsalSum sum = sum_of(rehearsal, cases);
  if (!words.junit.empty())
    MR_CHECK(write_file_atomic(words.junit, junit_xml(loaded.dag->key().text(), cases)));
  if (options.json) {
    print_json(rehearsal, cases, sum);
  } else {
    print_trace(rehearsal, zone);
    print_sum(sum);
    print_cases(cases, words);
  }
  return sum.different > 0 ? 1 : 0;
}

}  // namespace

VerbAction declare_test(CLI::App& verb, Options& options) {
  auto words = std::make_shared<TestWords>();
  verb.add_option("dag", words->dag, "A DAG file, or the id of a DAG in the folder of --dags")
      ->required();
  verb.add_option("--from", words->from,
                  "The first logical date; without an offset, in the DAG's time zone")
      ->required()
      ->check(not_empty());
  verb.add_option("--to", words->to, "The last logical date; a date alone includes its day")
      ->required()
      ->check(not_empty());
  verb.add_option("--outcomes", words->outcomes,
                  "YAML file of what tasks do and which runs are expected")
      ->check(not_empty());
  add_param_option(verb, words->params);
  verb.add_option("--seed", words->options.seed, "Seed of chance, such as the jitter of retries")
      ->capture_default_str();
  verb.add_option("--duration", words->duration, "How long an attempt without an outcome takes")
      ->capture_default_str();
  verb.add_option("--workers", words->options.workers, "Number of runner processes")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  verb.add_option("--max-events", words->options.max_events,
                  "End with an error after this many events")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  verb.add_option("--junit", words->junit, "Write the result as JUnit XML into this file")
      ->check(not_empty());
  add_dags_option(verb, options);
  return [&options, words] { return play(options, *words); };
}

}  // namespace millrace
