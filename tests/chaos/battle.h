// Battle: load and faults together for a while, then peace, then the judgement of the oracle.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/oracle/oracle.h"

namespace millrace::chaos {

struct BattleOptions {
  std::filesystem::path folder;  // of its own; what was in it is removed
  std::chrono::seconds time{60};
  std::uint64_t seed = 1;
  bool namespaces = false;  // each engine in a PID namespace of its own
  bool each_once = false;   // each fault once in turn, instead of at random until the time is over
  std::function<void(const std::string& line)> progress;  // empty: none
};

struct BattleReport {
  std::map<std::string, int> faults;  // injected, by name
  std::map<std::string, int> points;  // processes that died at a fault point, by its name
  std::map<std::string, std::vector<double>> seconds;  // measured times
  int runs_accepted = 0;
  oracle::Judgement judgement;
  /// What else went wrong: a key with two runs, an engine that did not stop cleanly.
  std::vector<std::string> complaints;

  int fault_count() const;
  bool clean() const { return !judgement.violation && complaints.empty(); }
};

BattleReport fight(const BattleOptions& options);

}  // namespace millrace::chaos
