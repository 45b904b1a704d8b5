// Watermarks that never fall. The orders are those of DuckDB for the types that ingest writes:
// numbers by value, dates and times by when they are, texts by their bytes.
#include "engine/core/planner/watermarks.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

const std::string kSales(kDefaultNamespace);

TEST(Watermarks, AreOrderedWithinTheirType) {
  const std::vector<std::vector<Json>> kAscending = {
      {-9'007'199'254'740'993, -0.5, 0, "0.05", "0.5", 1, 1.5, "9.50", "10.5", 11,
       9'007'199'254'740'992, 9'007'199'254'740'993, "170141183460469231731687303715884105727",
       1e300},
      {"-10.5", "-9.5", "-0.01", "0.00"},
      {"2026-11-20", "2026-11-20 22:46:00", "2026-11-20 22:46:00.5", "2026-11-20T22:46:01Z",
       "2026-11-20 22:46:01.25+00", "2026-11-21"},
      {"", "Cust 10", "Cust 9", "Cust 99", "cust 1", "é"}};
  for (const auto& values : kAscending)
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t j = 0; j < values.size(); ++j) {
        ASSERT_EQ(watermark_type(values[i]), watermark_type(values[j]));
        EXPECT_EQ(is_below(values[i], values[j]), i < j)
            << values[i].dump() << " and " << values[j].dump();
      }
  EXPECT_FALSE(is_below("1.50", "1.5"));
  EXPECT_FALSE(is_below("1.5", "1.50"));
  EXPECT_FALSE(is_below("2026-11-20 01:00:00+00", "2026-11-20T01:00:00Z"));
}

TEST(Watermarks, DropAValueBelowTheLastOne) {
  Watermarks marks;
  marks.restore({kSales, "orders"}, "2026-11-27 22:46:00");
  std::vector<Effect> effects = {UpdateDataset{"orders", std::string(64, 'a'), 1},
                                 SetWatermark{"orders", "2026-11-10 23:21:00"},
                                 SetWatermark{"other", 5}};
  ASSERT_TRUE(marks.admit(kSales, effects).ok());
  marks.take(kSales, effects);
  ASSERT_EQ(effects.size(), 2u);
  EXPECT_EQ(std::get<SetWatermark>(effects[1]).dataset, "other");
  effects = {SetWatermark{"other", 4}, SetWatermark{"other", 6}, SetWatermark{"other", 5}};
  marks.take(kSales, effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<SetWatermark>(effects[0]).value, Json(6));
  // The dataset of another namespace is another one.
  effects = {SetWatermark{"other", 1}};
  marks.take("team", effects);
  EXPECT_EQ(effects.size(), 1u);
}

TEST(Watermarks, RefuseAValueOfAnotherType) {
  Watermarks marks;
  marks.restore({kSales, "orders"}, "2026-11-27");
  const auto said = [&](const std::vector<Effect>& effects) {
    const Status status = marks.admit(kSales, effects);
    return status ? "no error" : status.error().message;
  };
  EXPECT_EQ(said({SetWatermark{"orders", 7}}),
            "the watermark of dataset 'orders' is \"2026-11-27\" (a date or time), and cannot "
            "become 7 (a number); name a column of the same type in watermark, or another dataset");
  EXPECT_EQ(said({SetWatermark{"orders", "Cust 99"}}),
            "the watermark of dataset 'orders' is \"2026-11-27\" (a date or time), and cannot "
            "become \"Cust 99\" (a text); name a column of the same type in watermark, or another "
            "dataset");
  EXPECT_EQ(said({SetWatermark{"new", 7}, SetWatermark{"new", "Cust 99"}}),
            "the watermark of dataset 'new' is 7 (a number), and cannot become \"Cust 99\" (a "
            "text); name a column of the same type in watermark, or another dataset");
  EXPECT_EQ(said({SetWatermark{"orders", "2026-11-28 01:00:00"}}), "no error");
}

}  // namespace
}  // namespace millrace
