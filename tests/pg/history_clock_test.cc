// History under clocks that are wrong, and while others write.
#include <thread>

#include "engine/base/clock.h"
#include "tests/pg/history_fixture.h"

namespace millrace::testing {
namespace {

class HistoryUnderSetClocks : public HistoryTest {};

// --- clocks that are wrong: what was dropped does not come back, whatever the clock says later ---

// A period is dropped only by time that has passed: not within a day after the clock was set.
TEST_P(HistoryUnderSetClocks, AClockThatIsSetDropsNothing) {
  const RunRow run = start_run();
  finish_run(run, RunStatus::success);
  const Retention month = 30 * kDay;
  // The decades before, whose time has come.
  EXPECT_OK(History(database(), clock(), month, &clock()).keep());
  const std::string before = dropped();
  Rng rng(15);
  for (int i = 0; i < 50; ++i) {
    const Duration by = hours{static_cast<int>(rng.below(2 * 40 * 24 + 1)) - 40 * 24};
    // As after months in peace: the clock is trusted, and the last drop is long ago.
    sql("UPDATE millrace.history_clock SET agreed = 30 * 86400000000, "
        "since_drop = 30 * 86400000000");
    // The engine that led, one that comes to lead under the wrong clock, and one after it.
    History leader(database(), clock(), month, &clock()),
        standby(database(), clock(), month, &clock());
    for (int minute = 0; minute < 3; ++minute, clock().pass(std::chrono::minutes{1}))
      EXPECT_OK(leader.keep());
    clock().set(by);
    for (int minute = 0; minute < 5; ++minute, clock().pass(std::chrono::minutes{1})) {
      EXPECT_OK((i % 2 == 0 ? leader : standby).keep());
      EXPECT_OK(leader.sweep());
    }
    clock().set(-by);
    EXPECT_OK((i % 3 == 0 ? leader : standby).keep());
    EXPECT_EQ(before, dropped()) << "set by " << by.count() / 3'600'000'000 << " h";
  }
  EXPECT_OK(stores().runs.run(run.run));
  // Once the clock is trusted again, what is new is forgotten in its time and not 40 days later.
  const RunRow later = start_run();
  finish_run(later, RunStatus::success);
  let_it_grow_old();
  EXPECT_CODE(ErrorCode::not_found, stores().runs.run(later.run));
}

TEST_P(HistoryUnderSetClocks, AnEngineWhoseClockIsNotTheServersDropsNothing) {
  pass_without_drops(kRetention + 3 * period_width(kRetention));
  const std::string before = dropped();
  FakeClock ahead;
  ahead.pass(clock().now() - ahead.now() + 40 * kDay);
  History wrong(database(), ahead, kRetention, &clock());
  for (int day = 0; day < 3; ++day) {
    EXPECT_OK(wrong.keep());
    clock().pass(kDay);
    ahead.pass(kDay);
  }
  EXPECT_NE(wrong.keep()->distrust.find("differ by 40d"), std::string::npos)
      << wrong.keep()->distrust;
  EXPECT_EQ(before, dropped());
}

TEST_P(HistoryUnderSetClocks, EventsOfTheFutureStopTheDrops) {
  pass_without_drops(kRetention + 3 * period_width(kRetention));
  const std::string before = dropped();
  clock().set(40 * kDay);
  start_run();
  clock().set(-40 * kDay);
  for (int day = 0; day < 3; ++day, clock().pass(kDay)) EXPECT_OK(history().keep());
  EXPECT_NE(history().keep()->distrust.find("ahead of PostgreSQL's clock"), std::string::npos);
  EXPECT_EQ(before, dropped());
  start_run();  // the newest event is of the present again
  EXPECT_EQ(1u, keep());
}

// A clock that stays wrong for long is believed in the end, but takes one period for each period's
// time.
TEST_P(HistoryUnderSetClocks, AClockThatStaysWrongDropsOnePeriodForEachPeriodsTime) {
  pass_without_drops(10 * period_width(kRetention));
  keep();
  const std::size_t before = std::stoul(dropped());
  clock().set(400 * kDay);
  pass_watched(kDay + hours{2});
  EXPECT_LE(std::stoul(dropped()), before + 1);
  pass_days(period_width(kRetention));
  EXPECT_LE(std::stoul(dropped()), before + 2);
}

TEST(HistoryClockTest, CountsOnlyTimeThatPassesAsSteadyTimeDoes) {
  const Time start{kDay * 1000};
  const HistoryClock trusted{start, kTrustedAfter, {}};
  EXPECT_EQ(kTrustedAfter + seconds{60}, compare(trusted, start + seconds{61}, seconds{60}).agreed);
  EXPECT_EQ(seconds{60}, compare(trusted, start + seconds{61}, seconds{60}).since_drop);
  for (const Duration wrong : {Duration(hours{1}), Duration(-hours{1}), 40 * kDay, -40 * kDay})
    EXPECT_EQ(Duration{}, compare(trusted, start + seconds{60} + wrong, seconds{60}).agreed);
  // A new leader goes on; after a long pause the clock may have been set.
  EXPECT_EQ(kTrustedAfter, compare(trusted, start + seconds{5}, std::nullopt).agreed);
  EXPECT_EQ(Duration{}, compare(trusted, start + hours{10}, std::nullopt).agreed);
  EXPECT_EQ(Duration{}, compare(trusted, start - hours{10}, std::nullopt).agreed);
  // The hours of a machine that rests at night are put together.
  const HistoryClock working{start, hours{8}, {}};
  EXPECT_EQ(hours{8}, compare(working, start + hours{16}, std::nullopt).agreed);
}

// --- periods that are attached while others write ---

// An insert that waited for a partition to be attached was refused (23514), and that counted as
// final: a trigger was answered 409, log lines and predictions were lost.
TEST_P(HistoryUnderSetClocks, WhatIsWrittenWhileAPeriodIsAttachedIsStored) {
  history().stop_comparing();
  clock().pass(400 * kDay);  // the periods of this time do not exist yet
  const RunRow run = start_run();
  const Command command = this->command("key");
  PredictionBatch batch;
  batch.id = new_id();
  batch.predictions = {{}};
  batch.predictions[0].model = "m";
  batch.predictions[0].at = now();
  std::vector<std::thread> writers;
  const auto other = open_database(database().dsn());
  const auto waiting = [&] {
    return query(*other,
                 "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
                 "(SELECT oid FROM pg_database WHERE datname = current_database())");
  };
  const Status attached = database().run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec("upkeep_begins");
      const auto last = session.exec("last_period");
      session.exec("add_period", pg::Params().add(last.at(0, 0).number()).add(now() + kDay));
      writers.emplace_back([&] { EXPECT_OK(stores().inbox.submit(command)); });
      writers.emplace_back([&] { write_log(run); });
      writers.emplace_back([&] { EXPECT_OK(stores().serving.append(batch)); });
      while (waiting() != "3") {
      }
    });
    return {};
  });
  for (auto& writer : writers) writer.join();
  EXPECT_OK(attached);
  EXPECT_EQ(1u, stores().inbox.pending(10)->size());
  EXPECT_EQ("hello\n", log_of(run));
  EXPECT_EQ(1u, stores().serving.predictions("m", 10)->size());
  EXPECT_EQ("0", sql("SELECT count(*) FROM millrace.command_rest"));
}

// With --retention 1h the first period held up to three days.
TEST(FirstPeriod, OfANewDatabaseEndsWithTheHour) {
  const auto database = open_database(fresh_database());
  EXPECT_EQ("t", query(*database,
                       "SELECT ends <= now() + interval '1 hour' FROM millrace.period "
                       "WHERE number = 1"));
  const SystemClock clock;
  History history(*database, clock, hours{1});
  ASSERT_OK(history.add_periods());
  EXPECT_EQ("t", query(*database,
                       "SELECT bool_and(ends - starts = interval '1 hour') AND "
                       "max(ends) >= now() + interval '12 hours' FROM millrace.period "
                       "WHERE number > 1"));
}

INSTANTIATE_TEST_SUITE_P(PostgreSQL, HistoryUnderSetClocks,
                         ::testing::Values(Backend{
                             "PgStore", [] { return std::make_unique<PgWithHistory>(); }}),
                         name_of);

}  // namespace
}  // namespace millrace::testing
