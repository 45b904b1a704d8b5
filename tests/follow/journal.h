// A MemStore that leads, and events to append to its journal.
#pragma once

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/follow/feed.h"
#include "engine/store/mem_store.h"

namespace millrace::testing {

class FollowTest : public ::testing::Test {
 protected:
  FollowTest();

  Stores stores() { return store_.stores(); }
  /// Appends the events, of which the journal then has so many more.
  void append(std::vector<Event> events);
  /// A run of a DAG with the tasks "load" and "train".
  Uuid start_run();
  Event event(const Uuid& run, EventBody body) const;
  /// So many small events of the run.
  std::vector<Event> many(const Uuid& run, std::size_t count) const;
  std::int64_t last_seq() { return *stores().journal.last_seq(); }

  const SystemClock clock_;
  MemStore store_{clock_};

 private:
  std::int64_t epoch_ = 0;
  Rng rng_{7};
  UuidSource ids_;
};

/// What threads have told, to be waited for.
class Told {
 public:
  void operator()() {
    {
      const MutexLock lock(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }
  /// False after 20 s. `condition` is asked after each call.
  template <typename Condition>
  bool wait_until(Condition condition) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{20}, std::move(condition));
  }
  bool wait_for(int count) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{20},
                             [&]() REQUIRES(mutex_) { return count_ >= count; });
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  int count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::testing
