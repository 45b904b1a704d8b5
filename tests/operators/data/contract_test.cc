#include "operators/data/contract.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/spec/yaml_value.h"
#include "operators/data/expectation.h"
#include "tests/base/temp_folder.h"

namespace millrace {
namespace {

const Time kNow = *parse_rfc3339("2001-03-01");

Result<Json> expand(std::string_view contract) {
  return contract_expectations(*Json::parse(contract), kNow);
}

TEST(Contract, IsWrittenOutAsExpectations) {
  const auto list = expand(R"({
    "columns": {"delay": {"type": "integer", "nullable": false, "min": -120, "mostly": 0.99},
                "origin": {"type": "string", "regex": "^[A-Z]{3}$", "severity": "warning"}},
    "extra_columns": false, "key": ["date", "origin"], "rows": {"min": 10},
    "freshness": {"column": "date", "max_age": "2d"},
    "expectations": [{"type": "expect_column_sum_to_be_between", "column": "x", "max_value": 1}]})");
  ASSERT_TRUE(list.ok()) << list.error().message;
  const auto parsed = parse_expectations(*list);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  std::string written;
  for (const auto& one : *parsed)
    written += one.source + " " + one.type + " " + one.kwargs.dump() + "\n";
  EXPECT_EQ(written,
            R"(contract.columns.delay expect_column_to_exist {"column":"delay"}
contract.columns.delay expect_column_values_to_be_of_type {"column":"delay","type_":"integer"}
contract.columns.delay expect_column_values_to_not_be_null {"column":"delay"}
contract.columns.delay expect_column_values_to_be_between {"column":"delay","min_value":-120}
contract.columns.origin expect_column_to_exist {"column":"origin"}
contract.columns.origin expect_column_values_to_be_of_type {"column":"origin","type_":"string"}
contract.columns.origin expect_column_values_to_match_regex {"column":"origin","regex":"^[A-Z]{3}$"}
contract.extra_columns expect_table_columns_to_match_set {"column_set":["delay","origin"],"exact_match":true}
contract.key expect_column_values_to_not_be_null {"column":"date"}
contract.key expect_column_values_to_not_be_null {"column":"origin"}
contract.key expect_compound_columns_to_be_unique {"column_list":["date","origin"]}
contract.rows expect_table_row_count_to_be_between {"min_value":10}
contract.freshness expect_column_max_to_be_between {"column":"date","min_value":"2001-02-27T00:00:00Z"}
expectations[0] expect_column_sum_to_be_between {"column":"x","max_value":1}
)");
  EXPECT_EQ((*parsed)[3].mostly, 0.99);
  EXPECT_EQ((*parsed)[6].severity, ExpectationSeverity::warning);
}

TEST(Contract, ListsItsMistakes) {
  const auto list = expand(R"({"colums": {}, "columns": {"a": {"nulable": false}, "b": 3},
    "freshness": {"column": "date", "max_age": 2}, "rows": {"minimum": 1}})");
  ASSERT_FALSE(list.ok());
  for (const char* expected : {"the contract has no 'colums'; did you mean 'columns'?",
                               "contract.columns.a has no 'nulable'; did you mean 'nullable'?",
                               "contract.columns.b must be a mapping", "contract.freshness must be",
                               "contract.rows has no 'minimum'"})
    EXPECT_NE(list.error().message.find(expected), std::string::npos)
        << expected << "\nin: " << list.error().message;
  EXPECT_FALSE(expand("[]").ok());
}

TEST(Contract, KnowsTypesByPlainAndByDuckDbNames) {
  for (const char* integer : {"TINYINT", "BIGINT", "INTEGER", "UINTEGER", "HUGEINT"})
    EXPECT_TRUE(type_matches("integer", integer)) << integer;
  EXPECT_FALSE(type_matches("integer", "DOUBLE"));
  EXPECT_TRUE(type_matches("number", "BIGINT"));
  EXPECT_TRUE(type_matches("number", "DECIMAL(9,2)"));
  EXPECT_TRUE(type_matches("timestamp", "TIMESTAMP WITH TIME ZONE"));
  EXPECT_FALSE(type_matches("timestamp", "DATE"));
  EXPECT_TRUE(type_matches("date", "DATE"));
  EXPECT_TRUE(type_matches("bigint", "BIGINT"));
  EXPECT_FALSE(type_matches("bigint", "INTEGER"));
}

/// The YAML blocks of a section of docs/data.md.
std::vector<std::string> examples_of(const std::string& section) {
  const auto page = read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/data.md", 1 << 20);
  if (!page) return {};
  const auto begin = page->find("\n## " + section + "\n");
  if (begin == std::string::npos) return {};
  const std::string text = page->substr(begin, page->find("\n## ", begin + 1) - begin);
  const std::string fence = "\n```yaml\n";
  std::vector<std::string> out;
  for (auto at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const auto from = at + fence.size();
    out.push_back(text.substr(from, text.find("\n```", from) + 1 - from));
  }
  return out;
}

TEST(Contract, TheExamplesOfThePageAreValid) {
  const TempFolder folder;
  const auto load = [&](const std::string& text) {
    std::ofstream(folder.path() / "a.yaml") << text;
    auto value = load_yaml_value(folder.path() / "a.yaml");
    EXPECT_TRUE(value.ok()) << value.error().to_string();
    return value.ok() ? *std::move(value) : Json();
  };
  const auto contracts = examples_of("Contracts"), suites = examples_of("Expectations");
  ASSERT_GE(contracts.size(), 1u);
  ASSERT_GE(suites.size(), 1u);
  for (const auto& text : contracts) {
    const auto list = contract_expectations(load(text), Time{});
    ASSERT_TRUE(list.ok()) << list.error().message;
    const auto parsed = parse_expectations(*list);
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  }
  for (const auto& text : suites) {
    const auto parsed = parse_expectations(load(text));
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  }
}

}  // namespace
}  // namespace millrace
