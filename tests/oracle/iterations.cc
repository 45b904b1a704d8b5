#include "tests/oracle/iterations.h"

namespace millrace::oracle {
namespace {

Finding wrong(const char* what) { return Violation{Rule::iterations, what}; }

}  // namespace

Finding check_iteration(const TaskCourse& course, const TaskSpec& spec, const EventBody& body) {
  const auto* repeated = std::get_if<TaskRepeated>(&body);
  const auto* succeeded = std::get_if<TaskSucceeded>(&body);
  const auto* failed = std::get_if<TaskFailed>(&body);
  const RepeatPolicy& repeat = spec.repeat;
  if (!repeat.is_set()) return repeated == nullptr ? Finding() : wrong("repeats without `repeat`");
  const bool is_last = course.iterations + 1 >= repeat.max;
  const bool judges = repeat.until == "outputs.enough";
  if (repeated != nullptr) {
    if (is_last) return wrong("runs again after its last iteration");
    if (judges && repeated->outputs["enough"].as_bool()) return wrong("runs again after enough");
  }
  const bool may_be_too_little = is_last && repeat.on_max == OnMax::succeed;
  if (judges && succeeded != nullptr && !may_be_too_little &&
      !succeeded->outputs["enough"].as_bool())
    return wrong("succeeds before it is enough");
  // An iteration that succeeded, and not one that failed.
  if (judges && failed != nullptr && failed->outputs["enough"].is_bool()) {
    if (failed->outputs["enough"].as_bool()) return wrong("fails after enough");
    if (!is_last || repeat.on_max != OnMax::fail) return wrong("fails before its last iteration");
  }
  return {};
}

}  // namespace millrace::oracle
