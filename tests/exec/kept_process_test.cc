// A program that an operator keeps outlives its attempt, and nothing else.
#include <string>

#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

class KeptProcessTest : public PoolTest {
 protected:
  KeptProcessTest() { config_.slots = 1; }
  int kept_pid(int task, Json with = Json::object()) {
    return static_cast<int>(outputs(run(attempt("keep", std::move(with), task)))["pid"].as_int());
  }
};

TEST_F(KeptProcessTest, StaysForTheNextAttemptWhileWhatIsLeftBehindIsKilled) {
  const auto left = root_ / "left";
  const int kept = kept_pid(0, Json::object({{"left", left.string()}}));
  EXPECT_TRUE(exec::is_alive(kept));
  EXPECT_FALSE(exec::is_alive(std::stoi(text_of(left))));
  outputs(run(attempt("echo", Json::object(), 1)));
  EXPECT_EQ(kept_pid(2), kept);
}

TEST_F(KeptProcessTest, DiesWithItsRunnerBeforeTheEndOfTheAttemptIsReported) {
  const int kept = kept_pid(0);
  EXPECT_FALSE(run(attempt("die", Json::object({{"how", "kill"}}), 1)).ok());
  EXPECT_FALSE(exec::is_alive(kept));
  EXPECT_NE(kept_pid(2), kept);
}

TEST_F(KeptProcessTest, EndsWithThePool) {
  const int kept = kept_pid(0);
  pool_.reset();
  EXPECT_TRUE(ended(kept));
}

}  // namespace
}  // namespace millrace::test
