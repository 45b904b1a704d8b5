// The decision that follows a look of any sensor, with given times.
#include "operators/sensors/sensor.h"

#include <gtest/gtest.h>

#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SensorTest : public ::testing::Test {
 protected:
  /// A look at `now_`; what it leaves is what the next one finds.
  SensorVerdict look(const Result<Look>& seen) {
    SensorVerdict verdict = decide(options_, wait_, "the file x", seen, now_);
    if (verdict.outcome)
      if (const auto* defer = std::get_if<Defer>(&*verdict.outcome)) {
        wait_ = *read_record<SensorWait>(defer->checkpoint);
        after_ = defer->after;
        waiting_for_ = defer->waiting_for;
      }
    return verdict;
  }
  static Look answer(Look::Answer answer, std::string says = "no file matches") {
    return {.answer = answer, .says = std::move(says)};
  }
  static Look not_yet() { return answer(Look::Answer::not_yet); }

  SensorOptions options_{seconds{30}, hours{1}, "fail", "retry"};
  Time now_ = from_micros(1'000'000'000'000'000);
  std::optional<SensorWait> wait_;
  Duration after_{};
  std::string waiting_for_;
};

TEST_F(SensorTest, LooksAgainAfterTheInterval) {
  expect_outcome<Defer>(look(not_yet()).outcome);
  EXPECT_EQ(after_, seconds{30});
  EXPECT_EQ(waiting_for_, "the file x");
  EXPECT_EQ(wait_->waiting_since, now_);
}

TEST_F(SensorTest, CountsLooksAndTheTimeWaitedInItsOutputs) {
  look(not_yet());
  now_ += seconds{30};
  look(not_yet());
  now_ += seconds{31};
  Look found = answer(Look::Answer::found, "1 file matches");
  found.outputs = Json::object({{"count", 1}});
  EXPECT_EQ(expect_outcome<Done>(look(found).outcome).outputs,
            Json::object({{"count", 1}, {"waited", 61.0}, {"looks", 3}}));
}

TEST_F(SensorTest, LogsTheFirstAnswerAndEachChangeOfIt) {
  EXPECT_EQ(look(not_yet()).log, "no file matches");
  EXPECT_EQ(look(not_yet()).log, "");
  EXPECT_EQ(look(answer(Look::Answer::not_yet, "1 file below min_bytes")).log,
            "1 file below min_bytes");
  EXPECT_EQ(look(answer(Look::Answer::found, "1 file matches")).log, "1 file matches");
}

TEST_F(SensorTest, LooksOnceMoreAtTheEndOfItsTimeAndThenFails) {
  options_.timeout = seconds{40};
  look(not_yet());
  now_ += seconds{30};
  look(not_yet());
  EXPECT_EQ(after_, seconds{10});
  now_ += seconds{10};
  const Fail fail = expect_outcome<Fail>(look(not_yet()).outcome);
  EXPECT_EQ(fail.error.to_string(),
            "waited 40s for the file x (3 looks); the last answer: no file matches");
  EXPECT_EQ(fail.outputs["answer"], Json("no file matches"));
  EXPECT_EQ(fail.outputs["looks"], Json(3));
}

TEST_F(SensorTest, IsSkippedAtTheEndOfItsTimeIfAskedTo) {
  options_.timeout = Duration::zero();
  options_.on_timeout = "skip";
  EXPECT_EQ(expect_outcome<Skip>(look(not_yet()).outcome).reason,
            "waited 0s for the file x (1 look); the last answer: no file matches");
}

TEST_F(SensorTest, FindsWhatIsThereAtTheLastLook) {
  options_.timeout = seconds{30};
  look(not_yet());
  now_ += minutes{5};
  expect_outcome<Done>(look(answer(Look::Answer::found)).outcome);
}

TEST_F(SensorTest, CountsAnErrorThatMayPassAsNotYetAndNamesItAtTheEnd) {
  options_.timeout = seconds{30};
  EXPECT_EQ(look(unavailable("connection refused")).log, "the look failed: connection refused");
  EXPECT_EQ(after_, seconds{30});
  now_ += seconds{30};
  EXPECT_EQ(expect_outcome<Fail>(look(unavailable("connection refused")).outcome).error.message,
            "waited 30s for the file x (2 looks); the last answer: the look failed: "
            "connection refused");
}

TEST_F(SensorTest, ReportsAnErrorAtOnceIfAskedTo) {
  options_.errors = "fail";
  const auto verdict = look(unavailable("connection refused"));
  ASSERT_FALSE(verdict.outcome);
  EXPECT_TRUE(verdict.outcome.error().transient());
}

TEST_F(SensorTest, DoesNotWaitForAnErrorThatCannotPass) {
  EXPECT_FALSE(look(invalid_argument("no such option")).outcome);
  EXPECT_FALSE(look(make_error(ErrorCode::cancelled, "cancelled")).outcome);
}

TEST_F(SensorTest, KeepsTheMemoryOfTheLastGoodLookThroughAnError) {
  Look first = not_yet();
  first.memory = Json::object({{"listing", "a"}});
  look(first);
  look(unavailable("stale handle"));
  EXPECT_EQ(wait_->memory["listing"], Json("a"));
}

TEST_F(SensorTest, FailsAtOnceIfTheAnswerIsNever) {
  const Fail fail =
      expect_outcome<Fail>(look(answer(Look::Answer::never, "the run failed")).outcome);
  EXPECT_EQ(fail.error.message, "the run failed");
}

TEST_F(SensorTest, LooksEarlierIfTheLookAsksForIt) {
  Look soon = not_yet();
  soon.again_in = seconds{10};
  look(soon);
  EXPECT_EQ(after_, seconds{10});
}

TEST_F(SensorTest, AClockThatWasSetBackNeitherEndsNorProlongsTheWait) {
  look(not_yet());
  now_ -= hours{5};
  look(not_yet());
  EXPECT_EQ(wait_->waited, seconds{30});
  now_ += seconds{30};
  look(not_yet());
  EXPECT_EQ(wait_->waited, seconds{60});
}

TEST_F(SensorTest, TimeWithoutAnEngineCounts) {
  look(not_yet());
  now_ += hours{2};
  expect_outcome<Fail>(look(not_yet()).outcome);
}

}  // namespace
}  // namespace millrace::operators
