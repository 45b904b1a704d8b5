// The expected values follow GitHub's published rules ("Evaluate expressions in workflows and
// actions": operators, literals, functions, object filters); where ours differ on purpose, the
// test's name says so.
#include "engine/core/expression.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

Json scope_root() {
  return *Json::parse(R"({
    "run": {"id": "r1", "data_interval_start": "2001-02-01T03:04:05Z"},
    "params": {"months": 2, "name": "Flights", "empty": "", "none": null, "ratio": 0.5},
    "tasks": {"train": {"outputs": [{"auc": 0.7, "m": {"id": 1}},
                                    {"auc": 0.75, "m": {"id": 2}}, {"other": 1}]},
              "my-task": {"outputs": {"table": "abc", "rows": "1000"}}},
    "item": "xgboost",
    "event": {"labels": ["bug", "Urgent"], "nested": {"a": {"v": 1}, "b": {"v": 2}, "c": 3}}
  })");
}

Result<Json> evaluate(const std::string& text, Scope scope = {}) {
  static const Json root = scope_root();
  scope.root = &root;
  auto expression = Expression::parse(text);
  if (!expression) return expression.error();
  return expression->evaluate(scope);
}

std::string shown(const std::string& text) {
  const auto value = evaluate(text);
  return value ? value->dump() : "error: " + value.error().message;
}

struct Case {
  std::string expression;
  std::string expected;  // compact JSON, or "error: …"
};

void check(const std::vector<Case>& cases) {
  for (const auto& [expression, expected] : cases)
    EXPECT_EQ(shown(expression), expected) << "of " << expression;
}

TEST(Expression, ReadsLiterals) {
  check({{"null", "null"},
         {"true", "true"},
         {"711", "711"},
         {"-9.2", "-9.2"},
         {"0xff", "255"},
         {"0o17", "15"},
         {"-2.99e-2", "-0.0299"},
         {"+5", "5"},
         {".5", "0.5"},
         {"9223372036854775807", "9223372036854775807"},
         {"'It''s open source!'", "\"It's open source!\""},
         {"''", "\"\""}});
}

TEST(Expression, ReachesIntoMappingsAndLists) {
  check({{"run.id", "\"r1\""},
         {"tasks.my-task.outputs.table", "\"abc\""},
         {"tasks['my-task']['outputs'].table", "\"abc\""},
         {"tasks.train.outputs[1].auc", "0.75"},
         {"tasks.train.outputs[params.months].other", "1"},
         {"event.labels['1']", "\"Urgent\""},
         {"event.labels[-1]", "null"},
         {"event.labels[5]", "null"},
         {"event.labels[9e99]", "null"},
         {"event.labels.length", "null"},
         {"nothing.at.all", "null"},
         {"run.id.deeper[0]", "null"},
         {"fromJSON('{\"a\":[1,{\"b\":2}]}').a[1].b", "2"}});
}

TEST(Expression, FiltersWithAStar) {
  check({{"tasks.train.outputs.*.auc", "[0.7,0.75]"},
         {"tasks.train.outputs[*].m.id", "[1,2]"},
         {"event.nested.*.v", "[1,2]"},
         {"event.labels.*", "[\"bug\",\"Urgent\"]"},
         {"fromJSON('[[1,2],[3]]').*.*", "[1,2,3]"},
         {"fromJSON('[[1,2],[3]]').*[0]", "[1,3]"},
         {"nothing.*", "[]"},
         {"max(tasks.train.outputs.*.auc)", "0.75"}});
}

TEST(Expression, ComparesAsGitHubDoes) {
  check({{"'abc' == 'ABC'", "true"},  // strings without regard to case
         {"'abc' < 'ABD'", "true"},
         {"null == 0", "true"},
         {"null == ''", "true"},
         {"true == 1", "true"},
         {"'1' == 1", "true"},
         {"' 0xf ' == 15", "true"},
         {"'x' == 0", "false"},  // NaN equals nothing
         {"'x' != 0", "true"},
         {"NaN == NaN", "false"},
         {"'x' < 1", "false"},
         {"'x' >= 1", "false"},
         {"tasks.my-task.outputs.rows > 999", "true"},
         {"1 <= 1 && 2 >= 3", "false"},
         {"9007199254740993 == 9007199254740992", "false"},
         {"1 < 2 == true", "true"}});
}

