#include "engine/data/sql.h"

#include <gtest/gtest.h>

namespace millrace::data {
namespace {

TEST(Sql, QuotesNamesAndTexts) {
  EXPECT_EQ(quote_identifier("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(quote_literal("O'Hare"), "'O''Hare'");
  EXPECT_EQ(identifier_list({"a", "b c"}), "\"a\", \"b c\"");
}

TEST(Sql, WritesJsonAsLiterals) {
  EXPECT_EQ(literal(Json()), "NULL");
  EXPECT_EQ(literal(Json(true)), "true");
  EXPECT_EQ(literal(Json(-7)), "-7");
  EXPECT_EQ(literal(Json(0.1)), "(0.1)::DOUBLE");
  EXPECT_EQ(literal(Json::array({"a'", 2})), "['a''', 2]");
}

}  // namespace
}  // namespace millrace::data
