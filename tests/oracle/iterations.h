// What the oracle knows about tasks with `repeat`, without an expression being evaluated: the
// simulation and the tests write `until: outputs.enough`, and each iteration says whether it is.
#pragma once

#include "engine/core/dag.h"
#include "tests/oracle/task_course.h"

namespace millrace::oracle {

/// Judges an event of a task instance, before `follow` notes it.
Finding check_iteration(const TaskCourse& course, const TaskSpec& spec, const EventBody& body);

}  // namespace millrace::oracle
