#include "engine/spec/yaml.h"

#include <gtest/gtest.h>

namespace millrace::spec {
namespace {

// The table of the YAML 1.2.2 specification, section 10.3.2 (core schema), and its counter-examples
// of YAML 1.1.
TEST(CoreSchema, TypesPlainScalars) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "null"},
      {"~", "null"},
      {"Null", "null"},
      {"true", "true"},
      {"FALSE", "false"},
      {"0", "0"},
      {"-19", "-19"},
      {"+12", "12"},
      {"0o7", "7"},
      {"0x3A", "58"},
      {"0.", "0.0"},
      {"-0.0", "-0.0"},
      {".5", "0.5"},
      {"+12e03", "12000.0"},
      {"-2E+05", "-200000.0"},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"Off", "\"Off\""},
      {"12:30", "\"12:30\""},
      {"2001-02-01", "\"2001-02-01\""},
      {"1_000", "\"1_000\""},
      {"0b11", "\"0b11\""},
      {"inf", "\"inf\""},
      {"nan", "\"nan\""},
      {"-", "\"-\""},
      {"1.2.3", "\"1.2.3\""},
      {"-0x1", "\"-0x1\""},
      {".", "\".\""},
      {"e5", "\"e5\""},
      {"9223372036854775807", "9223372036854775807"},
      {"99999999999999999999", "100000000000000000000.0"},
  };
  for (const auto& [text, expected] : cases) {
    const Json value = core_schema_value(text);
    if (value.type() == Json::Type::number && text.size() > 18)
      EXPECT_DOUBLE_EQ(value.as_double(), 1e20);
    else
      EXPECT_EQ(value, *Json::parse(expected)) << text;
  }
}

YamlNode parse(std::string_view text) {
  Report report{"x.yaml"};
  auto root = parse_yaml(text, report);
  for (const auto& d : report.take()) ADD_FAILURE() << to_string(d);
  return root ? *std::move(root) : YamlNode{};
}

TEST(Yaml, KnowsWhereEachValueStands) {
  const YamlNode root = parse("a: 1\r\nb:\r\n  - x\r\n  - {\xc3\xa9: 'y'}\r\n");
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[1].key_at.line, 2);
  EXPECT_EQ(root.entries[1].key_at.column, 1);
  const YamlNode& list = root.entries[1].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].at.line, 3);
  EXPECT_EQ(list.items[0].at.column, 5);
  const YamlNode& quoted_y = list.items[1].entries[0].value;
  EXPECT_EQ(quoted_y.at.line, 4);
  EXPECT_EQ(quoted_y.at.offset, std::string("a: 1\r\nb:\r\n  - x\r\n  - {\xc3\xa9: ").size());
}

TEST(Yaml, QuotedAndTaggedScalars) {
  const YamlNode root = parse("[\"5\", 'true', !!str 7, !!int 8, ~, '', \"a\\n\"]");
  EXPECT_EQ(to_json(root).dump(), R"(["5","true","7",8,null,"","a\n"])");
  const YamlNode blocks = parse("- |\n  x\n  y\n- >-\n  x\n  y\n-\n");
  EXPECT_EQ(to_json(blocks).dump(), R"(["x\ny\n","x y",null])");
}

TEST(Yaml, AliasesAreExpanded) {
  EXPECT_EQ(to_json(parse("a: &x [1, &y 2]\nb: *x\nc: *y\n")).dump(),
            R"({"a":[1,2],"b":[1,2],"c":2})");
}

}  // namespace
}  // namespace millrace::spec
