#include "engine/spec/fields.h"

#include <array>

#include "engine/core/retry_policy.h"

namespace millrace::spec {
namespace {

constexpr std::string_view kText = R"({"type": "string"})";
constexpr std::string_view kId =
    R"({"type": ["string", "number", "boolean"], "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"})";
constexpr std::string_view kBoolean = R"({"type": "boolean"})";
constexpr std::string_view kBooleanFalse = R"({"type": "boolean", "default": false})";
constexpr std::string_view kDuration =
    R"({"type": "string", "pattern": "^([0-9]+(\\.[0-9]*)?(us|ms|s|m|h|d|w))+$", "examples": ["30s", "5m", "1h30m"]})";
constexpr std::string_view kMemory =
    R"({"type": "string", "pattern": "^[0-9]+(\\.[0-9]*)?(B|[kKMGT]B|[KMGT]iB)$", "examples": ["512MiB", "2GB"]})";
constexpr std::string_view kPriority =
    R"({"type": "integer", "minimum": -1000000, "maximum": 1000000, "default": 0})";
constexpr std::string_view kExpression =
    R"({"type": ["string", "boolean"], "examples": ["${{ failure() }}"]})";
constexpr std::string_view kNames =
    R"({"oneOf": [{"type": ["string", "number", "boolean"]}, {"type": "array", "uniqueItems": true, "items": {"type": ["string", "number", "boolean"]}}]})";
constexpr std::string_view kNeeds =
    R"({"oneOf": [{"type": ["string", "number", "boolean", "null"]}, {"type": "array", "uniqueItems": true, "items": {"type": ["string", "number", "boolean"]}}]})";
constexpr std::string_view kTime =
    R"({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}", "anyOf": [{"format": "date"}, {"format": "date-time"}, {"pattern": "^.{10}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?$"}], "examples": ["2001-02-01", "2001-02-01T03:00:00Z"]})";

constexpr std::array kDag = {
    Field{"dag", "Name of the DAG, unique in its namespace", kId, true},
    Field{"doc", "What the DAG is for", kText},
    Field{"owner", "Who is responsible for it", kText},
    Field{"namespace", "Team that it belongs to", kId},
    Field{"tags", "Words to find it by", kNames},
    Field{
        "schedule", "When it runs by itself: a cron expression, a mapping, or a list of these",
        R"({"oneOf": [{"type": "null"}, {"type": "string"}, {"$ref": "#/$defs/schedule"}, {"$ref": "#/$defs/schedule_lines"}]})"},
    Field{"max_active_runs", "Runs whose tasks may start at the same time",
          R"({"type": "integer", "minimum": 1, "maximum": 100000, "default": 16})"},
    Field{"on", "What else starts a run", R"({"$ref": "#/$defs/on"})"},
    Field{
        "params", "Values that a run may be given; a plain value is short for its default",
        R"({"type": ["object", "null"], "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}, "additionalProperties": {"oneOf": [{"type": ["string", "number", "boolean", "array", "null"]}, {"$ref": "#/$defs/param"}]}})"},
    Field{
        "outputs", "Values that a run leaves when it has succeeded, by name",
        R"({"type": ["object", "null"], "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}})"},
    Field{"defaults", "What every task takes that does not say otherwise",
          R"({"$ref": "#/$defs/defaults"})"},
    Field{
        "tasks", "The tasks, by id",
        R"({"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}, "additionalProperties": {"$ref": "#/$defs/task_or_use"}})",
        true},
};

constexpr Field kCron{
    "cron",
    "Five fields (minute hour day-of-month month day-of-week), six with the second first, or "
    "@hourly @daily @weekly @monthly @yearly",
    kText};
constexpr Field kEvery{"every", "An interval in elapsed time, counted from `start`", kDuration};
constexpr Field kTimezone{
    "timezone", "IANA name of the zone that the fields are meant in",
    R"({"type": "string", "default": "UTC", "examples": ["America/Chicago"]})"};
constexpr Field kDst{
    "dst",
    "What to do when daylight saving leaves out a local time (skip drops it, the others fire "
    "at the change) or repeats it (run_both fires twice); a line whose hour is * or a step "
    "follows elapsed time",
    R"({"enum": ["skip", "run_once", "run_both"], "default": "run_once"})"};

constexpr std::array kScheduleLine = {kCron, kEvery, kTimezone, kDst};

constexpr std::array kCatchup = {
    Field{"window", "Missed dates that are older do not run", kDuration, true},
};

