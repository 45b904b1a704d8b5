#include "engine/core/planner/waits.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

class WaitsTest : public ::testing::Test {
 protected:
  static Waiting instance(int task) { return {Uuid{1, 1}, {task, -1}, {}}; }
  std::vector<int> take(const std::string& event) {
    std::vector<int> tasks;
    for (const Waiting& one : waits_.take({kDefaultNamespace, event}))
      tasks.push_back(one.ref.task);
    return tasks;
  }
  using Tasks = std::vector<int>;

  Waits waits_;
};

TEST_F(WaitsTest, AnEventWakesThoseThatWaitForItInTheirOrder) {
  waits_.add("deployment/m", instance(3));
  waits_.add("deployment/n", instance(2));
  waits_.add("deployment/m", instance(1));
  EXPECT_EQ(take("deployment/m"), (Tasks{3, 1}));
  EXPECT_EQ(take("deployment/m"), Tasks{}) << "they wait no more";
  EXPECT_EQ(take("deployment/n"), Tasks{2});
}

TEST_F(WaitsTest, NoEventWakesWhatWaitsForOneWithALongerName) {
  waits_.add("deployment/flights", instance(1));
  waits_.add("a", instance(2));
  EXPECT_EQ(take("deployment/f"), Tasks{});
  EXPECT_EQ(take(""), Tasks{});
  EXPECT_EQ(take("deployment/flights/x"), Tasks{});
  EXPECT_EQ(waits_.size(), 2u);
}

TEST_F(WaitsTest, AnInstanceWaitsForItsNewestEventOnly) {
  waits_.add("old", instance(1));
  waits_.add("new", instance(1));
  EXPECT_EQ(take("old"), Tasks{});
  EXPECT_EQ(take("new"), Tasks{1});
}

TEST_F(WaitsTest, ADeferralThatIsRepeatedTakesNoMoreRoom) {
  for (int i = 0; i < 1000; ++i) waits_.add("deployment/m", instance(1));
  EXPECT_EQ(waits_.size(), 1u);
  EXPECT_EQ(take("deployment/m"), Tasks{1});
}

TEST_F(WaitsTest, ARemovedOneIsNotWoken) {
  waits_.add("e", instance(1));
  waits_.add("e", instance(2));
  waits_.remove(Uuid{1, 1}, {1, -1});
  waits_.remove(Uuid{1, 1}, {7, -1});
  EXPECT_EQ(take("e"), Tasks{2});
  EXPECT_EQ(waits_.size(), 0u);
}

}  // namespace
}  // namespace millrace
