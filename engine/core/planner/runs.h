// Runs: those that are open, and those that have finished and are still to be projected.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>
#include <optional>
#include <set>
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

/// How many runs of a DAG may be under way.
struct RunLimits {
  int max_active = 1;
  bool apart = false;  // no two scheduled runs at a time
};

/// The runs of one DAG: how many of them are under way, and which are held back, oldest first.
class RunQueue {
 public:
  bool may_begin(const RunLimits& limits, bool scheduled) const;
  void begin(const Uuid& run, bool scheduled);
  void hold(const Uuid& run, bool scheduled) { held_.push_back({run, scheduled}); }
  /// It has ended, whether it was under way or held back. `lingers`: programs of it still run, and
  /// until `gone` no other scheduled run begins if they must stay apart.
  void end(const Uuid& run, bool lingers = false);
  void gone(const Uuid& run) { lingering_.erase(run); }
  /// The next one that may begin; it is held no more.
  std::optional<Uuid> take_next(const RunLimits& limits);

  int active() const { return active_; }
  bool is_full(int max_active) const {
    return active_ + static_cast<int>(held_.size()) >= max_active;
  }
  bool holds(const Uuid& run) const;
  /// Scheduled runs that are held back, oldest first, or under way.
  std::vector<Uuid> held_scheduled() const;
  const std::set<Uuid>& scheduled() const { return scheduled_; }

 private:
  struct Held {
    Uuid run;
    bool scheduled;
  };
  int active_ = 0;
  std::set<Uuid> scheduled_;  // under way
  std::set<Uuid> lingering_;  // scheduled ones that have ended
  std::vector<Held> held_;
};

}  // namespace millrace
