// One suite for every implementation of the store: tests/store runs it on MemStore, tests/pg on
// PostgreSQL. A test file of the suite is compiled into both; each of them instantiates StoreTest
// with its own Backend.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/store/store.h"

namespace millrace::testing {

/// Stands still until told. Thread-safe.
class FakeClock final : public Clock {
 public:
  Time now() const override { return Time{Duration{micros_.load()}}; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point{
        std::chrono::microseconds{micros_.load() - set_by_.load()}};
  }
  void pass(Duration duration) { micros_ += duration.count(); }
  /// The wall clock jumps, steady time does not.
  void set(Duration by) {
    micros_ += by.count();
    set_by_ += by.count();
  }

 private:
  std::atomic<std::int64_t> micros_{1'000'000'000'000'000}, set_by_{0};
};

/// A fresh, empty store.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Stores stores() = 0;
  virtual FakeClock& clock() = 0;
};

struct Backend {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }
inline std::string name_of(const ::testing::TestParamInfo<Backend>& info) {
  return info.param.name;
}

/// Counts callbacks; `wait_for` blocks until there were so many. A callback may come late, when the
/// signal that made it has gone.
class Signal {
 public:
  std::function<void()> callback() {
    return [state = state_] {
      const std::lock_guard lock(state->mutex);
      ++state->count;
      state->changed.notify_all();
    };
  }
  /// False after 20 s.
  bool wait_for(int count) {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, std::chrono::seconds{20},
                                    [&] { return state_->count >= count; });
  }
  int count() {
    const std::lock_guard lock(state_->mutex);
    return state_->count;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    int count = 0;  // guarded by mutex
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class StoreTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;

  Stores stores() { return store_->stores(); }
  FakeClock& clock() { return store_->clock(); }
  Time now() { return clock().now(); }
  /// Ids grow from call to call.
  Uuid new_id();

  /// Becomes the leader of the main shard and remembers the epoch for `batch`.
  std::int64_t lead(std::string_view owner = "one");
  /// A batch of the current epoch that follows the journal's end.
  Batch batch(std::vector<Event> events);
  /// Appends `batch(events)` and expects success.
  void append(std::vector<Event> events);
  std::int64_t last_seq();

  Event event(const Uuid& run, EventBody body);
  /// Registers the DAG and starts a run of it; returns its row as the journal was given it.
  RunRow start_run(const DagKey& dag = "flights", RunType type = RunType::manual,
                   std::optional<Time> logical_date = {}, std::optional<Uuid> backfill = {});
  void finish_run(const RunRow& run, RunStatus status);
  /// A task of `run` succeeds with these effects.
  Batch success_batch(const Uuid& run, std::vector<Effect> effects,
                      const std::string& task = "train", int map_index = -1);
  void succeed(const Uuid& run, std::vector<Effect> effects, const std::string& task = "train",
               int map_index = -1);

  std::unique_ptr<StoreUnderTest> store_;
  std::int64_t epoch_ = 0;
  Rng rng_{7};
};

/// A digest that is easy to tell apart: the letter, 64 times.
inline std::string digest(char letter) { return std::string(64, letter); }

#define ASSERT_OK(...)                                              \
  do {                                                              \
    const auto& mr_outcome = (__VA_ARGS__);                         \
    ASSERT_TRUE(mr_outcome.ok()) << mr_outcome.error().to_string(); \
  } while (false)
#define EXPECT_OK(...)                                              \
  do {                                                              \
    const auto mr_outcome = (__VA_ARGS__);                          \
    EXPECT_TRUE(mr_outcome.ok()) << mr_outcome.error().to_string(); \
  } while (false)
#define EXPECT_CODE(expected, ...)                                                  \
  do {                                                                              \
    const auto mr_outcome = (__VA_ARGS__);                                          \
    ASSERT_FALSE(mr_outcome.ok());                                                  \
    EXPECT_EQ(expected, mr_outcome.error().code) << mr_outcome.error().to_string(); \
  } while (false)

}  // namespace millrace::testing
