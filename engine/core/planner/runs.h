// Runs: those that are open, and those that have finished and are still to be projected.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/run.h"

namespace millrace {

class Runs {
 public:
  /// Takes the place of one with the same id.
  Run& add(Run run);
  Run* find(const Uuid& run);  // nullptr: not open, or forgotten
  const Run* find(const Uuid& run) const;
  /// It is neither finished nor forgotten.
  Run* find_open(const Uuid& run);
  /// In the order of their creation.
  std::vector<Uuid> ids() const;

  /// It has ended; it stays readable until `forget_finished`, unless it is opened again.
  void finish(const Uuid& run) { finished_.push_back(run); }
  void reopen(const Uuid& run) { std::erase(finished_, run); }
  void forget_finished();
  int open() const { return static_cast<int>(runs_.size() - finished_.size()); }

  /// One whose events cannot be folded: no command about it is carried out.
  void restore_broken(const Uuid& run, std::string reason);
  /// A conflict for such a one.
  Status check_in_order(const Uuid& run) const;

 private:
  std::unordered_map<Uuid, Run> runs_;
  std::vector<Uuid> finished_;
  std::map<Uuid, std::string> broken_;  // → reason
};

/// The runs of one DAG: how many of them are under way, and which are held back, oldest first.
struct RunQueue {
  int active = 0;
  std::vector<Uuid> held;

  bool has_room(int max_active) const { return active < max_active; }
  bool is_full(int max_active) const {
    return active + static_cast<int>(held.size()) >= max_active;
  }
  bool holds(const Uuid& run) const;
  /// It has ended, whether it was under way or held back.
  void end(const Uuid& run);
  /// The next one that may begin, if there is room; it is held no more.
  std::optional<Uuid> take_next(int max_active);
};

}  // namespace millrace
