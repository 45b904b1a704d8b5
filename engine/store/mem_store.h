// MemStore: every role of the store in memory; real in all that the store promises, except that it
// ends with the process. For tests and simulation: time comes from the given clock, calls fail when
// a hook says so, and callbacks run in the thread that made the change, after the lock is gone, so
// that a single-threaded simulation stays deterministic.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/store/store.h"

namespace millrace {

enum class Fault {
  none,
  fail_before,  // nothing happens, and the call reports `unavailable`
  fail_after,   // it happens, and the call still reports `unavailable`
};

/// Thread-safe.
class MemStore {
 public:
  /// `clock` must outlive the store.
  explicit MemStore(const Clock& clock);
  ~MemStore();
  MemStore(const MemStore&) = delete;
  MemStore& operator=(const MemStore&) = delete;

  /// Valid as long as this object.
  Stores stores();

  /// Asked at the start of every call but `subscribe`; `call` is "role.method": journal.append,
  /// leadership.renew, inbox.pending, runs.open_runs, logs.append, registry.models,
  /// serving.deployment, … Empty: no faults.
  void set_fault_hook(std::function<Fault(std::string_view call)> hook);

 private:
  struct Roles;
  std::unique_ptr<Roles> roles_;
};

}  // namespace millrace
