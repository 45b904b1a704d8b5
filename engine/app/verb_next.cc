// next: when a schedule fires. Of a DAG over the API, of a DAG file without an engine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "engine/app/connection.h"
#include "engine/app/graph_source.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/clock.h"
#include "engine/base/record_json.h"
#include "engine/core/timetable_coming.h"
#include "engine/http/target.h"
#include "engine/node/resource_folder.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

struct NextWords {
  std::string dag;
  int count = 10;
};

/// As if the file were registered now.
Result<Json> fires_of_file(const Options& options, const NextWords& words) {
  if (!std::filesystem::exists(words.dag)) return not_found("there is no file '" + words.dag + "'");
  MR_TRY(const RegisterDag input, load_for_engine(words.dag, builtin_catalog(), options.dags));
  const Time now = SystemClock().now();
  SchedulePosition position;
  position.registered_at = position.checked = now;
  return record_json<JsonStyle::shown>(
      coming_fires(input.dag->spec(), position, now, static_cast<std::size_t>(words.count)));
}

Result<Json> fires_of_dag(const Options& options, const NextWords& words) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const std::string query = namespace_query(options);
  return connection.client.get("/api/v1/dags/" + http::percent_encode(words.dag) + "/next" + query +
                               (query.empty() ? "?" : "&") +
                               "count=" + std::to_string(words.count));
}

std::string note_of(const Json& fire) {
  const std::string_view change = fire["clock_change"].as_view();
  if (change == "ahead") return "the clock jumps ahead: its local time does not exist";
  if (change == "first") return "the clock goes back: the first of two";
  if (change == "second") return "the clock goes back: the second of two";
  return "";
}

void print_fires(const Json& coming) {
  const std::string held = coming["held"].as_string();
  if (!held.empty())
    std::printf("%s is %s: nothing fires until that changes\n", coming["dag"].as_string().c_str(),
                held.c_str());
  if (!coming["cron"].is_string()) {
    std::printf("%s has no schedule\n", coming["dag"].as_string().c_str());
    return;
  }
  if (coming["fires"].size() == 0) {
    std::printf("%s does not fire any more\n", coming["dag"].as_string().c_str());
    return;
  }
  TerminalTable table({"LOCAL (" + coming["time_zone"].as_string() + ")", "UTC"});
  for (const auto& fire : coming["fires"].items()) {
    std::vector<std::string> row{fire["local"].as_string(), fire["at"].as_string()};
    if (std::string note = note_of(fire); !note.empty()) row.push_back(std::move(note));
    table.add(std::move(row));
  }
  std::fputs(table.to_string().c_str(), stdout);
}

}  // namespace

VerbAction declare_next(CLI::App& verb, Options& options) {
  auto words = std::make_shared<NextWords>();
  verb.add_option("dag", words->dag, "The DAG's id, or a DAG file")->required();
  verb.add_option("--count", words->count, "How many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_namespace_option(verb, options);
  add_dags_option(verb, options);
  return [&options, words]() -> Result<int> {
    MR_TRY(const Json coming, names_a_file(words->dag) ? fires_of_file(options, *words)
                                                       : fires_of_dag(options, *words));
    if (options.json) return print_json(coming);
    print_fires(coming);
    return 0;
  };
}

}  // namespace millrace
