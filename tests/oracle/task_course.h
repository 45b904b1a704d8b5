// TaskCourse: what the journal says of one task instance, followed by the oracle itself beside the
// engine's fold.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/event.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

/// Plain data; one for each instance, anew when the instance is cleared.
struct TaskCourse {
  int attempt = 0;  // the newest that was dispatched or started; after a clear the numbers go on
  std::int64_t epoch = 0;
  int call = 0;  // of `attempt`: after each deferral the next one
  bool deferred = false;
  bool dispatched = false;  // the executor may begin `attempt`
  bool running = false;
  bool ended = false;
  bool held = false;
  bool given_up = false;  // a person lets the held task fail
  int failures = 0, losses = 0;
  int iterations = 0;  // that were followed by another one
  std::string saved;  // by its attempts, for the next one
  std::string given;  // what the newest attempt gets
};

struct CourseLimits {
  int retries = 0;       // that the failure of this event allows; -1: none in any case
  int losses = 0;        // 0: not checked
  bool holds = false;    // a task without retries left waits for a person
  bool adopted = false;  // attempts of old leaders may go on
};

/// Judges one more event of the instance, and notes it. `newest_epoch` is of all attempts that have
/// been dispatched or started so far, anywhere.
Finding follow(TaskCourse& course, const EventBody& body, const CourseLimits& limits,
               std::int64_t newest_epoch);

/// True for the five events that end a task instance.
bool is_ending(const EventBody& body);

}  // namespace millrace::oracle
