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
  };
  for (const auto& [text, expected] : cases) {
    const Json value = core_schema_value(text);
    EXPECT_EQ(value, *Json::parse(expected)) << text;
    EXPECT_EQ(value.type(), Json::parse(expected)->type()) << text;
  }
}

std::string json_of(const YamlNode& node) {
  Report report{"x.yaml"};
  const std::string text = to_json(node, report).dump();
  for (const auto& d : report.take()) ADD_FAILURE() << to_string(d);
  return text;
}

std::string problem_of(std::string_view text) {
  Report report{"x.yaml"};
  if (const auto root = parse_yaml(text, report)) (void)to_json(*root, report);
  const auto all = report.take();
  return all.empty() ? "" : to_string(all[0]);
}

TEST(CoreSchema, RefusesIntegersThatAJsonNumberCannotKeep) {
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "12345678901234567890",
        "0xffffffffffffffffff", "0x8000000000000000", "0o7777777777777777777777"})
    EXPECT_EQ(problem_of("a: " + std::string(text)),
              "x.yaml:1:4: error: '" + std::string(text) +
                  "' does not fit 64 bits; put it in quotes if it is meant as text");
  EXPECT_EQ(problem_of("a: \"12345678901234567890\""), "");
  EXPECT_EQ(
      problem_of("a: 1e400"),
      "x.yaml:1:4: error: '1e400' does not fit 64 bits; put it in quotes if it is meant as text");
  EXPECT_EQ(
      problem_of("a: .inf"),
      "x.yaml:1:4: error: '.inf' is not a finite number; put it in quotes if it is meant as text");
  EXPECT_EQ(problem_of("a: !!int x"), "x.yaml:1:4: error: 'x' is no int; remove the tag");
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
  EXPECT_EQ(json_of(root), R"(["5","true","7",8,null,"","a\n"])");
  const YamlNode blocks = parse("- |\n  x\n  y\n- >-\n  x\n  y\n-\n");
  EXPECT_EQ(json_of(blocks), R"(["x\ny\n","x y",null])");
}

TEST(Yaml, AliasesAreExpanded) {
  EXPECT_EQ(json_of(parse("a: &x [1, &y 2]\nb: *x\nc: *y\n")), R"({"a":[1,2],"b":[1,2],"c":2})");
}

std::string value_of(std::string_view text) { return json_of(parse(text)); }

// YAML 1.2.2, section 5.7, and for the pairs RFC 8259, section 7: JSON is YAML.
TEST(Yaml, ReadsEveryEscape) {
  EXPECT_EQ(value_of(R"("\0\a\b\t\n\v\f\r\e\ \"\/\\")"),
            Json(std::string("\0\a\b\t\n\v\f\r\x1b \"/\\", 13)).dump());
  EXPECT_EQ(value_of(R"("\N\_\L\P")"), Json("\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9").dump());
  EXPECT_EQ(value_of(R"("\x41\u00e9\U0001f600\ud83d\ude00")"),
            Json("A\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80").dump());
  for (const char* bad : {R"("\ud83d")", R"("\ude00\ud83d")", R"("\ud83dx")", R"("\U00110000")",
                          R"("\q")", R"("\x4")", R"("\u12g4")", R"("\')"})
    EXPECT_NE(problem_of(bad), "") << bad;
}

TEST(Yaml, ReadsPlainTextWithQuestionMarksAndTabs) {
  EXPECT_EQ(value_of("with: {url: http://h/p.csv?x=1}"),
            R"({"with":{"url":"http://h/p.csv?x=1"}})");
  EXPECT_EQ(value_of("argv: [ls, part-?.csv, ?x, a?]"),
            R"({"argv":["ls","part-?.csv","?x","a?"]})");
  EXPECT_EQ(value_of("a: 1\n\t\nb: 2\n \t \n"), R"({"a":1,"b":2})");
  EXPECT_EQ(value_of("a:\tb\t# c\nd: [1,\t2\t]\n"), R"({"a":"b","d":[1,2]})");
  EXPECT_EQ(value_of("a: {\n  b: 1\n}\nc:\n  d: [\n    1,\n  ]\n"),
            R"({"a":{"b":1},"c":{"d":[1]}})");
  EXPECT_EQ(value_of("\xef\xbb\xbf"
                     "a: b"),
            R"({"a":"b"})");
  EXPECT_EQ(value_of("a: |\r\n  x\r\n  y\r\nb: 'c\r\n\r\n  d'\r\n"),
            R"({"a":"x\ny\n","b":"c\nd"})");
}

// A file that was written only in part must not run.
TEST(Yaml, RefusesAQuotedTextThatDoesNotEnd) {
  EXPECT_EQ(
      problem_of("run: \"echo one && echo two\n"),
      "x.yaml:1:6: error: not valid YAML: a text in double quotes does not end; close it with \"");
  EXPECT_EQ(
      problem_of("a: 1\nrun: 'echo"),
      "x.yaml:2:6: error: not valid YAML: a text in single quotes does not end; close it with '");
  for (const char* bad :
       {"a: \"b\\\"", "a: \"b\n---\n\"", "a: 'it''s", "[\"a", "\"a\": \"b\nc: d\n", "a: [1, 2",
        "a: {b: 1", "a: \"b\" c", "a: 'b'c", "a: \"b\"#c"})
    EXPECT_NE(problem_of(bad), "") << bad;
}

TEST(Yaml, NamesThePlaceOfWhatIsNotValid) {
  EXPECT_EQ(
      problem_of("a: b: c\n"),
      "x.yaml:1:5: error: not valid YAML: a second ':' on this line; put the value in quotes");
  EXPECT_EQ(problem_of("a:\n  b: 1\n c: 2\n"),
            "x.yaml:3:2: error: not valid YAML: this line is indented further than the entries "
            "before it");
  EXPECT_EQ(problem_of("a:\n\tb: 1\n"),
            "x.yaml:2:2: error: not valid YAML: a tab in the indentation; indent with spaces, not "
            "with tabs");
  EXPECT_EQ(problem_of("a: @b\n"),
            "x.yaml:1:4: error: not valid YAML: text cannot begin with '@' here; put it in quotes");
  EXPECT_EQ(problem_of("a: *b\n"),
            "x.yaml:1:4: error: not valid YAML: no value before this one has the anchor '&b'; "
            "write *text "
            "in quotes if it is meant as text");
  EXPECT_EQ(problem_of("a: [x, y]]\n"),
            "x.yaml:1:10: error: not valid YAML: unexpected text after a value");
  EXPECT_EQ(problem_of("a: 1\n--- \nb: 2\n"),
            "x.yaml:2:1: error: a second YAML document starts here; one file holds one DAG");
}

}  // namespace
}  // namespace millrace::spec
