// The store lives longer than the engine, and goes on calling whom it was given.
#include <gtest/gtest.h>

#include "engine/sched/engine.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

class IdleExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt>) override {}
  void cancel(const AttemptKey&, bool) override {}
  void kill_all() override {}
};

TEST(EngineEnd, ACommandThatComesAfterItIsLeftToTheNext) {
  const SystemClock clock;
  MemStore store(clock);
  IdleExecutor executor;
  auto engine = std::make_unique<Engine>(EngineOptions{}, store.stores(), executor, clock, Rng(1));
  engine->start();
  ASSERT_TRUE(engine->wait_until_leading());
  engine.reset();

  Command asked = make_command(TriggerRun{.dag = "none"}, {});
  asked.id = Uuid{1, 1};
  EXPECT_TRUE(store.stores().inbox.submit(asked).ok());
  const auto pending = store.stores().inbox.pending(10);
  ASSERT_TRUE(pending.ok());
  EXPECT_EQ(1u, pending->size());
}

}  // namespace
}  // namespace millrace
