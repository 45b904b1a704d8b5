#include "engine/pg/array_text.h"

#include <gtest/gtest.h>

#include "engine/pg/session.h"
#include "tests/pg/test_cluster.h"

namespace millrace::pg {
namespace {

using testing::open_database;

TEST(ArrayText, WritesEachType) {
  ArrayText numbers;
  numbers.add(1);
  numbers.add(std::int64_t{-9'000'000'000});
  numbers.add_null();
  numbers.add(2.5);
  EXPECT_EQ("{1,-9000000000,NULL,2.5}", std::move(numbers).take());

  ArrayText texts;
  texts.add("a\"b\\c,{d}");
  texts.add("NULL");
  texts.add("");
  EXPECT_EQ(R"({"a\"b\\c,{d}","NULL",""})", std::move(texts).take());

  ArrayText others;
  others.add(true);
  others.add(Uuid{});
  others.add(Json());
  others.add(std::optional<Time>());
  others.add(from_micros(7));
  EXPECT_EQ("{t,NULL,NULL,NULL,7}", std::move(others).take());
  EXPECT_EQ("{}", ArrayText().take());
}

TEST(ArrayText, ReplacesWhatPostgresCannotStore) {
  const auto stored = [](std::string_view text) {
    std::string buffer;
    return std::string(storable(text, buffer));
  };
  EXPECT_EQ("plain é 漢 😀", stored("plain é 漢 😀"));
  EXPECT_EQ(
      "a\xef\xbf\xbd"
      "b",
      stored(std::string_view("a\0b", 3)));
  EXPECT_EQ("\xef\xbf\xbdx", stored("\xffx"));
  EXPECT_EQ("\xef\xbf\xbd\xef\xbf\xbd", stored("\xc0\x80"));                  // overlong NUL
  EXPECT_EQ("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", stored("\xed\xa0\x80"));  // a surrogate
  EXPECT_EQ("\xef\xbf\xbd\xef\xbf\xbd", stored("\xe6\xbc"));                  // cut short
}

// PostgreSQL's own reader of arrays is the judge.
TEST(ArrayText, PostgresReadsItBack) {
  const std::vector<std::string> texts = {"plain", "",        "NULL",  "null",     "a\"b",
                                          "a\\b",  "\\\"",    "{x,y}", " spaced ", "tab\tline\n",
                                          "é漢😀",  "'quoted'"};
  ArrayText array;
  for (const auto& text : texts) array.add(text);
  const auto database = open_database(testing::fresh_database());
  const auto got = database->run<std::vector<std::string>>(
      [&](Session& session) -> Result<std::vector<std::string>> {
        const std::string literal = std::move(array).take();
        std::string quoted;
        for (const char c : literal) quoted += c == '\'' ? std::string("''") : std::string(1, c);
        const Rows rows =
            session.exec_script("SELECT u FROM unnest('" + quoted + "'::text[]) AS u");
        std::vector<std::string> out;
        for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(rows.at(i, 0).text());
        return out;
      });
  ASSERT_TRUE(got.ok()) << got.error().to_string();
  EXPECT_EQ(texts, *got);
}

}  // namespace
}  // namespace millrace::pg
