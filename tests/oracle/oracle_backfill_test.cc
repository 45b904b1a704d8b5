// Backfills that break their promise: the oracle names the rule and says what is wrong.
#include <gtest/gtest.h>

#include "tests/oracle/forge.h"

namespace millrace::oracle {
namespace {

using Events = std::vector<Event>;

struct WrongBackfill {
  std::string name;
  std::string says;  // part of the message
  std::function<void(Forge&)> make;
};
void PrintTo(const WrongBackfill& wrong, std::ostream* out) { *out << wrong.name; }

/// A wrong journal of a backfill.
std::vector<WrongBackfill> wrong_backfills() {
  const auto insert = [](Forge& f, EventBody body) {
    f.show([&](Events& e) {
      const auto run = find_event<RunCreated>(e, f.third);
      e.insert(run, {0, {}, run->at, body});
    });
  };
  const auto change = [](Forge& f, const std::function<void(BackfillCreated&)>& edit) {
    f.show([&](Events& e) { edit(body_of<BackfillCreated>(e, {})); });
  };
  return {
      {"ARunWithoutItsBackfill", "was never created",
       [](Forge& f) { f.show([&](Events& e) { e.erase(find_event<BackfillCreated>(e, {})); }); }},
      {"ADateTwice", "has a date twice",
       [=](Forge& f) { change(f, [](auto& made) { made.dates.push_back(made.dates[0]); }); }},
      {"DatesOutOfOrder", "out of order",
       [=](Forge& f) {
         change(f, [](auto& made) { made.dates.push_back(made.dates[0] - Duration{1}); });
       }},
      {"ADateBeforeItsTurn", "whose turn it is not",
       [=](Forge& f) {
         change(f, [](auto& made) {
           made.dates.insert(made.dates.begin(), made.dates[0] - Duration{1});
         });
       }},
      {"ARunTooMany", "starts a run while 0 are open",
       [=](Forge& f) { change(f, [](auto& made) { made.max_active_runs = 0; }); }},
      {"ARunWhilePaused", "while it is paused",
       [=](Forge& f) {
         insert(f, BackfillPaused{f.backfill, true, {}});
       }},
      {"ARunAfterTheCancellation", "after its cancellation",
       [=](Forge& f) {
         insert(f, BackfillCancelRequested{f.backfill, {}});
       }},
      {"AnEndWithoutARun", "ends with dates that have no run",
       [=](Forge& f) {
         insert(f, BackfillEnded{f.backfill, BackfillState::completed});
       }},
      {"AnEndBeforeItsLastRun", "ends while a run of it is open",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<BackfillEnded>(e, {});
           std::iter_swap(end, end - 1);
         });
       }},
      {"NoEnd", "did not end",
       [](Forge& f) { f.show([&](Events& e) { e.erase(find_event<BackfillEnded>(e, {})); }); }},
  };
}

class WrongBackfillHistory : public ::testing::TestWithParam<WrongBackfill> {};

TEST_P(WrongBackfillHistory, IsRefused) {
  Forge forge;
  GetParam().make(forge);
  const Judgement judgement = judge(forge.stores(), forge.expectations());
  ASSERT_TRUE(judgement.violation) << "the oracle found nothing";
  const std::string text = judgement.violation->text();
  EXPECT_EQ(Rule::backfills, judgement.violation->rule) << text;
  EXPECT_NE(std::string::npos, text.find(GetParam().says)) << text;
}

INSTANTIATE_TEST_SUITE_P(Backfill, WrongBackfillHistory, ::testing::ValuesIn(wrong_backfills()),
                         [](const auto& info) { return info.param.name; });

TEST(OracleRows, ADateOfABackfillMustBeTheFold) {
  Forge forge;
  const Uuid unknown{4, 2};
  forge.show([&](Events& e) {
    BackfillCreated other = body_of<BackfillCreated>(e, {});
    other.backfill = unknown;
    e.push_back({0, {}, e.back().at, other});
  });
  Expectations expected = forge.expectations();
  expected.at_rest = false;
  const Judgement judgement = judge(forge.stores(), expected);
  ASSERT_TRUE(judgement.violation);
  EXPECT_EQ("projections: backfill " + unknown.to_string() + ": its row is missing",
            judgement.violation->text());
}

}  // namespace
}  // namespace millrace::oracle
