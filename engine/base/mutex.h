// Mutex, MutexLock and ConditionVariable: the standard ones with the annotations of clang's
// thread-safety analysis, which the dev build runs as errors. A member that a mutex protects says
// so with GUARDED_BY(mutex_), a function that its caller must lock for with REQUIRES(mutex_), and a
// function that locks by itself may say EXCLUDES(mutex_). GCC sees empty macros.
//
// A predicate that reads guarded members is annotated as well, since clang looks at each lambda
// alone:  changed_.wait(lock, [this]() REQUIRES(mutex_) { return !queue_.empty(); });
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#if defined(__clang__)
#define MR_ANALYSIS(attribute) __attribute__((attribute))
#else
#define MR_ANALYSIS(attribute)
#endif

#define GUARDED_BY(mutex) MR_ANALYSIS(guarded_by(mutex))
#define PT_GUARDED_BY(mutex) MR_ANALYSIS(pt_guarded_by(mutex))
#define REQUIRES(...) MR_ANALYSIS(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) MR_ANALYSIS(locks_excluded(__VA_ARGS__))
/// For what the analysis cannot follow; a comment says why it is right.
#define NO_THREAD_SAFETY_ANALYSIS MR_ANALYSIS(no_thread_safety_analysis)

namespace millrace {

class MR_ANALYSIS(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  /// For `MutexLock(mutex, std::adopt_lock)` where it succeeds.
  bool try_lock() MR_ANALYSIS(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds the mutex as long as it lives, but for the time between `unlock` and `lock`.
class MR_ANALYSIS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MR_ANALYSIS(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  MutexLock(Mutex& mutex, std::adopt_lock_t held) MR_ANALYSIS(requires_capability(mutex))
      : lock_(mutex.mutex_, held) {}
  ~MutexLock() MR_ANALYSIS(release_capability()) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() MR_ANALYSIS(release_capability()) { lock_.unlock(); }
  void lock() MR_ANALYSIS(acquire_capability()) { lock_.lock(); }

 private:
  friend class ConditionVariable;
  std::unique_lock<std::mutex> lock_;
};

/// Waits with a predicate return only while it holds, so that a spurious wake-up has no effect. The
/// mutex of `lock` is held whenever a predicate runs.
class ConditionVariable {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  template <typename Predicate>
  void wait(MutexLock& lock, Predicate predicate) {
    condition_.wait(lock.lock_, std::move(predicate));
  }
  /// False: the time is over, and the predicate does not hold.
  template <typename Rep, typename Period, typename Predicate>
  bool wait_for(MutexLock& lock, std::chrono::duration<Rep, Period> most, Predicate predicate) {
    return condition_.wait_for(lock.lock_, most, std::move(predicate));
  }
  template <typename Clock, typename Ticks, typename Predicate>
  bool wait_until(MutexLock& lock, std::chrono::time_point<Clock, Ticks> end, Predicate predicate) {
    return condition_.wait_until(lock.lock_, end, std::move(predicate));
  }

 private:
  std::condition_variable condition_;
};

}  // namespace millrace