constexpr std::array kSchedule = {
    kCron,
    kEvery,
    Field{"any", "Several lines: it fires when one of them does",
          R"({"$ref": "#/$defs/schedule_lines"})"},
    kTimezone,
    kDst,
    Field{
        "except", "Days on which nothing fires: dates and ranges of dates, in `timezone`",
        R"({"oneOf": [{"$ref": "#/$defs/day_range"}, {"type": "array", "maxItems": 1000, "items": {"$ref": "#/$defs/day_range"}}]})"},
    Field{"jitter", "A run begins up to this much after its logical date, at most 24h", kDuration},
    Field{"catchup", "Run the dates that passed since `start` as well, perhaps only in a window",
          R"({"oneOf": [{"type": "boolean"}, {"$ref": "#/$defs/catchup"}], "default": false})"},
    Field{"on_unpause",
          "Which of the dates that passed while the DAG was paused still run: none, the last one "
          "or all; default: all with catchup, otherwise last",
          R"({"enum": ["none", "last", "all"]})"},
    Field{
        "overlap",
        "What happens to a date while a scheduled run of an earlier one is open: both run, the "
        "date "
        "is skipped, the first one or all of them wait, or the open run is cancelled",
        R"({"enum": ["allow", "skip", "buffer_one", "buffer_all", "cancel_other"], "default": "allow"})"},
    Field{"start", "First logical date; without an offset, in `timezone`", kTime},
    Field{"end", "Last logical date; a date alone includes its day", kTime},
};

constexpr std::array kOn = {
    Field{"dataset", "Datasets whose update starts a run", kNames},
    Field{"event", "A CloudEvent that starts a run", R"({"$ref": "#/$defs/event"})"},
    Field{"webhook", "Signed HTTP requests of another service start runs",
          R"({"$ref": "#/$defs/webhook"})"},
};

constexpr std::array kEvent = {
    Field{"type", "The CloudEvent's type", kText, true},
    Field{"if", "Only where this expression over `event` is true", kExpression},
    Field{"params", "Params of the run, with expressions over `event`", R"({"type": "object"})"},
};

constexpr std::array kWebhook = {
    Field{"secret_env", "Environment variable of the engine with the secret", kText, true},
    Field{"signature", "How the sender proves that it knows the secret",
          R"({"enum": ["token", "github", "stripe", "slack", "standard"], "default": "token"})"},
    Field{"header",
          "With `signature: token`: the header that has the secret, instead of "
          "`Authorization: Bearer`",
          kText},
    Field{"if", "Only where this expression over `event` is true", kExpression},
    Field{"params", "Params of the run, with expressions over `event`", R"({"type": "object"})"},
};

constexpr std::array kParam = {
    Field{"type", "Type of the value",
          R"({"enum": ["string", "integer", "number", "boolean", "array", "object"]})"},
    Field{"default", "Taken where a run gives no value", "{}"},
    Field{"minimum", "Least number", R"({"type": "number"})"},
    Field{"maximum", "Greatest number", R"({"type": "number"})"},
    Field{"enum", "The values allowed", R"({"type": "array", "minItems": 1})"},
    Field{"description", "What it is for", "{}"},
};

constexpr std::array kRetry = {
    Field{"max", "Retries after the first attempt",
          R"({"type": "integer", "minimum": 0, "maximum": 1000, "default": 0})"},
    Field{"backoff", "How the delay grows",
          R"({"enum": ["constant", "linear", "exponential"], "default": "exponential"})"},
    Field{"initial", "Delay before the first retry", kDuration},
    Field{"max_delay", "The delay grows no further than this", kDuration},
    Field{"jitter", "Share of the delay that chance adds or takes",
          R"({"type": "number", "minimum": 0, "maximum": 1, "default": 0.2})"},
    Field{"rules",
          "What applies after some failures instead of the keys above; the first rule that fits "
          "counts",
          R"({"type": "array", "maxItems": 32, "items": {"$ref": "#/$defs/retry_rule"}})"},
    Field{
        "also_on", "Without effect, kept for old files: every error is retried",
        R"({"oneOf": [{"$ref": "#/$defs/error_code"}, {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/error_code"}}]})"},
};

constexpr std::array kRetryRule = {
    Field{"on", "Which failures; all of its conditions must hold",
          R"({"$ref": "#/$defs/retry_on"})", true},
    Field{"never", "Do not retry", kBooleanFalse},
    Field{"max", "Retries after the first attempt, counting all failures of the task",
          R"({"type": "integer", "minimum": 0, "maximum": 1000})"},
    Field{"backoff", "How the delay grows", R"({"enum": ["constant", "linear", "exponential"]})"},
    Field{"initial", "Delay before the first retry", kDuration},
    Field{"max_delay", "The delay grows no further than this", kDuration},
    Field{"jitter", "Share of the delay that chance adds or takes",
          R"({"type": "number", "minimum": 0, "maximum": 1})"},
};

constexpr std::array kRetryOn = {
    Field{
        "exit_code", "Exit code of the program: one, or one of a list",
        R"({"oneOf": [{"$ref": "#/$defs/exit_code"}, {"type": "array", "minItems": 1, "maxItems": 255, "items": {"$ref": "#/$defs/exit_code"}}]})"},
    Field{
        "error", "Code of the error, out_of_memory or signal: one, or one of a list",
        R"({"oneOf": [{"$ref": "#/$defs/rule_error"}, {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"$ref": "#/$defs/rule_error"}}]})"},
    Field{
        "message", "A regular expression (RE2) that occurs in the message of the error",
        R"({"type": "string", "minLength": 1, "maxLength": 1000, "examples": ["^connection reset", "(?i)quota exceeded"]})"},
};

constexpr std::string_view kRetries =
    R"({"oneOf": [{"type": "integer", "minimum": 0, "maximum": 1000}, {"$ref": "#/$defs/retries"}]})";

constexpr std::string_view kExhaustedText =
    "What happens to the task when no retry is left: it fails, or it is held until a person "
    "resumes it";
constexpr std::string_view kExhausted = R"({"enum": ["fail", "hold"], "default": "fail"})";
constexpr std::string_view kGraceText =
    "Time between SIGTERM and SIGKILL when an attempt is cancelled or out of time; default 5s";
constexpr std::string_view kMemoryText =
    "Most memory of one attempt, all of its processes together";

constexpr std::array kDefaults = {
    Field{"retries", "Number of retries, or a mapping", kRetries},
    Field{"on_exhausted", kExhaustedText, kExhausted},
    Field{"timeout", "Longest time of one attempt, from its begin", kDuration},
    Field{"kill_grace", kGraceText, kDuration},
    Field{"memory", kMemoryText, kMemory},
    Field{"priority", "Higher starts first", kPriority},
};

constexpr std::array kTask = {
    Field{"operator", "What the task does", kText, true},
    Field{"doc", "What the task is for", kText},
    Field{"needs", "Tasks that come before", kNeeds},
    Field{"with", "The operator's parameters", R"({"type": ["object", "null"]})"},
    Field{"if", "Run only where this expression is true, else skip", kExpression},
    Field{
        "trigger_rule", "When the task may start, by the ends of the tasks that it needs",
        R"({"enum": ["all_success", "all_failed", "all_done", "all_done_min_one_success", "one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success", "none_skipped", "all_skipped", "always"], "default": "all_success"})"},
    Field{
        "depends",
        "Instead of needs and trigger_rule: an expression over the states of other tasks",
        R"({"type": "string", "minLength": 1, "maxLength": 10000, "examples": ["a.success && !b.failed || c.skipped"]})"},
    Field{"continue_on_error",
          "A failure of the task counts as a success: for the tasks that need it and for the run",
          kBooleanFalse},
    Field{
        "teardown",
        "Tasks after which this one cleans up: it runs after one of them has succeeded, whatever "
        "the tasks in between do",
        R"({"oneOf": [{"type": ["string", "number", "boolean"]}, {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": ["string", "number", "boolean"]}}, {"$ref": "#/$defs/teardown"}]})"},
    Field{
        "foreach",
        "One instance of the task for each item: a list, an expression that gives one, or a "
        "mapping with a limit",
        R"({"oneOf": [{"type": "array"}, {"type": "string", "pattern": "^\\$\\{\\{"}, {"$ref": "#/$defs/foreach"}]})"},
    Field{"repeat", "Run the task again after each success, until an expression is true",
          R"({"$ref": "#/$defs/repeat"})"},
    Field{"retries", "Number of retries, or a mapping", kRetries},
    Field{"on_exhausted", kExhaustedText, kExhausted},
    Field{
        "at_most_once",
        "Never start the task again after an attempt that may have begun, also when its runner or "
        "engine died",
        kBooleanFalse},
    Field{"timeout", "Longest time of one attempt, from its begin", kDuration},
    Field{"kill_grace", kGraceText, kDuration},
    Field{"memory", kMemoryText, kMemory},
    Field{"priority", "Higher starts first", kPriority},
    Field{"executor",
          "What runs the task: a runner process, or a thread of the engine; default: what its "
          "operator declares",
          R"({"enum": ["process", "thread"]})"},
};

constexpr std::array kUse = {
    Field{"template", "Name of the template whose tasks it becomes", kId, true},
    Field{"doc", "What the tasks are for", kText},
    Field{"needs", "Tasks that come before those of the template", kNeeds},
    Field{"with", "The template's inputs", R"({"type": ["object", "null"]})"},
    Field{"if", "Run the template's first tasks only where this expression is true, else skip them",
          kExpression},
};

constexpr std::array kTemplate = {
    Field{"template", "Name of the template, unique in its namespace", kId, true},
    Field{"doc", "What the template is for", kText},
    Field{"owner", "Who is responsible for it", kText},
    Field{"namespace", "Team that it belongs to; `default`: every team may use it", kId},
    Field{
        "inputs", "Values that a use may give; a plain value is short for its default",
        R"({"type": ["object", "null"], "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}, "additionalProperties": {"oneOf": [{"type": ["string", "number", "boolean", "array", "null"]}, {"$ref": "#/$defs/param"}]}})"},
    Field{
        "outputs", "Values that other tasks read as tasks.USE.outputs.NAME",
        R"({"type": ["object", "null"], "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}})"},
    Field{"defaults", "What every task of the template takes that does not say otherwise",
          R"({"$ref": "#/$defs/defaults"})"},
    Field{
        "tasks", "The tasks, by id",
        R"({"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}, "additionalProperties": {"$ref": "#/$defs/task_or_use"}})",
        true},
};

constexpr std::array kTeardown = {
    Field{"setups", "A task, or a list of tasks", kNames, true},
    Field{"fail_run", "A failure of the teardown fails the run", kBooleanFalse},
};

constexpr std::array kRepeat = {
    Field{"until", "The task ends as soon as this expression over `outputs` is true", kExpression,
          true},
    Field{"max", "Most iterations", R"({"type": "integer", "minimum": 1, "maximum": 10000})", true},
    Field{"delay", "Time between two iterations; default 0s", kDuration},
    Field{"on_max", "What the task does if `until` is still false after `max` iterations",
          R"({"enum": ["fail", "succeed"], "default": "fail"})"},
};

constexpr std::array kForeach = {
    Field{"items", "A list, or an expression that gives one",
          R"({"oneOf": [{"type": "array"}, {"type": "string", "pattern": "^\\$\\{\\{"}]})", true},
    Field{"max_active", "Instances that may be under way at a time in a run; default: no limit",
          R"({"type": "integer", "minimum": 1, "maximum": 100000})"},
};

}  // namespace

Fields dag_fields() { return kDag; }
Fields schedule_fields() { return kSchedule; }
Fields schedule_line_fields() { return kScheduleLine; }
Fields catchup_fields() { return kCatchup; }
Fields on_fields() { return kOn; }
Fields event_fields() { return kEvent; }
Fields webhook_fields() { return kWebhook; }
Fields param_fields() { return kParam; }
Fields defaults_fields() { return kDefaults; }
Fields retry_fields() { return kRetry; }
Fields retry_rule_fields() { return kRetryRule; }
Fields retry_on_fields() { return kRetryOn; }
Fields task_fields() { return kTask; }
Fields use_fields() { return kUse; }
Fields template_fields() { return kTemplate; }
Fields foreach_fields() { return kForeach; }
Fields repeat_fields() { return kRepeat; }
Fields teardown_fields() { return kTeardown; }

const std::vector<std::string>& rule_errors() {
  static const std::vector<std::string> kNames = {"invalid_argument",
                                                  "not_found",
                                                  "conflict",
                                                  "permission_denied",
                                                  "resource_exhausted",
                                                  "timeout",
                                                  "unavailable",
                                                  "data_invalid",
                                                  "unsupported",
                                                  "internal",
                                                  "data_damaged",
                                                  "program_failed",
                                                  std::string(kOutOfMemory),
                                                  std::string(kSignal)};
  return kNames;
}

const std::vector<std::string>& retried_codes() {
  static const std::vector<std::string> kCodes = {
      "invalid_argument",   "not_found",    "conflict",    "permission_denied",
      "resource_exhausted", "data_invalid", "unsupported", "internal"};
  return kCodes;
}

std::vector<std::string> names_of(Fields fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) names.emplace_back(field.name);
  return names;
}

}  // namespace millrace::spec