TEST(Expression, ListsAndMappingsAreEqualByContent) {
  check({{"fromJSON('[1,2]') == fromJSON('[1,2]')", "true"},
         {"fromJSON('{}') == fromJSON('[]')", "false"}});
}

TEST(Expression, LogicGivesOperandsAndStopsEarly) {
  check({{"params.none || 'x'", "\"x\""},
         {"params.name && 7", "7"},
         {"'' && fromJSON('{')", "\"\""},
         {"1 || fromJSON('{')", "1"},
         {"!params.empty", "true"},
         {"!!'x'", "true"},
         {"false || false && true", "false"},
         {"true || false && false", "true"},
         {"(true || false) && false", "false"},
         {"0 || NaN || null", "null"}});
}

TEST(Expression, CallsTheFunctionsOfGitHub) {
  check({{"contains('Hello world', 'LLO')", "true"},
         {"contains(event.labels, 'URGENT')", "true"},
         {"contains(event.labels, 'urg')", "false"},
         {"contains(params.none, '')", "true"},
         {"startsWith('Hello world', 'he')", "true"},
         {"endsWith('Hello world', 'LD')", "true"},
         {"format('Hello {0} {1} {2}', 'Mona', 'the', 8)", "\"Hello Mona the 8\""},
         {"format('{{Hello {0}}}', 'x')", "\"{Hello x}\""},
         {"join(event.labels, ', ')", "\"bug, Urgent\""},
         {"join(event.labels)", "\"bug,Urgent\""},
         {"join('x')", "\"x\""},
         {"toJSON(event.labels)", R"("[\n  \"bug\",\n  \"Urgent\"\n]")"},
         {"fromJSON('true') && 1", "1"},
         {"TOJSON(1)", "\"1\""}});
}

TEST(Expression, CallsOurOwnFunctions) {
  check({{"default(params.none, 3)", "3"},
         {"default(params.empty, 3)", "\"\""},
         {"tasks.none.outputs.n | default(0) > 5", "false"},
         {"length('h\xc3\xa9llo')", "5"},
         {"event.labels | length", "2"},
         {"length(event)", "2"},
         {"min(3, '1', 2.5)", "1"},
         {"max(3, params.months)", "3"},
         {"run.data_interval_start | date('%Y-%m')", "\"2001-02\""},
         {"run.data_interval_start | date_add('-2mo') | date('%F')", "\"2000-12-01\""},
         {"!params.none | default(true)", "false"}});
}

// The dates are those of GNU date: `date -u -d 2004-12-31T23:59:09.5Z +…`.
TEST(Expression, FormatsDates) {
  const std::string time = "'2004-12-31T23:59:09.5Z'";
  check({{"date(" + time + ", '%Y %y %m %d %e %H %I %p %M %S %j')",
          "\"2004 04 12 31 31 23 11 PM 59 09 366\""},
         {"date(" + time + ", '%a %A %b %B %u %w %G-W%V %s %F %T %z %Z %%')",
          "\"Fri Friday Dec December 5 5 2004-W53 1104537549 2004-12-31 23:59:09 +0000 UTC %\""},
         {"date('2008-12-29', '%G-W%V')", "\"2009-W01\""},
         {"date('2001-02-01T01:00:00+02:00')", "\"2001-01-31T23:00:00Z\""},
         {"date_add('2004-01-31', '1mo')", "\"2004-02-29T00:00:00Z\""},
         {"date_add('2004-02-29', '-1y')", "\"2003-02-28T00:00:00Z\""},
         {"date_add('2004-02-29', '36h')", "\"2004-03-01T12:00:00Z\""}});
}

// The local times are those of GNU date: `TZ=Europe/Berlin date -d 2024-03-31T00:59:59Z`. Germany
// goes from UTC+1 to UTC+2 on 31 March 2024 at 01:00 UTC, Nepal is at UTC+5:45 all year.
TEST(Expression, FormatsDatesInAZone) {
  check({{"date('2024-03-31T00:59:59Z', '%F %T %z %Z', 'Europe/Berlin')",
          "\"2024-03-31 01:59:59 +0100 CET\""},
         {"date('2024-03-31T01:00:00Z', '%F %T %z %Z', 'Europe/Berlin')",
          "\"2024-03-31 03:00:00 +0200 CEST\""},
         {"date('2024-01-01T03:00:00Z', '%F %a %j %s', 'America/New_York')",
          "\"2023-12-31 Sun 365 1704078000\""},
         {"date('2024-06-01T00:00:00Z', '%T %z', 'Asia/Kathmandu')", "\"05:45:00 +0545\""},
         {"date('2024-06-01T12:00:00Z', '%H%z', 'UTC')", "\"12+0000\""}});
  EXPECT_TRUE(shown("date('2024-01-01', '%F', 'Europe/Berln')")
                  .starts_with("error: date: there is no time zone 'Europe/Berln'"))
      << shown("date('2024-01-01', '%F', 'Europe/Berln')");
}

// The values are those of Python's range().
TEST(Expression, RangeListsIntegers) {
  check({{"range(3)", "[0,1,2]"},
         {"range(2, 5)", "[2,3,4]"},
         {"range(10, 0, -4)", "[10,6,2]"},
         {"range(0, 10, '5')", "[0,5]"},
         {"range(3, 1)", "[]"},
         {"range(0)", "[]"},
         {"length(range(1000000))", "1000000"},
         {"range(9223372036854775806, 9223372036854775807, 5)", "[9223372036854775806]"},
         {"range(1000001)", "error: range: more than 1000000 items"},
         {"range(1, 2, 0)", "error: range: the step must not be 0"},
         {"range(1.5)", "error: range: expected whole numbers, not '1.5'"},
         {"range(params.none)", "error: range: expected whole numbers, not null"},
         {"range(event)", "error: range: expected whole numbers, not a mapping"}});
}

TEST(Expression, ListsAreZippedFlattenedAndMadeUnique) {
  check({{"zip(fromJSON('[1, 2]'), fromJSON('[\"a\", \"b\"]'))", "[[1,\"a\"],[2,\"b\"]]"},
         {"zip(range(2), range(2), range(2))", "[[0,0,0],[1,1,1]]"},
         {"zip(range(0), range(0))", "[]"},
         {"zip(range(2), range(3))",
          "error: zip: the lists have 2 and 3 items; they must be equally long"},
         {"zip(range(2), 'x')", "error: zip: expected a list, not a string"},
         {"flatten(fromJSON('[1, [2, [3, []]], {\"a\": [4]}]'))", "[1,2,3,{\"a\":[4]}]"},
         {"flatten(fromJSON('[1, [2, [3]]]'), 1)", "[1,2,[3]]"},
         {"flatten('x')", "error: flatten: expected a list, not a string"},
         {"unique(fromJSON('[3, 1, 3.0, \"a\", \"A\", \"a\", null, null]'))",
          "[3,1,\"a\",\"A\",null]"},
         {"unique(fromJSON('[{\"a\":1,\"b\":2}, {\"b\":2,\"a\":1}, [1], [\"1\"]]'))",
          "[{\"a\":1,\"b\":2},[1],[\"1\"]]"},
         {"unique('x')", "error: unique: expected a list, not a string"}});
}

// GitHub Actions, "Operators": GitHub ignores case when comparing strings.
TEST(Expression, ComparesTextsWithoutCaseInEveryOperator) {
  check({{"'Main' == 'MAIN'", "true"},
         {"'Main' != 'main'", "false"},
         {"'a' < 'B'", "true"},
         {"'B' > 'a'", "true"},
         {"'b' >= 'B' && 'b' <= 'B'", "true"},
         {"contains('Hello world', 'LLO')", "true"},
         {"startsWith('Hello', 'he')", "true"},
         {"endsWith('Hello', 'LO')", "true"}});
}

TEST(Expression, StatusFunctionsAnswerFromTheScope) {
  const Scope failed{.root = nullptr, .success = false, .failure = true, .cancelled = false};
  EXPECT_EQ(evaluate("failure() && !success() && always()", failed)->as_bool(), true);
  EXPECT_EQ(evaluate("cancelled()", {.cancelled = true})->as_bool(), true);
  EXPECT_TRUE(Expression::parse("!(1 > 2 || always())")->uses_status_function());
  EXPECT_FALSE(Expression::parse("contains('success()', 'x')")->uses_status_function());
}

TEST(Expression, ListsWhatItReads) {
  const auto expression = Expression::parse(
      "tasks.train.outputs[params.months].auc > tasks['my-task'].outputs.rows && "
      "contains(tasks.*.state, item) || tasks.train.outputs[0]");
  ASSERT_TRUE(expression) << expression.error().message;
  const std::vector<std::string> expected = {"item", "params.months", "tasks",
                                             "tasks.my-task.outputs.rows", "tasks.train.outputs"};
  EXPECT_EQ(expression->references(), expected);
}

TEST(Expression, ErrorsNameTheColumnAndWhatWouldBeRight) {
  check({{"", "error: column 1: the expression is empty"},
         {"1 +", "error: column 3: '+' means nothing in an expression"},
         {"a ==", "error: column 5: expected a value, found the end"},
         {"a = 1", "error: column 3: '=' means nothing here; compare with '=='"},
         {"a & b", "error: column 3: '&' means nothing here; write '&&'"},
         {"\"x\"", "error: column 1: strings stand in single quotes here, not in double ones"},
         {"'x", "error: column 1: this string has no closing '"},
         {"(1", "error: column 3: expected ')', found the end"},
         {"a b", "error: column 3: expected an operator or the end, found 'b'"},
         {"a.", "error: column 3: expected a name or '*' after '.', found the end"},
         {"a[1", "error: column 4: expected ']', found the end"},
         {"contain('a', 'b')",
          "error: column 1: there is no function 'contain'; did you mean 'contains'?"},
         {"1 | lenght", "error: column 5: there is no function 'lenght'; did you mean 'length'?"},
         {"contains('a')", "error: column 1: contains() takes 2 arguments, 1 given"},
         {"join()", "error: column 1: join() takes 1 to 2 arguments, 0 given"},
         {"max()", "error: column 1: max() takes at least 1 argument, 0 given"},
         {"hashFiles('x')",
          "error: column 1: hashFiles() is not offered; artifacts carry their digest in outputs"},
         {"12abc", "error: column 1: '12abc' is not a number"},
         {"1 ; 2", "error: column 3: ';' means nothing in an expression"}});
}

TEST(Expression, FailuresOfFunctionsSayWhy) {
  check({{"fromJSON('{')", "error: fromJSON: invalid JSON at line 1, column 2"},
         {"format('{1}', 'x')", "error: format: there is no argument {1}; 1 given"},
         {"format('{', 'x')",
          "error: format: a '{' must open a placeholder such as {0}; write '{{' for a brace"},
         {"min(fromJSON('[]'))", "error: min: of an empty list"},
         {"max('x')", "error: max: expected numbers, not a string"},
         {"length(5)", "error: length: expected a string, a list or a mapping, not an integer"},
         {"date('soon')", "error: date: 'soon' is not a time; write it as 2001-02-01T03:00:00Z"},
         {"date_add('2001-01-01', '5')",
          "error: date_add: '5' is not an amount of time; write it as '1d', '-36h', '-2mo' or "
          "'1y'"}});
  EXPECT_NE(shown("date('2001-01-01', '%Q')").find("'%Q' is not a conversion"), std::string::npos);
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Expression, HostileTextIsRefusedQuickly) {
  for (const std::string& text :
       {repeated("(", 60'000), repeated("!", 60'000) + "1", "a" + repeated(".b", 30'000),
        "a" + repeated("[a", 30'000), "1" + repeated("<1", 20'000), repeated("max(", 10'000),
        "1" + repeated("|max", 10'000)}) {
    const auto expression = Expression::parse(text);
    ASSERT_FALSE(expression);
    EXPECT_NE(expression.error().message.find("nested deeper than 100"), std::string::npos);
  }
  EXPECT_EQ(Expression::parse(std::string(70'000, ' ')).error().code,
            ErrorCode::resource_exhausted);
  // Long, but not deep.
  EXPECT_EQ(shown("1" + repeated("&&1", 20'000)), "1");
}

TEST(Expression, OutputIsBounded) {
  std::string text = "'" + std::string(1000, 'x') + "'";
  for (int i = 0; i < 12; ++i) text = "format('{0}{0}', " + text + ")";
  const auto value = evaluate(text);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::resource_exhausted);
}

TEST(Expression, WorkIsBounded) {
  Json root = Json::object();
  for (int i = 0; i < 10'000; ++i) root.member("list").push_back(Json(std::string(100, 'x')));
  const auto expression = Expression::parse("1" + repeated("&&length(list.*)", 4000));
  ASSERT_TRUE(expression);
  const auto value = expression->evaluate({.root = &root});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::resource_exhausted);
}

TEST(Truthy, IsThatOfGitHub) {
  for (const Json& falsy : {Json(), Json(false), Json(0), Json(-0.0), Json(""), Json(std::nan(""))})
    EXPECT_FALSE(truthy(falsy)) << falsy.dump();
  for (const Json& value : {Json(true), Json(1), Json("false"), Json::array(), Json::object()})
    EXPECT_TRUE(truthy(value)) << value.dump();
}

Result<Json> render(const std::string& json) {
  static const Json root = scope_root();
  auto compiled = Template::compile(*Json::parse(json));
  if (!compiled) return compiled.error();
  return compiled->render({.root = &root});
}

TEST(Template, KeepsTheTypeOfALoneExpressionAndJoinsText) {
  const auto value = render(R"({
    "months": "${{ params.months }}",
    "list": ["${{ event.labels }}",
             "n=${{ params.months }}, r=${{ params.ratio }}, none=${{ params.none }}."],
    "path": "data/${{ run.data_interval_start | date('%Y-%m') }}.parquet",
    "text": "${{ event.labels }}!",
    "brace": "${{ '}}' }}",
    "plain": "$ {{ x }}"
  })");
  ASSERT_TRUE(value) << value.error().to_string();
  EXPECT_EQ(*value, *Json::parse(R"({
    "months": 2,
    "list": [["bug", "Urgent"], "n=2, r=0.5, none=."],
    "path": "data/2001-02.parquet",
    "text": "[\"bug\",\"Urgent\"]!",
    "brace": "}}",
    "plain": "$ {{ x }}"
  })"));
}

TEST(Template, ErrorsPointAtTheString) {
  const auto unclosed = render(R"({"a": [0, "${{ 1 "]})");
  ASSERT_FALSE(unclosed);
  EXPECT_EQ(unclosed.error().to_string(), "/a/1: this '${{' has no closing '}}'");
  const auto wrong = render(R"({"a/b": "x ${{ 1 == }}"})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().to_string(),
            "/a~1b: in '${{ 1 == }}', column 7: expected a value, found the end");
  const auto failing = render(R"({"x": {"y": "${{ max('x') }}"}})");
  ASSERT_FALSE(failing);
  EXPECT_EQ(failing.error().where, "/x/y");
}

TEST(Template, KnowsWhetherItIsConstantAndWhatItReads) {
  EXPECT_TRUE(Template().is_constant());
  EXPECT_TRUE(Template::compile(*Json::parse(R"({"a": "}} {{"})"))->is_constant());
  const auto compiled =
      Template::compile(*Json::parse(R"(["${{ item }}", {"b": "${{ params.x }} ${{ item }}"}])"));
  EXPECT_FALSE(compiled->is_constant());
  EXPECT_EQ(compiled->references(), (std::vector<std::string>{"item", "params.x"}));
}

// GitHub upper-cases both sides by Unicode (result.ts, toUpperSpecial): "ß" is "SS", and the
// dotless i keeps its case.
TEST(Expression, IgnoresCaseBeyondAscii) {
  check({{"'\xc3\x84ra' == '\xc3\xa4RA'", "true"},  // Ära
         {"'stra\xc3\x9f"
          "e' == 'STRASSE'",
          "true"},                                                // straße
         {"'\xd0\x94\xd0\xb0' == '\xd0\xb4\xd0\x90'", "true"},    // Да
         {"'\xc4\xb1' == 'I'", "false"},                          // dotless i
         {"contains('\xc3\x89t\xc3\xa9', '\xc3\xa9T')", "true"},  // Été
         {"startsWith('\xc3\x9cnal', '\xc3\xbc')", "true"},
         {"endsWith('caf\xc3\xa9', 'F\xc3\x89')", "true"},
         {"'\xc3\xa4' < '\xc3\x84'", "false"},
         {"'\xff' == '\xff'", "true"}});  // no UTF-8: compared as it is
}

TEST(Expression, FindsMembersWithoutRegardToCase) {
  check({{"fromJSON('{\"BAR\": 1}').bar", "1"},
         {"fromJSON('{\"BAR\": 1}')['Bar']", "1"},
         {"fromJSON('{\"BAR\": 1, \"bar\": 2}').bar", "2"},  // the same name comes first
         {"fromJSON('{\"BAR\": 1, \"bar\": 2}').Bar", "1"},
         {"fromJSON('[{\"A\": 1}, {\"a\": 2}]').*.a", "[1,2]"},
         {"fromJSON('{\"\xc3\x84\": 1}')['\xc3\xa4']", "1"},
         {"params.NAME", "\"Flights\""}});
}

TEST(Expression, CaseTakesTheFirstConditionThatHolds) {
  check({{"case(params.months == 1, 'one', params.months == 2, 'two', 'many')", "\"two\""},
         {"case(false, 1, 'none')", "\"none\""},
         {"CASE(true, 1, fromJSON('broken'))", "1"},  // what is not chosen is not evaluated
         {"case(params.months, 1, 2)",
          "error: case: condition 1 is an integer; expected true or false"},
         {"case(true, 1)", "error: column 1: case() takes at least 3 arguments, 2 given"},
         {"case(true, 1, false, 2)",
          "error: column 1: case() takes pairs of a condition and a value, and one value for when "
          "none holds; the last one is missing"}});
}

// POSIX.1-2017, shell command language, 2.2.2: nothing is special between single quotes.
TEST(Expression, QuoteMakesOneWordOfAShell) {
  check({{"quote('a b')", "\"'a b'\""},
         {"quote('''; echo INJECTED; echo ''')", R"("''\\''; echo INJECTED; echo '\\'''")"},
         {"quote('')", "\"''\""},
         {"quote(null)", "\"''\""},
         {"quote(1.50)", "\"'1.5'\""},
         {"params.name | quote", "\"'Flights'\""},
         {"quote(fromJSON('[\"a\", \"b c\", 3]'))", "\"'a' 'b c' '3'\""},
         {"quote(fromJSON('\"a\\u0000b\"'))",
          "error: quote: no argument of a program can hold a NUL byte"}});
}

// ECMAScript, Number::toString: shortest digits that read back equal, plain up to 1e21.
TEST(Expression, NumbersBecomeTextWithoutLoss) {
  check({{"format('{0}', 100000.0)", "\"100000\""},
         {"format('{0}', 0.1)", "\"0.1\""},
         {"format('{0}', 1e20)", "\"100000000000000000000\""},
         {"format('{0}', 1e21)", "\"1e+21\""},
         {"format('{0}', 0.000001)", "\"0.000001\""},
         {"format('{0}', -2.50)", "\"-2.5\""},
         {"format('{0}', 9007199254740993)", "\"9007199254740993\""},
         {"toJSON(1.0)", "\"1\""},
         {"toJSON(fromJSON('{\"a\": [1.0, 2.5, 100000.0], \"b\": {}}'))",
          R"("{\n  \"a\": [\n    1,\n    2.5,\n    100000\n  ],\n  \"b\": {}\n}")"},
         {"9007199254740993 == 9007199254740992", "false"},
         {"'9007199254740993' == 9007199254740992", "false"},
         {"12345678901234567890", "error: column 1: '12345678901234567890' does not fit 64 bits"}});
}

TEST(Expression, KnowsItsTypeBeforeItIsEvaluated) {
  const auto type = [](const std::string& text) -> std::string {
    const auto given =
        Expression::parse(text)->type([](const std::string& name) -> std::optional<Json::Type> {
          if (name == "params.n") return Json::Type::integer;
          if (name == "params.s") return Json::Type::string;
          return std::nullopt;
        });
    return given ? std::string(type_name(*given)) : "?";
  };
  EXPECT_EQ(type("params.n"), "an integer");
  EXPECT_EQ(type("params.n == 1"), "a boolean");
  EXPECT_EQ(type("params.n || 2.5"), "a number");
  EXPECT_EQ(type("params.n || params.s"), "?");
  EXPECT_EQ(type("case(true, params.s, 'x')"), "a string");
  EXPECT_EQ(type("params.other"), "?");
  EXPECT_EQ(type("event.*.x"), "?");
  EXPECT_EQ(type("event.*"), "a list");
  EXPECT_EQ(type("length(event)"), "an integer");
  EXPECT_EQ(type("params.s[0]"), "?");
}

}  // namespace
}  // namespace millrace
