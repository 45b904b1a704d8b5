#include "engine/spec/outcomes_file.h"

#include <algorithm>
#include <array>

#include "engine/base/fields.h"
#include "engine/core/timetable.h"
#include "engine/spec/read.h"
#include "engine/spec/yaml.h"

namespace millrace {

namespace {

using spec::Field;
using spec::quote;
using spec::Report;
using spec::YamlNode;

constexpr std::array kOutcomesFile = {
    Field{"outcomes", "What the attempts of each task do", "{}"},
    Field{"expect", "Runs as they should end", "{}"},
};
constexpr std::array kOutcomeKeys = {
    Field{"success", "Outputs of the task; {}: none", "{}"},
    Field{"fail", "The message of the error", "{}"},
    Field{"skip", "Why the task is not needed", "{}"},
    Field{"hang", "true: the attempt ends only by its timeout", "{}"},
    Field{"lost", "true: the runner is killed", "{}"},
    Field{"after", "How long the attempt takes", "{}"},
    Field{"code", "Code of the error, with fail", "{}"},
    Field{"exit_code", "Exit code of the program, with fail", "{}"},
    Field{"permanent", "true: no retry, with fail", "{}"},
};
constexpr std::array kExpectedRun = {
    Field{"logical_date", "Which run", "{}", true},
    Field{"state", "How it ends; none: the date has no run", "{}"},
    Field{"tasks", "How its tasks end", "{}"},
    Field{"ended", "When it ends", "{}"},
};
/// One of these says how the attempt ends.
constexpr std::array<std::string_view, 5> kOutcomeKinds = {"success", "fail", "skip", "hang",
                                                           "lost"};

/// Reads a file for one DAG.
class OutcomesReader {
 public:
  OutcomesReader(const Dag& dag, Report& report)
      : dag_(dag),
        zone_(dag.spec().schedule ? dag.spec().schedule->time_zone : "UTC"),
        report_(report) {
    for (const auto& task : dag.spec().tasks) task_ids_.push_back(task.id);
  }

  GivenOutcomes read(const YamlNode& root) {
    GivenOutcomes out;
    if (!spec::check_keys(root, root.at, kOutcomesFile, "the outcomes file", report_)) return out;
    if (const auto* entry = root.find("outcomes")) read_lists(entry->value, out);
    if (const auto* entry = root.find("expect")) read_expected(entry->value, out);
    return out;
  }

 private:
  void read_lists(const YamlNode& node, GivenOutcomes& out) {
    if (!node.is_mapping())
      return report_.error(node.at, "wrong-type",
                           "outcomes must be a mapping from task to outcome, but it is " +
                               std::string(node.type_name()));
    for (const auto& [key, key_at, value] : node.entries) {
      const auto at_sign = key.find('@');
      const std::string task = key.substr(0, at_sign);
      std::optional<Time> date;
      if (at_sign != std::string::npos) {
        const auto parsed = parse_wall_time(key.substr(at_sign + 1), zone_);
        if (!parsed) {
          report_.error(key_at, "bad-value", quote(key) + ": " + parsed.error().message,
                        "write the task, '@' and a logical date, e.g. " + task + "@2026-11-01");
          continue;
        }
        date = *parsed;
      }
      if (!check_task(task, key_at)) continue;
      std::vector<GivenOutcome> list = read_list(value);
      if (!list.empty()) out.lists.insert_or_assign({task, date}, std::move(list));
    }
  }

  bool check_task(const std::string& task, const spec::Position& at) {
    if (dag_.index_of(task) >= 0) return true;
    std::string hint = report_.suggest(task, task_ids_);
    if (hint.empty()) hint = "its tasks are " + spec::listed(task_ids_);
    report_.error(at, "unknown-task", "DAG " + quote(dag_.id()) + " has no task " + quote(task),
                  std::move(hint));
    return false;
  }

