// Verbs about DAGs, over the API. schedule needs a running engine; dags also works without one.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/app/connection.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

Result<int> list_dags(const Options& options) {
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json dags, connection.client.get("/api/v1/dags" + namespace_query(options)));
  if (options.json) return print_json(dags);
  TerminalTable table(
      {"DAG", "STATE", "SCHEDULE", "NEXT RUN (UTC)", "LAST LOGICAL DATE (UTC)", "DETAIL"});
  for (const auto& dag : dags.items()) {
    std::string schedule = dag["cron"].as_string("-");
    if (dag["cron"].is_string() && dag["time_zone"].as_view() != "UTC")
      schedule += " " + dag["time_zone"].as_string();
    const std::string reason = dag["state_reason"].as_string();
    table.add({name_of_row(dag, "dag"), paint(dag["state"].as_view()), schedule,
               short_time(dag["next_run_at"]), short_time(dag["last_logical_date"]),
               reason.empty() ? dag["source"].as_string() : reason});
  }
  std::fputs(table.empty() ? "no DAGs\n" : table.to_string().c_str(), stdout);
  MR_TRY(const Json errors, connection.client.get("/api/v1/dag-errors"));
  for (const auto& file : errors.items())
    std::fprintf(stderr, "%s: %s\n", file["source"].as_string().c_str(),
                 file["diagnostics"].at(0)["message"].as_string().c_str());
  return 0;
}

struct ScheduleWords {
  std::string action, dag, reason;
};

Result<int> reset_schedule(const Options& options, const ScheduleWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  Json body = Json::object();
  if (!words.reason.empty()) body.set("reason", words.reason);
  MR_TRY(const Json answer, client.post("/api/v1/dags/" + http::percent_encode(words.dag) +
                                            "/schedule/reset" + namespace_query(options),
                                        body));
  if (options.json) return print_json(answer);
  std::printf("the schedule of %s continues from now\n", words.dag.c_str());
  return 0;
}

}  // namespace

VerbAction declare_dags(CLI::App& verb, Options& options) {
  add_namespace_filter(verb, options);
  return [&options] { return list_dags(options); };
}

VerbAction declare_schedule(CLI::App& verb, Options& options) {
  auto words = std::make_shared<ScheduleWords>();
  verb.add_option("action", words->action, "What to do: reset")
      ->required()
      ->check(CLI::IsMember({"reset"}));
  verb.add_option("dag", words->dag, "The DAG's id")->required();
  add_namespace_option(verb, options);
  verb.add_option("--reason", words->reason, "Kept in the journal");
  return [&options, words] { return reset_schedule(options, *words); };
}

}  // namespace millrace
