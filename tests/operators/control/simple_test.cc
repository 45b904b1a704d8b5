#include "operators/control/fail.h"
#include "operators/control/noop.h"
#include "operators/control/wait.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

const Catalog kCatalog = Catalog::of<Noop, FailTask, Wait>();

TEST(Noop, HandsItsOutputsOn) {
  FakeContext ctx;
  const Json with = Json::object({{"outputs", Json::object({{"month", 2}})}});
  EXPECT_EQ(expect_outcome<Done>(kCatalog.run("noop", with, ctx)).outputs["month"], Json(2));
  EXPECT_EQ(expect_outcome<Done>(kCatalog.run("noop", Json::object(), ctx)).outputs,
            Json::object());
  const auto wrong = kCatalog.run("noop", Json::object({{"outputs", 3}}), ctx);
  EXPECT_EQ(wrong.error().message, "parameter 'outputs': 3 is an integer; expected a mapping");
}

TEST(Fail, IsAsTransientAsAskedFor) {
  FakeContext ctx;
  const auto permanent = kCatalog.run("fail", Json::object({{"message", "no"}}), ctx);
  EXPECT_EQ(permanent.error().message, "no");
  EXPECT_TRUE(permanent.error().permanent);
  const Error transient = kCatalog.run("fail", Json::object({{"transient", true}}), ctx).error();
  EXPECT_TRUE(transient.transient());
  EXPECT_FALSE(transient.permanent);
}

TEST(Parameters, NoRetryCuresAWrongOne) {
  FakeContext ctx;
  EXPECT_TRUE(kCatalog.run("fail", Json::object({{"attempts", "x"}}), ctx).error().permanent);
}

// Text that is a number is one; a number is a text where one is wanted.
TEST(Parameters, TakeScalarsForEachOther) {
  FakeContext ctx;
  const auto fail = [&](Json with) { return kCatalog.run("fail", with, ctx).error().message; };
  EXPECT_EQ(fail(Json::object({{"message", 404}})), "404");
  EXPECT_EQ(fail(Json::object({{"message", false}})), "false");
  EXPECT_EQ(fail(Json::object({{"message", Json()}})), "failed on purpose");
  ctx.info.attempt = 3;
  for (const char* attempts : {"2", " 2\n", "2.0", "+2"})
    expect_outcome<Done>(kCatalog.run("fail", Json::object({{"attempts", attempts}}), ctx));
  for (const char* attempts : {"two", "", "2.5", "12345678901234567890", "NaN"})
    EXPECT_EQ(
        fail(Json::object({{"attempts", attempts}})),
        "parameter 'attempts': " + Json(attempts).dump() + " is a string; expected an integer");
  EXPECT_EQ(fail(Json::object({{"attempts", "-1"}})),
            "parameter 'attempts': -1 is out of range; it must be at least 0");
  EXPECT_TRUE(kCatalog.run("fail", Json::object({{"transient", "true"}}), ctx).error().transient());
}

TEST(Fail, EndsWellAfterTheGivenNumberOfAttempts) {
  FakeContext ctx;
  const Json with = Json::object({{"attempts", 2}});
  ctx.info.attempt = 2;
  EXPECT_FALSE(kCatalog.run("fail", with, ctx).ok());
  ctx.info.attempt = 3;
  expect_outcome<Done>(kCatalog.run("fail", with, ctx));
}

TEST(Wait, DefersUntilTheDurationHasPassed) {
  FakeContext ctx;
  const Json with = Json::object({{"for", "10m"}});
  const auto first = expect_outcome<Defer>(kCatalog.run("wait", with, ctx));
  EXPECT_EQ(first.after, std::chrono::minutes{10});
  EXPECT_EQ(first.event, "");
  EXPECT_EQ(first.waiting_for, "the time 2001-09-09T01:56:40Z");
  ctx.info.checkpoint = first.checkpoint;
  ctx.time += std::chrono::minutes{4};  // woken too early, e.g. by a restart
  EXPECT_EQ(expect_outcome<Defer>(kCatalog.run("wait", with, ctx)).after, std::chrono::minutes{6});
  ctx.time += std::chrono::minutes{6};
  EXPECT_EQ(expect_outcome<Done>(kCatalog.run("wait", with, ctx)).outputs["until"],
            Json("2001-09-09T01:56:40Z"));
}

TEST(Wait, ForADurationDoesNotWaitForAClockThatWasSetBack) {
  FakeContext ctx;
  const Json with = Json::object({{"for", "10m"}});
  ctx.info.checkpoint = expect_outcome<Defer>(kCatalog.run("wait", with, ctx)).checkpoint;
  ctx.time -= std::chrono::minutes{50};  // ten minutes have passed, and somebody took an hour
  expect_outcome<Done>(kCatalog.run("wait", with, ctx));
}

TEST(Wait, UntilATimeThatHasPassedEndsAtOnce) {
  FakeContext ctx;
  expect_outcome<Done>(kCatalog.run("wait", Json::object({{"until", "2001-09-01"}}), ctx));
  EXPECT_EQ(expect_outcome<Defer>(
                kCatalog.run("wait", Json::object({{"until", "2001-09-09T01:46:41Z"}}), ctx))
                .after,
            std::chrono::seconds{1});
}

TEST(Wait, NeedsExactlyOneOfItsParameters) {
  FakeContext ctx;
  EXPECT_EQ(kCatalog.run("wait", Json::object(), ctx).error().message,
            "'wait' needs one of the parameters 'for' and 'until'");
  EXPECT_FALSE(
      kCatalog.run("wait", Json::object({{"for", "1s"}, {"until", "2001-09-01"}}), ctx).ok());
  EXPECT_FALSE(kCatalog.run("wait", Json::object({{"until", "tomorrow"}}), ctx).ok());
}

}  // namespace
}  // namespace millrace::operators
