#include "engine/app/verbs.h"

#include <array>

namespace millrace {
namespace {

constexpr std::array kVerbs = {
    Verb{"up", "Start engine, model server, API and dashboard", declare_up},
    Verb{"serve", "Start only a model server", declare_serve},
    Verb{"run", "Run a DAG file once and show its progress", declare_run},
    Verb{"demo", "Retrain a model on three million flights, month by month", declare_demo},
    Verb{"init", "Create a project from a template", declare_init},
    Verb{"lint", "Check DAG files; exit code 1 if one has an error", declare_lint},
    Verb{"test", "Play a DAG file in virtual time, with given outcomes", declare_test},
    Verb{"graph", "Draw the tasks of a DAG or of a DAG file", declare_graph},
    Verb{"plan", "Show which tasks can run at once, and the longest chain", declare_plan},
    Verb{"schema", "Print the JSON Schema of DAG files, for editors", declare_schema},
    Verb{"sdk", "Print the file that the user's own code imports", declare_sdk},
    Verb{"dags", "List DAGs, their states and schedules", declare_dags},
    Verb{"runs", "List runs, newest first", declare_runs},
    Verb{"show", "Show a run and its tasks", declare_show},
    Verb{"logs", "Print the log of a task", declare_logs},
    Verb{"models", "List models and the versions that serve them", declare_models},
    Verb{"trigger", "Start a run on the running engine", declare_trigger},
    Verb{"cancel", "Cancel a run, or one of its tasks", declare_cancel},
    Verb{"resume", "Resume a held task, or let it fail", declare_resume},
    Verb{"retry", "Run failed tasks again, or the named tasks and everything downstream",
         declare_retry},
    Verb{"next", "List when the schedule of a DAG or of a DAG file fires next", declare_next},
    Verb{"schedule", "Continue a schedule from now, without the dates that it missed",
         declare_schedule},
    Verb{"backfill", "Run a DAG for many logical dates, and watch, pause or cancel it",
         declare_backfill},
    Verb{"rollback", "Roll a model back to its last known good version", declare_rollback},
    Verb{"release", "Allow the deployment of a version that was refused or rolled back",
         declare_release},
    Verb{"doctor", "Check this machine and the state folder, and suggest a cure for each problem",
         declare_doctor},
    Verb{"history", "List the periods of history and what --retention would drop", declare_history},
    Verb{"backup", "Copy database and artifacts into a folder", declare_backup},
    Verb{"restore", "Restore a backup into an empty state folder", declare_restore},
    Verb{"completion", "Print the script that completes command lines in a shell",
         declare_completion},
    Verb{"complete", "", declare_complete},  // started by that script
    Verb{"runner", "", declare_runner},      // started by the engine
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace millrace
