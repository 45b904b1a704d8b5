// backfill: runs of a DAG for many logical dates, over the API. list and show also work without a
// running engine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "engine/app/connection.h"
#include "engine/app/param_words.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

struct BackfillWords {
  std::string action, name;  // create: the DAG; list: the DAG or ""; otherwise the backfill
  std::string from, to;
  std::vector<std::string> dates;
  std::string order = "oldest_first";
  int max_active_runs = 4;
  std::string reprocess = "missing";
  std::vector<std::string> params;  // NAME=VALUE
  std::string idempotency_key, reason, state;
  bool dry_run = false, wait = false;
  int limit = 20;
};

std::string backfill_path(const std::string& backfill) {
  return "/api/v1/backfills/" + http::percent_encode(backfill);
}

/// "12 of 30 dates have ended: 11 success, 1 failed; 2 running, 16 waiting"
std::string progress_of(const Json& backfill) {
  const auto count = [&](std::string_view state) { return backfill[state].as_int(); };
  std::string ended, open;
  for (const char* state : {"success", "failed", "cancelled"})
    if (count(state) > 0)
      ended += (ended.empty() ? ": " : ", ") + std::to_string(count(state)) + " " + state;
  for (const char* state : {"running", "waiting"})
    if (count(state) > 0)
      open += (open.empty() ? "; " : ", ") + std::to_string(count(state)) + " " + state;
  return std::to_string(count("success") + count("failed") + count("cancelled")) + " of " +
         std::to_string(count("dates")) + " dates have ended" + ended + open;
}

void print_backfill_dates(const Json& dates) {
  TerminalTable table({"LOGICAL DATE (UTC)", "STATE", "RUN"});
  for (const auto& date : dates.items())
    table.add({short_time(date["logical_date"]), paint(date["state"].as_view()),
               date["run"].as_string("-")});
  if (!table.empty()) std::fputs(table.to_string().c_str(), stdout);
}

int print_backfill_plan(const Json& answer) {
  TerminalTable table({"LOGICAL DATE (UTC)", "ACTION", "REASON"});
  for (const auto& date : answer["plan"].items())
    table.add(
        {short_time(date["logical_date"]), date["action"].as_string(), date["reason"].as_string()});
  std::fputs(table.to_string().c_str(), stdout);
  std::printf("dates that would run: %lld; skipped: %lld\n",
              static_cast<long long>(answer["dates"].as_int()),
              static_cast<long long>(answer["skipped"].as_int()));
  return 0;
}

/// Prints what has ended since the last time, until everything has.
Result<int> wait_for_backfill(const Options& options, const ApiClient& client,
                              const std::string& backfill) {
  for (;;) {
    const auto detail = client.get(backfill_path(backfill) + "?limit=0&wait=50s", signal_waits);
    if (!detail && detail.error().code == ErrorCode::cancelled)
      return make_error(ErrorCode::cancelled, "interrupted; the backfill goes on");
    if (!detail) return detail.error();
    const Json& row = (*detail)["backfill"];
    if (row["ended_at"].is_null()) {
      if (!options.json) std::printf("%s\n", progress_of(row).c_str());
      continue;
    }
    if (options.json)
      print_json(*detail);
    else
      std::printf("%s: %s\n", paint(row["state"].as_view()).c_str(), progress_of(row).c_str());
    return row["success"].as_int() == row["dates"].as_int() ? 0 : 1;
  }
}

Result<Json> backfill_body(const Options& options, const ApiClient& client,
                           const BackfillWords& words) {
  Json body = Json::object({{"order", words.order},
                            {"max_active_runs", words.max_active_runs},
                            {"reprocess", words.reprocess}});
  if (!words.from.empty()) body.set("from", words.from);
  if (!words.to.empty()) body.set("to", words.to);
  for (const auto& date : words.dates) body.member("dates").push_back(date);
  if (!words.reason.empty()) body.set("reason", words.reason);
  if (words.dry_run) body.set("dry_run", true);
  if (words.params.empty()) return body;
  MR_TRY(const Json dag,
         client.get("/api/v1/dags/" + http::percent_encode(words.name) + namespace_query(options)));
  std::vector<ParamSpec> declared;
  for (const auto& param : dag["params"].items())
    declared.push_back({param["name"].as_string(), param["schema"]});
  MR_TRY(Json params, parse_params(words.params, declared));
  body.set("params", std::move(params));
  return body;
}

Result<int> create_backfill(const Options& options, const BackfillWords& words) {
  if (words.name.empty()) return invalid_argument("name the DAG: millrace backfill create DAG");
  MR_TRY(const ApiClient client, connect(options));
  MR_TRY(const Json body, backfill_body(options, client, words));
  std::vector<std::pair<std::string, std::string>> headers;
  if (!words.idempotency_key.empty())
    headers.emplace_back("Idempotency-Key", words.idempotency_key);
  MR_TRY(const Json answer, client.post("/api/v1/dags/" + http::percent_encode(words.name) +
                                            "/backfills" + namespace_query(options),
                                        body, headers));
  if (words.dry_run) return options.json ? print_json(answer) : print_backfill_plan(answer);
  const std::string backfill = answer["backfill"].as_string();
  if (!options.json) {
    std::printf("backfill %s\n", backfill.c_str());
    if (answer["dates"].is_number())
      std::printf("%lld dates run, %lld are skipped\n",
                  static_cast<long long>(answer["dates"].as_int()),
                  static_cast<long long>(answer["skipped"].as_int()));
  }
  if (words.wait) return wait_for_backfill(options, client, backfill);
  return options.json ? print_json(answer) : 0;
}