  std::vector<GivenOutcome> read_list(const YamlNode& node) {
    std::vector<GivenOutcome> out;
    if (!node.is_list()) {
      out.push_back(read_outcome(node));
    } else if (node.items.empty()) {
      report_.error(node.at, "bad-value", "the list of outcomes is empty",
                    "name at least one, such as {success: {}}");
    } else {
      for (const YamlNode& item : node.items) out.push_back(read_outcome(item));
    }
    return out;
  }

  GivenOutcome read_outcome(const YamlNode& node) {
    GivenOutcome out;
    if (!spec::check_keys(node, node.at, kOutcomeKeys, "an outcome", report_)) return out;
    std::vector<std::string> chosen;
    for (std::size_t i = 0; i < kOutcomeKinds.size(); ++i)
      if (node.find(kOutcomeKinds[i]) != nullptr) {
        chosen.emplace_back(kOutcomeKinds[i]);
        out.kind = static_cast<GivenOutcome::Kind>(i);
      }
    if (chosen.size() != 1) {
      report_.error(node.at, "bad-value",
                    chosen.empty() ? "the outcome does not say how the attempt ends"
                                   : "the outcome says " + spec::listed(chosen) + " at once",
                    "write one of success, fail, skip, hang and lost");
      return out;
    }
    if (const auto* entry = node.find("after"))
      out.after = spec::read_duration(entry->value, "after", report_);
    read_kind(node.find(chosen.front())->value, out);
    read_error(node, out);
    return out;
  }

  void read_kind(const YamlNode& value, GivenOutcome& out) {
    using Kind = GivenOutcome::Kind;
    switch (out.kind) {
      case Kind::success:
        if (value.is_null()) return;
        if (!value.is_mapping())
          return report_.error(
              value.at, "wrong-type",
              "success must be a mapping of outputs, but it is " + std::string(value.type_name()),
              "without outputs, write success: {}");
        out.outputs = spec::to_json(value, report_);
        return;
      case Kind::fail:
        out.error = make_error(ErrorCode::unavailable,
                               spec::read_string(value, "fail", report_).value_or(""));
        return;
      case Kind::skip:
        out.reason = spec::read_string(value, "skip", report_).value_or("");
        return;
      case Kind::hang:
      case Kind::lost:
        const std::string_view key = kOutcomeKinds[static_cast<std::size_t>(out.kind)];
        if (!spec::read_bool(value, key, report_).value_or(true))
          report_.error(value.at, "bad-value", std::string(key) + " can only be true",
                        "write success: {} for an attempt that succeeds");
        return;
    }
  }

  /// The keys that say more of a failure.
  void read_error(const YamlNode& node, GivenOutcome& out) {
    for (const auto* key : {"code", "exit_code", "permanent"}) {
      const auto* entry = node.find(key);
      if (entry != nullptr && out.kind != GivenOutcome::Kind::fail)
        report_.error(entry->key_at, "bad-value", std::string(key) + " has no effect without fail",
                      "remove one of them");
    }
    if (const auto* entry = node.find("exit_code")) {
      const auto code = spec::read_integer(entry->value, "exit_code", 1, 255, report_);
      out.error.code = ErrorCode::program_failed;
      out.error.exit_code = static_cast<int>(code.value_or(1));
    }
    if (const auto* entry = node.find("code"))
      out.error.code = read_code(entry->value).value_or(out.error.code);
    if (const auto* entry = node.find("permanent"))
      out.error.permanent = spec::read_bool(entry->value, "permanent", report_).value_or(false);
  }

  std::optional<ErrorCode> read_code(const YamlNode& node) {
    const auto name = spec::read_string(node, "code", report_);
    if (!name) return std::nullopt;
    const ErrorCode code = error_code_from_name(*name);
    if (traits(code).name == *name) return code;
    std::vector<std::string> names;
    for (int i = 0; i <= static_cast<int>(ErrorCode::program_failed); ++i)
      names.emplace_back(traits(static_cast<ErrorCode>(i)).name);
    std::string hint = report_.suggest(*name, names);
    if (hint.empty()) hint = "there are " + spec::listed(names);
    report_.error(node.at, "bad-value", "there is no error code " + quote(*name), std::move(hint));
    return std::nullopt;
  }

