#include "engine/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

TEST(Json, ParsesAndDumpsEveryType) {
  const std::string text =
      R"({"b":[1,-2.5,true,null,"x\"\n\u00e9"],"a":{"big":9223372036854775807}})";
  const auto value = Json::parse(text);
  ASSERT_TRUE(value.ok()) << value.error().message;
  EXPECT_EQ((*value)["b"].at(1).as_double(), -2.5);
  EXPECT_EQ((*value)["a"]["big"].as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*Json::parse(value->dump()), *value);
  EXPECT_EQ(value->dump_canonical().substr(0, 5), "{\"a\":");
}

TEST(Json, NamesThePlaceOfAnError) {
  const auto bad = Json::parse("{\n  \"a\": tru\n}");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("line 2"), std::string::npos) << bad.error().message;
}

TEST(Json, RefusesDepthAndSize) {
  EXPECT_FALSE(Json::parse(std::string(100'000, '[')));
  EXPECT_FALSE(Json::parse("[1,2,3]", {.max_bytes = 3}));
  EXPECT_FALSE(Json::parse(""));
  EXPECT_FALSE(Json::parse("\"\xff\""));
}

// RFC 8259: a NUL byte is no white space; the library reads it as the end of the text.
TEST(Json, RefusesANulByteWhereverItIs) {
  using std::string_literals::operator""s;
  for (const auto& text : {"{}\0"s, "{\"a\":1}\0 and more"s, "[1,\0 2]"s, "\0"s, "\"a\0b\""s})
    EXPECT_FALSE(Json::parse(text)) << text;
  EXPECT_EQ(Json::parse("[1]\n\0x"s).error().message,
            "invalid JSON at line 2, column 1: a NUL byte");
}

TEST(Json, KeepsIntegersExactlyOrRefusesThem) {
  EXPECT_EQ(Json::parse("-9223372036854775808")->dump(), "-9223372036854775808");
  EXPECT_EQ(Json::parse("9223372036854775807")->dump(), "9223372036854775807");
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                           "12345678901234567890123"})
    EXPECT_FALSE(Json::parse(text)) << text;
  EXPECT_EQ(Json::parse(R"({"keys": [1, 12345678901234567890]})").error().message,
            "the integer 12345678901234567890 does not fit 64 bits (/keys/1); write it as a text "
            "to keep it exactly");
  EXPECT_EQ(Json::parse("1e20")->as_double(), 1e20);  // written as a floating-point number
  EXPECT_EQ(Json::parse("18446744073709551615", {.round_integers = true})->as_double(), 0x1p64);
}

// Python's json.dumps writes these three.
TEST(Json, NamesNanAndInfinityWithTheirPlace) {
  EXPECT_EQ(Json::parse("{\"auc\": {\"test\": NaN}}").error().message,
            "JSON has no NaN; found at line 1, column 18 (/auc/test); write null or a text");
  EXPECT_EQ(Json::parse("[1,\n Infinity]").error().message,
            "JSON has no Infinity; found at line 2, column 2 (/1); write null or a text");
  EXPECT_EQ(Json::parse("[-Infinity]").error().message,
            "JSON has no Infinity; found at line 1, column 3 (/0); write null or a text");
  EXPECT_EQ(Json::parse("[nan]").error().message,
            "JSON has no nan; found at line 1, column 2 (/0); write null or a text");
}

// RFC 8259, section 4: what a name given twice means is open; ECMA-262 (25.5.1) takes the last
// value.
TEST(Json, TakesTheLastValueOfANameOrRefusesTheSecond) {
  EXPECT_EQ(Json::parse(R"({"a":1,"b":2,"a":{"c":3}})")->dump(), R"({"a":{"c":3},"b":2})");
  const auto refused = Json::parse(R"({"x":[{"a":1,"a":2}]})", {.unique_names = true});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(
      refused.error().message,
      "the member \"a\" is given twice (/x/0/a); one of its values would be lost, give it once");
}

TEST(Json, FindsANameGivenTwiceAmongManyMembers) {
  std::string many = R"({"m0":0)";
  for (int i = 1; i < 40; ++i) many += ",\"m" + std::to_string(i) + "\":0";
  EXPECT_EQ(Json::parse(many + "}", {.unique_names = true})->size(), 40u);
  for (const char* again : {"m0", "m15", "m16", "m39"}) {
    const std::string text = many + ",\"" + again + "\":7,\"n\":1}";
    EXPECT_FALSE(Json::parse(text, {.unique_names = true})) << again;
    const auto last = Json::parse(text);
    ASSERT_TRUE(last.ok()) << again;
    EXPECT_EQ(last->size(), 41u);
    EXPECT_EQ((*last)[again].as_int(), 7);
  }
}

TEST(Json, DoublesReadBackEqualAndStayDoubles) {
  for (const double value : {0.1, 1.0, 1e300, -0.0, 5e-324}) {
    const auto back = Json::parse(Json(value).dump());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->as_double(), value);
    EXPECT_EQ(back->type(), Json::Type::number);
  }
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "null");
}

// RFC 8259, section 7: what must be escaped, and nothing else.
TEST(Json, EscapesOnlyWhatItMust) {
  using std::string_literals::operator""s;
  EXPECT_EQ(Json("a \"b\\c/\n\r\t\x01\x1f\x7f\0 \xc3\xbc~ end"s).dump(),
            "\"a \\\"b\\\\c/\\n\\r\\t\\u0001\\u001f\x7f\\u0000 \xc3\xbc~ end\"");
  EXPECT_EQ(Json("").dump(), R"("")");
}

TEST(Json, InvalidUtf8IsReplacedOnOutput) { EXPECT_EQ(Json("a\xff").dump(), "\"a\xef\xbf\xbd\""); }

TEST(Json, ComparesByValue) {
  EXPECT_EQ(*Json::parse(R"({"a":1,"b":2})"), *Json::parse(R"({"b":2.0,"a":1})"));
  EXPECT_FALSE(Json(1) == Json("1"));
}

}  // namespace
}  // namespace millrace