Result<int> list_backfills(const Options& options, const BackfillWords& words) {
  MR_TRY(const Connection connection, connect_to_read(options));
  std::string path = "/api/v1/backfills?limit=" + std::to_string(words.limit);
  path += namespace_query(options, '&');
  if (!words.name.empty()) path += "&dag=" + http::percent_encode(words.name);
  if (!words.state.empty()) path += "&state=" + http::percent_encode(words.state);
  MR_TRY(const Json page, connection.client.get(path));
  if (options.json) return print_json(page);
  TerminalTable table({"BACKFILL", "DAG", "STATE", "FIRST DATE (UTC)", "LAST DATE (UTC)", "DATES",
                       "SUCCESS", "FAILED", "CREATED (UTC)"});
  for (const auto& row : page["backfills"].items())
    table.add({row["backfill"].as_string(), name_of_row(row, "dag"), paint(row["state"].as_view()),
               short_time(row["first_date"]), short_time(row["last_date"]),
               std::to_string(row["dates"].as_int()), std::to_string(row["success"].as_int()),
               std::to_string(row["failed"].as_int()), short_time(row["created_at"])});
  std::fputs(table.empty() ? "no backfills\n" : table.to_string().c_str(), stdout);
  return 0;
}

Result<int> show_backfill(const Options& options, const BackfillWords& words) {
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json detail, connection.client.get(backfill_path(words.name) + "?limit=10000"));
  if (options.json) return print_json(detail);
  const Json& row = detail["backfill"];
  std::printf("backfill %s of %s: %s\n", row["backfill"].as_string().c_str(),
              name_of_row(row, "dag").c_str(), paint(row["state"].as_view()).c_str());
  std::printf(
      "%s, at most %lld runs at a time, reprocess %s, %lld dates skipped\n",
      row["order"].as_string().c_str(), static_cast<long long>(row["max_active_runs"].as_int()),
      row["reprocess"].as_string().c_str(), static_cast<long long>(row["skipped"].as_int()));
  for (const char* reason : {"reason", "pause_reason"})
    if (!row[reason].as_view().empty()) std::printf("%s\n", row[reason].as_string().c_str());
  std::printf("%s\n", progress_of(row).c_str());
  print_backfill_dates(detail["dates"]);
  return 0;
}

Result<int> change_backfill(const Options& options, const BackfillWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  Json body = Json::object();
  if (!words.reason.empty()) body.set("reason", words.reason);
  MR_TRY(const Json answer, client.post(backfill_path(words.name) + "/" + words.action, body));
  if (options.json) return print_json(answer);
  const char* done = words.action == "pause"    ? "is paused; its open runs go on"
                     : words.action == "resume" ? "is resumed"
                                                : "is being cancelled";
  std::printf("backfill %s %s\n", words.name.c_str(), done);
  return 0;
}

Result<int> act_on_backfill(const Options& options, const BackfillWords& words) {
  if (words.action == "create") return create_backfill(options, words);
  if (words.action == "list") return list_backfills(options, words);
  if (words.name.empty())
    return invalid_argument("name the backfill: millrace backfill " + words.action + " BACKFILL");
  return words.action == "show" ? show_backfill(options, words) : change_backfill(options, words);
}

}  // namespace

VerbAction declare_backfill(CLI::App& verb, Options& options) {
  auto words = std::make_shared<BackfillWords>();
  verb.add_option("action", words->action,
                  "What to do: create, list, show, pause, resume or cancel")
      ->required()
      ->check(CLI::IsMember({"create", "list", "show", "pause", "resume", "cancel"}));
  verb.add_option("name", words->name,
                  "create: the DAG; list: only those of this DAG; otherwise the backfill");
  verb.add_option("--namespace", options.name_space,
                  "create: namespace of the DAG, default: default; list: only of this namespace")
      ->check(not_empty());
  verb.add_option("--from", words->from, "create: first logical date")->check(not_empty());
  verb.add_option("--to", words->to,
                  "create: last logical date; a date alone includes the whole day")
      ->check(not_empty());
  verb.add_option("--date", words->dates,
                  "create: a logical date, in place of --from and --to; repeat the option for more")
      ->check(not_empty())
      ->excludes("--from")
      ->excludes("--to");
  verb.add_option("--order", words->order, "create: oldest_first or newest_first")
      ->capture_default_str()
      ->check(CLI::IsMember({"oldest_first", "newest_first"}));
  verb.add_option("--max-active-runs", words->max_active_runs,
                  "create: maximum number of open runs of the backfill")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  verb.add_option("--reprocess", words->reprocess,
                  "create: dates without a run (missing), also those whose newest run failed or "
                  "was cancelled (failed), or all")
      ->capture_default_str()
      ->check(CLI::IsMember({"missing", "failed", "all"}));
  add_param_option(verb, words->params);
  verb.add_option("--idempotency-key", words->idempotency_key,
                  "create: a repeated request with the same key returns the same backfill")
      ->check(not_empty());
  verb.add_flag("--dry-run", words->dry_run, "create: only print what would be done");
  verb.add_flag("--wait", words->wait,
                "create: wait for the end of the backfill; exit code 1 unless each run succeeded");
  verb.add_option("--status", words->state,
                  "list: only those that are running, paused, cancelling, completed or cancelled");
  verb.add_option("--limit", words->limit, "list: maximum number of backfills")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  verb.add_option("--reason", words->reason, "Kept in the journal");
  return [&options, words] { return act_on_backfill(options, *words); };
}

}  // namespace millrace
