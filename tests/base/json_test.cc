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

TEST(Json, RefusesDuplicatesDepthAndSize) {
  EXPECT_FALSE(Json::parse(R"({"a":1,"a":2})"));
  EXPECT_FALSE(Json::parse(std::string(100'000, '[')));
  EXPECT_FALSE(Json::parse("[1,2,3]", {.max_bytes = 3}));
  EXPECT_FALSE(Json::parse(""));
  EXPECT_FALSE(Json::parse("\"\xff\""));
}

TEST(Json, RefusesADuplicateAmongManyMembers) {
  std::string many = R"({"m0":0)";
  for (int i = 1; i < 40; ++i) many += ",\"m" + std::to_string(i) + "\":0";
  EXPECT_EQ(Json::parse(many + "}")->size(), 40u);
  for (const char* again : {"m0", "m15", "m16", "m39"})
    EXPECT_FALSE(Json::parse(many + ",\"" + again + "\":0}")) << again;
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
