// The oracle: what must be true of any journal and store, whatever went wrong on the way. It reads
// nothing but `Stores`, so that the simulation and a real PostgreSQL are judged by the same rules.
// Of the engine's own code it uses only the fold of a run's events; edges, attempts, limits, dates,
// triggers, ends and effects are judged by code of its own.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/store.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

/// Zero: not checked.
struct Limits {
  int process_slots = 0;  // with those that are handed out ahead
  int thread_slots = 0;
  int max_losses = 0;
  /// Of an operator; empty: processes.
  std::function<std::string_view(const std::string& op)> executor_of;
  bool survives_leader = false;  // the next leader adopts attempts that are under way
};

/// The side table: what attempts did, written down by the operators themselves as marks.
struct Witness {
  std::set<std::string> begun, ended;
  std::map<std::string, std::string> given;  // mark of an attempt → the saved text that it got
};

/// What the world around the engine knows. All of it is optional.
struct Expectations {
  Limits limits;
  std::vector<Uuid> commands;                         // the inbox has accepted these
  std::map<std::string, std::set<Uuid>> runs_by_key;  // asked for under one idempotency key
  const Witness* witness = nullptr;
  bool at_rest = true;  // there was time enough for everything to end
};

/// What was seen: a judgement of nothing is worth nothing.
struct Tally {
  int events = 0, runs = 0, tasks = 0, attempts = 0, effects = 0, rejected = 0;
  std::map<std::string_view, int> effects_by_kind;
};

struct Judgement {
  Finding violation;  // the first in the order of the journal
  Tally tally;
};

Judgement judge(Stores stores, const Expectations& expectations);

/// What a call of an attempt is named in the side table, and in the output `mark` of a task: the
/// oracle then knows which call an accepted outcome really came from.
std::string mark_of(const Uuid& run, const std::string& task, int map_index, int attempt,
                    std::int64_t epoch, int call = 0);

}  // namespace millrace::oracle
