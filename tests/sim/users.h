// Users: people and programs outside, who trigger, cancel, retry, pause and publish, and who ask
// again when they got no answer. They remember what they were promised.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/store/store.h"
#include "tests/oracle/oracle.h"
#include "tests/sim/clock.h"
#include "tests/sim/script.h"

namespace millrace::sim {

/// A task instance that waits for a decision.
struct HeldTask {
  Uuid run;
  std::string namespace_, task;
  int map_index = -1;
};

class Users {
 public:
  /// Sends one command; the promises go into `promised`.
  void act(Inbox& inbox, const SimClock& clock, Script& script, oracle::Expectations& promised);
  /// Resumes the task, or lets it fail.
  void decide(const HeldTask& held, Inbox& inbox, const SimClock& clock, Script& script,
              oracle::Expectations& promised);

 private:
  void send(Command command, Inbox& inbox, oracle::Expectations& promised);
  Command draw_backfill_command(const SimClock& clock, Script& script);
  Command draw_command(const SimClock& clock, Script& script, oracle::Expectations& promised);
  std::vector<std::pair<Uuid, std::string>> triggered_;  // with their namespaces
  std::vector<std::pair<Uuid, std::string>> backfills_;  // the same
  std::vector<Command> unsure_;                          // sent, without an answer
};

}  // namespace millrace::sim
