// Every query whose header names a record gives the fields of that record, by name and type.
#include "engine/pg/row_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "engine/core/backfill.h"
#include "engine/pg/history.h"
#include "engine/pg/sql_text.h"
#include "engine/pg/stored_rows.h"
#include "engine/store/rows.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

using testing::open_database;

using RecordsOfRows =
    std::tuple<RunRow, TaskRow, DagRow, DagFileErrorRow, ResourceRow, pg::ScheduledDate, ModelKey,
               pg::WithCause<ModelVersionRow>, pg::WithCause<DeployableRow>, EvaluationRow,
               ArtifactRow, DatasetRow, AlertRow, WatermarkRow, DeploymentRow, DeploymentEventRow,
               ServingWindow, Prediction, BackfillRow, BackfillDateRow, DateFact, Command,
               CommandResult, HistoryLook, Period, pg::JournalRow, TaskCountRow,
               ResourceVersionRow>;

std::map<std::string_view, std::vector<pg::Column>> columns_by_record() {
  std::map<std::string_view, std::vector<pg::Column>> out;
  const auto add = [&]<typename T>(std::type_identity<T>) {
    EXPECT_TRUE(out.emplace(T::record_name, pg::columns_of<T>()).second) << T::record_name;
  };
  [&]<typename... Ts>(std::type_identity<std::tuple<Ts...>>) {
    (add(std::type_identity<Ts>{}), ...);
  }(std::type_identity<RecordsOfRows>{});
  return out;
}

std::size_t count_parameters(std::string_view sql) {
  std::size_t n = 0;
  while (sql.find("$" + std::to_string(n + 1)) != std::string_view::npos) ++n;
  return n;
}

/// Asks the query with nothing but nulls, and compares what its rows would hold.
Status gives_columns(Database& database, const pg::Query& q,
                     const std::vector<pg::Column>& columns) {
  return database.run<void>([&](pg::Session& session) -> Status {
    pg::Params nulls;
    for (std::size_t i = 0; i < count_parameters(q.sql); ++i) nulls.add_null();
    pg::check_columns(session.exec(q.name, nulls), columns, q.name);
    return {};
  });
}

TEST(RowReader, EveryQueryGivesTheFieldsOfTheRecordThatItsHeaderNames) {
  const auto database = open_database(testing::fresh_database());
  const auto known = columns_by_record();
  std::set<std::string_view> asked;
  for (const pg::Query& q : pg::all_queries()) {
    if (q.row.empty()) continue;
    ASSERT_TRUE(known.contains(q.row))
        << q.name << " gives '" << q.row << "': add its record above";
    asked.insert(q.row);
    const Status status = gives_columns(*database, q, known.at(q.row));
    EXPECT_TRUE(status.ok()) << status.error().to_string();
  }
  EXPECT_EQ(known.size(), asked.size()) << "a record above is no query's";
}

TEST(RowReader, RefusesColumnsThatAreNotThoseOfTheRecord) {
  const auto database = open_database(testing::fresh_database());
  const pg::Query& alerts = pg::find_query("list_alerts");
  const auto problem = [&](const std::vector<pg::Column>& columns) {
    const Status status = gives_columns(*database, alerts, columns);
    return status.ok() ? "" : status.error().message;
  };
  auto columns = pg::columns_of<AlertRow>();
  EXPECT_EQ("", problem(columns));
  columns[2].name = "level";
  EXPECT_EQ("column 3 of query 'list_alerts' is 'severity' of type 25; expected 'level', a text",
            problem(columns));
  columns = pg::columns_of<AlertRow>();
  columns[0].kind = pg::ColumnKind::text;
  EXPECT_EQ("column 1 of query 'list_alerts' is 'seq' of type 20; expected 'seq', a text",
            problem(columns));
  columns.pop_back();
  EXPECT_EQ("query 'list_alerts' gives 9 columns; its record has 8", problem(columns));
}

TEST(RowReader, RefusesARecordThatTheHeaderDoesNotName) {
  const auto database = open_database(testing::fresh_database());
  const auto read = database->run<std::vector<AlertRow>>(
      [](pg::Session& session) -> Result<std::vector<AlertRow>> {
        return pg::read_rows<AlertRow>(session, "list_datasets");
      });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(ErrorCode::internal, read.error().code);
  EXPECT_EQ(
      "the rows of query 'list_datasets' are read as 'Alert'; its header names 'StoredDataset'",
      read.error().message);
}

template <typename Row>
void expect_statements_for() {
  std::string columns;
  for (const pg::Column& column : pg::columns_of<Row>())
    columns += (columns.empty() ? "(" : ", ") + column.name;
  const pg::Query& put = pg::find_query(Row::put);
  EXPECT_NE(std::string_view::npos, put.sql.find(columns + ")"))
      << Row::put << " does not name the columns " << columns << ")";
  EXPECT_EQ(pg::columns_of<Row>().size(), count_parameters(put.sql)) << Row::put;
  EXPECT_EQ(Row::record_name, pg::find_query(Row::list).row) << Row::list;
}

TEST(RowWriter, StatementsOfAppendedRowsTakeTheFieldsInOrder) {
  std::apply(
      [](const auto&... row) { (expect_statements_for<std::decay_t<decltype(row)>>(), ...); },
      AppendedRows());
}

TEST(RowReader, RefusesANameThatThisVersionDoesNotKnow) {
  TaskState state{};
  EXPECT_THROW(pg::detail::read_cell(pg::Cell("asleep"), state), std::exception);
  pg::detail::read_cell(pg::Cell("deferred"), state);
  EXPECT_EQ(TaskState::deferred, state);
}

TEST(RowReader, LeavesTheDefaultWhereAColumnIsNull) {
  int map_index = -1;
  pg::detail::read_cell(pg::Cell(std::nullopt), map_index);
  EXPECT_EQ(-1, map_index);
}

TEST(RowReader, RefusesANumberThatDoesNotFit) {
  int small = 0;
  EXPECT_THROW(pg::detail::read_cell(pg::Cell("4294967296"), small), std::exception);
}

}  // namespace
}  // namespace millrace
