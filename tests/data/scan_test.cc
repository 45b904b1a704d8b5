#include "engine/data/scan.h"

#include <gtest/gtest.h>

#include "engine/data/session.h"
#include "tests/data/temp_folder.h"

namespace millrace::data {
namespace {

/// Reads all rows of one file, as {"name": cell} objects, or the explained error.
Result<Json> read(const std::filesystem::path& file, Json types = {}) {
  MR_TRY(const Format format, format_of("auto", file));
  const ScanOptions options{{file}, format, std::move(types)};
  MR_TRY(Session session, Session::open({.files = {file}}));
  MR_TRY(const std::string relation, scan_relation(options));
  auto table = session.query("SELECT * FROM " + relation);
  if (!table) return explain_read_error(std::move(table).error(), options);
  return table->to_json();
}

class Scan : public ::testing::Test {
 protected:
  /// The message of the error that reading `text` as a file of that name gives.
  std::string error_of(std::string_view name, std::string_view text, Json types = {}) {
    const auto answer = read(folder_.write(name, text), std::move(types));
    if (answer.ok()) return "no error: " + answer->dump();
    EXPECT_EQ(answer.error().code, ErrorCode::data_invalid) << answer.error().message;
    return answer.error().message;
  }
  TempFolder folder_;
};

TEST_F(Scan, ReadsCsvOfEverySeparator) {
  const auto expected = Json::parse(R"([{"id":1,"what":"a \"q\", b"},{"id":2,"what":null}])");
  EXPECT_EQ(*read(folder_.write("a.csv", "id,what\n1,\"a \"\"q\"\", b\"\n2,\n")), *expected);
  EXPECT_EQ(*read(folder_.write("b.csv", "id;what\r\n1;\"a \"\"q\"\", b\"\r\n2;\r\n")), *expected);
  EXPECT_EQ(*read(folder_.write("c.tsv", "id\twhat\n1\t\"a \"\"q\"\", b\"\n2\t\n")), *expected);
  EXPECT_EQ(*read(folder_.write("d.csv", "\xef\xbb\xbfid,what\n1,\"a \"\"q\"\", b\"\n2,\n")),
            *expected);
}

TEST_F(Scan, ReadsJsonLines) {
  EXPECT_EQ(read(folder_.write("a.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n"))->dump(),
            R"([{"a":1,"b":"x"},{"a":2,"b":null}])");
}

TEST_F(Scan, NamesFileLineAndValue) {
  EXPECT_EQ(
      error_of("sales.csv", "id,amount\n1,2.5\n2,oops\n", Json::object({{"amount", "DOUBLE"}})),
      "sales.csv:3: column 'amount': 'oops' is no DOUBLE");
  EXPECT_EQ(error_of("ragged.csv", "id,amount\n1,2\n2\n3,4,5\n"),
            "ragged.csv:3: 1 fields where the header has 2");
  std::string late = "id,amount\n";
  for (int i = 0; i < 30'000; ++i) late += "1,2\n";
  EXPECT_EQ(error_of("late.csv", late + "1,two\n"),
            "late.csv:30002: column 'amount': 'two' is no BIGINT");
  EXPECT_EQ(error_of("wide.csv", late + "1,2,3\n"),
            "wide.csv:30002: Expected Number of Columns: 2 Found: 3");
  EXPECT_NE(error_of("bytes.csv", "id,name\n1,a\xff\xfe\n").find("bytes.csv:"), std::string::npos);
  EXPECT_EQ(error_of("half.jsonl", "{\"a\":1}\n{\"a\":\n").substr(0, 13), "half.jsonl:3:");
}

TEST_F(Scan, RefusesWhatIsNoParquet) {
  EXPECT_NE(error_of("fake.parquet", "PAR1garbage").find("fake.parquet"), std::string::npos);
  EXPECT_NE(error_of("text.parquet", "a,b\n1,2\n").find("text.parquet"), std::string::npos);
}

TEST_F(Scan, RefusesUnknownFormatsAndWildcards) {
  EXPECT_FALSE(format_of("xlsx", "a.xlsx").ok());
  EXPECT_FALSE(scan_relation({{"a*.csv"}, Format::csv, {}}).ok());
  EXPECT_FALSE(scan_relation({{}, Format::csv, {}}).ok());
}

}  // namespace
}  // namespace millrace::data
