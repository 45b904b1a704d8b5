// What lint says of the SQL in a DAG file: the place in the file, not in the text.
#include <gtest/gtest.h>

#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

/// "line:column: message" of each diagnostic of a file whose task has this `sql`.
std::vector<std::string> lint(const std::string& sql) {
  const std::string file =
      "dag: d\ntasks:\n  t:\n    operator: transform.sql\n    with:\n      inputs: {}\n      "
      "sql: " +
      sql;
  std::vector<std::string> out;
  for (const auto& one : load_dag(file, "d.yaml", builtin_catalog()).diagnostics)
    out.push_back(std::to_string(one.line) + ":" + std::to_string(one.column) + ": " + one.message);
  return out;
}

using Lines = std::vector<std::string>;

TEST(LintSql, PlacesASyntaxErrorInTheFile) {
  const std::string message = "parameter 'sql': syntax error at or near \"FORM\"";
  EXPECT_EQ(lint("|\n        SELECT 1 AS one,\n          2 two FORM x\n"),
            Lines{"9:17: " + message});
  EXPECT_EQ(lint("SELECT 2 two FORM x\n"), Lines{"7:25: " + message});
  EXPECT_EQ(lint("\"SELECT 2 two FORM x\"\n"), Lines{"7:26: " + message});
  // A folded text has other lines than the file.
  EXPECT_EQ(lint(">\n        SELECT\n        2 two FORM x\n"), Lines{"7:12: " + message});
}

TEST(LintSql, RefusesWhatIsNotOneSelectOfInputs) {
  EXPECT_EQ(lint("SELECT 1; SELECT 2\n"),
            Lines{"7:12: parameter 'sql': there are 2 statements; write one SELECT, with its parts "
                  "as WITH name AS (…)"});
  EXPECT_EQ(lint("|\n        SELECT *\n        FROM read_csv('a.csv')\n"),
            Lines{"9:14: parameter 'sql': 'read_csv' cannot be used here: a query reads its inputs "
                  "by their names"});
}

TEST(LintSql, LeavesTextWithExpressionsToTheRun) {
  EXPECT_EQ(lint("SELECT ${{ run.id }} FORM\n"), Lines{});
  EXPECT_EQ(lint("SELECT * FROM orders\n"), Lines{});
}

}  // namespace
}  // namespace millrace
