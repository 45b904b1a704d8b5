#include "engine/rehearsal/comparison.h"

#include <algorithm>

#include "engine/base/fields.h"

namespace millrace {
namespace {

std::string differs(const std::string& what, std::string_view is, std::string_view expected) {
  return what + " is " + std::string(is) + ", expected " + std::string(expected);
}

void compare_tasks(const RehearsedRun& run, const ExpectedRun& expected,
                   std::vector<std::string>& out) {
  for (const auto& [task, state] : expected.tasks) {
    const auto found = run.tasks.find(task);
    if (found == run.tasks.end()) continue;
    for (std::size_t i = 0; i < found->second.size(); ++i) {
      if (found->second[i] == state) continue;
      const std::string name =
          found->second.size() == 1 ? task : task + "[" + std::to_string(i) + "]";
      out.push_back(differs("task " + name, name_of(found->second[i]), name_of(state)));
    }
  }
}

std::vector<std::string> differences(const RehearsedRun* run, const ExpectedRun& expected) {
  std::vector<std::string> out;
  if (run == nullptr) {
    if (!expected.no_run) out.emplace_back("there is no run of this date");
    return out;
  }
  if (expected.no_run) out.emplace_back("there is a run of this date, expected none");
  const std::string_view status = is_open(run->status) ? "running" : to_string(run->status);
  if (expected.state && *expected.state != run->status)
    out.push_back(differs("state", status, to_string(*expected.state)));
  compare_tasks(*run, expected, out);
  if (expected.ended && expected.ended != run->finished)
    out.push_back(differs("ended", run->finished ? format_rfc3339(*run->finished) : "never",
                          format_rfc3339(*expected.ended)));
  return out;
}

std::vector<RehearsalCase> unused_outcomes(const Rehearsal& rehearsal, const GivenOutcomes& given) {
  std::vector<RehearsalCase> out;
  for (const auto& [place, list] : given.lists)
    if (place.second && rehearsal.find(*place.second) == nullptr)
      out.push_back(
          {format_rfc3339(*place.second),
           Duration{},
           {"the file has outcomes of task " + place.first + " for this date, which has no run"}});
  return out;
}

Duration length_of(const RehearsedRun* run) {
  return run != nullptr && run->finished ? *run->finished - run->created : Duration{};
}

}  // namespace

std::vector<RehearsalCase> compare(const Rehearsal& rehearsal, const GivenOutcomes& given) {
  std::vector<RehearsalCase> out = unused_outcomes(rehearsal, given);
  for (const auto& each : given.expected) {
    const RehearsedRun* run = rehearsal.find(each.logical_date);
    out.push_back(
        {format_rfc3339(each.logical_date), length_of(run), differences(run, each), each.line});
  }
  if (!given.expected.empty()) return out;
  for (const auto& run : rehearsal.runs) {
    RehearsalCase& one = out.emplace_back();
    one.name = format_rfc3339(run.logical_date);
    one.took = length_of(&run);
    if (run.status == RunStatus::failed) one.differences.emplace_back("the run failed");
  }
  return out;
}

}  // namespace millrace
