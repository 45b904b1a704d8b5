// Upkeep that belongs to a term of leadership begins with it and ends with it.
#include "engine/sched/term_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "engine/sched/engine.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

class NoExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt>) override {}
  void cancel(const AttemptKey&, bool) override {}
  void kill_all() override {}
};

TEST(TermServices, WorkAtOnceAndThenAgainUntilTheTermEnds) {
  std::atomic<int> begun = 0, worked = 0;
  {
    const TermServices services({{"first", std::chrono::milliseconds{1}, [&] { ++begun; },
                                  [&] {
                                    EXPECT_EQ(1, begun);
                                    ++worked;
                                    worked.notify_all();
                                  }}});
    for (int seen = 0; seen < 3; seen = worked) worked.wait(seen);
  }
  const int total = worked;
  EXPECT_EQ(1, begun);
  EXPECT_GE(total, 3);
}

TEST(TermServices, RunOnTheLeaderOnlyAndOnceATerm) {
  const SystemClock clock;
  MemStore store(clock);
  NoExecutor executor;
  const auto engine_with = [&](std::string owner, std::atomic<int>& begun) {
    EngineOptions options;
    options.owner = std::move(owner);
    auto engine =
        std::make_unique<Engine>(options, store.stores(), executor, clock, Rng(begun.load()));
    engine->add_term_service({"upkeep", std::chrono::hours{1}, {}, [&begun] {
                                ++begun;
                                begun.notify_all();
                              }});
    engine->start();
    return engine;
  };
  std::atomic<int> first = 0, second = 0;
  auto leader = engine_with("one", first);
  first.wait(0);
  auto standby = engine_with("two", second);
  EXPECT_EQ(0, second);
  leader.reset();  // releases the lease
  second.wait(0);
  standby.reset();
  EXPECT_EQ(1, first);
  EXPECT_EQ(1, second);
}

}  // namespace
}  // namespace millrace
