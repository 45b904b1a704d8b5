// Params of a DAG as a command line gives them: `-p name=text`.
#include <gtest/gtest.h>

#include "engine/core/dag.h"

namespace millrace {
namespace {

Json read(const char* type, const std::string& text) {
  ParamSpec param{"p"};
  if (*type != '\0') param.schema.set("type", type);
  const auto value = param_from_text(param, text);
  return value ? *value : Json("error: " + value.error().message);
}

bool refused(const char* type, const std::string& text) {
  return read(type, text).as_view().starts_with("error: ");
}

TEST(ParamFromText, TheDeclaredTypeDecides) {
  for (const char* text :
       {"1.10", "007", "true", "null", "[1,2]", "\"x\"", "", "12345678901234567890"})
    EXPECT_EQ(read("string", text), Json(text)) << text;
  EXPECT_EQ(read("number", "1.10"), Json(1.1));
  EXPECT_EQ(read("integer", "007"), Json(7));
  EXPECT_EQ(read("integer", "-9223372036854775808").dump(), "-9223372036854775808");
  EXPECT_EQ(read("boolean", "true"), Json(true));
  EXPECT_EQ(read("array", "[1, \"a\"]"), Json::array({1, "a"}));
  EXPECT_EQ(read("object", "{\"a\": 1}"), Json::object({{"a", 1}}));
  for (const auto& [type, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"integer", "1.5"},
           {"integer", "two"},
           {"integer", ""},
           {"integer", "12345678901234567890"},
           {"number", "12345678901234567890"},
           {"number", "1,5"},
           {"boolean", "yes"},
           {"boolean", "1"},
           {"array", "a,b"}})
    EXPECT_TRUE(refused(type, text)) << type << " " << text;
  EXPECT_EQ(read("integer", "two"),
            Json("error: param 'p' is 'two'; expected an integer of 64 bits"));
}

TEST(ParamFromText, WithoutATypeOnlyWhatComesBackUnchangedIsJson) {
  EXPECT_EQ(read("", "5"), Json(5));
  EXPECT_EQ(read("", "1.5"), Json(1.5));
  EXPECT_EQ(read("", "true"), Json(true));
  EXPECT_EQ(read("", "[1, 2]"), Json::array({1, 2}));
  EXPECT_EQ(read("", "{\"a\": \"b  \\\" c\"}"), Json::object({{"a", "b  \" c"}}));
  for (const char* text : {"1.10", "1.50", "007", "1e3", "+1", "12345678901234567890", "[1.10]",
                           "hello", "-0", "{\"v\": 1.10}"})
    EXPECT_EQ(read("", text), Json(text)) << text;
}

}  // namespace
}  // namespace millrace