  void read_expected(const YamlNode& node, GivenOutcomes& out) {
    if (!node.is_list())
      return report_.error(
          node.at, "wrong-type",
          "expect must be a list of runs, but it is " + std::string(node.type_name()));
    for (const YamlNode& item : node.items) {
      if (!spec::check_keys(item, item.at, kExpectedRun, "an expected run", report_)) continue;
      ExpectedRun run;
      run.line = item.at.line;
      if (const auto* entry = item.find("logical_date"))
        run.logical_date = read_time(entry->value, "logical_date").value_or(Time{});
      if (const auto* entry = item.find("ended")) run.ended = read_time(entry->value, "ended");
      if (const auto* entry = item.find("state")) read_state(entry->value, run);
      if (const auto* entry = item.find("tasks")) read_tasks(entry->value, run);
      out.expected.push_back(std::move(run));
    }
  }

  std::optional<Time> read_time(const YamlNode& node, std::string_view key) {
    return spec::read_time(node, key, zone_, spec::DayEdge::begin, report_);
  }

  void read_state(const YamlNode& node, ExpectedRun& run) {
    run.no_run = node.is_scalar() && node.text == "none";
    if (!run.no_run) run.state = read_name<RunStatus>(node, "state", ", none");
  }

  void read_tasks(const YamlNode& node, ExpectedRun& run) {
    if (!node.is_mapping())
      return report_.error(
          node.at, "wrong-type",
          "tasks must be a mapping from task to state, but it is " + std::string(node.type_name()));
    for (const auto& [task, key_at, value] : node.entries) {
      if (!check_task(task, key_at)) continue;
      if (const auto state = read_name<TaskState>(value, task, "")) run.tasks[task] = *state;
    }
  }

  /// A name of an enumeration. `more`: further names, for the message.
  template <typename T>
  std::optional<T> read_name(const YamlNode& node, std::string_view key, std::string_view more) {
    const auto name = spec::read_string(node, key, report_);
    if (!name) return std::nullopt;
    if (const auto value = from_name<T>(*name)) return value;
    constexpr auto kNames = names_of(T{});
    std::vector<std::string> names{kNames.begin(), kNames.end()};
    std::string hint = report_.suggest(*name, names);
    if (hint.empty()) hint = "there are " + spec::listed(names) + std::string(more);
    report_.error(node.at, "bad-value", std::string(key) + ": there is no state " + quote(*name),
                  std::move(hint));
    return std::nullopt;
  }

  const Dag& dag_;
  const std::string zone_;
  Report& report_;
  std::vector<std::string> task_ids_;
};

}  // namespace

const GivenOutcome* GivenOutcomes::find(const std::string& task, std::optional<Time> logical_date,
                                        std::size_t attempt) const {
  auto found = logical_date ? lists.find({task, logical_date}) : lists.end();
  if (found == lists.end()) found = lists.find({task, std::nullopt});
  if (found == lists.end() || found->second.empty()) return nullptr;
  return &found->second[std::min(attempt, found->second.size() - 1)];
}

LoadedOutcomes load_outcomes(std::string_view text, std::string_view file, const Dag& dag) {
  Report report{std::string(file)};
  LoadedOutcomes out;
  if (text.size() > spec::kMaxYamlBytes)
    report.file_error("too-large",
                      "the file is larger than " + std::to_string(spec::kMaxYamlBytes) + " bytes");
  else if (const auto root = spec::parse_yaml(text, report))
    out.outcomes = OutcomesReader(dag, report).read(*root);
  out.diagnostics = report.take();
  return out;
}

}  // namespace millrace
