#include "tests/oracle/task_course.h"

#include <utility>

namespace millrace::oracle {
namespace {

struct Follow {
  TaskCourse& course;
  const CourseLimits& limits;
  std::int64_t newest_epoch;

  Finding operator()(const AttemptDispatched& e) const {
    if (auto wrong = may_begin(e.attempt, e.epoch)) return wrong;
    if (course.dispatched)
      return Violation{Rule::current_attempt, "an attempt is dispatched while another waits"};
    begin(e.attempt, e.epoch);
    course.dispatched = true;
    return {};
  }
  Finding operator()(const AttemptReturned& e) const {
    if (!std::exchange(course.dispatched, false))
      return Violation{Rule::current_attempt, "an attempt returns that was not dispatched"};
    if (e.attempt != course.attempt)
      return Violation{Rule::current_attempt, "another attempt returns than was dispatched"};
    return {};
  }
  Finding operator()(const AttemptStarted& e) const {
    const bool goes_on = limits.adopted && course.dispatched && e.epoch == course.epoch;
    if (auto wrong = may_begin(e.attempt, goes_on ? newest_epoch : e.epoch)) return wrong;
    if (course.dispatched && (e.attempt != course.attempt || e.epoch != course.epoch))
      return Violation{Rule::current_attempt, "another attempt starts than was dispatched"};
    if (!std::exchange(course.dispatched, false)) begin(e.attempt, e.epoch);
    course.running = true;
    return {};
  }
  Finding operator()(const AttemptStateSaved& e) const {
    if ((!course.running && !course.dispatched) || e.attempt != course.attempt)
      return Violation{Rule::current_attempt, "an attempt saves that is not under way"};
    course.saved = e.state;
    return {};
  }
  Finding operator()(const TaskSucceeded& e) const { return outcome_of(e.attempt); }
  Finding operator()(const TaskDeferred& e) const {
    course.deferred = true;
    return outcome_of(e.attempt);
  }
  Finding operator()(const TaskRepeated& e) const {
    if (auto wrong = outcome_of(e.attempt)) return wrong;
    ++course.iterations;
    course.failures = course.losses = 0;
    course.saved.clear();
    return {};
  }
  Finding operator()(const AttemptFailed& e) const {
    if (++course.failures > limits.retries)
      return Violation{Rule::retry_limit, "the task is to be tried again without a retry left"};
    return outcome_of(e.attempt);
  }
  Finding operator()(const TaskHeld& e) const {
    if (!limits.holds) return Violation{Rule::held, "the task is held, and its DAG says fail"};
    if (course.failures < limits.retries)
      return Violation{Rule::retry_limit, "the task is held although it has a retry left"};
    course.held = true;
    return course.dispatched ? Finding() : outcome_of(e.attempt);
  }
  Finding operator()(const TaskResumed&) const {
    if (!std::exchange(course.held, false))
      return Violation{Rule::held, "a task is resumed that is not held"};
    course.failures = course.losses = 0;
    course.deferred = false;
    return {};
  }
  Finding operator()(const HeldTaskGivenUp&) const {
    course.given_up = course.held;
    if (course.held) return {};
    return Violation{Rule::held, "a task is given up that is not held"};
  }
  Finding operator()(const TaskQueued&) const { return not_held("is queued"); }
  Finding operator()(const AttemptLost& e) const {
    if (limits.losses > 0 && ++course.losses > limits.losses)
      return Violation{Rule::retry_limit, "the task was lost too often to be tried again"};
    return check_attempt(e.attempt);  // said by the leader after the one that started it
  }
  Finding operator()(const TaskFailed& e) const {
    if (course.held && !course.given_up) return not_held("fails");
    if (!course.running) return {};
    if (auto wrong = check_attempt(e.attempt)) return wrong;
    if (course.failures < limits.retries)
      return Violation{Rule::retry_limit, "the task fails although it has a retry left"};
    return {};
  }
  template <typename Other>
  Finding operator()(const Other&) const {
    return {};
  }

 private:
  void begin(int attempt, std::int64_t epoch) const {
    const bool goes_on = std::exchange(course.deferred, false);
    course.call = attempt > course.attempt ? 0 : course.call + goes_on;
    course.attempt = attempt;
    course.epoch = epoch;
    course.given = course.saved;
  }
  Finding not_held(const char* what) const {
    if (!course.held) return {};
    return Violation{Rule::held, "a held task " + std::string(what) + ", and no person said so"};
  }
  Finding may_begin(int attempt, std::int64_t epoch) const {
    if (auto wrong = not_held("starts")) return wrong;
    if (course.ended)
      return Violation{Rule::one_outcome, "an attempt starts after the task has ended"};
    if (course.running)
      return Violation{Rule::current_attempt, "an attempt starts while another is under way"};
    if (attempt < course.attempt || attempt < 1)
      return Violation{Rule::current_attempt, "the attempt numbers go back"};
    if (epoch < newest_epoch)
      return Violation{Rule::newest_epoch, "an old leader starts an attempt"};
    return {};
  }
  Finding check_attempt(int attempt) const {
    if (!course.running)
      return Violation{Rule::current_attempt, "an outcome without an attempt under way"};
    if (attempt != course.attempt)
      return Violation{Rule::current_attempt, "an outcome of attempt " + std::to_string(attempt) +
                                                  " while " + std::to_string(course.attempt) +
                                                  " is the current one"};
    return {};
  }
  Finding outcome_of(int attempt) const {
    if (auto wrong = check_attempt(attempt)) return wrong;
    if (course.epoch < newest_epoch && !limits.adopted)
      return Violation{Rule::newest_epoch, "an outcome of an attempt of an old leader"};
    return {};
  }
};

bool leaves_running(const EventBody& body) {
  return is_ending(body) || std::holds_alternative<AttemptFailed>(body) ||
         std::holds_alternative<AttemptLost>(body) || std::holds_alternative<TaskDeferred>(body) ||
         std::holds_alternative<TaskHeld>(body) || std::holds_alternative<TaskRepeated>(body);
}

}  // namespace

bool is_ending(const EventBody& body) {
  return std::holds_alternative<TaskSucceeded>(body) || std::holds_alternative<TaskFailed>(body) ||
         std::holds_alternative<TaskSkipped>(body) || std::holds_alternative<TaskCancelled>(body) ||
         std::holds_alternative<TaskUpstreamFailed>(body);
}

Finding follow(TaskCourse& course, const EventBody& body, const CourseLimits& limits,
               std::int64_t newest_epoch) {
  if (is_ending(body) && course.ended)
    return Violation{Rule::one_outcome, "the task has ended already"};
  if (auto wrong = std::visit(Follow{course, limits, newest_epoch}, body)) return wrong;
  if (leaves_running(body)) course.running = false;
  if (std::holds_alternative<TaskHeld>(body)) course.dispatched = false;
  if (is_ending(body)) course.ended = true;
  if (is_ending(body)) course.dispatched = false;
  return {};
}

}  // namespace millrace::oracle
